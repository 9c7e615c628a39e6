"""What a page on the web says of itself: its title, what it is about, and of which site it is.

Only the elements that say it are parsed, cut out of the page's head: parsing a whole page takes
time that grows with the square of how deep a hostile one is nested.

Source: HTML, the Open Graph protocol; what is read is plain text, however the page means it.
"""

from __future__ import annotations

import itertools
import re

from msgspec import Struct
from selectolax.lexbor import LexborHTMLParser

from chatserver.domain.links import DESCRIPTION_MAX, TITLE_MAX

SITE_MAX = 60
_CHARSETS = frozenset({
    "utf-8", "utf8", "gbk", "gb2312", "gb18030", "big5", "big5-hkscs", "shift_jis", "euc-jp",
    "iso-2022-jp", "euc-kr", "us-ascii", "iso-8859-1", "iso-8859-15", "windows-1250",
    "windows-1251", "windows-1252", "koi8-r", "utf-16le", "utf-16be",
})  # fmt: skip
_DECLARED = re.compile(
    rb"<meta[^>]{0,200}?charset\s{0,9}=\s{0,9}[\"']?\s{0,9}([\w.:-]{1,40})", re.I
)
_DECLARED_WITHIN = 4096  # bytes from the beginning, of which 1024 would be usual

# each stops at the next `<`, so looking through a page takes time in proportion to its length
_HEAD_ENDS = re.compile(r"</head|<body|<svg", re.IGNORECASE)
_PIECE = re.compile(r"<(?:meta\b[^<>]*>|title\b[^<>]*>[^<]*)", re.IGNORECASE)
_PIECES_MAX = 200

# what is not seen, or turns the direction of writing
_HIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]+")


class PageWords(Struct, frozen=True):
    """What a page says of itself; empty where it says nothing."""

    title: str = ""
    description: str = ""
    site: str = ""


def words_of(content: bytes, charset: str | None) -> PageWords:
    """Reads a page, complete or its beginning, in its charset as its server names it."""
    page = LexborHTMLParser(_pieces(_decoded(content, charset)))
    named = _named(page)
    title = page.css_first("head > title")
    return PageWords(
        title=_plain(named.get("og:title") or (title.text() if title else ""), TITLE_MAX),
        description=_plain(
            named.get("og:description") or named.get("description", ""), DESCRIPTION_MAX
        ),
        site=_plain(named.get("og:site_name", ""), SITE_MAX),
    )


def _pieces(page: str) -> str:
    """A head with nothing in it but the elements that are read."""
    end = _HEAD_ENDS.search(page)
    found = _PIECE.finditer(page, 0, end.start() if end else len(page))
    pieces = (each.group() for each in itertools.islice(found, _PIECES_MAX))
    return "<head>" + "".join(p if p[1] in "mM" else f"{p}</title>" for p in pieces)


def _named(page: LexborHTMLParser) -> dict[str, str]:
    """What its meta elements say, the first of each name."""
    named: dict[str, str] = {}
    for node in page.css("meta[content]"):
        attributes = node.attributes
        name = (attributes.get("property") or attributes.get("name") or "").strip().lower()
        named.setdefault(name, attributes.get("content") or "")
    return named


def _decoded(content: bytes, charset: str | None) -> str:
    declared = _DECLARED.search(content, 0, _DECLARED_WITHIN)
    for name in (charset, declared.group(1).decode("ascii") if declared else None):
        if name and name.lower() in _CHARSETS:
            chosen = "gb18030" if name.lower() in {"gbk", "gb2312"} else name
            return content.decode(chosen, errors="replace")
    return content.decode(errors="replace")


def _plain(text: str, most: int) -> str:
    """One line of it, cut where it is long."""
    line = " ".join(_HIDDEN.sub(" ", text[: 10 * most]).split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"
