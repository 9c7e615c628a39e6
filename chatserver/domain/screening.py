"""Finding words in what people write, however they are written.

Text is folded: width, case and accents go, and everything that is neither letter nor digit (blanks,
signs, emoji, what cannot be seen). In what is left an Aho-Corasick automaton finds all words in one
pass. Chinese knows no boundaries of words, so there a word is found anywhere. Words of letters are
found only where they stand alone: not inside a longer word (`cunt` in Scunthorpe), nor made of the
ends of two (`pen is`), but where every letter is set apart (`s p a m`); a number not inside a
longer number. A word that was listed with blanks is found with blanks too.
"""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ahocorasick_rs import AhoCorasick, Implementation, MatchKind
from msgspec import Struct

from chatserver.domain.word_filter import FilterAction, WordRule
from chatserver.errors import Filtered

FOLDED_MAX = 65_536  # characters remembered; all of Unicode would be a hundred megabytes
CANDIDATES_MAX = 5000  # places looked at in one text; one with more is nothing but such words

_UNSEEN = frozenset({"Cf", "Mn", "Me"})  # categories: what stands between letters and is not seen
_NO_BLANKS_FROM = "\u0e00"  # scripts from here on write words without blanks between them

Place = tuple[int, int, int]  # which word, and where in the folded text


class _Table(dict[int, str]):
    """Folded characters by their code, each found out when it is first met."""

    def __missing__(self, code: int) -> str:
        if len(self) >= FOLDED_MAX:
            self.clear()
        plain = unicodedata.normalize("NFKD", chr(code)).casefold()
        self[code] = folded = "".join(filter(str.isalnum, plain))
        return folded


_TABLE = _Table()


def fold(text: str) -> str:
    """The letters and digits of a text, alike for all ways to write them."""
    return text.translate(_TABLE)


class Screened(Struct, frozen=True):
    """A text as it may go out, and the rules that report it."""

    text: str
    flags: frozenset[str] = frozenset()


class _Word(Struct, frozen=True):
    rule: str
    action: FilterAction
    has_blanks: bool  # then it is found with blanks inside


class WordList:
    """The words of some rules, ready to be looked for."""

    def __init__(self, rules: Iterable[WordRule]) -> None:
        words: dict[str, list[_Word]] = {}
        for rule in rules:
            for word in rule.words:
                has_blanks = len(word.split()) > 1
                words.setdefault(fold(word), []).append(_Word(rule.name, rule.action, has_blanks))
        words.pop("", None)
        self._words = list(words.values())
        self._automaton: Any = AhoCorasick(
            list(words),
            matchkind=MatchKind.Standard,
            implementation=Implementation.ContiguousNFA,
        )

    def places(self, folded: str) -> Sequence[Place]:
        """Where words may stand in a folded text, also inside others."""
        places: Sequence[Place] = self._automaton.find_matches_as_indexes(folded, overlapping=True)
        return places

    def of(self, place: Place) -> Sequence[_Word]:
        """The words found at a place: one for each rule that has it."""
        return self._words[place[0]]


def screen(text: str, lists: Iterable[WordList]) -> Screened:
    """A text after the filters: masked where they say so.

    Raises:
        Filtered: one of them refuses it, with the name of its rule.
    """
    folded = fold(text)
    found = [(words, places) for words in lists if (places := words.places(folded))]
    if not found:
        return Screened(text)
    origins = _origins(text)
    flags, masked = set[str](), set[int]()
    for words, places in found:
        for word, letters in _standing(text, folded, origins, words, places):
            if word.action == "refuse":
                raise Filtered(rule=word.rule)
            if word.action == "flag":
                flags.add(word.rule)
            else:
                masked.update(letters)
    return Screened(_masked(text, masked), frozenset(flags))


def _masked(text: str, places: Iterable[int]) -> str:
    characters = list(text)
    for place in places:
        characters[place] = "*"
    return "".join(characters)


def _standing(
    text: str, folded: str, origins: Sequence[int], words: WordList, places: Sequence[Place]
) -> Iterator[tuple[_Word, Sequence[int]]]:
    """The words that really stand there, each with the places of its letters in the text."""
    if len(places) > CANDIDATES_MAX:
        rules = {word: None for place in places for word in words.of(place)}
        yield from ((word, origins) for word in rules)
        return
    for place in places:
        _, start, end = place
        if not (_ends_at(text, folded, origins, start) and _ends_at(text, folded, origins, end)):
            continue
        letters = origins[start:end]
        is_whole = _is_whole(text, letters)
        yield from ((word, letters) for word in words.of(place) if is_whole or word.has_blanks)


def _origins(text: str) -> list[int]:
    """For each folded character, the place in the text it comes from."""
    return [place for place, code in enumerate(map(ord, text)) for _ in _TABLE[code]]


def _ends_at(text: str, folded: str, origins: Sequence[int], place: int) -> bool:
    """Whether a word may begin or end before this place of the folded text."""
    if place in (0, len(folded)):
        return True
    before, after = folded[place - 1], folded[place]
    is_inside = (_is_letter(before) and _is_letter(after)) or (before + after).isdigit()
    return not is_inside or not _touch(text, origins[place - 1], origins[place])


def _is_whole(text: str, letters: Sequence[int]) -> bool:
    """Whether these letters are one word, or all set apart, and not the ends of two words."""
    gaps = [
        text[one + 1 : other]
        for one, other in itertools.pairwise(letters)
        if _is_letter(fold(text[one])[-1]) and _is_letter(fold(text[other])[0])
    ]
    has_blanks = any(any(map(str.isspace, gap)) for gap in gaps)
    return not has_blanks or all(gaps)


def _touch(text: str, one: int, other: int) -> bool:
    return all(unicodedata.category(each) in _UNSEEN for each in text[one + 1 : other])


def _is_letter(character: str) -> bool:
    """Whether it is of a script that sets words apart by blanks."""
    return character < _NO_BLANKS_FROM and character.isalpha()
