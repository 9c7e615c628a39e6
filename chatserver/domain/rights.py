"""Who may do what in a conversation: one table, and what is not in it nobody may."""

from __future__ import annotations

from typing import Literal

from chatserver.domain.conversation import Conversation, ConversationKind
from chatserver.domain.membership import RANK, Membership, RoomRole
from chatserver.errors import Forbidden

Action = Literal[
    "write", "react", "type", "mention_all", "pin", "recall_others", "see_members", "see_readers",
    "leave", "update", "invite", "add", "remove", "ban", "mute", "mute_all", "set_role",
    "write_at_any_time",
]  # fmt: skip

_Row = dict[ConversationKind, RoomRole]

_EVERYWHERE: _Row = {"direct": "member", "group": "member", "channel": "member"}
_ROOM_ADMINS: _Row = {"group": "admin", "channel": "admin"}

# action -> the least role that may, for each kind of conversation
RIGHTS: dict[Action, _Row] = {
    "write": {"direct": "member", "group": "member", "channel": "admin"},
    "react": _EVERYWHERE,
    "type": {"direct": "member", "group": "member"},
    "mention_all": _ROOM_ADMINS,
    "pin": {"direct": "member", "group": "admin", "channel": "admin"},
    "recall_others": _ROOM_ADMINS,
    "see_members": {"direct": "member", "group": "member", "channel": "admin"},
    "see_readers": {"direct": "member", "group": "admin", "channel": "admin"},
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
