"""What follows a message, a change or a moved position: who is told, in one list each."""

from __future__ import annotations

from collections.abc import Iterable

from chatserver.domain.conversation import ANSWERED, Conversation
from chatserver.domain.events import (
    Changed,
    DeliveredMoved,
    Event,
    MessageSent,
    Notice,
    ReadMoved,
    Typing,
)
from chatserver.domain.membership import Membership, Moved
from chatserver.domain.message import Change, Message
from chatserver.domain.person import Caller
from chatserver.services.answers import Answers
from chatserver.services.badges import Badges
from chatserver.services.delivery import Delivery, Sent, of_room, of_user, user_of
from chatserver.services.readings import Reading, Readings
from chatserver.store.cursors import Cursors

READ_TOLD_TO = 50  # members; in a larger room a read mark is told to its own person alone


class Telling:
    """The effects of what happens in a conversation on its members."""

    def __init__(
        self,
        delivery: Delivery,
        cursors: Cursors,
        answers: Answers,
        badges: Badges,
        *,
        read_together_ms: int,
    ) -> None:
        """Read marks of one person within `read_together_ms` are told as one."""
        self._delivery = delivery
        self._cursors = cursors
        self._answers = answers
        self._badges = badges
        self._readings = Readings(self._read, read_together_ms)

    def message(self, conversation: Conversation, message: Message, *, skip: str | None) -> None:
        """Tell all devices of all members but the one that sent it."""
        here = [m for m in conversation.others(message.sender) if self._delivery.is_here(m)]
        sent = Sent(
            conversation.id, message.sender, message.seq, is_new=True, has_arrived=bool(here)
        )
        self._delivery.tell_sent(
            _topics(conversation), MessageSent(message=message), sent, skip=skip
        )
        if conversation.kind in ANSWERED:
            self._answers.said(conversation, message)
        for member in here:
            self.has(conversation, member, message.seq)

    def heard(self, topic: str, sent: Sent) -> None:
        """Another node told of a new message: it arrived at whom it reached here.

        The sending node cannot know that; where it said so itself already nobody else needs to.
        """
        if not sent.is_new or sent.has_arrived:
            return
        user = user_of(topic)
        if user is not None and user != sent.sender and self._delivery.is_here(user):
            self._arrived(sent.conversation, user, sent.seq, (sent.sender,))

    def change(self, conversation: Conversation, change: Change) -> None:
        """Tell all devices of all members, also the one that made it: its answer says less."""
        sent = Sent(conversation.id, change.by, change.seq, is_new=False)
        self._delivery.tell_sent(_topics(conversation), Changed(change=change), sent)

    def has(self, conversation: Conversation, user: str, seq: int) -> None:
        """A device of the member has everything up to `seq`; in a room nobody counts that."""
        if seq >= 1 and conversation.room is None:
            self._arrived(conversation.id, user, seq, conversation.others(user))

    def read(self, conversation: Conversation, who: Membership, seq: int, *, skip: str) -> None:
        """The member has read everything up to `seq`: the others and own other devices hear it;
        of who is in no longer, own other devices alone."""
        self._readings.put(Reading(conversation, who, seq, skip))

    def typing(self, conversation: Conversation, user: str, *, on: bool) -> None:
        """The others see that the member types, or has stopped; in a large room nobody does."""
        event = Typing(conversation=conversation.id, user=user, on=on)
        if conversation.room is None:
            self._delivery.tell(conversation.others(user), event)
        elif not conversation.is_large:
            self.room(conversation, event)

    def badge(self, user: str) -> None:
        """What the person has not read moved: in a moment all devices show the same number."""
        self._badges.put(user)

    def person(self, user: str, event: Event, *, skip: str | None = None) -> None:
        """Tell all devices of one person but the connection `skip`."""
        self._delivery.tell((user,), event, skip=skip)

    def sync_now(self, caller: Caller) -> bool:
        """Have one device sync; false when its connection is gone."""
        return self._delivery.tell_one(caller, Notice(type="resync"))

    def room(self, conversation: Conversation, event: Event, *, skip: str | None = None) -> None:
        """Tell everybody in a room but the connection `skip`."""
        self._delivery.tell_topics((of_room(conversation.id),), event, skip=skip)

    def moved(self, moved: Moved) -> None:
        """A room is not what it was: every node forgets what it knew, and seats its members."""
        self._delivery.moved(moved)

    async def moved_everywhere(self) -> bool:
        """Wait until every node learns what moved before it hears anything told from now on."""
        return await self._delivery.moved_everywhere()

    def _arrived(self, conversation: str, user: str, seq: int, others: Iterable[str]) -> None:
        self._cursors.advance(conversation, user, delivered=seq)
        event = DeliveredMoved(conversation=conversation, user=user, seq=seq)
        self._delivery.tell(others, event)

    def _read(self, reading: Reading) -> None:
        conversation, who, skip = reading.conversation, reading.who, reading.skip
        event = ReadMoved(conversation=conversation.id, user=who.user, seq=reading.seq)
        room = conversation.room
        if room is None:
            self._delivery.tell(conversation.members, event, skip=skip)
        elif who.is_in and conversation.kind != "channel" and room.count <= READ_TOLD_TO:
            self.room(conversation, event, skip=skip)
        else:
            self._delivery.tell((who.user,), event, skip=skip)


def _topics(conversation: Conversation) -> list[str]:
    """Where everybody in the conversation listens."""
    if conversation.room is not None:
        return [of_room(conversation.id)]
    return [of_user(member) for member in conversation.members]
