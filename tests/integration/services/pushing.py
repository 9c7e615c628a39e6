"""Somebody who carries notifications and remembers them, and a day that passes in moments."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Any

import msgspec

from chatserver.clock import now_ms
from chatserver.domain.person import DeviceInfo, Front
from chatserver.domain.push.burst import Burst, Decision
from chatserver.domain.push.ladder import Ladder
from chatserver.domain.push.notification import (
    PROVIDERS,
    Address,
    Notification,
    Outcome,
    ProviderKind,
)
from chatserver.store.following import Read
from chatserver.store.messages import from_document
from chatserver.store.stores import Stores
from chatserver.worker import Notifying, notifying
from chatserver.workers.pushing import Closing

SENT = Outcome(state="sent", receipt="r1")


class Died(BaseException):
    """The process ended; nothing of it goes on."""


class Postman:
    """A provider of every kind: what it was handed, by token, and what it answers to each."""

    def __init__(self, ladder: Ladder | None = None) -> None:
        self.ladder = ladder or Ladder()
        self.kinds: Collection[ProviderKind] = PROVIDERS
        self.handed: defaultdict[str, list[Notification]] = defaultdict(list)
        self.answers: dict[str, Outcome] = {}

    async def send(self, address: Address, notification: Notification) -> Outcome:
        msgspec.json.encode(notification)
        self.handed[address.token].append(notification)
        return self.answers.get(address.token, SENT)

    def shown(self, token: str) -> list[Notification]:
        """What was to be shown there, in order."""
        return [each for each in self.handed[token] if each.shows]

    def texts(self, token: str) -> list[str]:
        return [each.text for each in self.shown(token)]


class Day:
    """A node with a worker beside it, driven by hand: a clock that can be put forward, and people
    whose apps are where the test says.

    Whatever happened is told again each time, as after a crash.
    """

    def __init__(self, node: Any, settings: Any, ladder: Ladder | None = None) -> None:
        self.node = node
        self.stores: Stores = node.kept
        self.post = Postman(ladder)
        self.fronts: dict[str, Front | None] = {}  # None: nobody knows
        self.passed_ms = 0
        self.worker: Notifying = notifying(settings, self.stores, self, self.post, self.now)

    async def in_front(self, users: Collection[str]) -> dict[str, Front]:
        fronts = {user: self.fronts.get(user, "offline") for user in users}
        return {user: front for user, front in fronts.items() if front is not None}

    def now(self) -> int:
        return now_ms() + self.passed_ms

    async def phone(self, user: str, device: str = "phone", **fields: Any) -> str:
        """Give somebody a phone that can be notified; its token."""
        person = await self.node.arrive(user, device)
        info = msgspec.convert({"id": device, "platform": "ios"}, DeviceInfo)
        await self.stores.devices.connected(person.connection.identity, info, now_ms())
        token = f"{user}-{device}"
        address = Address(**{"provider": "apns", "token": token, **fields})
        assert await self.stores.devices.set_address(user, device, address)
        return token

    async def tell(self) -> None:
        """The followers hear of everything that ever happened."""
        database = self.stores.database
        await self.stores.heads.flush()
        found = await database.collection("messages").find().to_list(None)
        await self.worker.recipients.note(map(from_document, found), self.now())
        marks = await database.collection("memberships").find({"read": {"$gt": 0}}).to_list(None)
        reads = [Read(d["_id"]["u"], d["_id"]["c"], d["read"], self.now()) for d in marks]
        await Closing(self.stores).do(reads)

    async def passes(self, seconds: float = 0) -> int:
        """Put the clock forward, and do all that is due by then; how many were decided."""
        self.passed_ms += round(seconds * 1000)
        await self.tell()
        count = 0
        while bursts := await self.worker.dispatch.claim(100):
            count += len(bursts)
            assert count < 1000, "what was decided is due again at once, for ever"
            await self.worker.dispatch.settle(bursts)
        return count

    async def burst(self, user: str, conversation: str) -> tuple[Burst, list[Decision]]:
        found = await self.stores.pushes.look(user, conversation)
        assert found is not None
        return found

    async def why(self, user: str, conversation: str) -> str:
        """What was decided last."""
        _, decisions = await self.burst(user, conversation)
        return decisions[-1].why
