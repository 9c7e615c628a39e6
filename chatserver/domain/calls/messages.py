"""Messages: send them, and what is done to them afterwards."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta

from chatserver.domain.calls.base import Call
from chatserver.domain.message import ClientId, ConversationId, Reaction, SendKind, Seq
from chatserver.domain.person import UserId
from chatserver.domain.push.notification import MessageClass


class SendMessage(Call, frozen=True, kw_only=True, rename={"message_class": "class"}):
    """Store a message. The acknowledgement means stored for good; a retry with the same
    `client_id` gets the first one's number again and `duplicate: true`. `body` is what was stored
    where that is not what I sent: the server filled it, or a word filter masked it.

    `class` says how it is notified: what people say is `chat`. Staff and bots send `service` (an
    order, a booking); managers, admins and bots also `critical`, which no setting holds back, and
    `marketing`. Customers are refused with `forbidden`."""

    name = "message.send"
    ack = "seq, at, duplicate?, body?"

    conversation: ConversationId
    client_id: ClientId
    kind: SendKind
    body: dict[str, Any]
    reply_to: Seq | None = None
    mentions: Annotated[tuple[UserId, ...], Meta(max_length=50)] = ()
    mention_all: bool = False
    message_class: MessageClass = "chat"
    retry: bool = False


class ForwardMessages(Call, frozen=True, kw_only=True, rename={"from_": "from"}):
    """Send messages of one conversation on to another: one as it is, several as one card."""

    name = "message.forward"
    ack = "seq, at, duplicate?, body?"

    conversation: ConversationId
    client_id: ClientId
    from_: ConversationId
    seqs: Annotated[tuple[Seq, ...], Meta(min_length=1, max_length=50)]
    retry: bool = False


class EditMessage(Call, frozen=True, kw_only=True):
    """Replace the text of my message, or my card by one about the same thing."""

    name = "message.edit"
    ack = "mod"

    conversation: ConversationId
    seq: Seq
    body: dict[str, Any]


class RecallMessage(Call, frozen=True, kw_only=True):
    """Take my message back; a tombstone keeps its number."""

    name = "message.recall"
    ack = "mod"

    conversation: ConversationId
    seq: Seq


class ReactToMessage(Call, frozen=True, kw_only=True):
    """Add my reaction to a message, or with `on: false` take it away."""

    name = "message.react"
    ack = "mod"

    conversation: ConversationId
    seq: Seq
    reaction: Reaction
    on: bool = True


class PinMessage(Call, frozen=True, kw_only=True):
    """Pin a message for everybody, or with `on: false` take the pin away."""

    name = "message.pin"
    ack = "mod"

    conversation: ConversationId
    seq: Seq
    on: bool = True


class DeleteMessage(Call, frozen=True, kw_only=True):
    """Delete a message for me alone, on all my devices; or with `up_to` everything until there."""

    name = "message.delete"
    ack = "mod"

    conversation: ConversationId
    seq: Seq | None = None
    up_to: Seq | None = None


class SetTyping(Call, frozen=True, kw_only=True):
    """I am typing, or have stopped."""

    name = "typing"
    ack = ""

    conversation: ConversationId
    on: bool
