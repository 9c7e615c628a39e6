"""One conversation as this device knows it. Plain Python: told events and answers, it returns
what to fetch and what to tell the application. The server's log is the truth; a live event that
does not continue what is held starts a fetch and waits.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import structs

from chatclient.described import Described
from chatclient.effects import (
    Effect,
    FetchChanges,
    FetchConversation,
    FetchHistory,
    FetchNames,
)
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
    Change,
    ChangesPage,
    ConversationView,
    Head,
    HistoryPage,
    Message,
    SyncedConversation,
    apply,
)
from chatclient.people import People
from chatclient.tally import Tally


class Conversation(Described):
    """What is known of a conversation. Applications read it and leave the methods to the client."""

    def __init__(self, view: ConversationView, me: str, people: People | None = None) -> None:
        """A conversation new to this device: nothing held, the range ends at the server's head."""
        super().__init__(view, me, people or People())
        self.tally = Tally(view, me)
        self.log = Log(view.head.seq, view.head.mod, view.my)
        self.head_seq = view.head.seq
        self.head_mod = view.head.mod
        self.era = 0
        self._beyond = Head()  # heard of while I was not in it
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
        """How many messages I have not read; where I am not in it, nothing counts."""
        return self.tally.unread if self.is_in else 0

    @property
    def mentions(self) -> int:
        """How many of the unread messages mention me."""
        return self.tally.mentions if self.is_in else 0

    @property
    def complete(self) -> bool:
        """Whether everything back to the first message there is for me is loaded."""
        return self.log.first <= self.first

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
        effects: list[Effect] = []
        if self._begins_anew(view):
            self._start_over(view)
            effects = [HistoryChanged(self.id)]
        effects += self._describe(view)
        return [*effects, *self._taken(view)]

    def on_sync(self, told: SyncedConversation, *, fresh: bool) -> list[Effect]:
        """The answer to what this device was missing; `fresh`: it held nothing before."""
        anew = not fresh and (told.reset or self._begins_anew(told))
        if anew:
            self._start_over(told)
        effects = self._describe(told)
        effects += self._first_page(told, fresh=fresh) if fresh or anew else self._next_page(told)
        return [*effects, *self._taken(told)]

    def on_message(self, message: Message) -> list[Effect]:
        """A message was stored: somebody else's, or mine from an acknowledgement."""
        if not self.is_in and message.seq > self.head_seq:
            self._beyond = Head(max(message.seq, self._beyond.seq), self._beyond.mod)
            return []  # it is known anew when I am in again
        self.head_seq = max(self.head_seq, message.seq)
        return [*self._added(self.log.append(message)), *self.wants()]

    def on_stored(self, seq: int) -> list[Effect]:
        """A message of mine is stored under `seq`, its content is to be fetched."""
        self.head_seq = max(self.head_seq, seq)
        return self.wants()

    def on_change(self, change: Change) -> list[Effect]:
        """A message was changed."""
        if not self.is_in and change.mod > self.head_mod:
            self._beyond = Head(self._beyond.seq, max(change.mod, self._beyond.mod))
            return []
        self.head_mod = max(self.head_mod, change.mod)
        told = self._told_last
        if told is not None and told.seq == change.seq and change.type != "void":
            self._told_last = self.log.shown(apply(told, change))
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

    def _begins_anew(self, view: ConversationView) -> bool:
        """Whether what is held is no part of what there is for me now.

        Who is in again may not go on where they went: messages changed after their time were shown
        to them without their content.
        """
        if self.is_late(view):
            return False
        moved = view.head != Head(self.head_seq, self.head_mod)
        if not self.place.sees_all and (view.me.sees_all or moved):
            return True
        beyond = self.log.last > view.head.seq or self.log.mod > view.head.mod
        return view.me.first > self.log.last + 1 or (beyond and not view.me.sees_all)

    def _start_over(self, view: ConversationView) -> None:
        self.era += 1
        self._fetching.clear()
        self.log = Log(view.head.seq, view.head.mod, self.my)
        self.head_seq = max(view.head.seq, self._beyond.seq if view.me.is_in else 0)
        self.head_mod = max(view.head.mod, self._beyond.mod if view.me.is_in else 0)
        self._beyond, self._told_last = Head(), None
        self.tally.start_over()

    def _first_page(self, told: SyncedConversation, *, fresh: bool) -> list[Effect]:
        """The last page, if that is what was sent; a page from the beginning waits for later."""
        page = told.messages
        if page and page[-1].seq >= told.head.seq:
            low = self.first if fresh and not told.more else page[0].seq
            self.log.fill(page, low, page[-1].seq)
        for change in told.changes:
            self.log.advance(change)
        return [HistoryChanged(self.id), *self._meet(page)]

    def _next_page(self, told: SyncedConversation) -> list[Effect]:
        low = self.log.last + 1
        high = told.messages[-1].seq if told.messages else self.log.last
        effects = self._added(self.log.fill(told.messages, low, high))
        done = [pair for change in told.changes for pair in self.log.advance(change)]
        return effects + self._changed(done, told.changes)

    def _older(self, asked: FetchHistory, page: HistoryPage) -> list[Effect]:
        end = (asked.before or 1) - 1
        low = page.messages[0].seq if page.messages else end + 1
        lowest = low if page.more else min(self.first, end + 1)
        added = self._added(self.log.fill(page.messages, lowest, end))
        self.tally.recount(self.log)
        return [*added, HistoryChanged(self.id), *self._meet(page.messages)]

    def _newer(self, asked: FetchHistory, page: HistoryPage) -> list[Effect]:
        after = asked.after or 0
        high = page.messages[-1].seq if page.messages else after
        return self._added(self.log.fill(page.messages, after + 1, high))

    def _describe(self, view: ConversationView) -> list[Effect]:
        self.take(view)
        self.tally.floor = max(self.my.cleared, self.first - 1)
        if self.place.sees_all or self.is_late(view):
            self.head_seq = max(self.head_seq, view.head.seq)
            self.head_mod = max(self.head_mod, view.head.mod)
        else:  # my time in it has an end, and that is it
            self.head_seq, self.head_mod = view.head.seq, view.head.mod
            self.log.forget_ahead(view.head)
        last = self._told_last
        if view.last is not None and (last is None or view.last.seq >= last.seq):
            self._told_last = view.last
        cut, hidden = self.log.forget_below(self.first), self.log.hide(self.my)
        return [HistoryChanged(self.id)] if cut or hidden else []

    def _taken(self, view: ConversationView) -> list[Effect]:
        """What follows when a description and what came with it are taken in."""
        self.tally.take(view, self.log)
        named = self._meet([view.last] if view.last else [])
        return [ConversationUpdated(self.id), *named, *self.wants()]

    def _added(self, added: Sequence[Message]) -> list[Effect]:
        """Messages stand at the end: they count, and their senders have read them."""
        self.tally.add(added, self.log)
        effects: list[Effect] = []
        for message in added:
            if message.kind != "void":
                effects.append(MessageAdded(message))
                effects += self.on_read(message.sender, message.seq)
        return [*effects, ConversationUpdated(self.id), *self._meet(added)] if added else []

    def _meet(self, messages: Iterable[Message]) -> list[Effect]:
        """Those who wrote these messages, or reacted to them, are to have names."""
        users: set[str] = set()
        for message in messages:
            self.people.learn_from(message)
            users.update((message.sender, *(u for us in message.reactions.values() for u in us)))
        return self.ask_for(users)

    def ask_for(self, users: Iterable[str]) -> list[Effect]:
        """Find out who these people of a room are, unless that is known."""
        unknown = self.people.to_ask(self.id, users) if self.room is not None and self.is_in else ()
        return [FetchNames(self.id, unknown)] if unknown else []

    def _changed(
        self, done: Sequence[tuple[Message, Change]], told: Sequence[Change]
    ) -> list[Effect]:
        if not self._fetching & {"newer", "older"}:
            self.log.forget_unplaced()
        effects: list[Effect] = [MessageChanged(message, change) for message, change in done]
        effects += self.ask_for(change.by for _, change in done)
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
