"""How fast people are noted and notified, and how soon, by one worker beside a local fake.

Rates are with a provider that takes everything at once; the delay is over HTTP to a fake webhook.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Collection, Iterable, Iterator
from contextlib import asynccontextmanager
from itertools import islice
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
import uvloop
from cyclopts import App, Parameter
from msgspec import Struct
from rich.table import Table

from chatserver import clock
from chatserver.config import Settings
from chatserver.domain.message import Draft, Message
from chatserver.domain.person import Front
from chatserver.domain.push.ladder import Ladder, Step
from chatserver.domain.push.notification import Address, Notification, Outcome, ProviderKind
from chatserver.providers.push.config import PushFile
from chatserver.providers.push.registry import Providers
from chatserver.services.notifying.dispatch import Carrier
from chatserver.store.push_tokens import to_document
from chatserver.store.stores import Stores
from chatserver.worker import Notifying, notifying
from chatserver.workers.follower import AT_ONCE
from chatserver.workers.pushing import Dispatching
from loadtest.bench import push_providers
from loadtest.bench.figures import percentile, show
from loadtest.bench.machine import Others, described, write_between
from loadtest.bench.node import Processor, fill, fresh_name, mongo, node, populate
from loadtest.push.services import serving

BEGIN = "<!-- made by make bench-push: begin -->"
END = "<!-- made by make bench-push: end -->"
HEADINGS = ("measure", "", "worker µs", "mongod µs")
SHOP = "shop"
NOW_ON = Ladder(chat=(Step(channel="push", after_s=0),))
BETWEEN_S = 0.02  # two messages while the delay is measured: nothing else happens

T = TypeVar("T")

app = App(name="push", help="Measure notifications.")


class Plan(Struct, frozen=True, kw_only=True):
    """So many people, each in so many conversations, in one of which there is a message; and for
    how many messages the delay is measured."""

    people: int = 2000
    conversations: int = 10
    delays: int = 300


class Figure(Struct, frozen=True, kw_only=True):
    """One row: a rate or a time in words, and what it took of processors for each message."""

    what: str
    shown: str
    worker_us: float | None = None
    mongod_us: float | None = None

    @property
    def cells(self) -> tuple[str, ...]:
        """The row of the table."""
        parts = (self.worker_us, self.mongod_us)
        return (self.what, self.shown, *("" if each is None else f"{each:,.0f}" for each in parts))


class Post:
    """Takes notifications, and remembers when; `through` hands them on."""

    def __init__(self, through: Carrier | None = None) -> None:
        self._through = through
        self.kinds: tuple[ProviderKind, ...] = ("webhook",)
        self.ladder = NOW_ON
        self.taken: dict[str, float] = {}
        self.some = asyncio.Event()

    async def send(self, address: Address, notification: Notification) -> Outcome:
        """Take one, once it was handed on."""
        outcome = Outcome(state="sent")
        if self._through is not None:
            outcome = await self._through.send(address, notification)
        self.taken[notification.conversation] = time.monotonic()
        self.some.set()
        return outcome

    async def has(self, count: int) -> None:
        """Wait until so many conversations were told of."""
        while len(self.taken) < count:
            self.some.clear()
            await self.some.wait()


class Nobody:
    """Nobody has an app in front of them."""

    async def in_front(self, users: Collection[str]) -> dict[str, Front]:
        """All are offline."""
        return dict.fromkeys(users, "offline")


async def run(url: str, plan: Plan) -> list[Figure]:
    """Measure all of it."""
    async with fresh_name(url) as name, node(url, name, "motor") as stores:
        await _people(stores, plan)
        with Processor(url) as mongod:
            rates = await _rates(stores, plan, mongod)
        return [*rates, *await _delays(stores, plan)]


async def _rates(stores: Stores, plan: Plan, mongod: Processor) -> list[Figure]:
    post = Post()
    worker = _worker(stores, post)
    said = [_place(person, 0) for person in range(plan.people)]
    messages = [message async for message in _say(stores, said)]
    watch = _Watch(mongod, plan.people)
    for part in _parts(messages):
        await worker.recipients.note(part, clock.now_ms())
    noted = watch.figure("messages noted/s")
    watch = _Watch(mongod, plan.people)
    async with _dispatching(worker):
        await post.has(plan.people)
    return [noted, watch.figure("decided and handed over/s")]


async def _delays(stores: Stores, plan: Plan) -> list[Figure]:
    """From stored to handed over, while nothing else happens."""
    with tempfile.TemporaryDirectory() as folder:
        async with serving("webhook") as service:
            file = {"provider": [service.config(Path(folder))]}
            providers = Providers.of(msgspec.convert(file, PushFile))
            post = Post(providers)
            worker = _worker(stores, post)
            stored: dict[str, float] = {}
            async with _dispatching(worker), _following(worker):
                async for first in _say(stores, [_place(0, 2)]):  # connections are made
                    await post.has(first.seq)
                for person in range(plan.delays):
                    place = _place(person % plan.people, 1)
                    async for _ in _say(stores, [place]):
                        stored[place] = time.monotonic()
                    await asyncio.sleep(BETWEEN_S)
                await post.has(len(stored) + 1)
            await providers.close()
    delays = [1000 * (post.taken[place] - at) for place, at in stored.items()]
    return [
        Figure(
            what=f"stored to handed over, {part:.0%}", shown=f"{percentile(delays, part):.0f} ms"
        )
        for part in (0.5, 0.99)
    ]


class _Watch:
    """What time and processors something takes."""

    def __init__(self, mongod: Processor, count: int) -> None:
        self._mongod = mongod
        self._count = count
        self._began = (time.monotonic(), time.process_time(), mongod.used_s())

    def figure(self, what: str) -> Figure:
        """All since it was made, for each of them."""
        ended = (time.monotonic(), time.process_time(), self._mongod.used_s())
        took, worker, mongod = (end - begin for begin, end in zip(self._began, ended, strict=True))
        return Figure(
            what=what,
            shown=f"{self._count / took:,.0f}",
            worker_us=1e6 * worker / self._count,
            mongod_us=1e6 * mongod / self._count,
        )


def _worker(stores: Stores, post: Post) -> Notifying:
    return notifying(Settings(push_gather_ms=0), stores, Nobody(), post)


@asynccontextmanager
async def _dispatching(worker: Notifying) -> AsyncIterator[None]:
    task = asyncio.ensure_future(Dispatching(worker.dispatch).run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait((task,))


@asynccontextmanager
async def _following(worker: Notifying) -> AsyncIterator[None]:
    tasks = [asyncio.ensure_future(each.run()) for each in worker.followers]
    while not all(each.holds for each in worker.followers):  # noqa: ASYNC110 - sets no event
        await asyncio.sleep(0.05)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def _people(stores: Stores, plan: Plan) -> None:
    """Everybody has a phone, and talks with the shop in some conversations."""
    people = range(plan.people)
    talks = [(each, talk) for each in people for talk in range(plan.conversations)]
    places = [(_place(*each), user) for each in talks for user in (SHOP, f"p{each[0]}")]
    await populate(stores.database, places)
    users = [SHOP, *(f"p{each}" for each in people)]
    roles = [{"_id": user, "name": user, "role": "customer", "seen_at": 0} for user in users]
    await fill(stores.database, "users", roles)
    phones = [
        {
            "_id": {"u": f"p{each}", "d": "phone"},
            "user": f"p{each}",
            "device": "phone",
            "platform": "ios",
            "push": to_document(Address(provider="webhook", token=f"t{each}")),
        }
        for each in people
    ]
    await fill(stores.database, "devices", phones)


async def _say(stores: Stores, places: Collection[str]) -> AsyncIterator[Message]:
    """The shop says something in each of these conversations."""
    for part in _parts(places):
        drafts = [
            Draft(conversation=each, client_id="c", sender=SHOP, kind="text", body={"text": "在吗"})
            for each in part
        ]
        stored = await asyncio.gather(*(stores.log.append(each, clock.now_ms()) for each in drafts))
        for draft, each in zip(drafts, stored, strict=True):
            yield draft.numbered(each.seq, each.at)


def _place(person: int, talk: int) -> str:
    return f"d{person:06}-{talk}"


def _parts(items: Iterable[T]) -> Iterator[list[T]]:
    left = iter(items)
    while part := list(islice(left, AT_ONCE)):
        yield part


def _providers(pushes: int) -> list[Figure]:
    """What each vendor's protocol costs, beside a fake that takes everything."""
    rows = push_providers.measure(pushes=pushes) if pushes else ()
    return [
        Figure(what=f"{row.provider}: sent/s", shown=f"{row.per_s:,.0f}", worker_us=row.cpu_us)
        for row in rows
    ]


