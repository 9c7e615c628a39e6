"""Everything this device knows, without I/O: told events and answers, it returns what to do.

While a sync runs, live events wait, so that none is judged against half a picture; they are
applied after it, and what the answer already held is passed over.
"""

from __future__ import annotations

from typing import Any

import msgspec

from chatclient.conversation import Conversation
from chatclient.effects import (
    Effect,
    FetchChanges,
    FetchConversation,
    FetchHistory,
    FetchNames,
    SyncAgain,
)
from chatclient.events import (
    BadgeChanged,
    ConversationUpdated,
    PresenceChanged,
    TypingChanged,
)
from chatclient.model import (
    Change,
    ChangesPage,
    ConversationView,
    Counts,
    Draft,
    HistoryPage,
    Message,
    Person,
    Presence,
    ReadMarked,
    Ready,
    Sent,
    SyncPage,
)
from chatclient.people import People
from chatclient.room import MembersPage, RoomView

TYPING_MS = 8_000  # without renewal somebody is taken to have stopped
WAITING_MAX = 5_000  # live events kept during a sync; beyond it another sync is cheaper


class _Cursor(msgspec.Struct, frozen=True):
    conversation: str
    user: str
    seq: int


class _Typing(msgspec.Struct, frozen=True):
    conversation: str
    user: str
    on: bool


class _Presence(msgspec.Struct, frozen=True):
    user: str
    state: str
    last_seen: int | None = None


class _Described(msgspec.Struct, frozen=True):
    conversation: dict[str, Any]


