"""What follows a message, a change or a moved position: who is told, in one list each."""

from __future__ import annotations

from chatserver.domain.conversation import Conversation
from chatserver.domain.events import Badge, Changed, DeliveredMoved, MessageSent, ReadMoved
from chatserver.domain.message import Change, Message
from chatserver.services.delivery import Delivery
from chatserver.store.cursors import Cursors


class Telling:
    """The effects of what happens in a conversation on its members."""

    def __init__(self, delivery: Delivery, cursors: Cursors) -> None:
        self._delivery = delivery
        self._cursors = cursors

    def message(self, conversation: Conversation, message: Message, *, skip: str) -> None:
        """Tell all devices of all members but the one that sent it."""
        self._delivery.tell(conversation.members, MessageSent(message=message), skip=skip)
        for member in conversation.others(message.sender):
            if self._delivery.is_here(member):
                self.has(conversation, member, message.seq)

    def change(self, conversation: Conversation, change: Change) -> None:
        """Tell all devices of all members, also the one that made it: its answer says less."""
        self._delivery.tell(conversation.members, Changed(change=change))

    def has(self, conversation: Conversation, user: str, seq: int) -> None:
        """A device of the member has everything up to `seq`."""
        if seq < 1:
            return
        self._cursors.advance(conversation.id, user, delivered=seq)
        event = DeliveredMoved(conversation=conversation.id, user=user, seq=seq)
        self._delivery.tell(conversation.others(user), event)

    def read(self, conversation: Conversation, user: str, seq: int, *, skip: str) -> None:
        """The member has read everything up to `seq`: the others and own other devices hear it."""
        event = ReadMoved(conversation=conversation.id, user=user, seq=seq)
        self._delivery.tell(conversation.members, event, skip=skip)

    def badge(self, user: str, badge: Badge) -> None:
        """All devices of the person show the same number."""
        self._delivery.tell((user,), badge)
