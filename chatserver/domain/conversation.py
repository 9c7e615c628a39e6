"""A conversation, and how one person sees it."""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

from msgspec import Meta, Struct, structs

from chatserver.domain.membership import Head, Membership, Prefs, RoomRole, Sign, State
from chatserver.domain.message import Change, Message
from chatserver.domain.person import Role, UserId
from chatserver.errors import Invalid

ConversationKind = Literal["direct", "group", "channel", "service", "notes"]
ServiceStatus = Literal["open", "resolved"]
JoinMode = Literal["open", "approval", "invitation", "staff"]
History = Literal["all", "joined", "last"]
# one line with something to read in it
_TITLE = r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*\Z"
Title = Annotated[str, Meta(min_length=1, max_length=100, pattern=_TITLE)]
Avatar = Annotated[str, Meta(max_length=500, pattern=r"^https://[\x21-\x7e]+\Z")]

# under pressure messages of these yield to those between customers and staff
CHATTER: frozenset[ConversationKind] = frozenset({"group", "channel"})
# in these a customer asks and one of the staff answers
ANSWERED: frozenset[ConversationKind] = frozenset({"direct", "service"})
LARGE_FROM = 501  # members; a room this large shows counts, and neither typing nor who has read
SLOW_MODE_MAX_S = 120
SERVICE_PREFIX = "s"  # of the ids of service conversations; no other conversation's id begins so
NOTES_PREFIX = "n"  # the same for notes


class RoomSettings(Struct, frozen=True, kw_only=True):
    """How people come in, what newcomers see, how fast anybody may write.

    `history` is what a newcomer sees: all, what is sent from now on (`joined`), or that and the
    last `history_last` messages. In slow mode a member waits `slow_mode_s` between two messages.
    """

    join: JoinMode = "invitation"
    history: History = "all"
    history_last: Annotated[int, Meta(ge=0, le=1000)] = 50
    slow_mode_s: Annotated[int, Meta(ge=0, le=SLOW_MODE_MAX_S)] = 0
    mention_all: Literal["admins", "everyone"] = "admins"


class Announcement(Struct, frozen=True):
    """What stands above a room until it is replaced."""

    text: str
    by: str
    at: int


class Service(Struct, frozen=True, kw_only=True):
    """How a service conversation stands: whose it is, who serves, whether it is settled.

    `since` is when it came to stand so, in ms since 1970 UTC, and 0 until the customer first asked
    something. `names` are what the customer and whoever serves are called.
    """

    customer: str
    assignee: str | None = None
    status: ServiceStatus = "open"
    since: int = 0
    names: dict[str, str] = {}

    @property
    def waits(self) -> bool:
        """Whether a customer asked and nobody has taken it on."""
        return self.status == "open" and self.assignee is None and self.since > 0


class Room(Struct, frozen=True, kw_only=True):
    """What a conversation of many has beside its messages. Times are ms since 1970 UTC.

    Until `muted_until` only admins and the `speakers` may write. `count` are members, of `capacity`
    at most; `asked` those who wait to be let in, `invited` those who have not answered yet.
    `revision` counts the changes. A community is the server's: it has no owner, `community` names
    its rule, and `titles` hold its title by language. `service` is there in a service conversation,
    and `notes_of` names the one that notes are about.
    """

    title: str
    owner: str
    titles: dict[str, str] = {}
    avatar: str | None = None
    announcement: Announcement | None = None
    settings: RoomSettings = RoomSettings()
    muted_until: int = 0
    speakers: tuple[UserId, ...] = ()
    shop: str | None = None
    community: str | None = None
    capacity: int = 0
    count: int = 0
    asked: int = 0
    invited: int = 0
    revision: int = 0
    service: Service | None = None
    notes_of: str | None = None

    def shown_to(self, person: Membership) -> Room:
        """The room as somebody sees it: all of it who is in it; who is asked to come in, or asks,
        what stands at its door; and who went, what it was called then."""
        if person.sees_all:
            return self
        if person.state in {"invited", "asked"}:
            return structs.replace(
                self, announcement=None, muted_until=0, speakers=(), asked=0, invited=0
            )
        sign = person.sign or Sign("")
        return Room(
            title=sign.title,
            avatar=sign.avatar,
            owner="",
            shop=self.shop,
            community=self.community,
            revision=sign.revision,
            notes_of=self.notes_of,
        )


