"""What a search asks for, what it finds, and how its pages follow each other."""

from __future__ import annotations

import base64
import binascii

import msgspec
from msgspec import Struct

from chatserver.domain import bodies, words
from chatserver.domain.calls import SearchMessages
from chatserver.domain.message import Message
from chatserver.errors import Invalid

# no word has these in it
_OF_SENDER = "\x01"
_OF_KIND = "\x02"

Order = tuple[int, int, str]
"""By what messages of all conversations are ordered: time, number, conversation."""


class Hit(Struct, frozen=True, kw_only=True):
    """A message that was searched for.

    `text` is what it says in words: its text, a caption, a file's name. `highlights` are the places
    in `text` that match, each `[start, end]` in UTF-16 code units as JavaScript counts them, the
    end not included; ascending and apart from each other.
    """

    message: Message
    text: str
    highlights: tuple[tuple[int, int], ...] = ()


class Hits(Struct, frozen=True):
    """A page of what was found, the latest first; `cursor` is where the next one begins."""

    hits: tuple[Hit, ...]
    cursor: str | None


class Wish(Struct, frozen=True, kw_only=True):
    """What somebody looks for. Times are ms since 1970 UTC; `until_ms` itself is not included."""

    terms: words.Terms
    sender: str | None = None
    kinds: frozenset[str] = frozenset()
    since_ms: int = 0
    until_ms: int | None = None

    @property
    def tokens(self) -> tuple[tuple[str, ...], ...]:
        """What the index has of every message that is wished for: one of each of these, the rarest
        kind first."""
        found: list[tuple[str, ...]] = [(token,) for token in self.terms.tokens]
        if self.sender is not None:
            found.insert(_behind_pairs(found), (_OF_SENDER + self.sender,))
        if self.kinds:
            found.append(tuple(_OF_KIND + kind for kind in sorted(self.kinds)))
        return tuple(found)

    def hit(self, message: Message) -> Hit | None:
        """The hit that a message is, as somebody sees it; None where it is none."""
        if message.recalled or message.deleted or not self._fits(message):
            return None
        text = bodies.plain_text(message.kind, message.body)
        places = self.terms.places(text)
        return None if places is None else Hit(message=message, text=text, highlights=places)

    def _fits(self, message: Message) -> bool:
        return (
            message.kind != "system"
            and self.sender in (None, message.sender)
            and (not self.kinds or message.kind in self.kinds)
            and self.since_ms <= message.at
            and (self.until_ms is None or message.at < self.until_ms)
        )


def wish(call: SearchMessages) -> Wish:
    """What a call asks for.

    Raises:
        Invalid: there is nothing in it that could be looked for.
    """
    terms = words.terms(call.query)
    if not terms.terms and (call.query.strip() or not (call.sender or call.kinds)):
        raise Invalid("There is nothing to look for in this", path="query")
    return Wish(
        terms=terms,
        sender=call.sender,
        kinds=frozenset(call.kinds),
        since_ms=call.after or 0,
        until_ms=call.before,
    )


def named(query: str) -> words.Terms:
    """What a search for names asks for.

    Raises:
        Invalid: there is nothing in it that could be looked for.
    """
    terms = words.terms(query)
    if not terms.terms:
        raise Invalid("There is nothing to look for in this", path="query")
    return terms


def tokens(message: Message) -> set[str]:
    """By what a message is found; by nothing once it is recalled, or where the server said it."""
    if message.recalled or message.kind in {"system", "void"}:
        return set()
    found = words.tokens(bodies.plain_text(message.kind, message.body))
    return found | {_OF_SENDER + message.sender, _OF_KIND + message.kind}


def order(message: Message) -> Order:
    """Where a message stands among all."""
    return (message.at, message.seq, message.conversation)


def cursor(place: Order) -> str:
    """A place for a client to bring back: what comes behind it is the next page."""
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(place)).decode().rstrip("=")


def place_of(given: str) -> Order:
    """The place in a cursor.

    Raises:
        Invalid: it is none.
    """
    try:
        content = base64.b64decode(given + "=" * (-len(given) % 4), b"-_", validate=True)
        place: Order = msgspec.msgpack.decode(content, type=Order)
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        raise Invalid("This is no cursor of a search", path="cursor") from None
    return place


def _behind_pairs(found: list[tuple[str, ...]]) -> int:
    """Where a person stands among tokens: behind all but single characters."""
    return sum(len(any_[0]) > 1 for any_ in found)
