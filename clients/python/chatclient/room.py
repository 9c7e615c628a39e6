"""What a conversation of many has beside its messages, and the people in it.

Times are milliseconds since 1970 UTC. Fields this client does not know are passed over.
"""

from __future__ import annotations

from msgspec import Struct


class Me(Struct, frozen=True, kw_only=True):
    """My place in a conversation; `first` is the first message there is for me.

    `state` is in, invited, asked (to be let in), left, removed, banned, moved (a community took
    me out), viewing (staff who may look at it) or released (I served it and no longer do).
    """

    role: str = "member"
    state: str = "in"
    muted_until: int = 0
    first: int = 1

    @property
    def is_in(self) -> bool:
        """Whether I belong to it now."""
        return self.state == "in"

    @property
    def sees_all(self) -> bool:
        """Whether I see it as it is now: I am in it, or look at it as staff."""
        return self.state in {"in", "viewing"}


class RoomSettings(Struct, frozen=True, kw_only=True):
    """How people come in, what newcomers see, how fast anybody may write."""

    join: str = "invitation"
    history: str = "all"
    history_last: int = 50
    slow_mode_s: int = 0
    mention_all: str = "admins"


class Announcement(Struct, frozen=True, kw_only=True):
    """What stands above a room until it is replaced."""

    text: str
    by: str = ""
    at: int = 0


class Service(Struct, frozen=True, kw_only=True):
    """How a service conversation stands, `since` a time; `names` are those of the two people."""

    customer: str
    assignee: str | None = None
    status: str = "open"
    since: int = 0
    names: dict[str, str] = {}


class Room(Struct, frozen=True, kw_only=True):
    """A group or channel as all in it see it; `revision` counts its changes.

    `service` is there in a service conversation, and `notes_of` names the one that notes are about.
    """

    title: str = ""
    owner: str = ""
    avatar: str | None = None
    announcement: Announcement | None = None
    settings: RoomSettings = RoomSettings()
    muted_until: int = 0
    speakers: tuple[str, ...] = ()
    shop: str | None = None
    community: str | None = None
    capacity: int = 0
    count: int = 0
    asked: int = 0
    revision: int = 0
    service: Service | None = None
    notes_of: str | None = None


class RoomView(Struct, frozen=True, kw_only=True):
    """What changed for all in a room: nothing of my own comes with it."""

    id: str
    room: Room
    kind: str = "group"


class RoomMember(Struct, frozen=True, kw_only=True):
    """Somebody in a room; `role` is that in the room."""

    user: str
    name: str = ""
    role: str = "member"
    staff: bool = False
    state: str = "in"
    joined_at: int = 0
    muted_until: int = 0


class MembersPage(Struct, frozen=True, kw_only=True):
    """Members by user id, and whether there are more."""

    members: tuple[RoomMember, ...] = ()
    more: bool = False
