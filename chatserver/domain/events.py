"""The one door for what a client can be told: every event is a frozen type with an example.

PROTOCOL.md is generated from this list.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from msgspec import Struct

from chatserver.domain.conversation import ConversationView, RoomView
from chatserver.domain.customer import Context
from chatserver.domain.desk import DeskView
from chatserver.domain.message import Change, Message
from chatserver.domain.person import Person, PresenceState

PROTOCOL_VERSION = 1


class Event(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something the server tells a client; `name` is the Socket.IO event."""

    name: ClassVar[str]
    example: ClassVar[dict[str, Any]]

    def payload(self) -> Any:
        """What stands beside the name on the wire."""
        return self


class Ready(Event, frozen=True, kw_only=True):
    """The connection is accepted; sent once, first."""

    name = "ready"
    example = {
        "me": {"user": "mei", "name": "陈小美", "role": "customer"},
        "device": "7f2c",
        "time": 1790000000000,
        "limits": {"text_bytes": 8192, "frame_bytes": 65536, "page_max": 100},
        "protocol": 1,
    }

    me: Person
    device: str
    time: int
    limits: dict[str, int]
    protocol: int = PROTOCOL_VERSION

    def payload(self) -> Any:
        """All fields, also `protocol` at its default."""
        return {name: getattr(self, name) for name in self.__struct_fields__}


class MessageSent(Event, frozen=True, kw_only=True):
    """A message was stored; every device of every member gets it but the one that sent it."""

    name = "message"
    example = {
        "conversation": "d9a2", "seq": 12, "client_id": "c-81", "sender": "mei", "kind": "text",
        "body": {"text": "宝宝三个月用几段？"}, "at": 1790000000000,
    }  # fmt: skip

    message: Message

    def payload(self) -> Any:
        """The message itself."""
        return self.message


class Changed(Event, frozen=True, kw_only=True):
    """A message was edited, recalled, reacted to or pinned; `mod` numbers the changes 1, 2, 3, …"""

    name = "change"
    example = {
        "conversation": "d9a2", "mod": 3, "type": "edit", "seq": 12, "by": "mei",
        "at": 1790000000000, "body": {"text": "宝宝四个月用几段？"},
    }  # fmt: skip

    change: Change

    def payload(self) -> Any:
        """The change itself."""
        return self.change


class ReadMoved(Event, frozen=True, kw_only=True):
    """A member has read everything up to `seq`; also tells this person's own other devices."""

    name = "read"
    example = {"conversation": "d9a2", "user": "lin", "seq": 12}

    conversation: str
    user: str
    seq: int


class DeliveredMoved(Event, frozen=True, kw_only=True):
    """Everything up to `seq` was handed to a device of a member, live or in answer to a sync."""

    name = "delivered"
    example = {"conversation": "d9a2", "user": "lin", "seq": 12}

    conversation: str
    user: str
    seq: int


class Typing(Event, frozen=True, kw_only=True):
    """A member is typing, or has stopped; without renewal the server says stopped after 8 s."""

    name = "typing"
    example = {"conversation": "d9a2", "user": "lin", "on": True}

    conversation: str
    user: str
    on: bool


class PresenceChanged(Event, frozen=True, kw_only=True):
    """A watched person came or went, or all the person's devices went to the background (`away`).

    `last_seen` is null unless `offline`, and for who was never seen.
    """

    name = "presence"
    example = {"user": "lin", "state": "online", "last_seen": None}

    user: str
    state: PresenceState
    last_seen: int | None

    def payload(self) -> Any:
        """All fields, `last_seen` also when null."""
        return {"user": self.user, "state": self.state, "last_seen": self.last_seen}


class ConversationChanged(Event, frozen=True, kw_only=True):
    """A conversation is new, or something about it or my settings of it changed.

    `removed`: I am no longer in it, and keep what I could see.
    """

    name = "conversation"
    example = {
        "conversation": {
            "id": "d9a2", "kind": "direct", "created_at": 1790000000000,
            "members": [
                {"user": "lin", "name": "林顾问", "role": "consultant", "read": 0, "delivered": 0},
                {"user": "mei", "name": "陈小美", "role": "customer", "read": 0, "delivered": 0},
            ],
            "room": None,
            "me": {"role": "member", "state": "in", "muted_until": 0, "first": 1},
            "head": {"seq": 0, "mod": 0}, "read": 0, "unread": 0, "mentions": 0, "last": None,
            "my": {
                "mode": "all", "pinned": False, "archived": False, "cleared": 0, "hidden": [],
            },
        }
    }  # fmt: skip

    conversation: ConversationView
    removed: bool = False


class RoomChanged(Event, frozen=True, kw_only=True):
    """What a room shows of itself changed, for everybody in it: nothing of my own comes with it."""

    name = "conversation"
    example = {
        "conversation": {
            "id": "r41f", "kind": "group",
            "room": {
                "title": "三月宝宝妈妈群", "owner": "lin", "titles": {}, "avatar": None,
                "announcement": {"text": "周六下午抚触课", "by": "lin", "at": 1790000000000},
                "settings": {
                    "join": "invitation", "history": "all", "history_last": 50, "slow_mode_s": 0,
                    "mention_all": "admins",
                },
                "muted_until": 0, "speakers": [], "shop": "nuanya-renmin", "community": None,
                "capacity": 5000, "count": 12, "asked": 0, "revision": 3, "service": None,
                "notes_of": None,
            },
        }
    }  # fmt: skip

    conversation: RoomView


