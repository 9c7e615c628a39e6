"""Reading: history, what is missing, how far somebody has come."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, field

from chatserver.domain.calls.base import Call, Limit, Number
from chatserver.domain.message import ConversationId, Seq


class GetHistory(Call, frozen=True, kw_only=True):
    """A page of messages, ascending: before, after or around a number; the latest without any.

    With `pinned` the pinned ones alone, the latest 100 of them.
    """

    name = "history.get"
    ack = "messages, more"

    conversation: ConversationId
    before: Seq | None = None
    after: Number | None = None
    around: Seq | None = None
    pinned: bool = False
    limit: Limit | None = None


class GetChanges(Call, frozen=True, kw_only=True):
    """A page of changes after `mod` number `after`, ascending."""

    name = "changes.get"
    ack = "changes, more"

    conversation: ConversationId
    after: Number
    limit: Limit | None = None


class Sync(Call, frozen=True, kw_only=True):
    """What moved since this device was last here.

    `have` names the conversations the device holds with the `[seq, mod]` it has of each. `token`
    is that of the last answer: with `more: true` it fetches the next page of this sync, otherwise
    it spares telling what did not move since. Live events are held back until the answer is out.
    """

    name = "sync"
    ack = "conversations, badge, token, more"

    have: dict[ConversationId, tuple[Number, Number]] = field(default_factory=dict)
    token: Annotated[str, Meta(max_length=200)] | None = None


class MarkRead(Call, frozen=True, kw_only=True):
    """I have read everything up to `seq`; going back changes nothing."""

    name = "read.mark"
    ack = "read, unread"

    conversation: ConversationId
    seq: Seq


class WhoRead(Call, frozen=True, kw_only=True):
    """Who of the other members has read message `seq` and who has not: those who may see it.

    In a room its sender may ask, and admins. Above 500 members there are counts and no names.
    """

    name = "read.who"
    ack = "read, unread, read_count, unread_count"

    conversation: ConversationId
    seq: Seq
    limit: Limit = 100
