"""One conversation as this device knows it. Plain Python: told events and answers, it returns
what to fetch and what to tell the application. The server's log is the truth; a live event that
does not continue what is held starts a fetch and waits.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import structs

from chatclient.effects import Effect, FetchChanges, FetchConversation, FetchHistory
from chatclient.events import (
    ConversationUpdated,
    DeliveredMoved,
    HistoryChanged,
    MessageAdded,
    MessageChanged,
    ReadMoved,
)
from chatclient.log import Log
from chatclient.model import (
    MUTED,
    Change,
    ChangesPage,
    ConversationView,
    HistoryPage,
    Member,
    Message,
    Prefs,
    SyncedConversation,
    apply,
)
from chatclient.tally import Tally


class Conversation:
    """What is known of a conversation. Applications read it and leave the methods to the client."""

    def __init__(self, view: ConversationView, me: str) -> None:
        """A conversation new to this device: nothing held, the range ends at the server's head."""
        self.id = view.id
        self.me = me
        self.kind = view.kind
        self.created_at = view.created_at
        self.members: dict[str, Member] = {}
        self.my = Prefs()
        self.tally = Tally(view, me)
        self.log = Log(view.head.seq, view.head.mod)
        self.head_seq = view.head.seq
        self.head_mod = view.head.mod
        self.era = 0
        self._told_last: Message | None = None
        self._fetching: set[str] = set()
        self._describe(view)

    # ---- what an application reads -------------------------------------------------------------

    @property
    def messages(self) -> list[Message]:
        """The messages held, in order, without the void ones."""
        return [message for message in self.log if message.kind != "void"]

    @property
    def last(self) -> Message | None:
        """The latest message, also when the history is not loaded."""
        for message in self.log.newest_first():
            if message.kind != "void":
                return message
        told = self._told_last
        return told if told is not None and told.kind != "void" else None

    @property
    def read(self) -> int:
        """Everything up to this number I have read."""
        return self.tally.read

    @property
    def unread(self) -> int:
        """How many messages I have not read."""
        return self.tally.unread

    @property
    def mentions(self) -> int:
        """How many of the unread messages mention me."""
        return self.tally.mentions

    @property
    def complete(self) -> bool:
        """Whether everything back to the first message is loaded."""
        return self.log.first <= 1

    @property
    def muted(self) -> bool:
        """Whether this conversation stays off the badge."""
        return self.my.mode in MUTED

    @property
    def others(self) -> list[Member]:
        """The members but me."""
        return [member for user, member in self.members.items() if user != self.me]

    def tick(self, message: Message) -> str:
        """How far my message came with all other members: `sent`, `delivered` or `read`."""
        if not self.others:
            return "sent"
        if all(member.read >= message.seq for member in self.others):
            return "read"
        come = all(max(member.delivered, member.read) >= message.seq for member in self.others)
        return "delivered" if come else "sent"

    # ---- what the server told -------------------------------------------------------------------

    def on_view(self, view: ConversationView) -> list[Effect]:
        """The server described the conversation, perhaps a moment ago: nothing goes back."""
        self._describe(view)
        self.tally.take(view, self.log)
        return [ConversationUpdated(self.id), *self.wants()]

    def on_sync(self, told: SyncedConversation, *, fresh: bool) -> list[Effect]:
        """The answer to what this device was missing; `fresh`: it held nothing before."""
        reset = told.reset and not fresh
        if reset:
            self._start_over(told)
        self._describe(told)
        effects = self._first_page(told) if fresh or reset else self._next_page(told)
        self.tally.take(told, self.log)
        return [*effects, ConversationUpdated(self.id), *self.wants()]

    def on_message(self, message: Message) -> list[Effect]:
        """A message was stored: somebody else's, or mine from an acknowledgement."""
        self.head_seq = max(self.head_seq, message.seq)
        return [*self._added(self.log.append(message)), *self.wants()]

    def on_stored(self, seq: int) -> list[Effect]:
        """A message of mine is stored under `seq`, its content is to be fetched."""
        self.head_seq = max(self.head_seq, seq)
        return self.wants()

    def on_change(self, change: Change) -> list[Effect]:
        """A message was changed."""
        self.head_mod = max(self.head_mod, change.mod)
        if self._told_last is not None and self._told_last.seq == change.seq:
            self._told_last = apply(self._told_last, change)
        effects = self._changed(self.log.advance(change), (change,))
        return [*effects, *self.wants()]

    def on_done(self, mod: int) -> list[Effect]:
        """A change of mine is number `mod`; its content comes as an event or is fetched."""
        self.head_mod = max(self.head_mod, mod)
        return self.wants()

    def on_read(self, user: str, seq: int) -> list[Effect]:
        """A member has read up to `seq`."""
        member = self.members.get(user)
        known = self.read if user == self.me else member.read if member else seq
        if seq <= known:
            return []
        if member is not None:
            read, come = max(seq, member.read), max(seq, member.delivered)
            self.members[user] = structs.replace(member, read=read, delivered=come)
        return [ReadMoved(self.id, user, seq), *(self._read_to(seq) if user == self.me else [])]

    def on_delivered(self, user: str, seq: int) -> list[Effect]:
        """A device of a member has everything up to `seq`."""
        member = self.members.get(user)
        if member is None or seq <= member.delivered:
            return []
        self.members[user] = structs.replace(member, delivered=seq)
        return [DeliveredMoved(self.id, user, seq)]

    def on_read_marked(self, read: int, unread: int) -> list[Effect]:
        """The server's answer to my read mark."""
        effects = self.on_read(self.me, read)
        if not self.tally.exact(self.log) and read >= self.read:
            self.tally.unread = unread
        return effects

    # ---- fetching -------------------------------------------------------------------------------

    def wants(self) -> list[Effect]:
        """What is to be fetched to close known gaps, unless it is on its way."""
        wanted: list[Effect] = []
        if self.log.last < self.head_seq and "newer" not in self._fetching:
            self._fetching.add("newer")
            wanted.append(FetchHistory(self.id, self.era, after=self.log.last))
        if self.log.mod < self.head_mod and "changes" not in self._fetching:
            self._fetching.add("changes")
            wanted.append(FetchChanges(self.id, self.era, self.log.mod))
        return wanted

    def older(self) -> list[Effect]:
        """The page before the first message held, unless there is none or it is on its way."""
        if self.complete or "older" in self._fetching:
            return []
        self._fetching.add("older")
        return [FetchHistory(self.id, self.era, before=self.log.first)]

    def on_history(self, asked: FetchHistory, page: HistoryPage) -> list[Effect]:
        """The answer to a fetch of messages."""
        if asked.era != self.era:
            return []
        self._fetching.discard("newer" if asked.after is not None else "older")
        before = self.log.last
        effects = self._older(asked, page) if asked.before else self._newer(asked, page)
        if not self._fetching & {"newer", "older"}:
            self.log.forget_unplaced()
        moved = page.more or self.log.last > before or asked.before is not None
        return effects + (self.wants() if moved else [])

    def on_changes(self, asked: FetchChanges, page: ChangesPage) -> list[Effect]:
        """The answer to a fetch of changes."""
        if asked.era != self.era:
            return []
        self._fetching.discard("changes")
        before = self.log.mod
        high = page.changes[-1].mod if page.changes else asked.after
        effects = self._changed(self.log.pass_changes(page.changes, high), page.changes)
        return effects + (self.wants() if page.more or self.log.mod > before else [])

    def on_fetch_failed(self, asked: FetchHistory | FetchChanges) -> None:
        """The fetch came to nothing; the next event or sync tries again."""
        if asked.era == self.era:
            self._fetching.discard(_slot(asked))

    def on_disconnected(self) -> None:
        """Nothing is on its way any more."""
        self._fetching.clear()
        self.log.forget_unplaced()

    # ---- inside ---------------------------------------------------------------------------------

    def _start_over(self, told: SyncedConversation) -> None:
        self.era += 1
        self._fetching.clear()
        self.log = Log(told.head.seq, told.head.mod)
        self.head_seq, self.head_mod = told.head.seq, told.head.mod
        self.tally.start_over()

    def _first_page(self, told: SyncedConversation) -> list[Effect]:
        """The last page, if that is what was sent; a page from the beginning waits for later."""
        page = told.messages
        if page and page[-1].seq >= told.head.seq:
            low = page[0].seq if told.more or told.reset else 1
            self.log.fill(page, low, page[-1].seq)
        for change in told.changes:
            self.log.advance(change)
        return [HistoryChanged(self.id)]

    def _next_page(self, told: SyncedConversation) -> list[Effect]:
        low = self.log.last + 1
        high = told.messages[-1].seq if told.messages else self.log.last
        effects = self._added(self.log.fill(told.messages, low, high))
        done = [pair for change in told.changes for pair in self.log.advance(change)]
        return effects + self._changed(done, told.changes)

    def _older(self, asked: FetchHistory, page: HistoryPage) -> list[Effect]:
        end = (asked.before or 1) - 1
        low = page.messages[0].seq if page.messages else end + 1
        added = self._added(self.log.fill(page.messages, low if page.more else 1, end))
        self.tally.recount(self.log)
        return [*added, HistoryChanged(self.id)]

    def _newer(self, asked: FetchHistory, page: HistoryPage) -> list[Effect]:
        after = asked.after or 0
        high = page.messages[-1].seq if page.messages else after
        return self._added(self.log.fill(page.messages, after + 1, high))

    def _describe(self, view: ConversationView) -> None:
        self.my = view.my
        self.head_seq = max(self.head_seq, view.head.seq)
        self.head_mod = max(self.head_mod, view.head.mod)
        if view.last is not None and (
            self._told_last is None or view.last.seq >= self._told_last.seq
        ):
            self._told_last = view.last
        self.members = {member.user: self._no_later(member) for member in view.members}

    def _no_later(self, told: Member) -> Member:
        known = self.members.get(told.user)
        if known is None:
            return told
        read, delivered = max(known.read, told.read), max(known.delivered, told.delivered)
        return structs.replace(told, read=read, delivered=delivered)

    def _added(self, added: Sequence[Message]) -> list[Effect]:
        """Messages stand at the end: they count, and their senders have read them."""
        self.tally.add(added, self.log)
        effects: list[Effect] = []
        for message in added:
            if message.kind != "void":
                effects.append(MessageAdded(message))
                effects += self.on_read(message.sender, message.seq)
        return [*effects, ConversationUpdated(self.id)] if added else []

    def _changed(
        self, done: Sequence[tuple[Message, Change]], told: Sequence[Change]
    ) -> list[Effect]:
        if not self._fetching & {"newer", "older"}:
            self.log.forget_unplaced()
        effects: list[Effect] = [MessageChanged(message, change) for message, change in done]
        recalled = any(change.type == "recall" and change.seq > self.read for change in told)
        return effects + (self._count_again() if recalled else [])

    def _read_to(self, seq: int) -> list[Effect]:
        self.tally.read = seq
        return self._count_again()

    def _count_again(self) -> list[Effect]:
        """Count, or where not all is held, ask the server."""
        self.tally.recount(self.log)
        updated = ConversationUpdated(self.id)
        exact = self.tally.exact(self.log)
        return [updated] if exact else [updated, FetchConversation(self.id)]


def _slot(asked: FetchHistory | FetchChanges) -> str:
    if isinstance(asked, FetchChanges):
        return "changes"
    return "newer" if asked.after is not None else "older"
