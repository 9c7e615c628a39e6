"""Messages: send one, forward some, change one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import structs

from chatserver.domain.calls import (
    EditMessage,
    ForwardMessages,
    PinMessage,
    ReactToMessage,
    RecallMessage,
    SendMessage,
)
from chatserver.domain.conversation import CHATTER, Conversation
from chatserver.domain.message import (
    Deed,
    Draft,
    Forwarded,
    Message,
    allow,
    check_mentions,
    merged,
)
from chatserver.domain.person import Caller, Person
from chatserver.domain.rights import (
    Action,
    check_class,
    check_may_carry,
    check_may_write,
    may,
    slow_mode_ms,
)
from chatserver.errors import Forbidden, Invalid, NotFound, RateLimited
from chatserver.services.access import Access, Standing
from chatserver.services.contents import Contents
from chatserver.services.limits import Limits
from chatserver.services.telling import Telling
from chatserver.store.changes import Applied, Decide
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
        contents: Contents,
    ) -> None:
        self._log = stores.log
        self._conversations = stores.conversations
        self._messages = stores.messages
        self._changes = stores.changes
        self._heads = stores.heads
        self._memberships = stores.memberships
        self._users = stores.users
        self._access = access
        self._limits = limits
        self._telling = telling
        self._contents = contents

    async def send(self, caller: Caller, call: SendMessage, now_ms: int) -> Stored:
        """Store a message and tell the members; returning means stored for good.

        Raises:
            NotFound: the conversation is not the caller's.
            Forbidden: the caller may not write there, or not now, or not mention everybody, or not
                send such cards, or messages of such a class.
            Invalid, TooLarge: with the path of the bad field.
            Filtered: a word filter refuses it.
            RateLimited, Busy: nothing was stored; try again later.
            Conflict: the client id belongs to another message.
            Unavailable: unknown whether it is stored; try again with the same client id.
        """
        draft = self._draft(caller, call)
        stored = await self.post(caller, draft, now_ms, retry=call.retry)
        body = draft.body if stored.body is None else stored.body
        return structs.replace(stored, body=None if body == call.body else body)

    async def post(
        self, caller: Caller, draft: Draft, now_ms: int, *, retry: bool = False
    ) -> Stored:
        """The same for a message that somebody made otherwise, as by a tap on a card."""
        standing = await self._access.of(caller.user, draft.conversation)
        self._limits.send(caller.user, draft.conversation, now_ms)
        known = await self._known(caller, standing, draft.key, draft.digest()) if retry else None
        if known is not None:
            return await self._with_body(known, draft)
        check_may_write(standing.conversation, standing.me, now_ms)
        await self._check_mentions(draft, standing)
        if draft.reply_to is not None:
            await self._check_reply(draft.reply_to, standing)
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
        self._contents.check_carried(draft)
        return await self._append(caller, standing, draft, now_ms)

    async def change(self, caller: Caller, call: MessageChange, now_ms: int) -> int:
        """Edit, recall, react or pin; gives the change's number. What is so changes nothing.

        Raises:
            NotFound: no such message, or not the caller's to see, or recalled.
            Forbidden: not the caller's to change, or too late, or too often.
            Invalid, TooLarge, Filtered, RateLimited, Busy, Unavailable: as for `send`.
        """
        standing = await self._access.of(caller.user, call.conversation)
        conversation, first = standing.conversation, standing.me.since
        standing.require(_RIGHT[type(call)])
        if isinstance(call, EditMessage):
            check_may_write(conversation, standing.me, now_ms)
        deed = self._deed(caller, call, now_ms)
        self._limits.send(caller.user, conversation.id, now_ms)
        others = may(conversation, standing.me, "recall_others")
        rules = structs.replace(self._contents.rules, may_recall_others=others)
        filters = await self._contents.filters(caller, conversation) if deed.body else ()
        flagged = frozenset[str]()

        def decide(message: Message) -> Deed | None:
            nonlocal flagged
            if message.seq < first:
                raise NotFound
            wanted, flagged = self._contents.worded(caller, message, deed, filters)
            return wanted if allow(message, wanted, caller, rules) else None

        applied = await self._decided(conversation, call.seq, decide)
        if flagged and applied.change is not None:
            place = (conversation.id, call.seq)
            for message in (await self._messages.by_id([place])).values():
                await self._contents.report(caller, conversation, message, flagged)
        return applied.mod

    async def take_back(self, moderator: Caller, conversation: str, seq: int, now_ms: int) -> None:
        """Recall what somebody said, as a moderator who need not be in the conversation.

        Raises:
            NotFound: there is no such message.
            Forbidden: the server said it.
            Busy, Unavailable: asking again is harmless.
        """
        found = await self._conversations.get(conversation)
        if found is None:
            raise NotFound
        rules = structs.replace(self._contents.rules, may_recall_others=True)
        deed = Deed(type="recall", seq=seq, by=moderator.user, at=now_ms)

        def decide(message: Message) -> Deed | None:
            return deed if allow(message, deed, moderator, rules) else None

        await self._decided(found, seq, decide)

    async def _decided(self, conversation: Conversation, seq: int, decide: Decide) -> Applied:
        """Store what is decided, and tell it."""
        before: list[Message] = []

        def noting(message: Message) -> Deed | None:
            before[:] = [message]
            return decide(message)

        applied = await self._changes.append(conversation.id, seq, noting)
        if applied.change is not None and applied.change.type == "recall":
            await self._contents.recalled(before[0], applied.change.at)
        if applied.change is not None:
            self._heads.changed(conversation.id, applied.mod)
            self._telling.change(conversation, applied.change)
        elif applied.mod:
            await self._tell_change_again(conversation, applied.mod)
        return applied

    async def _with_body(self, stored: Stored, draft: Draft) -> Stored:
        """What is stored already, with its body where that is not what the device sends."""
        place = (draft.conversation, stored.seq)
        message = (await self._messages.by_id([place])).get(place)
        if message is None or message.recalled or message.body == draft.body:
            return stored
        return structs.replace(stored, body=message.body)

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
        conversation = standing.conversation
        made = await self._contents.filled(caller, conversation, draft, now_ms)
        await self._take_turn(standing, now_ms)

        def tell(stored: Stored) -> None:
            message = made.draft.numbered(stored.seq, stored.at)
            self._telling.message(conversation, message, skip=caller.connection)

        is_chatter = conversation.kind in CHATTER
        stored = await self._log.append(made.draft, now_ms, is_chatter=is_chatter, on_stored=tell)
        if stored.found:
            await self._tell_again(conversation, stored.seq, skip=caller.connection)
        if stored.duplicate:
            return await self._with_body(stored, draft)
        message = made.draft.numbered(stored.seq, stored.at)
        await self._contents.report(caller, conversation, message, made.flags)
        return stored if made.draft is draft else structs.replace(stored, body=message.body)

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

    async def _chosen(self, caller: Caller, call: ForwardMessages) -> list[Message]:
        sight = await self._access.sight(caller, call.from_)
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
        check_class(caller, call.message_class)
        return Draft(
            conversation=call.conversation,
            client_id=call.client_id,
            sender=caller.user,
            kind=call.kind,
            body=self._contents.checked(caller, call.kind, call.body),
            reply_to=call.reply_to,
            mentions=call.mentions,
            mention_all=call.mention_all,
            message_class=call.message_class,
        )

    async def _check_mentions(self, draft: Draft, standing: Standing) -> None:
        conversation, room = standing.conversation, standing.conversation.room
        if draft.mention_all and not (room and room.settings.mention_all == "everyone"):
            standing.require("mention_all")
        if room is None:
            check_mentions(draft.mentions, frozenset(conversation.members))
        elif draft.mentions:
            among = await self._memberships.among(conversation.id, draft.mentions)
            check_mentions(draft.mentions, frozenset(u for u, m in among.items() if m.is_in))

    async def _check_reply(self, seq: int, standing: Standing) -> None:
        id_ = standing.conversation.id
        if not standing.me.since <= seq <= (await self._heads.of((id_,)))[id_].seq:
            raise Invalid("There is no such message", path="reply_to")

    def _deed(self, caller: Caller, call: MessageChange, now_ms: int) -> Deed:
        if isinstance(call, EditMessage):
            return Deed(type="edit", seq=call.seq, by=caller.user, at=now_ms, body=call.body)
        if isinstance(call, RecallMessage):
            return Deed(type="recall", seq=call.seq, by=caller.user, at=now_ms)
        if isinstance(call, PinMessage):
            return Deed(type="pin", seq=call.seq, by=caller.user, at=now_ms, on=call.on)
        reaction, on = call.reaction, call.on
        return Deed(type="react", seq=call.seq, by=caller.user, at=now_ms, reaction=reaction, on=on)


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