class State:
    """My conversations and the people in them, converging to what the server knows."""

    def __init__(self) -> None:
        """Nothing is known before `on_ready`."""
        self.me: Person | None = None
        self.limits: dict[str, int] = {}
        self.conversations: dict[str, Conversation] = {}
        self.people = People()
        self.presence: dict[str, Presence] = {}
        self.badge = Counts()
        self._all_known = False
        self._token: str | None = None
        self._page_token: str | None = None
        self.synced = False
        self._syncing = True  # also before the first sync: live events wait for it
        self._typing: dict[tuple[str, str], float] = {}
        self._waiting: list[tuple[str, Any]] = []
        self._missed = False
        self._asked: dict[str, list[tuple[str, Any]]] = {}
        self._released: dict[str, int] = {}  # what I served once, and the room's revision then

    @property
    def user(self) -> str:
        """Who I am; empty before the first `ready`."""
        return self.me.user if self.me else ""

    # ---- connecting and syncing -----------------------------------------------------------------

    def on_ready(self, ready: Ready) -> list[Effect]:
        """The server accepted the connection; live events wait for the sync."""
        if self.me is not None and self.me.user != ready.me.user:
            self.__init__()  # type: ignore[misc]  # somebody else logged in: nothing is left
        self.me, self.limits = ready.me, ready.limits
        return [SyncAgain()]

    def begin_sync(self) -> dict[str, Any]:
        """The fields of the call: what this device has; from here on live events wait."""
        self._syncing = True
        have = {c.id: [c.log.last, c.log.mod] for c in self.conversations.values()}
        token = self._page_token or self._token
        return {"have": have, "token": token} if token else {"have": have}

    def on_sync(self, page: SyncPage) -> list[Effect]:
        """One page of the answer; after the last one the waiting events are applied."""
        self._page_token = page.token if page.more else None
        self._token = self._token if page.more else page.token
        effects: list[Effect] = []
        for told in page.conversations:
            if self._forgets(told):
                effects.append(ConversationUpdated(told.id))
                continue
            known = self.conversations.get(told.id)
            conversation = known or self._begin(told)
            effects += conversation.on_sync(told, fresh=known is None)
        return effects if page.more else [*effects, *self._synced()]

    def on_sync_failed(self) -> None:
        """The sync came to nothing; what waited is covered by the next one."""
        self._waiting.clear()

    def forget_token(self) -> None:
        """The next sync goes by what is held alone."""
        self._token = self._page_token = None

    def on_disconnected(self) -> None:
        """Nothing is on its way any more; the next connection begins with a sync."""
        self.synced = self._missed = False
        self._syncing = True
        self._page_token = None
        self._waiting.clear()
        self._asked.clear()
        self.people.ask_again()
        for conversation in list(self.conversations.values()):
            conversation.on_disconnected()
            if conversation.place.state == "viewing":  # nobody tells of it; ask again to look
                del self.conversations[conversation.id]

    def _synced(self) -> list[Effect]:
        self._syncing, self.synced, self._all_known = False, True, True
        waiting, self._waiting = self._waiting, []
        effects = [effect for name, data in waiting for effect in self.on_event(name, data, 0)]
        missed, self._missed = self._missed, False
        return [*effects, SyncAgain()] if missed else effects

    def count_badge(self) -> list[Effect]:
        """Add up the conversations, as soon as all of them are known."""
        if not self._all_known:
            return []
        loud = [c for c in self.conversations.values() if c.is_in and not c.muted]
        return self._take_badge(Counts(sum(c.unread for c in loud), sum(c.mentions for c in loud)))

    # ---- live events ----------------------------------------------------------------------------

    def on_event(self, name: str, data: Any, now: float) -> list[Effect]:
        """A live event, as plain data; `now` is in milliseconds.

        Raises:
            msgspec.ValidationError: the event does not have the agreed shape.
        """
        if name in _WAITING and self._syncing:
            return self._wait(name, data)
        if name == "typing":
            return self._on_typing(msgspec.convert(data, _Typing), now)
        handle = _HANDLERS.get(name)
        return handle(self, data) if handle else []

    def _wait(self, name: str, data: Any) -> list[Effect]:
        if len(self._waiting) >= WAITING_MAX:
            self._waiting.clear()
            self._missed = True
        self._waiting.append((name, data))
        return []

    def _on_message(self, data: Any) -> list[Effect]:
        message = msgspec.convert(data, Message)
        conversation = self.conversations.get(message.conversation)
        if conversation is None:
            return self._ask(message.conversation, "message", data)
        stopped = self._stop_typing(message.conversation, message.sender)
        return [*conversation.on_message(message), *stopped]

    def _on_change(self, data: Any) -> list[Effect]:
        change = msgspec.convert(data, Change)
        conversation = self.conversations.get(change.conversation)
        if conversation is None:
            return self._ask(change.conversation, "change", data)
        return conversation.on_change(change)

    def _on_read(self, data: Any) -> list[Effect]:
        moved = msgspec.convert(data, _Cursor)
        conversation = self.conversations.get(moved.conversation)
        if conversation is None:
            return self._ask(moved.conversation, "read", data)
        return conversation.on_read(moved.user, moved.seq)

    def _on_delivered(self, data: Any) -> list[Effect]:
        moved = msgspec.convert(data, _Cursor)
        conversation = self.conversations.get(moved.conversation)
        if conversation is None:
            return self._ask(moved.conversation, "delivered", data)
        return conversation.on_delivered(moved.user, moved.seq)

    def _on_described(self, data: Any) -> list[Effect]:
        told = msgspec.convert(data, _Described).conversation
        if "me" in told or "room" not in told:
            return self.on_view(msgspec.convert(told, ConversationView))
        shared = msgspec.convert(told, RoomView)
        conversation = self.conversations.get(shared.id)
        if conversation is None:
            return self._ask(shared.id, "conversation", data)
        return conversation.on_room(shared)

    def _on_presence(self, data: Any) -> list[Effect]:
        told = msgspec.convert(data, _Presence)
        return self.on_presence({told.user: Presence(told.state, told.last_seen)})

    def _on_badge(self, data: Any) -> list[Effect]:
        told = msgspec.convert(data, Counts)
        return [] if self._all_known else self._take_badge(told)

    def _ask(self, conversation: str, name: str, data: Any) -> list[Effect]:
        """An event of a conversation not known here: it waits until that is fetched."""
        first = conversation not in self._asked
        self._asked.setdefault(conversation, []).append((name, data))
        return [FetchConversation(conversation)] if first else []

    # ---- answers --------------------------------------------------------------------------------

    def on_view(self, view: ConversationView) -> list[Effect]:
        """The server described a conversation, by event or as an answer."""
        if self._forgets(view):
            self._asked.pop(view.id, None)
            return [ConversationUpdated(view.id)]
        known = self.conversations.get(view.id)
        conversation = known or self._begin(view)
        effects = conversation.on_view(view)
        for name, data in self._asked.pop(view.id, ()):
            effects += self.on_event(name, data, 0)
        return effects

    def on_history(self, asked: FetchHistory, page: HistoryPage) -> list[Effect]:
        """The answer to a fetch of messages."""
        conversation = self.conversations.get(asked.conversation)
        return conversation.on_history(asked, page) if conversation else []

    def on_changes(self, asked: FetchChanges, page: ChangesPage) -> list[Effect]:
        """The answer to a fetch of changes."""
        conversation = self.conversations.get(asked.conversation)
        return conversation.on_changes(asked, page) if conversation else []

    def on_names(self, asked: FetchNames, page: MembersPage) -> list[Effect]:
        """What some people of a room are called."""
        self.people.learn(page.members)
        return [ConversationUpdated(asked.conversation)] if page.members else []

    def on_fetch_failed(
        self, asked: FetchHistory | FetchChanges | FetchConversation | FetchNames
    ) -> None:
        """A fetch was refused for good."""
        if isinstance(asked, FetchConversation):
            self._asked.pop(asked.conversation, None)
        elif not isinstance(asked, FetchNames) and asked.conversation in self.conversations:
            self.conversations[asked.conversation].on_fetch_failed(asked)

    def on_acked(self, draft: Draft, sent: Sent) -> list[Effect]:
        """A message of mine is stored. After a repeated attempt its content is fetched, because
        it may have been changed since."""
        conversation = self.conversations.get(draft.conversation)
        if conversation is None or sent.duplicate:
            return self.on_stored(draft.conversation, sent.seq)
        return conversation.on_message(_numbered(draft, self.user, sent))

    def on_stored(self, conversation: str, seq: int) -> list[Effect]:
        """A message of mine is stored as number `seq`; its content is to be fetched."""
        known = self.conversations.get(conversation)
        return known.on_stored(seq) if known else [FetchConversation(conversation)]

    def on_read_marked(self, conversation: str, marked: ReadMarked) -> list[Effect]:
        """How far I have now read."""
        known = self.conversations.get(conversation)
        return known.on_read_marked(marked.read, marked.unread) if known else []

    def on_presence(self, told: dict[str, Presence]) -> list[Effect]:
        """Who is here and who is not."""
        self.presence.update(told)
        return [PresenceChanged(u, here.state, here.last_seen) for u, here in told.items()]

    # ---- typing ---------------------------------------------------------------------------------

    def typing(self, conversation: str) -> list[str]:
        """Who is typing in a conversation."""
        return [user for where, user in self._typing if where == conversation]

    def expire(self, now: float) -> list[Effect]:
        """People who did not renew their typing have stopped."""
        gone = [key for key, until in self._typing.items() if until <= now]
        return [effect for key in gone for effect in self._stop_typing(*key)]

    def wake_at(self) -> float | None:
        """When `expire` has something to do."""
        return min(self._typing.values(), default=None)

    def _on_typing(self, told: _Typing, now: float) -> list[Effect]:
        if not told.on:
            return self._stop_typing(told.conversation, told.user)
        key = (told.conversation, told.user)
        known = key in self._typing
        self._typing[key] = now + TYPING_MS
        if known:
            return []
        conversation = self.conversations.get(told.conversation)
        names = conversation.ask_for((told.user,)) if conversation else []
        return [TypingChanged(told.conversation, told.user, on=True), *names]

    def _stop_typing(self, conversation: str, user: str) -> list[Effect]:
        if self._typing.pop((conversation, user), None) is None:
            return []
        return [TypingChanged(conversation, user, on=False)]

    # ---- inside ---------------------------------------------------------------------------------

    def _forgets(self, view: ConversationView) -> bool:
        """Whether I served this and no longer do: it is forgotten, also what is told late of it."""
        revision = view.room.revision if view.room else 0
        if view.me.state != "released":
            return revision < self._released.get(view.id, 0)
        known = self.conversations.get(view.id)
        if known is None or known.room is None or known.room.revision <= revision:
            self.conversations.pop(view.id, None)
            self._released[view.id] = max(revision, self._released.get(view.id, 0))
        return True

    def _begin(self, view: ConversationView) -> Conversation:
        self.conversations[view.id] = Conversation(view, self.user, self.people)
        return self.conversations[view.id]

    def _take_badge(self, badge: Counts) -> list[Effect]:
        if badge == self.badge:
            return []
        self.badge = badge
        return [BadgeChanged(badge.unread, badge.mentions)]


def _numbered(draft: Draft, user: str, sent: Sent) -> Message:
    return Message(
        conversation=draft.conversation,
        seq=sent.seq,
        client_id=draft.client_id,
        sender=user,
        kind=draft.kind,
        body=draft.body if sent.body is None else sent.body,
        at=sent.at,
        reply_to=draft.reply_to,
        mentions=draft.mentions,
        mention_all=draft.mention_all,
    )


_WAITING = frozenset({"message", "change", "read", "delivered", "conversation"})
_HANDLERS = {
    "message": State._on_message,
    "change": State._on_change,
    "read": State._on_read,
    "delivered": State._on_delivered,
    "conversation": State._on_described,
    "presence": State._on_presence,
    "badge": State._on_badge,
}
