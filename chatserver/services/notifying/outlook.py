"""What is known of bursts at the moment of deciding, looked up for many of them at once."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from msgspec import Struct, structs

from chatserver.domain.conversation import Conversation, Unread
from chatserver.domain.device import Addressed
from chatserver.domain.membership import Head, Membership
from chatserver.domain.message import Message
from chatserver.domain.person import Front
from chatserver.domain.push.burst import Burst, most_urgent
from chatserver.domain.push.ladder import Channel, Ladder, Step
from chatserver.domain.push.notification import Address, MessageClass, ProviderKind
from chatserver.domain.push.policy import Facts
from chatserver.domain.push.prefs import DEFAULTS, Prefs
from chatserver.errors import Unsupported
from chatserver.store.stores import Stores

SHOWN_MAX = 20  # messages that are looked at; of more the last ones
PHONE = "phone"  # what stands for the device of a text message to a phone number


class Fronts(Protocol):
    """Knows who has an app in front of them; nothing when Redis is down."""

    async def in_front(self, users: Collection[str]) -> dict[str, Front]:
        """Where these people have it; who is not known is left out."""


class Known(Struct, frozen=True, kw_only=True):
    """A burst, and all that a decision about it is made from.

    `read` is how far its reader has come; `messages` are the last ones of those that are still to
    be told, as the reader sees them, and `counted` how many there are.
    """

    burst: Burst
    read: int
    conversation: Conversation | None
    membership: Membership | None
    messages: tuple[Message, ...]
    counted: Unread
    prefs: Prefs
    front: Front | None
    addressed: tuple[Addressed, ...]
    steps: tuple[Step, ...]
    kind: MessageClass
    phone: str | None = None

    @property
    def has_step(self) -> bool:
        """Whether the ladder goes on."""
        return self.burst.has_step(self.steps)

    @property
    def channel(self) -> Channel:
        """The way of the next step."""
        return self.steps[self.burst.next_step].channel

    @property
    def targets(self) -> dict[str, Address]:
        """Where the next step leads to, by device."""
        if self.channel == "sms":
            address = self.phone and Address(provider="sms", token=self.phone)
            return {PHONE: address} if address else {}
        return {
            each.device: each.address
            for each in self.addressed
            if _channel(each.address.provider) == self.channel
        }

    @property
    def facts(self) -> Facts:
        """The same as the rules see it, for the next step."""
        burst, mine = self.burst, self.membership
        is_told = [message for message in self.messages if not message.recalled]
        return Facts(
            since=self._since,
            newest=burst.at,
            step_at=burst.due_at(self.steps),
            kind=self.kind,
            is_member=mine is not None and mine.is_in and mine.since <= burst.last,
            is_own=bool(is_told) and all(each.sender == burst.user for each in is_told),
            is_read=self.read >= burst.last,
            is_gone=self.counted.unread <= 0,
            is_mentioned=self.counted.mentions > 0,
            mode=mine.prefs.mode if mine else "all",
            prefs=self.prefs,
            front=self.front,
            channel=self.channel,
            has_address=bool(self.targets),
            is_first=burst.next_step == 0,
            pushed_at=burst.pushed_at,
        )

    @property
    def _since(self) -> int:
        """When the first message was stored that is still to be told."""
        if self.burst.first > self.read or not self.messages:
            return self.burst.since
        return self.messages[0].at


class Outlook:
    """Looks up what is known, each thing for all bursts in few queries."""

    def __init__(
        self, stores: Stores, fronts: Fronts, ladder: Ladder, kinds: Collection[ProviderKind]
    ) -> None:
        """`kinds` are the providers that the server can use."""
        self._stores = stores
        self._fronts = fronts
        self._ladder = ladder
        self._kinds = frozenset(kinds)

    async def of(self, bursts: Sequence[Burst]) -> list[Known]:
        """What is known of each of these.

        Raises:
            Unavailable: MongoDB does not answer.
        """
        users = list({burst.user for burst in bursts})
        stores = self._stores
        places, conversations, prefs, fronts, addressed = await asyncio.gather(
            stores.cursors.of((burst.conversation, burst.user) for burst in bursts),
            stores.conversations.get_all(burst.conversation for burst in bursts),
            stores.push_prefs.prefs_of(users),
            self._fronts.in_front(users),
            stores.devices.addresses_of(users),
        )

        async def known(burst: Burst) -> Known:
            mine = places.get((burst.conversation, burst.user))
            read = 0 if mine is None else max(mine.read, mine.since - 1, mine.prefs.cleared)
            burst = burst.seen(read)
            messages, counted = await self._words(burst, mine, read)
            kind = most_urgent(each.message_class for each in messages if not each.recalled)
            return Known(
                burst=burst,
                read=read,
                conversation=conversations.get(burst.conversation),
                membership=mine,
                messages=messages,
                counted=counted,
                prefs=prefs.get(burst.user, DEFAULTS),
                front=fronts.get(burst.user),
                addressed=tuple(
                    each
                    for each in addressed.get(burst.user, ())
                    if each.address.provider in self._kinds
                ),
                steps=self._ladder.steps(kind),
                kind=kind,
            )

        return await self._with_phones(await asyncio.gather(*map(known, bursts)))

    async def _words(
        self, burst: Burst, mine: Membership | None, read: int
    ) -> tuple[tuple[Message, ...], Unread]:
        """The messages that are still to be told, and how many of them count."""
        first = max(read, burst.told if burst.is_fresh else 0) + 1
        if mine is None or not mine.is_in or first > burst.last:
            return (), Unread()
        place, page = burst.conversation, (first, burst.last)
        special = [(place, each.seq) for each in burst.special if each.seq >= first]
        ranges, others, counts = await asyncio.gather(
            self._stores.messages.ranges({place: (max(first, page[1] - SHOWN_MAX + 1), page[1])}),
            self._stores.messages.by_id(special),
            self._stores.messages.unread(burst.user, {place: page}),
        )
        found = {each.seq: each for each in (*others.values(), *ranges.get(place, ()))}
        sight = mine.sight(Head(burst.last))
        seen = [sight.message(found[seq]) for seq in sorted(found)]
        counted = counts[place]
        for each in seen:
            if each.deleted:
                counted = counted.without(found[each.seq], burst.user)
        told = (each for each in seen if not each.deleted and each.kind not in {"system", "void"})
        return tuple(told), counted

    async def _with_phones(self, known: list[Known]) -> list[Known]:
        """The same with the phone numbers that the next step of some of them needs."""
        if "sms" not in self._kinds:
            return known
        wanted = {each.burst.user for each in known if each.has_step and each.channel == "sms"}
        if not wanted:
            return known
        phones = await self._phones(wanted)
        return [_with_phone(each, phones) for each in known]

    async def _phones(self, users: Collection[str]) -> Mapping[str, str]:
        try:
            return await self._stores.push_prefs.phones_of(list(users))
        except Unsupported:  # sealed by a key that this server lacks
            return {}


def _with_phone(known: Known, phones: Mapping[str, str]) -> Known:
    return structs.replace(known, phone=phones.get(known.burst.user))


def _channel(kind: ProviderKind) -> Channel:
    return "wechat" if kind == "wechat" else "sms" if kind == "sms" else "push"
