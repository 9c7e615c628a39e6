"""Names of people, gathered from everything that tells them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from chatclient.model import Member, Message
from chatclient.room import RoomMember


class People:
    """Name by user id. Who is unknown is asked for once in a connection."""

    def __init__(self) -> None:
        """Nobody is known."""
        self._names: dict[str, str] = {}
        self._asked: set[tuple[str, str]] = set()

    def name(self, user: str) -> str:
        """The name, or where none is known the id."""
        return self._names.get(user) or user

    def learn(self, people: Iterable[Member | RoomMember]) -> None:
        """The server told about these people."""
        self.learn_names({person.user: person.name for person in people})

    def learn_names(self, names: Mapping[str, str]) -> None:
        """These people are called so."""
        self._names.update({user: name for user, name in names.items() if name})

    def learn_from(self, message: Message) -> None:
        """What the server says in a room names the people it is about."""
        told = message.body.get("names") if message.kind == "system" else None
        if isinstance(told, dict):
            self._names.update({str(user): str(name) for user, name in told.items() if name})

    def to_ask(self, room: str, users: Iterable[str]) -> tuple[str, ...]:
        """Those whose names are to be asked for in a room; from now on they are asked for."""
        unknown = {user for user in users if user and user not in self._names}
        new = sorted(user for user in unknown if (room, user) not in self._asked)
        self._asked.update((room, user) for user in new)
        return tuple(new)

    def ask_again(self) -> None:
        """What was asked may not be answered any more."""
        self._asked.clear()
