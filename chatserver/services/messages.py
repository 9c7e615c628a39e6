"""Messages: send one, forward some, change one, read old ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import structs

from chatserver.config import Settings
from chatserver.domain.calls import (
    EditMessage,
    ForwardMessages,
    GetChanges,
    GetHistory,
    PinMessage,
    ReactToMessage,
    RecallMessage,
    SendMessage,
)
from chatserver.domain.conversation import CHATTER, Conversation
from chatserver.domain.membership import Sight
from chatserver.domain.message import (
    Change,
    ChangeRules,
    Deed,
    Draft,
    Forwarded,
    Message,
    allow,
    check_card,
    check_mentions,
    check_text,
    merged,
)
from chatserver.domain.page import Page, page_of
from chatserver.domain.person import Caller, Person
from chatserver.domain.rights import (
    Action,
    check_may_carry,
    check_may_write,
    may,
    slow_mode_ms,
)
from chatserver.errors import Forbidden, Invalid, NotFound, RateLimited
from chatserver.services.access import Access, Standing
from chatserver.services.limits import Limits
from chatserver.services.telling import Telling
from chatserver.store.changes import Applied
from chatserver.store.log import Stored
from chatserver.store.messages import Key
from chatserver.store.stores import Stores

MessageChange = EditMessage | RecallMessage | ReactToMessage | PinMessage

_RIGHT: Mapping[type, Action] = {
    EditMessage: "write", RecallMessage: "react", ReactToMessage: "react", PinMessage: "pin",
}  # fmt: skip


class Messages:
    """What people may do with messages."""

    def __init__(
        self,
        stores: Stores,
        access: Access,
        limits: Limits,
        telling: Telling,
        settings: Settings,
    ) -> None:
        self._log = stores.log
        self._messages = stores.messages
        self._changes = stores.changes
        self._heads = stores.heads
        self._cursors = stores.cursors
        self._memberships = stores.memberships
        self._users = stores.users
        self._access = access
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
            Forbidden: the caller may not write there, or not now, or not mention everybody.
            Invalid, TooLarge: with the path of the bad field.
            RateLimited, Busy: nothing was stored; try again later.
            Conflict: the client id belongs to another message.
            Unavailable: unknown whether it is stored; try again with the same client id.
        """
        standing = await self._access.of(caller.user, call.conversation)
        draft = self._draft(caller, call)
        self._limits.send(caller.user, call.conversation, now_ms)
        known = (
            await self._known(caller, standing, draft.key, draft.digest()) if call.retry else None
        )
        if known is not None:
            return known
        check_may_write(standing.conversation, standing.me, now_ms)
        await self._check_mentions(call, standing)
        if call.reply_to is not None:
            await self._check_reply(call.reply_to, standing)
        return await self._append(caller, standing, draft, now_ms)

    async def forward(self, caller: Caller, call: ForwardMessages, now_ms: int) -> Stored:
        """Send messages of another conversation on, one as it is and several as one card.

        Raises:
            NotFound: a conversation is not the caller's, or the caller sees no such message.
            Forbidden: what the server said, or the caller may not write there.
            TooLarge: together they are longer than a card may be.
            Others as for `send`.
        """
        standing = await self._access.of(caller.user, call.conversation)
        self._limits.send(caller.user, call.conversation, now_ms)
        key = (call.conversation, caller.user, call.client_id)
        # what it carried may have been changed since, so its content is not compared
        if call.retry and (known := await self._known(caller, standing, key)):
            return known
        check_may_write(standing.conversation, standing.me, now_ms)
        source = await self._access.seen(caller, call.from_)
        check_may_carry(source.conversation, standing.conversation)
        messages = await self._chosen(caller, call)
        people = await self._users.people({message.sender for message in messages})
        draft = _forwarding(caller, call, messages, people)
        check_card(draft.body, self._settings.forward_bytes)
        return await self._append(caller, standing, draft, now_ms)

    async def change(self, caller: Caller, call: MessageChange, now_ms: int) -> int:
        """Edit, recall, react or pin; gives the change's number. What is so changes nothing.

        Raises:
            NotFound: no such message, or not the caller's to see, or recalled.
            Forbidden: not the caller's to change, or too late, or too often.
            Invalid, TooLarge, RateLimited, Busy, Unavailable: as for `send`.
        """
        standing = await self._access.of(caller.user, call.conversation)
        conversation, first = standing.conversation, standing.me.since
        standing.require(_RIGHT[type(call)])
        if isinstance(call, EditMessage):
            check_may_write(conversation, standing.me, now_ms)
        deed = self._deed(caller, call, now_ms)
        self._limits.send(caller.user, conversation.id, now_ms)
        others = may(conversation, standing.me, "recall_others")
        rules = structs.replace(self._rules, may_recall_others=others)

        def decide(message: Message) -> Deed | None:
            if message.seq < first:
                raise NotFound
            return deed if allow(message, deed, caller, rules) else None

        applied: Applied = await self._changes.append(conversation.id, call.seq, decide)
        if applied.change is not None:
            self._heads.changed(conversation.id, applied.mod)
            self._telling.change(conversation, applied.change)
        elif applied.mod:
            await self._tell_change_again(conversation, applied.mod)
        return applied.mod

    async def history(self, caller: Caller, call: GetHistory) -> Page[Message]:
        """A page of messages, ascending.

        Raises:
            Invalid: more than one of before, after and around.
        """
        id_ = call.conversation
        sight = await self._sight(caller, id_)
        given = [each is not None for each in (call.before, call.after, call.around)]
        if sum(given) + call.pinned > 1:
            raise Invalid("Give one of before, after, around and pinned", path="before")
        if call.pinned:
            pins = await self._messages.pinned(id_)
            shown = [sight.message(each) for each in pins if sight.shows(each.seq)]
            return Page(tuple(each for each in shown if each.pinned), more=False)
        page = page_of(call, sight.head.seq, self._page_size(call.limit), sight.first)
        found = await self._messages.ranges({id_: (page.first, page.last)})
        return Page(tuple(map(sight.message, found.get(id_, ()))), page.more)

    async def changes(self, caller: Caller, call: GetChanges) -> Page[Change]:
        """A page of changes after a number, ascending."""
        id_ = call.conversation
        sight = await self._sight(caller, id_)
        last = min(sight.head.mod, call.after + self._page_size(call.limit))
        found = await self._changes.ranges({id_: (call.after + 1, last)})
        return Page(tuple(map(sight.change, found.get(id_, ()))), last < sight.head.mod)

    async def _known(
        self, caller: Caller, standing: Standing, key: Key, digest: bytes | None = None
    ) -> Stored | None:
        """What became of a message sent before; its sender may not write there any more."""
        known = await self._log.known(key, digest)
        if known is not None and known.found:
            await self._tell_again(standing.conversation, known.seq, skip=caller.connection)
        return known

    async def _append(
        self, caller: Caller, standing: Standing, draft: Draft, now_ms: int
    ) -> Stored:
        await self._take_turn(standing, now_ms)
        is_chatter = standing.conversation.kind in CHATTER

        def tell(stored: Stored) -> None:
            message = draft.numbered(stored.seq, stored.at)
            self._telling.message(standing.conversation, message, skip=caller.connection)

        stored = await self._log.append(draft, now_ms, is_chatter=is_chatter, on_stored=tell)
        if stored.found:
            await self._tell_again(standing.conversation, stored.seq, skip=caller.connection)
        return stored

    async def _tell_again(self, conversation: Conversation, seq: int, *, skip: str) -> None:
        """Whoever stored the message may not have lived to tell of it; those who know pass over it.

        As it is now: it may have been recalled meanwhile.
        """
        for message in (await self._messages.by_id([(conversation.id, seq)])).values():
            self._telling.message(conversation, message, skip=skip)

    async def _tell_change_again(self, conversation: Conversation, mod: int) -> None:
        """The same for the change that made the message what it is."""
        found = await self._changes.ranges({conversation.id: (mod, mod)})
        for change in found.get(conversation.id, ()):
            self._telling.change(conversation, change)

    async def _take_turn(self, standing: Standing, now_ms: int) -> None:
        """In slow mode a member waits between two messages, whatever node they go through."""
        gap_ms = slow_mode_ms(standing.conversation, standing.me)
        if not gap_ms:
            return
        me = standing.me
        wait_ms = await self._memberships.spoke(me.conversation, me.user, now_ms, gap_ms)
        if wait_ms:
            raise RateLimited("This room is in slow mode", retry_after_ms=wait_ms)

    async def _sight(self, caller: Caller, conversation: str) -> Sight:
        """What the caller may see, as it is now and not as somebody remembers it."""
        standing = await self._access.seen(caller, conversation)
        place = (conversation, caller.user)
        # the end first: whoever is still in afterwards was in when it was reached
        heads = await self._heads.of((conversation,))
        if standing.me.state == "viewing":
            membership = (await self._access.seen(caller, conversation)).me
        else:
            membership = (await self._cursors.of((place,))).get(place, standing.me)
        return membership.sight(heads[conversation])

    async def _chosen(self, caller: Caller, call: ForwardMessages) -> list[Message]:
        sight = await self._sight(caller, call.from_)
        ids = [(call.from_, seq) for seq in sorted(set(call.seqs)) if sight.shows(seq)]
        found = await self._messages.by_id(ids)
        messages = [sight.message(found[id_]) for id_ in ids if id_ in found]
        gone = [each for each in messages if each.recalled or each.deleted]
        if gone or len(messages) < len(set(call.seqs)):
            raise NotFound("There is no such message")
        if any(each.kind == "system" for each in messages):
            raise Forbidden("What the server said cannot be forwarded")
        return messages

    def _draft(self, caller: Caller, call: SendMessage) -> Draft:
        return Draft(
            conversation=call.conversation,
            client_id=call.client_id,
            sender=caller.user,
            kind=call.kind,
            body=check_text(call.body, self._settings.text_bytes),
            reply_to=call.reply_to,
            mentions=call.mentions,
            mention_all=call.mention_all,
        )

    async def _check_mentions(self, call: SendMessage, standing: Standing) -> None:
        conversation, room = standing.conversation, standing.conversation.room
        if call.mention_all and not (room and room.settings.mention_all == "everyone"):
            standing.require("mention_all")
        if room is None:
            check_mentions(call.mentions, frozenset(conversation.members))
        elif call.mentions:
            among = await self._memberships.among(conversation.id, call.mentions)
            check_mentions(call.mentions, frozenset(u for u, m in among.items() if m.is_in))

    async def _check_reply(self, seq: int, standing: Standing) -> None:
        id_ = standing.conversation.id
        if not standing.me.since <= seq <= (await self._heads.of((id_,)))[id_].seq:
            raise Invalid("There is no such message", path="reply_to")

    def _deed(self, caller: Caller, call: MessageChange, now_ms: int) -> Deed:
        if isinstance(call, EditMessage):
            body = check_text(call.body, self._settings.text_bytes)
            return Deed(type="edit", seq=call.seq, by=caller.user, at=now_ms, body=body)
        if isinstance(call, RecallMessage):
            return Deed(type="recall", seq=call.seq, by=caller.user, at=now_ms)
        if isinstance(call, PinMessage):
            return Deed(type="pin", seq=call.seq, by=caller.user, at=now_ms, on=call.on)
        reaction, on = call.reaction, call.on
        return Deed(type="react", seq=call.seq, by=caller.user, at=now_ms, reaction=reaction, on=on)

    def _page_size(self, wanted: int | None) -> int:
        return min(wanted or self._settings.page_default, self._settings.page_max)


def _forwarding(
    caller: Caller,
    call: ForwardMessages,
    messages: Iterable[Message],
    people: Mapping[str, Person],
) -> Draft:
    """The message that carries others on."""
    named = [(m, people[m.sender].name if m.sender in people else m.sender) for m in messages]
    first, name = named[0]
    draft = Draft(
        conversation=call.conversation,
        client_id=call.client_id,
        sender=caller.user,
        kind="card",
        body=merged(named),
    )
    if len(named) > 1:
        return draft
    # who forwards what was forwarded names its first sender
    said = first.forwarded or Forwarded(sender=first.sender, name=name, at=first.at)
    return structs.replace(draft, kind=first.kind, body=first.body, forwarded=said)