def _table(figures: Collection[Figure]) -> Table:
    made = Table(*HEADINGS)
    for figure in figures:
        made.add_row(*figure.cells)
    return made


def markdown(figures: Collection[Figure], plan: Plan, others: float) -> str:
    """The same for README.md, with what part of the machine other processes used."""
    rules = ("---", *("--:" for _ in HEADINGS[1:]))
    rows = (HEADINGS, rules, *(figure.cells for figure in figures))
    lines = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    about = (
        f"{time.strftime('%Y-%m-%d')}, {described()}; {plan.people:,} people in "
        f"{plan.conversations} conversations each; other processes used {others:.0%} of it."
    )
    return f"{about}\n\n{lines}"


@app.default
def main(
    *,
    into: Annotated[Path | None, Parameter(name="--markdown")] = None,
    url: Annotated[str | None, Parameter(name="--mongo")] = None,
    people: int = Plan().people,
    delays: int = Plan().delays,
    pushes: int = push_providers.PUSHES,
) -> None:
    """Measure, print, and with a Markdown file write the table between its markers.

    Parameters
    ----------
    into
        The file.
    url
        URL of a replica set to use; by default one of its own is started.
    people
        How many are notified.
    delays
        For how many messages the delay is measured.
    pushes
        How many each provider sends to a fake; 0 leaves providers out.
    """
    plan, others = Plan(people=people, delays=delays), Others()
    with mongo(url) as found:
        figures = [*uvloop.run(run(found, plan)), *_providers(pushes)]
    show(_table(figures))
    if into is not None:
        write_between(into, BEGIN, END, markdown(figures, plan, others.share()))


if __name__ == "__main__":
    app()
