"""The titles of communities: text with names in braces, and nothing else.

    {shop}                        the shop's id
    {year} {month} {month_name}   of a child's birth month: 2026, 8, August; of a year only {year}
    {skin_type}                   the value of an attribute, by the attribute's name
    {no}                          nothing in the first room of a family, then 2, 3, …

Blanks beside a name that turns out empty go with it.
"""

from __future__ import annotations

import re
from calendar import month_name
from collections.abc import Iterable, Mapping

RESERVED = frozenset({"no", "shop", "year", "month", "month_name"})
TITLE_MAX = 100  # characters, after which a title is cut

_NAME = re.compile(r"\{([a-z0-9_]*)\}")


def names(by: Iterable[str]) -> frozenset[str]:
    """The names that a title may use where communities form by these fields."""
    found = {"no"}
    for field in by:
        found |= _NAMES_OF.get(field, {field.rpartition(".")[2]})
    return frozenset(found)


def flaw(template: str, by: Iterable[str]) -> str | None:
    """Why a template is no title for communities of these fields; None when it is one."""
    known, used = names(by), _NAME.findall(template)
    for name in used:
        if name not in known:
            return f"{{{name}}} is no name here; these are: {', '.join(sorted(known))}"
    if re.search(r"[{}]", _NAME.sub("", template)):
        return "braces stand around a name only"
    return None if "no" in used else "{no} is missing: overflow rooms would all be called the same"


def render(template: str, values: Iterable[tuple[str, str]], no: int) -> str:
    """The title of room `no`, whose family has these values by field."""
    said = {"no": str(no) if no > 1 else ""}
    for field, value in values:
        said |= _said(field, value)
    text = _NAME.sub(lambda found: said[found[1]], template)
    return " ".join(text.split())[:TITLE_MAX]


_NAMES_OF: Mapping[str, set[str]] = {
    "child.birth_month": {"year", "month", "month_name"},
    "child.birth_year": {"year"},
}


def _said(field: str, value: str) -> dict[str, str]:
    if field == "child.birth_month":
        year, _, month = value.partition("-")
        return {"year": year, "month": str(int(month)), "month_name": month_name[int(month)]}
    if field == "child.birth_year":
        return {"year": value}
    return {field.rpartition(".")[2]: value}
