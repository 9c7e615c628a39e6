"""What the body of each kind of message may be, and what it says in plain text: two tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from msgspec import Struct

from chatserver.domain.cards import check_card
from chatserver.domain.custom import check_custom
from chatserver.domain.links import check_link
from chatserver.domain.location import check_location
from chatserver.domain.media import check_media, media_words
from chatserver.domain.message import Kind, check_text
from chatserver.errors import Invalid

Body = dict[str, Any]


class BodyLimits(Struct, frozen=True, kw_only=True):
    """How much a body may hold, and from where its pictures may come; from the settings."""

    text_bytes: int
    card_bytes: int
    picture_hosts: tuple[str, ...] = ()


Check = Callable[[Body, BodyLimits], Body]
Words = Callable[[Body], Iterable[object]]


def _media(body: Body, limits: BodyLimits) -> Body:
    return check_media(body, limits.text_bytes)


# kind -> the body cleared of what it does not know, or a refusal; what is not here nobody may send
KINDS: dict[Kind, Check] = {
    "text": lambda body, limits: check_text(body, limits.text_bytes),
    "card": lambda body, limits: check_card(body, limits.card_bytes, limits.picture_hosts),
    "location": lambda body, _: check_location(body),
    "link": lambda body, _: check_link(body),
    "custom": lambda body, limits: check_custom(body, limits.card_bytes),
    "image": _media,
    "voice": _media,
    "video": _media,
    "file": _media,
}


def _of_card(body: Body) -> Iterable[object]:
    if body.get("type") == "forward":
        return (line for each in body.get("messages", ()) for line in _of_forwarded(each))
    lines = [body.get(name) for name in ("title", "name", "text", "note", "place", "who")]
    return [*lines, *(item.get("title") for item in body.get("items", ()))]


def _of_forwarded(message: dict[str, Any]) -> Iterable[object]:
    return message.get("name"), plain_text(message.get("kind", "void"), message.get("body") or {})


# the fields of bodies that people read as words, at any depth; of `custom` its text alone
_WORDED = frozenset({
    "text", "title", "name", "address", "note", "label", "send", "place", "who", "carrier",
    "description", "site",
})  # fmt: skip

# kind -> the lines it says, the most telling one first
WORDS: dict[Kind, Words] = {
    "text": lambda body: (body.get("text"),),
    "card": _of_card,
    "location": lambda body: (body.get("name"), body.get("address")),
    "link": lambda body: [body.get(name) for name in ("title", "text", "description", "host")],
    "custom": lambda body: (body.get("text"),),
    "image": media_words,
    "voice": media_words,
    "video": media_words,
    "file": media_words,
}


def check(kind: Kind, body: Body, limits: BodyLimits) -> Body:
    """A body as it may be stored: of the right form for its kind, without unknown fields.

    Raises:
        Invalid: this kind cannot be sent, or a field is wrong, with its path.
        TooLarge: it is longer than it may be.
    """
    of_kind = KINDS.get(kind)
    if of_kind is None:
        raise Invalid(f"Messages of the kind {kind} cannot be sent here", path="kind")
    return of_kind(body, limits)


def plain_text(kind: Kind, body: Body) -> str:
    """What a message says, as lines of text of which the first stands for all in a preview.

    Empty where it says nothing in words, or was recalled. What kind of thing it is (a photo, an
    order) it does not say: clients do, in their reader's language.
    """
    lines = WORDS[kind](body) if kind in WORDS and body else ()
    return "\n".join(str(line) for line in lines if line)


def reworded(body: Body, change: Callable[[str], str]) -> Body:
    """The body with `change` made of every text in it that people read; the rest stays."""
    made: Body = _reworded(body, change)
    return made


def _reworded(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, list):
        return [_reworded(part, change) for part in value]
    if not isinstance(value, dict):
        return value
    return {
        key: change(part) if key in _WORDED and isinstance(part, str)
        # what an application says to itself is none of ours
        else part if key == "data" else _reworded(part, change)
        for key, part in value.items()
    }  # fmt: skip
