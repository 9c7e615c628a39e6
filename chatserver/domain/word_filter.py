"""Word filters as they are kept and shown: rules of a shop or of a room, each with its words."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct, structs

from chatserver.errors import Forbidden

RULES_MAX = 20  # of one shop or room
SHOP_WORDS_MAX = 10_000  # over all rules of a shop
ROOM_WORDS_MAX = 1000
WORDS_AT_ONCE = 1000  # in one rule, so that a call with them fits a frame

FilterAction = Literal["flag", "mask", "refuse"]
RuleName = Annotated[str, Meta(min_length=1, max_length=32, pattern=r"^[^\x00-\x20\x7f]+\Z")]
FilterWord = Annotated[str, Meta(min_length=1, max_length=32)]


class WordRule(Struct, frozen=True, kw_only=True):
    """A rule as it is kept, with all its words."""

    name: RuleName
    action: FilterAction
    words: tuple[FilterWord, ...]


class FilterRule(Struct, frozen=True, kw_only=True):
    """Words, and what becomes of a message that has one of them.

    `flag`: it goes out and is reported to the moderators. `mask`: the word's characters go out as
    `*`. `refuse`: nothing goes out. `words` are given where this rule alone was asked for; `count`
    says how many there are.
    """

    name: str
    action: FilterAction
    count: int
    words: tuple[str, ...] = ()


def changed_rules(
    rules: tuple[WordRule, ...], rule: WordRule, words_max: int
) -> tuple[WordRule, ...]:
    """The rules with this one in the place of the one of its name; without words it goes.

    Raises:
        Forbidden: there are too many rules, or words in them.
    """
    others = tuple(each for each in rules if each.name != rule.name)
    words = tuple(dict.fromkeys(word.strip() for word in rule.words))
    if not words:
        return others
    made = (*others, structs.replace(rule, words=words))
    if len(made) > RULES_MAX:
        raise Forbidden(f"A filter has at most {RULES_MAX} rules")
    if sum(len(each.words) for each in made) > words_max:
        raise Forbidden(f"The rules of a filter have at most {words_max} words")
    return made


def shown_rules(rules: tuple[WordRule, ...], only: str | None) -> tuple[FilterRule, ...]:
    """The rules as they are shown: all without their words, or one with them."""
    return tuple(
        FilterRule(
            name=each.name,
            action=each.action,
            count=len(each.words),
            words=each.words if only is not None else (),
        )
        for each in rules
        if only in (None, each.name)
    )
