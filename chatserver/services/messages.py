"""Messages: send one, change one, read old ones."""

from __future__ import annotations

from msgspec import Struct

from chatserver.config import Settings
from chatserver.domain.calls import (
    EditMessage,
    GetChanges,
    GetHistory,
    ReactToMessage,
    RecallMessage,
    SendMessage,
)
from chatserver.domain.conversation import Conversation
from chatserver.domain.message import (
    Change,
    ChangeRules,
    Deed,
    Draft,
    Message,
    allow,
    check_mentions,
    check_text,
)
from chatserver.domain.page import Page, page_of
from chatserver.domain.person import Caller
from chatserver.errors import Invalid
from chatserver.services.conversations import Conversations
from chatserver.services.limits import Limits
from chatserver.services.telling import Telling
from chatserver.store.changes import Applied, Changes
from chatserver.store.heads import Heads
from chatserver.store.log import Log, Stored
from chatserver.store.messages import Messages as MessageStore

MessageChange = EditMessage | RecallMessage | ReactToMessage


class Stores(Struct, frozen=True):
    """Where messages are kept: the log that numbers them, the documents, their changes."""

    log: Log
    messages: MessageStore
    changes: Changes
    heads: Heads


class Messages:
    """What people may do with messages."""

    def __init__(
        self,
        stores: Stores,
        conversations: Conversations,
        limits: Limits,
        telling: Telling,
        settings: Settings,
    ) -> None:
        self._log = stores.log
        self._messages = stores.messages
        self._changes = stores.changes
        self._heads = stores.heads
        self._conversations = conversations
        self._limits = limits
        self._telling = telling
        self._settings = settings
        self._rules = ChangeRules(
            edit_window_ms=settings.edit_window_ms,
            edits_max=settings.edits_max,
            recall_window_ms=settings.recall_window_ms,
            staff_recall_window_ms=settings.staff_recall_window_ms,
        )

    async def send(self, caller: Caller, call: SendMessage, now_ms: int) -> Stored:
        """Store a message and tell the members; returning means stored for good.

        Raises:
            NotFound: the conversation is not the caller's.
            Invalid, TooLarge: with the path of the bad field.
            RateLimited, Busy: nothing was stored; try again later.
            Conflict: the client id belongs to another message.
            Unavailable: unknown whether it is stored; try again with the same client id.
        """
        conversation = await self._conversations.of_member(caller, call.conversation)
        draft = await self._draft(caller, call, conversation)
        self._limits.send(caller.user, conversation.id, now_ms)
        stored = await self._log.append(draft, now_ms, is_retry=call.retry)
        if not stored.duplicate:
            message = draft.numbered(stored.seq, stored.at)
            self._telling.message(conversation, message, skip=caller.connection)
        return stored

    async def change(self, caller: Caller, call: MessageChange, now_ms: int) -> int:
        """Edit, recall or react; gives the change's number. What is already so changes nothing.

        Raises:
            NotFound: no such message, or not the caller's to see, or recalled.
            Forbidden: not the caller's to change, or too late, or too often.
            Invalid, TooLarge, RateLimited, Busy, Unavailable: as for `send`.
        """
        conversation = await self._conversations.of_member(caller, call.conversation)
        deed = self._deed(caller, call, now_ms)
        self._limits.send(caller.user, conversation.id, now_ms)

        def decide(message: Message) -> Deed | None:
            return deed if allow(message, deed, caller, self._rules) else None

        applied: Applied = await self._changes.append(conversation.id, call.seq, decide)
        if applied.change is not None:
            self._heads.changed(conversation.id, applied.mod)
            self._telling.change(conversation, applied.change)
        return applied.mod

    async def history(self, caller: Caller, call: GetHistory) -> Page[Message]:
        """A page of messages, ascending.

        Raises:
            Invalid: more than one of before, after and around.
        """
        conversation = await self._conversations.of_member(caller, call.conversation)
        if sum(each is not None for each in (call.before, call.after, call.around)) > 1:
            raise Invalid("Give one of before, after and around", path="before")
        head = await self._head(conversation)
        page = page_of(call, head, self._page_size(call.limit))
        found = await self._messages.ranges({conversation.id: (page.first, page.last)})
        return Page(found.get(conversation.id, ()), page.more)

    async def changes(self, caller: Caller, call: GetChanges) -> Page[Change]:
        """A page of changes after a number, ascending."""
        conversation = await self._conversations.of_member(caller, call.conversation)
        head = (await self._heads.of((conversation.id,)))[conversation.id].mod
        last = min(head, call.after + self._page_size(call.limit))
        found = await self._changes.ranges({conversation.id: (call.after + 1, last)})
        return Page(found.get(conversation.id, ()), last < head)

    async def _draft(self, caller: Caller, call: SendMessage, conversation: Conversation) -> Draft:
        body = check_text(call.body, self._settings.text_bytes)
        check_mentions(call.mentions, frozenset(conversation.members))
        if call.reply_to is not None and call.reply_to > await self._head(conversation):
            raise Invalid("There is no such message", path="reply_to")
        return Draft(
            conversation=conversation.id,
            client_id=call.client_id,
            sender=caller.user,
            kind=call.kind,
            body=body,
            reply_to=call.reply_to,
            mentions=call.mentions,
        )

    def _deed(self, caller: Caller, call: MessageChange, now_ms: int) -> Deed:
        if isinstance(call, EditMessage):
            body = check_text(call.body, self._settings.text_bytes)
            return Deed(type="edit", seq=call.seq, by=caller.user, at=now_ms, body=body)
        if isinstance(call, RecallMessage):
            return Deed(type="recall", seq=call.seq, by=caller.user, at=now_ms)
        reaction, on = call.reaction, call.on
        return Deed(type="react", seq=call.seq, by=caller.user, at=now_ms, reaction=reaction, on=on)

    async def _head(self, conversation: Conversation) -> int:
        return (await self._heads.of((conversation.id,)))[conversation.id].seq

    def _page_size(self, wanted: int | None) -> int:
        return min(wanted or self._settings.page_default, self._settings.page_max)
