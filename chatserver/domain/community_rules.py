"""From the text of a rules file to rules; whatever is wrong is named by rule and field."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping

import msgspec

from chatserver.domain.community import ATTRIBUTE, Rule
from chatserver.domain.community_title import RESERVED, flaw

CHILD = "child."

_TAKES = {
    "id": "a small letter, then small letters, digits and -, 32 at most",
    "by": "shop, child.birth_month, child.birth_year or attribute.<name>",
    "title": "languages by their code, such as zh or en-GB",
}


class RuleError(ValueError):
    """A rules file that cannot be used; the sentence says where and why."""


def parse_rules(text: str) -> tuple[Rule, ...]:
    """The rules of a TOML text: its `[[community]]` tables.

    Raises:
        RuleError: it is no TOML, or a rule cannot be used.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RuleError(f"not valid TOML: {error}") from None
    tables = content.get("community", [])
    if content.keys() - {"community"} or not isinstance(tables, list):
        raise RuleError("there is something else than [[community]] tables")
    rules = tuple(_rule(table, position) for position, table in enumerate(tables, 1))
    _refuse_twins(rules)
    return rules


def _rule(table: object, position: int) -> Rule:
    name = table.get("id") if isinstance(table, Mapping) else None
    which = f"rule {name!r}" if isinstance(name, str) else f"rule {position}"
    try:
        rule = msgspec.convert(table, Rule)
    except msgspec.ValidationError as error:
        raise RuleError(f"{which}: {_in_words(str(error))}") from None
    for sentence in _flaws(rule):
        raise RuleError(f"{which}: {sentence}")
    return rule


def _in_words(error: str) -> str:
    """msgspec's sentence with the field before it, and what a field takes for a pattern."""
    reason, _, where = error.partition(" - at `")
    path = where.rstrip("`").removeprefix("key` in `").removeprefix("$").removeprefix(".")
    if "matching regex" in reason:
        reason = _TAKES[path.partition("[")[0]]
    return f"{path}: {reason}" if path else reason


def _flaws(rule: Rule) -> Iterator[str]:
    """What the types alone do not say; each beginning with the field."""
    if len(set(rule.by)) != len(rule.by):
        yield "by: it names a field twice"
    if sum(field.startswith(CHILD) for field in rule.by) > 1:
        yield "by: it names more than one field of a child"
    if rule.admins != "nobody" and "shop" not in rule.by:
        yield 'admins: only communities by shop can have them, others say "nobody"'
    attributes = {field.removeprefix(ATTRIBUTE) for field in rule.by if field.startswith(ATTRIBUTE)}
    for name in sorted(attributes ^ rule.values.keys()):
        yield f"values.{name}: `values` lists those of the attributes in `by`, all and no others"
    for name in sorted(attributes & RESERVED):
        yield f"by: an attribute cannot be called {name} here, as titles use that name"
    for language, template in rule.title.items():
        if sentence := flaw(template, rule.by):
            yield f"title.{language}: {sentence}"


def _refuse_twins(rules: tuple[Rule, ...]) -> None:
    seen: set[str] = set()
    for rule in rules:
        if rule.id in seen:
            raise RuleError(f"rule {rule.id!r}: id: another rule has it")
        seen.add(rule.id)
