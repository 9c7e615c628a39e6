"""What the server says in a room, as sentences for the person who reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from chatclient.conversation import Conversation
from chatclient.model import Message

FOREVER = 2**53  # a time that does not come


class Note:
    """The parts of a system message, with people as the reader calls them."""

    def __init__(self, conversation: Conversation, message: Message, at: Callable[[int], str]):
        """`at` puts a time into words."""
        self._conversation = conversation
        self._body = message.body
        self._at = at

    @property
    def by(self) -> str:
        """Who did it, at the beginning of a sentence."""
        who = str(self._body.get("by", ""))
        return "You" if who == self._conversation.me else self._name(who) or "Somebody"

    @property
    def users(self) -> str:
        """Whom it is about, inside a sentence."""
        return _listed(
            "you" if user == self._conversation.me else self._name(user) for user in self._users
        )

    @property
    def subject(self) -> str:
        """Whom it is about, at the beginning of a sentence."""
        users = self.users
        return "You" + users[3:] if self._users[:1] == [self._conversation.me] else users

    @property
    def until(self) -> str:
        """Until when, or nothing where there is no end."""
        until = self._body.get("until")
        known = isinstance(until, int) and until < FOREVER
        return f" until {self._at(until)}" if known and until is not None else ""

    def field(self, name: str) -> str:
        """Some other field, as text."""
        value = self._body.get(name)
        return value if isinstance(value, str) else ""

    @property
    def _users(self) -> list[str]:
        users = self._body.get("users", ())
        return [str(user) for user in users] if isinstance(users, list | tuple) else []

    def _name(self, user: str) -> str:
        names: Any = self._body.get("names")
        told = names.get(user) if isinstance(names, Mapping) else None
        return str(told or self._conversation.name(user))


def sentence(conversation: Conversation, message: Message, at: Callable[[int], str]) -> str:
    """What happened; for a type that is not known, its name."""
    kind = message.body.get("type")
    say = SENTENCES.get(str(kind))
    return say(Note(conversation, message, at)) if say else f"[{kind or 'notice'}]"


def _role(note: Note) -> str:
    if note.field("role") == "owner":
        return f"{note.by} handed the room over to {note.users}"
    if note.field("role") == "admin":
        return f"{note.by} made {note.users} an admin"
    return f"{note.by} made {note.users} a plain member"


def _announced(note: Note) -> str:
    text = note.field("text")
    return f"{note.by} announced: {text}" if text else f"{note.by} took the announcement down"


def _listed(names: Iterable[str]) -> str:
    *some, last = [*names] or ["somebody"]
    return f"{', '.join(some)} and {last}" if some else last


SENTENCES: dict[str, Callable[[Note], str]] = {
    "created": lambda note: f"{note.by} began “{note.field('title')}”",
    "joined": lambda note: f"{note.subject} joined",
    "left": lambda note: f"{note.subject} left",
    "added": lambda note: f"{note.by} added {note.users}",
    "removed": lambda note: f"{note.by} removed {note.users}",
    "role": _role,
    "muted": lambda note: f"{note.by} muted {note.users}{note.until}",
    "unmuted": lambda note: f"{note.by} let {note.users} write again",
    "all_muted": lambda note: f"{note.by} muted all but admins{note.until}",
    "all_unmuted": lambda note: f"{note.by} let everybody write again",
    "title": lambda note: f"{note.by} named the room “{note.field('title')}”",
    "avatar": lambda note: f"{note.by} changed the picture",
    "announcement": _announced,
    "settings": lambda note: f"{note.by} changed the settings",
    "claimed": lambda note: f"{note.by} took this on",
    "assigned": lambda note: f"{note.by} handed this to {note.users}",
    "released": lambda note: f"{note.by} gave this back to the desk",
    "resolved": lambda note: f"{note.by} said this is settled",
    "reopened": lambda note: f"{note.by} said this is not settled",
}
