"""What the server says of a conversation beside its messages: who is in it, the room, my place."""

from __future__ import annotations

from msgspec import structs

from chatclient.effects import Effect
from chatclient.events import ConversationUpdated
from chatclient.model import MUTED, ConversationView, Member, Prefs
from chatclient.people import People
from chatclient.room import Me, Room, RoomView


class Described:
    """The part of a conversation that is told whole, again and again, and so replaced."""

    def __init__(self, view: ConversationView, me: str, people: People) -> None:
        """As the server described it first."""
        self.id = view.id
        self.me = me
        self.kind = view.kind
        self.created_at = view.created_at
        self.people = people
        self.members: dict[str, Member] = {}  # the two of a direct or service conversation
        self.room: Room | None = view.room
        self.place: Me = view.me
        self.my = view.my

    @property
    def is_in(self) -> bool:
        """Whether I am in it now; who left keeps what was there until then."""
        return self.place.is_in

    @property
    def first(self) -> int:
        """The first message there is for me."""
        return self.place.first

    @property
    def muted(self) -> bool:
        """Whether this conversation stays off the badge."""
        return self.my.mode in MUTED

    @property
    def others(self) -> list[Member]:
        """The other one of a direct conversation."""
        return [member for user, member in self.members.items() if user != self.me]

    def name(self, user: str) -> str:
        """Somebody's name, or the id until the name is known."""
        return self.people.name(user)

    def on_room(self, told: RoomView) -> list[Effect]:
        """What all in the room share changed."""
        if not self.is_in or (self.room is not None and told.room.revision <= self.room.revision):
            return []
        self.room = told.room
        return [ConversationUpdated(self.id)]

    def is_late(self, view: ConversationView) -> bool:
        """Whether the view is from before what is known of the room."""
        if view.room is None or self.room is None:
            return False
        return view.room.revision < self.room.revision

    def take(self, view: ConversationView) -> None:
        """The server described it, perhaps a moment ago: nothing goes back."""
        late = self.is_late(view)
        if not late:
            self.room, self.place = view.room, view.me
            if view.room is not None and view.room.service is not None:
                self.people.learn_names(view.room.service.names)
        self.my = _together(self.my, view.my)
        self.people.learn(view.members)
        told = {member.user: self._no_later(member) for member in view.members}
        if late:  # who is in it is known better
            told = {user: told.get(user, member) for user, member in self.members.items()}
        self.members = told

    def _no_later(self, told: Member) -> Member:
        known = self.members.get(told.user)
        if known is None:
            return told
        read, delivered = max(known.read, told.read), max(known.delivered, told.delivered)
        return structs.replace(told, read=read, delivered=delivered)


def _together(known: Prefs, told: Prefs) -> Prefs:
    """What I deleted stays deleted, whichever was told last."""
    cleared = max(known.cleared, told.cleared)
    hidden = {seq for seq in (*known.hidden, *told.hidden) if seq > cleared}
    return structs.replace(told, cleared=cleared, hidden=tuple(sorted(hidden)))
