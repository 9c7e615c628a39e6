"""One person's place in a conversation: role, positions, own settings, and what may be seen."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct, structs

from chatserver.domain.message import Change, Message

RoomRole = Literal["owner", "admin", "member"]
State = Literal[
    "in", "viewing", "invited", "asked", "left", "removed", "banned", "moved", "released"
]
Mode = Literal["all", "mentions", "silent", "none"]

MUTED: frozenset[Mode] = frozenset({"silent", "none"})  # counted, but not on the badge
RANK: dict[RoomRole, int] = {"member": 0, "admin": 1, "owner": 2}
FOREVER = 2**53  # a time that does not come
HIDDEN_MAX = 1000  # messages one person has deleted for themselves one by one, per conversation


class Head(Struct, frozen=True):
    """The last numbers of a conversation's two logs."""

    seq: int = 0
    mod: int = 0


class Sign(Struct, frozen=True):
    """By what a room is known in a list, as of a revision of it."""

    title: str
    avatar: str | None = None
    revision: int = 0


class Prefs(Struct, frozen=True):
    """One member's own settings of a conversation.

    `mode` says of what I am notified: of `all`; of `mentions` of me or everybody; of all, but
    `silent`ly and not on the badge; of `none`, which is not on the badge either. What is `critical`
    comes in any mode. `hidden` are messages deleted for this person alone, as is everything up to
    `cleared`.
    """

    mode: Mode = "all"
    pinned: bool = False
    archived: bool = False
    cleared: int = 0
    hidden: tuple[int, ...] = ()


class Membership(Struct, frozen=True, kw_only=True):
    """One person in one conversation. Times are milliseconds since 1970 UTC.

    `since` is the first message to be seen, `until` where the logs stood when the person left, and
    `sign` what the room was called then. `moved` is who was taken out of a community because it no
    longer fits. `viewing` is staff who may look at a service conversation that they are not in, and
    `released` whoever served one: they see nothing of it any more.
    """

    conversation: str
    user: str
    role: RoomRole = "member"
    state: State = "in"
    joined_at: int = 0
    since: int = 1
    until: Head | None = None
    sign: Sign | None = None
    muted_until: int = 0
    banned_until: int | None = None
    read: int = 0
    delivered: int = 0
    prefs: Prefs = Prefs()
    touched_at: int = 0

    @property
    def is_in(self) -> bool:
        """Whether the person belongs to the conversation now."""
        return self.state == "in"

    @property
    def sees_all(self) -> bool:
        """Whether the person sees the conversation as it is now."""
        return self.state in {"in", "viewing"}

    def outranks(self, other: Membership) -> bool:
        """Whether this member may act on the other one."""
        return RANK[self.role] > RANK[other.role]

    def sight(self, head: Head) -> Sight:
        """What the person may see of logs that end with `head`."""
        return Sight(self.since, self._end(head), self.prefs, is_over=not self.sees_all)

    def _end(self, head: Head) -> Head:
        if self.sees_all:
            return head
        if self.state == "released":
            return Head()
        until = self.until or Head()  # who is only invited, or asked to come in, sees nothing
        return Head(min(until.seq, head.seq), min(until.mod, head.mod))


def viewer(conversation: str, user: str) -> Membership:
    """The place of staff who look at a service conversation that they are not in."""
    return Membership(conversation=conversation, user=user, state="viewing")


class Moved(Struct, frozen=True, kw_only=True):
    """Something about a room changed: what nodes tell each other.

    `seats` are the people who came in, with the first message they may see, or None who went;
    `revision` is the room's after it.
    """

    conversation: str
    revision: int
    seats: dict[str, int | None] = {}


class Sight(Struct, frozen=True):
    """What one person may see of a conversation: messages `first` to `head.seq`, and as they were
    with change `head.mod` for somebody whose time in it `is_over`."""

    first: int
    head: Head
    prefs: Prefs = Prefs()
    is_over: bool = False

    @property
    def shows_any(self) -> bool:
        """Whether there is any message for this person."""
        return self.first <= self.head.seq

    def shows(self, seq: int) -> bool:
        """Whether there is such a message for this person."""
        return self.first <= seq <= self.head.seq

    def message(self, message: Message) -> Message:
        """The message as this person sees it: empty where it was deleted, or changed too late."""
        if message.seq <= self.prefs.cleared or message.seq in self.prefs.hidden:
            return _blank(message, deleted=True)
        if self.is_over and message.mod > self.head.mod:
            return self._unchanged(_blank(message, recalled=True))
        return message

    def change(self, change: Change) -> Change:
        """The change as this person sees it: void where it is about a message that is not shown."""
        if self.shows(change.seq):
            return change
        return Change(
            conversation=change.conversation, mod=change.mod, type="void", seq=change.seq, by="",
            at=change.at,
        )  # fmt: skip

    def _unchanged(self, message: Message) -> Message:
        """The message without a trace of what was done to it after the person's time."""
        return structs.replace(message, edited_at=None, edits=0, pinned=False, mod=self.head.mod)


def _blank(message: Message, *, deleted: bool = False, recalled: bool = False) -> Message:
    return structs.replace(
        message, body={}, mentions=(), mention_all=False, reactions={}, forwarded=None,
        deleted=deleted, recalled=recalled or message.recalled,
    )  # fmt: skip
