"""A message, its kinds, and what may be done to it afterwards.

A message is decided once and numbered once; later changes (edit, recall, react) are entries of a
second log with its own number `mod`. The functions here say what a change does to a message; who
saves it is not their business.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct, structs

from chatserver.domain.person import Caller, UserId
from chatserver.domain.push.notification import MessageClass
from chatserver.errors import Conflict, Forbidden, Invalid, NotFound, TooLarge

Kind = Literal[
    "text", "image", "voice", "video", "file", "location", "card", "link", "custom", "system",
    "call", "void",
]  # fmt: skip
SendKind = Literal["text", "image", "voice", "video", "file", "location", "card", "link", "custom"]
"""What people may send; the other kinds are the server's."""
ConversationId = Annotated[str, Meta(min_length=1, max_length=64)]
ClientId = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[\x21-\x7e]+\Z")]
Reaction = Annotated[str, Meta(min_length=1, max_length=32, pattern=r"^[^\x00-\x20\x7f]+\Z")]
Seq = Annotated[int, Meta(ge=1, le=2**53)]

EDITABLE: frozenset[Kind] = frozenset({"text", "card"})
REACTIONS_PER_MESSAGE = 20  # different ones on one message; keeps the document small
REACTORS_PER_MESSAGE = 1000  # names on one message; every page of history carries them


class TextBody(Struct, frozen=True):
    """The body of a text message."""

    text: Annotated[str, Meta(min_length=1)]


class Forwarded(Struct, frozen=True, kw_only=True):
    """Where a forwarded message comes from: who said it, and when."""

    sender: str
    name: str
    at: int


class Message(
    Struct, frozen=True, kw_only=True, omit_defaults=True, rename={"message_class": "class"}
):
    """A stored message as every client sees it. Times are milliseconds since 1970 UTC.

    A `system` message has no sender; its body says what happened in the room, and who did it.
    `forwarded` says whose message it was first. `deleted`: I deleted it for myself. `class` says
    how people are notified of it.
    `mod` is the number of the last change applied to it: a client that holds the message at a
    given `mod` passes over older changes.
    """

    conversation: str
    seq: int
    client_id: str
    sender: str
    kind: Kind
    body: dict[str, Any]
    at: int
    reply_to: int | None = None
    mentions: tuple[str, ...] = ()
    edited_at: int | None = None
    edits: int = 0
    recalled: bool = False
    reactions: dict[str, tuple[str, ...]] = {}
    mod: int = 0
    mention_all: bool = False
    forwarded: Forwarded | None = None
    pinned: bool = False
    deleted: bool = False
    message_class: MessageClass = "chat"


class Draft(Struct, frozen=True, kw_only=True):
    """A message that its sender's device made and nobody has numbered yet.

    `sent` is the body as the device sent it, where the server made another of it: a retry brings
    that one again.
    """

    conversation: str
    client_id: str
    sender: str
    kind: Kind
    body: dict[str, Any]
    reply_to: int | None = None
    mentions: tuple[str, ...] = ()
    mention_all: bool = False
    forwarded: Forwarded | None = None
    sent: dict[str, Any] | None = None
    message_class: MessageClass = "chat"

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes a retry recognisable, for ever."""
        return (self.conversation, self.sender, self.client_id)

    def digest(self) -> bytes:
        """Sixteen bytes that tell a retry from another message under the same client id."""
        content: tuple[Any, ...] = (
            self.kind,
            self.body if self.sent is None else self.sent,
            self.reply_to,
            self.mentions,
        )
        if self.mention_all or self.forwarded:
            content = (*content, self.mention_all, self.forwarded)
        if self.message_class != "chat":
            content = (*content, self.message_class)
        return hashlib.blake2b(
            msgspec.json.encode(content, order="sorted"), digest_size=16
        ).digest()

    def numbered(self, seq: int, at: int) -> Message:
        """The message this draft becomes."""
        fields = structs.asdict(self)
        del fields["sent"]
        return Message(**fields, seq=seq, at=at)


ChangeType = Literal["edit", "recall", "react", "pin", "void"]


class Change(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An entry of a conversation's second log: what `by` did to message `seq`.

    `body` belongs to an edit, `reaction` and `on` to a reaction, `on` to a pin. A `void` entry is
    about a message that this person does not see.
    """

    conversation: str
    mod: int
    type: ChangeType
    seq: int
    by: str
    at: int
    body: dict[str, Any] | None = None
    reaction: str | None = None
    on: bool | None = None


class Deed(Struct, frozen=True, kw_only=True):
    """A change that somebody wants to make, before it has a number."""

    type: ChangeType
    seq: int
    by: str
    at: int
    body: dict[str, Any] | None = None
    reaction: str | None = None
    on: bool | None = None

    def numbered(self, conversation: str, mod: int) -> Change:
        """The entry of the second log this deed becomes."""
        return Change(conversation=conversation, mod=mod, **structs.asdict(self))


class ChangeRules(Struct, frozen=True, kw_only=True):
    """Limits on changes, from the settings, and what the caller's role in a room allows."""

    edit_window_ms: int
    card_edit_window_ms: int
    edits_max: int
    recall_window_ms: int
    staff_recall_window_ms: int
    may_recall_others: bool = False


def check_text(body: dict[str, Any], limit_bytes: int) -> dict[str, Any]:
    """The body of a text message, cleared of unknown fields.

    Raises:
        Invalid: there is no text, with the path of the field.
        TooLarge: the text is longer than `limit_bytes` in UTF-8.
    """
    try:
        text = msgspec.convert(body, TextBody).text
    except msgspec.ValidationError as error:
        raise Invalid(str(error).partition(" - at ")[0], path="body.text") from None
    if not text.strip():
        raise Invalid("A message needs some text", path="body.text")
    if len(text.encode()) > limit_bytes:
        raise TooLarge(f"The text is longer than {limit_bytes} bytes", path="body.text")
    return {"text": text}