class Badge(Event, frozen=True, kw_only=True):
    """My unread messages and mentions over all conversations that are not muted.

    Told when reading or muting changed it. A `message` of somebody else in a conversation that is
    not muted raises it by itself, a recall of an unread one lowers it.
    """

    name = "badge"
    example = {"unread": 4, "mentions": 1}

    unread: int
    mentions: int

    def payload(self) -> Any:
        """Both numbers, also when zero."""
        return {"unread": self.unread, "mentions": self.mentions}


class Notice(Event, frozen=True, kw_only=True):
    """Something about the connection itself.

    `draining`: the server goes down, come back after `reconnect_in_ms`. `resync`: live events may
    have been missed, call `sync`. `kicked`: this device was logged out (`reason`), do not come
    back by yourself. `expiring`: the token ends in `expires_in_ms`, call `auth.renew`.
    """

    name = "notice"
    example = {"type": "draining", "reconnect_in_ms": 2310}

    type: Literal["draining", "resync", "kicked", "expiring"]
    reconnect_in_ms: int | None = None
    expires_in_ms: int | None = None
    reason: str | None = None


class ProfileChanged(Event, frozen=True, kw_only=True):
    """My profile changed, by another device of mine or by staff; `profile.get` has it.

    A device that has this `rev` already passes over it. Sync does not bring profiles: get yours
    when it is shown.
    """

    name = "profile"
    example = {"rev": 3}

    rev: int


class DeskMoved(Event, frozen=True, kw_only=True):
    """A service conversation on the desk of my shop moved, as told after `desk.list`.

    `conversation` is null where it is no longer for me to look at: somebody else serves it, or it
    is settled. Pass over a `revision` below the `room.revision` I know, but for a `head` or `last`
    that is later than mine.
    """

    name = "desk"
    example = {
        "id": "s52c", "revision": 2,
        "conversation": {
            "id": "s52c", "created_at": 1790000000000,
            "room": {
                "title": "暖芽母婴·人民路店", "owner": "", "titles": {}, "avatar": None,
                "announcement": None,
                "settings": {
                    "join": "invitation", "history": "all", "history_last": 50, "slow_mode_s": 0,
                    "mention_all": "admins",
                },
                "muted_until": 0, "speakers": [], "shop": "nuanya-renmin", "community": None,
                "capacity": 2147483648, "count": 1, "asked": 0, "invited": 0, "revision": 2,
                "service": {
                    "customer": "mei", "assignee": None, "status": "open",
                    "since": 1790000000000, "names": {"mei": "陈小美"},
                },
                "notes_of": None,
            },
            "head": {"seq": 1, "mod": 0},
            "last": {
                "conversation": "s52c", "seq": 1, "client_id": "c-90", "sender": "mei",
                "kind": "text", "body": {"text": "今天几点关门？"}, "at": 1790000000000,
            },
        },
    }  # fmt: skip

    id: str
    revision: int
    conversation: DeskView | None

    def payload(self) -> Any:
        """All fields, `conversation` also when null."""
        return {"id": self.id, "revision": self.revision, "conversation": self.conversation}


class ContextChanged(Event, frozen=True, kw_only=True):
    """A customer whom I serve looks at something else now."""

    name = "context"
    example = {
        "user": "mei",
        "context": {
            "page": {"url": "https://shop.example/p/82", "title": "婴儿润肤霜 200g"},
            "product": {
                "id": "82", "title": "婴儿润肤霜 200g", "price": "¥79.00",
                "image": "https://shop.example/i/82.jpg", "url": "https://shop.example/p/82",
            },
            "at": 1790000000000,
        },
    }  # fmt: skip

    user: str
    context: Context


class SnippetsChanged(Event, frozen=True, kw_only=True):
    """My canned replies changed on another device of mine; `snippet.list` has them.

    A device that has this `rev` already passes over it. Sync does not bring them: fetch them when
    they are shown.
    """

    name = "snippets"
    example = {"rev": 7}

    rev: int


class ReportsMoved(Event, frozen=True, kw_only=True):
    """How many reports of a room, or of all of my shop, wait, as told after `report.list`."""

    name = "reports"
    example = {"conversation": None, "open": 3}

    conversation: str | None
    open: int

    def payload(self) -> Any:
        """Both fields, `conversation` also when null."""
        return {"conversation": self.conversation, "open": self.open}


EVENTS: tuple[type[Event], ...] = (
    Ready, MessageSent, Changed, ReadMoved, DeliveredMoved, Typing, PresenceChanged,
    ConversationChanged, RoomChanged, Badge, Notice, ProfileChanged, DeskMoved, ContextChanged,
    SnippetsChanged, ReportsMoved,
)  # fmt: skip
