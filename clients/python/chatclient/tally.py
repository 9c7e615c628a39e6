"""What I have not read in one conversation, counted as the server counts it.

Unread are the messages above my read position that are not mine, neither recalled nor deleted by
me, and no notes of the system. Where everything above the position is held, they are counted;
where not, the server's number is carried on, plus what was added since.
"""

from __future__ import annotations

from collections.abc import Iterable

from chatclient.log import Log
from chatclient.model import ConversationView, Message


class Tally:
    """My read position, and the numbers above it."""

    def __init__(self, view: ConversationView, me: str) -> None:
        """The server's numbers, as of the view's head."""
        self.me = me
        self.read = view.read
        self.floor = 0  # up to here nothing counts, read or not
        self.unread = view.unread
        self.mentions = view.mentions
        self._counted_to = view.head.seq

    def exact(self, log: Log) -> bool:
        """Whether everything that can be unread is held."""
        return log.first <= max(self.read, self.floor) + 1 and log.last >= self._counted_to

    def add(self, messages: Iterable[Message], log: Log) -> None:
        """Messages now stand at the end of the log."""
        for message in messages:
            if message.seq > self._counted_to:
                self._counted_to = message.seq
                self._count(message)
        self.recount(log)

    def recount(self, log: Log) -> None:
        """Count again, where that is possible."""
        if self.exact(log):
            self._counted_to = max(self._counted_to, log.last)
            self.unread = self.mentions = 0
            for message in log.after(self.read):
                self._count(message)

    def take(self, view: ConversationView, log: Log) -> None:
        """The server's numbers, plus what was stored after they were taken."""
        if view.read >= self.read:
            self.read = view.read
            self.unread, self.mentions = view.unread, view.mentions
            self._counted_to = max(view.head.seq, log.last)
            for message in log.after(view.head.seq):
                self._count(message)
        self.recount(log)

    def start_over(self) -> None:
        """The log was dropped: the next numbers of the server are taken as they are."""
        self._counted_to = 0

    def _count(self, message: Message) -> None:
        above = message.seq > max(self.read, self.floor)
        if above and message.counts_for(self.me):
            self.unread += 1
            self.mentions += message.mentioned(self.me)
