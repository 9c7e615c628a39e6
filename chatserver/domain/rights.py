"""Who may do what in a conversation: one table, and what is not in it nobody may."""

from __future__ import annotations

from typing import Literal

from chatserver.domain.conversation import Conversation, ConversationKind
from chatserver.domain.membership import FOREVER, RANK, Membership, RoomRole
from chatserver.domain.person import STAFF, Caller, Role
from chatserver.domain.push.notification import MessageClass
from chatserver.errors import Forbidden

Action = Literal[
    "write", "react", "type", "mention_all", "pin", "recall_others", "see_members", "see_readers",
    "leave", "update", "invite", "add", "remove", "ban", "mute", "mute_all", "set_role",
    "write_at_any_time",
]  # fmt: skip

_Row = dict[ConversationKind, RoomRole]

_TALKS: _Row = {"direct": "member", "service": "member", "notes": "member"}  # all alike in these
_EVERYWHERE: _Row = {**_TALKS, "group": "member", "channel": "member"}
_ROOM_ADMINS: _Row = {"group": "admin", "channel": "admin"}

# action -> the least role that may, for each kind of conversation
RIGHTS: dict[Action, _Row] = {
    "write": {**_TALKS, "group": "member", "channel": "admin"},
    "react": _EVERYWHERE,
    "type": {**_TALKS, "group": "member"},
    "mention_all": _ROOM_ADMINS,
    "pin": {**_TALKS, **_ROOM_ADMINS},
    "recall_others": _ROOM_ADMINS,
    "see_members": {**_TALKS, "group": "member", "channel": "admin"},
    "see_readers": {**_TALKS, **_ROOM_ADMINS},
    "leave": {"group": "member", "channel": "member"},
    "update": _ROOM_ADMINS,
    "invite": {"group": "member", "channel": "admin"},
    "add": _ROOM_ADMINS,
    "remove": _ROOM_ADMINS,
    "ban": _ROOM_ADMINS,
    "mute": _ROOM_ADMINS,
    "mute_all": _ROOM_ADMINS,
    "set_role": {"group": "owner", "channel": "owner"},
    "write_at_any_time": _ROOM_ADMINS,  # though all are muted, and in slow mode
}


# how a message is notified -> who may say so
_CLASSES: dict[MessageClass, frozenset[Role]] = {
    "service": STAFF | {"bot"},
    "critical": frozenset({"manager", "admin", "bot"}),
    "marketing": frozenset({"manager", "admin", "bot"}),
}


def may(conversation: Conversation, member: Membership, action: Action) -> bool:
    """Whether this member may do it here; who is not in it may do nothing."""
    least = RIGHTS[action].get(conversation.kind)
    return member.is_in and least is not None and RANK[member.role] >= RANK[least]


def require(conversation: Conversation, member: Membership, action: Action) -> None:
    """See that this member may do it.

    Raises:
        Forbidden: not here, or not with this role, or no longer.
    """
    if not member.is_in:
        raise Forbidden("You are not in this conversation")
    if not may(conversation, member, action):
        raise Forbidden


def check_may_write(conversation: Conversation, me: Membership, now: int) -> None:
    """See that a member may write now.

    Raises:
        Forbidden: not in it, not with this role, muted, or all are.
    """
    require(conversation, me, "write")
    room = conversation.room
    if me.muted_until > now:
        raise Forbidden("You are muted here", retry_after_ms=_left(me.muted_until, now))
    if room is None or may(conversation, me, "write_at_any_time"):
        return
    if room.muted_until > now and me.user not in room.speakers:
        raise Forbidden(
            "Only admins may write here now", retry_after_ms=_left(room.muted_until, now)
        )


def check_class(caller: Caller, message_class: MessageClass) -> None:
    """See that this person may send messages of a class; what people say anybody may.

    Raises:
        Forbidden: not with this role.
    """
    if message_class != "chat" and caller.role not in _CLASSES[message_class]:
        raise Forbidden("You may not send messages of this class", path="class")


def check_may_carry(source: Conversation, target: Conversation) -> None:
    """See that messages of one conversation may be sent on to another: notes stay among notes, as
    from anywhere else somebody could carry them on to the customer.

    Raises:
        Forbidden: they may not.
    """
    if source.kind == "notes" and target.kind != "notes":
        raise Forbidden("Notes cannot be forwarded")


def slow_mode_ms(conversation: Conversation, me: Membership) -> int:
    """How long the member must wait between two messages, 0 for not at all."""
    room = conversation.room
    if room is None or may(conversation, me, "write_at_any_time"):
        return 0
    return room.settings.slow_mode_s * 1000


def _left(until: int, now: int) -> int | None:
    return until - now if until < FOREVER else None
