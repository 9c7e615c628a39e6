"""Words as searching sees them: what is the same though written otherwise, and how it is found.

A text is *folded*: upper and lower case, full and half width, traditional and simplified Chinese
become one. Folded text has runs of three classes: *words* of letters and digits, which are found
by their beginnings; *dense* runs of what is written without blanks (Chinese, kana, emoji and other
symbols), which are found by any part; and what parts them. An index keeps *tokens*: beginnings of
words of a few lengths, and each dense character and pair of neighbours. Having all tokens of a
query is necessary for a match and not enough, so every match is looked up in the text itself.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import cache
from importlib import resources
from itertools import pairwise

from msgspec import Struct

BEGINNINGS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)
"""Lengths of the beginnings that are tokens; between two of them the text itself decides."""

Range = tuple[int, int]  # the end is not included

_TERMS_MAX = 10
_CACHED_MAX = 20_000  # characters; an index that meets more of them works them out each time
_MARK = "\ufffe"  # no character; stands where one changes the one before it
_RUNS = re.compile("w+|d+")
_DENSE = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3040-\u312f"
    "\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)


class _Table(dict[int, str]):
    """What becomes of each character, worked out when it is first met; for `str.translate`."""

    def __init__(self, work_out: Callable[[str], str]) -> None:
        self._work_out = work_out

    def __missing__(self, character: int) -> str:
        found = self._work_out(chr(character))
        if len(self) < _CACHED_MAX:
            self[character] = found
        return found


class Terms(Struct, frozen=True):
    """What somebody looks for: words that must all be there, folded."""

    terms: tuple[str, ...]

    @property
    def tokens(self) -> tuple[str, ...]:
        """What every text that matches has among its tokens, the rarest kind first."""
        found = {token for term in self.terms for token in _tokens_of_term(term)}
        return tuple(sorted(found, key=lambda token: (-_weight(token), token)))

    def places(self, text: str) -> tuple[Range, ...] | None:
        """Where a text matches, in UTF-16 code units, ascending and apart; None where it does not.
        Without terms every text matches, nowhere."""
        plain, classes = folded(text), ""
        if self.terms:
            classes = plain.translate(_CLASSES)
        found: list[Range] = []
        for term in self.terms:
            places = list(_places(term, plain, classes))
            if not places:
                return None
            found += places
        return _joined(_original(text, found)) if found else ()

    def match(self, text: str) -> bool:
        """Whether a text matches."""
        return self.places(text) is not None


def folded(text: str) -> str:
    """The text as it is compared; of another length, perhaps."""
    plain = text.translate(_FOLDED)
    if _MARK in plain:
        return "".join(folded_cluster for _, folded_cluster in _clusters(text))
    return plain


def tokens(text: str) -> set[str]:
    """By what a text is found."""
    plain = folded(text)
    found: set[str] = set()
    for run in _RUNS.finditer(plain.translate(_CLASSES)):
        part = plain[run.start() : run.end()]
        if run[0][0] == "w":
            found.update(part[:length] for length in BEGINNINGS if length <= len(part))
        else:
            found.update(part)
            found.update(one + other for one, other in pairwise(part))
    return found


def terms(query: str) -> Terms:
    """What a query asks for, ten words at most; none where nothing in it could be found."""
    found = (_stripped(word) for word in folded(query).split())
    return Terms(tuple(dict.fromkeys(word for word in found if word))[:_TERMS_MAX])


def _stripped(word: str) -> str:
    """A word without what stands before and behind the first and last that can be found."""
    runs = [run.span() for run in _RUNS.finditer(word.translate(_CLASSES))]
    return word[runs[0][0] : runs[-1][1]] if runs else ""


def _tokens_of_term(term: str) -> Iterator[str]:
    for run in _RUNS.finditer(term.translate(_CLASSES)):
        part = term[run.start() : run.end()]
        if run[0][0] == "w":
            yield part[: max(length for length in BEGINNINGS if length <= len(part))]
        elif len(part) == 1:
            yield part
        else:
            yield from (one + other for one, other in pairwise(part))


def _weight(token: str) -> int:
    """How much a token says: a Chinese character about as much as three letters."""
    return sum(3 if class_ == "d" else 1 for class_ in token.translate(_CLASSES))


def _places(term: str, plain: str, classes: str) -> Iterator[Range]:
    """Where a term stands in a folded text: anywhere, but for a word, at its beginning."""
    is_word = term[0].translate(_CLASSES) == "w"
    at = plain.find(term)
    while at >= 0:
        if not (is_word and at and classes[at - 1] == "w"):
            yield at, at + len(term)
        at = plain.find(term, at + 1)


def _original(text: str, places: list[Range]) -> list[Range]:
    """Places in the folded text as places in the text itself, in UTF-16 code units."""
    begins, ends, at = [], [], 0
    for cluster, plain in _clusters(text):
        end = at + len(cluster.encode("utf-16-le", "surrogatepass")) // 2
        begins += [at] * len(plain)
        ends += [end] * len(plain)
        at = end
    return [(begins[first], ends[last - 1]) for first, last in places]


def _joined(places: list[Range]) -> tuple[Range, ...]:
    joined: list[Range] = []
    for begin, end in sorted(places):
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((begin, end))
    return tuple(joined)


def _clusters(text: str) -> Iterator[tuple[str, str]]:
    """Characters, each with the marks and the unseen that follow it, and what they become."""
    begin = 0
    for at in range(1, len(text) + 1):
        if at == len(text) or _FOLDED[ord(text[at])] not in {_MARK, ""}:
            cluster = text[begin:at]
            yield cluster, _fold(cluster)
            begin = at


def _fold(cluster: str) -> str:
    plain = unicodedata.normalize("NFKC", cluster).casefold()
    plain = unicodedata.normalize("NFKC", plain)
    return "".join(map(_seen, plain.translate(_simplified())))


def _fold_one(character: str) -> str:
    decomposed = unicodedata.normalize("NFKD", character)
    if unicodedata.combining(decomposed[0]) or "\u1160" <= character <= "\u11ff":
        return _MARK
    return _fold(character)


def _seen(character: str) -> str:
    """A blank for whatever parts words without a sign; nothing for what nobody sees."""
    category = unicodedata.category(character)
    if category == "Cf" or "\ufe00" <= character <= "\ufe0f" or category == "Me":
        return ""
    return " " if category[0] == "Z" or category == "Cc" else character


def _class(character: str) -> str:
    category = unicodedata.category(character)
    if _DENSE.match(character) or category[0] == "S" or category in {"Cn", "Co"}:
        return "d"
    return "w" if category[0] in "LNM" else " "


@cache
def _simplified() -> dict[int, str]:
    """Simplified characters by traditional ones: those of OpenCC that are one for one."""
    pairs = resources.files("chatserver.domain").joinpath("simplified.txt").read_text("utf-8")
    pairs = pairs.replace("\n", "")
    return {ord(pairs[at]): pairs[at + 1] for at in range(0, len(pairs), 2)}


_FOLDED = _Table(_fold_one)
_CLASSES = _Table(_class)
