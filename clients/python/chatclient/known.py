"""What a client knows, for an application to read."""

from __future__ import annotations

from chatclient.conversation import Conversation
from chatclient.model import Counts, Message, Person, Presence
from chatclient.outbox import Outbox, Pending
from chatclient.state import State


class Known:
    """The server's picture, and what is on its way to it."""

    def __init__(self, state: State, outbox: Outbox) -> None:
        """Both are kept up to date by the client."""
        self._state = state
        self._outbox = outbox

    @property
    def me(self) -> Person | None:
        """Who I am; nobody before the first connection."""
        return self._state.me

    @property
    def conversations(self) -> dict[str, Conversation]:
        """My conversations by id."""
        return self._state.conversations

    @property
    def presence(self) -> dict[str, Presence]:
        """Who of the watched people is here."""
        return self._state.presence

    @property
    def badge(self) -> Counts:
        """My unread messages and mentions over all conversations that are not muted."""
        return self._state.badge

    @property
    def limits(self) -> dict[str, int]:
        """The server's limits, as told when the connection was accepted."""
        return self._state.limits

    def name(self, user: str) -> str:
        """Somebody's name as far as it is known, else the id."""
        return self._state.people.name(user)

    def pending(self, conversation: str) -> list[Pending]:
        """My messages in a conversation that are not stored yet, in order."""
        return self._outbox.of(conversation)

    @property
    def unsent(self) -> int:
        """How many messages are on their way, everywhere."""
        return len(self._outbox)

    def typing_in(self, conversation: str) -> list[str]:
        """Who is typing in a conversation."""
        return self._state.typing(conversation)

    def tick(self, message: Message | Pending) -> str:
        """How far my message came: sending, failed, sent, delivered or read."""
        if isinstance(message, Pending):
            return message.state
        conversation = self.conversations.get(message.conversation)
        return conversation.tick(message) if conversation else "sent"
