"""What an act on a room sees, and what it rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from chatserver.domain.conversation import Conversation, Room
from chatserver.domain.membership import Head, Membership
from chatserver.domain.person import Caller
from chatserver.errors import NotFound


class Note(Struct, frozen=True, kw_only=True):
    """Something members should see; it becomes a system message."""

    type: str
    by: str
    users: tuple[str, ...] = ()
    fields: Mapping[str, Any] = {}


class Scene(Struct, frozen=True, kw_only=True):
    """A room and the people an act concerns, as they stand. `now` is ms since 1970 UTC.

    `head` is where the logs stood a moment ago.
    """

    conversation: Conversation
    members: Mapping[str, Membership]
    caller: Caller
    now: int
    head: Head = Head()

    def of(self, user: str) -> Membership:
        """The person's membership; that of somebody who was never in it where there is none."""
        found = self.members.get(user)
        return found or Membership(conversation=self.conversation.id, user=user, state="left")

    @property
    def actor(self) -> Membership:
        """The membership of who acts.

        Raises:
            NotFound: who was never in it does not learn that it exists.
        """
        found = self.members.get(self.caller.user)
        if found is None or found.state == "released":
            raise NotFound
        return found


class Ruling(Struct, frozen=True, kw_only=True):
    """How things stand after an act: the room, and the memberships that changed.

    Of those, `went` were in it until now.
    """

    room: Room
    members: tuple[Membership, ...] = ()
    went: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