class Conversation(Struct, frozen=True, kw_only=True):
    """What everybody in it shares: two people for ever, or a room with its memberships."""

    id: str
    kind: ConversationKind
    created_at: int
    changed_at: int = 0  # what a room shows of itself, or how many are in it
    members: tuple[str, ...] = ()  # of a direct conversation; a room has memberships
    room: Room | None = None

    @property
    def parties(self) -> tuple[str, ...]:
        """Those whose positions the others see: the two of a direct conversation, a customer and
        whoever serves them."""
        service = self.service
        if service is None:
            return self.members
        return (service.customer, service.assignee) if service.assignee else (service.customer,)

    def others(self, user: str) -> tuple[str, ...]:
        """The parties but one: the other one of a direct conversation."""
        return tuple(member for member in self.parties if member != user)

    @property
    def the_room(self) -> Room:
        """The room; only for conversations that are one."""
        assert self.room is not None  # noqa: S101 - a defect of the caller
        return self.room

    @property
    def service(self) -> Service | None:
        """How it stands, where it is a service conversation."""
        return None if self.room is None else self.room.service

    @property
    def is_large(self) -> bool:
        """Whether there are too many people in it to tell all about each one."""
        room = self.room
        return room is not None and (self.kind == "channel" or room.count >= LARGE_FROM)


class Member(Struct, frozen=True, kw_only=True):
    """One of the two of a direct conversation, as the other one sees them."""

    user: str
    name: str
    role: Role
    read: int
    delivered: int


class RoomMember(Struct, frozen=True, kw_only=True):
    """Somebody in a room as the others see them; `role` is that in the room."""

    user: str
    name: str
    role: RoomRole
    staff: bool
    state: State
    joined_at: int
    muted_until: int


class Me(Struct, frozen=True, kw_only=True):
    """What I am in a conversation: my role, whether I am in it, until when I am muted.

    `first` is the first message I may see. Who left still sees everything up to then.
    """

    role: RoomRole = "member"
    state: State = "in"
    muted_until: int = 0
    first: int = 1


class ConversationView(Struct, frozen=True, kw_only=True):
    """A conversation as one person sees it: the form in which clients get it.

    `members` are the two of a direct conversation, and of a service conversation the customer and
    whoever serves it; those of other rooms come by `conversation.members`.
    """

    id: str
    kind: ConversationKind
    created_at: int
    members: tuple[Member, ...]
    room: Room | None
    me: Me
    head: Head
    read: int
    unread: int
    mentions: int
    last: Message | None
    my: Prefs


class RoomView(Struct, frozen=True, kw_only=True):
    """What changed for everybody in a room: the same for all of them."""

    id: str
    kind: ConversationKind
    room: Room


class Unread(Struct, frozen=True):
    """What a person has not read: messages that count, and those that mention the person."""

    unread: int = 0
    mentions: int = 0

    def without(self, message: Message, user: str) -> Unread:
        """The same, had this one of the person's unread messages not been sent."""
        if message.recalled or message.kind == "system":
            return self
        mentioned = message.mention_all or user in message.mentions
        return Unread(self.unread - 1, self.mentions - mentioned)


class SyncedConversation(ConversationView, frozen=True, kw_only=True):
    """A conversation with the first page of what a device is missing.

    `more` says that further messages or changes are to be fetched by range; `reset` that the
    device was away too long: it forgets what it has of this conversation and starts afresh from
    `messages`.
    """

    messages: tuple[Message, ...] = ()
    changes: tuple[Change, ...] = ()
    more: bool = False
    reset: bool = False


def direct_id(one: str, other: str) -> str:
    """The id of the conversation of two people: the same whoever asks, and for ever.

    Raises:
        Invalid: somebody wants to talk to themselves.
    """
    if one == other:
        raise Invalid("A conversation needs somebody else", path="with")
    return "d" + _digest(*sorted((one, other)))


def service_id(shop: str, customer: str) -> str:
    """The id of the conversation of a customer with a shop: the same one for ever."""
    return SERVICE_PREFIX + _digest(shop, customer)


def notes_id(conversation: str) -> str:
    """The id of the notes beside a service conversation."""
    return NOTES_PREFIX + _digest(conversation)


def begun_id(owner: str, client_id: str) -> str:
    """The id of the room that somebody begins: the same for the same `client_id` of theirs."""
    return "r" + _digest(owner, client_id)


def _digest(*parts: str) -> str:
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=15).hexdigest()