def check_forwarded(body: dict[str, Any], limit_bytes: int) -> None:
    """See that a card of forwarded messages is not too long.

    Raises:
        TooLarge: it is longer than `limit_bytes` as JSON.
    """
    if len(msgspec.json.encode(body)) > limit_bytes:
        raise TooLarge(f"This is longer than {limit_bytes} bytes", path="seqs")


def apply(message: Message, change: Change) -> Message:
    """The message after the change; older changes than it already holds leave it as it is."""
    if change.mod <= message.mod:
        return message
    return _APPLY[change.type](message, change)


def _edit(message: Message, change: Change) -> Message:
    return structs.replace(
        message,
        body=change.body or {},
        edited_at=change.at,
        edits=message.edits + 1,
        mod=change.mod,
    )


def _recall(message: Message, change: Change) -> Message:
    return structs.replace(
        message, body={}, mentions=(), mention_all=False, reactions={}, forwarded=None,
        recalled=True, pinned=False, mod=change.mod,
    )  # fmt: skip


def _react(message: Message, change: Change) -> Message:
    reaction = change.reaction or ""
    people = tuple(user for user in message.reactions.get(reaction, ()) if user != change.by)
    if change.on:
        people = (*people, change.by)
    reactions = {**message.reactions, reaction: people}
    return structs.replace(
        message, reactions={r: users for r, users in reactions.items() if users}, mod=change.mod
    )


def _pin(message: Message, change: Change) -> Message:
    return structs.replace(message, pinned=bool(change.on), mod=change.mod)


_APPLY = {"edit": _edit, "recall": _recall, "react": _react, "pin": _pin}


def allow(message: Message, deed: Deed, caller: Caller, rules: ChangeRules) -> bool:
    """Whether the deed changes anything; asking for what is already so changes nothing.

    Raises:
        NotFound: the message was recalled.
        Forbidden: it is not the caller's, or too late, or edited too often.
        Conflict: it carries too many different reactions.
    """
    return _ALLOW[deed.type](message, deed, caller, rules)


def _allow_edit(message: Message, deed: Deed, caller: Caller, rules: ChangeRules) -> bool:
    _own(message, caller)
    _not_recalled(message)
    _see_that_it_stays_what_it_is(message, deed)
    if deed.body == message.body:
        return False
    window = rules.card_edit_window_ms if message.kind == "card" else rules.edit_window_ms
    if deed.at - message.at > window:
        raise Forbidden("It is too late to edit this message")
    if message.edits >= rules.edits_max:
        raise Forbidden(f"A message can be edited {rules.edits_max} times")
    return True


def _allow_recall(message: Message, deed: Deed, caller: Caller, rules: ChangeRules) -> bool:
    if message.kind == "system":
        raise Forbidden("What the server says stays")
    if message.sender != caller.user and rules.may_recall_others:
        return not message.recalled
    _own(message, caller)
    if message.recalled:
        return False
    window = rules.staff_recall_window_ms if caller.is_staff else rules.recall_window_ms
    if deed.at - message.at > window:
        raise Forbidden("It is too late to recall this message")
    return True


def _allow_react(message: Message, deed: Deed, caller: Caller, _rules: ChangeRules) -> bool:
    _not_recalled(message)
    reaction = deed.reaction or ""
    if (caller.user in message.reactions.get(reaction, ())) == deed.on:
        return False
    new_kind = deed.on and reaction not in message.reactions
    if new_kind and len(message.reactions) >= REACTIONS_PER_MESSAGE:
        raise Conflict(f"A message carries at most {REACTIONS_PER_MESSAGE} different reactions")
    if deed.on and sum(map(len, message.reactions.values())) >= REACTORS_PER_MESSAGE:
        raise Conflict(f"A message carries at most {REACTORS_PER_MESSAGE} reactions")
    return True


def _allow_pin(message: Message, deed: Deed, _caller: Caller, _rules: ChangeRules) -> bool:
    _not_recalled(message)
    return message.pinned != deed.on


_ALLOW = {"edit": _allow_edit, "recall": _allow_recall, "react": _allow_react, "pin": _allow_pin}


def _own(message: Message, caller: Caller) -> None:
    if message.sender != caller.user:
        raise Forbidden("Only its sender may do this")


def _see_that_it_stays_what_it_is(message: Message, deed: Deed) -> None:
    if message.kind not in EDITABLE:
        raise Forbidden("Only text and cards can be edited")
    if message.forwarded is not None:
        raise Forbidden("What was forwarded stays as it was said")
    if message.kind == "card":
        before, after = message.body, deed.body or {}
        if (before.get("type"), before.get("id")) != (after.get("type"), after.get("id")):
            raise Forbidden("An edit leaves a card what it is about")


def _not_recalled(message: Message) -> None:
    if message.recalled:
        raise NotFound("This message was recalled")


def merged(messages: Iterable[tuple[Message, str]]) -> dict[str, Any]:
    """The body of a card that carries several messages, each with its sender's name."""
    return {
        "type": "forward",
        "messages": [
            {
                "sender": message.sender, "name": name, "kind": message.kind,
                "body": message.body, "at": message.at,
            }
            for message, name in messages
        ],
    }  # fmt: skip


def check_mentions(mentions: tuple[UserId, ...], members: frozenset[str]) -> None:
    """Mentions name members only.

    Raises:
        Invalid: with the path of the first one that is not a member.
    """
    for index, user in enumerate(mentions):
        if user not in members:
            raise Invalid("Only members can be mentioned", path=f"mentions[{index}]")
