"""The whole run: messages are put there, indexed by the worker's own walk, and searched."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import islice
from typing import Any

from msgspec import Struct

from chatserver.app import build_services
from chatserver.bus.live import Bus
from chatserver.bus.presence import PresenceBoard
from chatserver.config import Settings
from chatserver.domain.calls import SearchMessages
from chatserver.domain.person import Caller
from chatserver.gateway.hub import Hub
from chatserver.services.delivery import Delivery
from chatserver.services.search import Search
from chatserver.store.stores import Stores
from chatserver.worker import followers
from loadtest.bench import machine
from loadtest.bench.figures import percentile
from loadtest.bench.guard import Broken
from loadtest.bench.node import Processor, fill, fresh_name, membership, node, populate
from loadtest.bench.search import corpus

FOLLOWED_MAX = 10_000
FEW = 20  # conversations of somebody who is not in all of them
_AT_ONCE = 10_000  # documents made before they are stored
_FAR = 5  # pages


class Plan(Struct, frozen=True, kw_only=True):
    """How much is measured."""

    messages: int = 1_000_000
    conversations: int = 500
    searches: int = 200
    followed: int = FOLLOWED_MAX


class Built(Struct, frozen=True, kw_only=True):
    """How the index was made: messages per second, processor time and bytes of each message.

    `follow_rate` is how many a second it takes in as they are stored, from MongoDB's oplog.
    """

    rate: float
    worker_us: float
    mongod_us: float
    entry_bytes: float
    index_bytes: float
    message_bytes: float
    follow_rate: float


class Case(Struct, frozen=True, kw_only=True):
    """What is searched, in how many conversations, and which page of it."""

    what: str
    fields: dict[str, Any]
    page: int = 1


class Found(Struct, frozen=True, kw_only=True):
    """How long one kind of search took, in ms, and how many hits a page had."""

    what: str
    scope: str
    page: int
    hits: int
    p50: float
    p99: float


class Report(Struct, frozen=True, kw_only=True):
    """All figures of a run."""

    when: str
    machine: str
    plan: Plan
    built: Built
    found: Sequence[Found]


CASES = (
    Case(what="a common word", fields={"query": corpus.COMMON}),
    Case(what="a common word", fields={"query": corpus.COMMON}, page=_FAR),
    Case(what="a rare word", fields={"query": corpus.RARE}),
    Case(what="no such word", fields={"query": "长颈鹿"}),
    Case(what="one character", fields={"query": "衣"}),
    Case(what="the beginning of a Latin word", fields={"query": "iph"}),
    Case(what="two common words", fields={"query": f"{corpus.COMMON} 谢谢"}),
    Case(what="a common and a rare word", fields={"query": f"{corpus.COMMON} {corpus.RARE}"}),
    Case(what="a common word of one sender", fields={"query": "尺码", "sender": corpus.PERSON}),
    Case(what="all of a kind", fields={"kinds": ("text",)}),
    Case(what="all of a kind that is rare", fields={"kinds": ("image", "video")}),
)


async def run(url: str, plan: Plan) -> Report:
    """Measure all of it.

    Raises:
        Broken: something that is there was not found.
    """
    async with fresh_name(url) as name, node(url, name, "motor") as stores:
        await _put_there(stores, plan)
        with Processor(url) as mongod:
            built = await _build(stores, plan, mongod)
        async with _search(url, name, stores) as search:
            found = [
                await _measure(search, plan, scope, case)
                for scope in _scopes(plan)
                for case in CASES
            ]
    return Report(
        when=time.strftime("%Y-%m-%d %H:%M"),
        machine=machine.described(),
        plan=plan,
        built=built,
        found=[each for each in found if each.p50],  # not those without so many pages
    )


Scope = tuple[str, str, dict[str, Any]]


def _scopes(plan: Plan) -> tuple[Scope, ...]:
    """Who searches where."""
    few = min(FEW, plan.conversations)
    return (
        ("one conversation", corpus.PERSON, {"conversation": corpus.place(0)}),
        (f"{few} conversations", "few", {}),
        (f"{plan.conversations:,} conversations", corpus.PERSON, {}),
    )


async def _put_there(stores: Stores, plan: Plan) -> None:
    members = [
        (corpus.place(number), user)
        for number in range(plan.conversations)
        for user in (corpus.PERSON, corpus.customer(number))
    ]
    await populate(stores.database, members)
    ends = [(corpus.place(n), {"head.seq": _end(plan, n)}) for n in range(plan.conversations)]
    await stores.database.raise_fields("conversations", ends)
    few = [corpus.place(number) for number in range(min(FEW, plan.conversations))]
    await fill(stores.database, "memberships", [membership(each, "few") for each in few])
    heap: list[dict[str, Any]] = []
    for document in corpus.documents(plan.messages, plan.conversations):
        heap.append(document)
        if len(heap) == _AT_ONCE:
            await fill(stores.database, "messages", heap)
            heap.clear()
    await fill(stores.database, "messages", heap)


def _end(plan: Plan, number: int) -> int:
    """The last message of a conversation."""
    whole, rest = divmod(plan.messages, plan.conversations)
    return whole + (number < rest)


async def _build(stores: Stores, plan: Plan, mongod: Processor) -> Built:
    worker_s, mongod_s, began = time.process_time(), mongod.used_s(), time.perf_counter()
    walk = await stores.search.read_again()
    while await stores.search.walk_on(walk):
        walk = (await stores.search.state()).walk or walk
    took_s = time.perf_counter() - began
    worker_s, mongod_s = time.process_time() - worker_s, mongod.used_s() - mongod_s
    _, entries = await stores.search.sizes()
    if entries != plan.messages:
        raise Broken(f"{plan.messages} messages, and {entries} in the index")
    entry, index = await _sizes(stores, (await stores.search.state()).current)
    message, its_indexes = await _sizes(stores, "messages")
    return Built(
        rate=plan.messages / took_s,
        worker_us=1e6 * worker_s / plan.messages,
        mongod_us=1e6 * mongod_s / plan.messages,
        entry_bytes=entry / plan.messages,
        index_bytes=index / plan.messages,
        message_bytes=(message + its_indexes) / plan.messages,
        follow_rate=await _follow(stores, plan),
    )


async def _follow(stores: Stores, plan: Plan) -> float:
    """Let a worker take in messages that are stored at once; how many a second it does."""
    (follower,) = followers(stores)
    before = (await stores.search.sizes())[1]
    made = corpus.documents(plan.messages + plan.followed, plan.conversations)
    new = list(islice(made, plan.messages, None))
    following = asyncio.create_task(follower.run())
    try:
        while not await _is_up_to_date(stores):  # noqa: ASYNC110 - a database sets no event
            await asyncio.sleep(0.05)
        began = time.perf_counter()
        await fill(stores.database, "messages", new)
        while (await stores.search.sizes())[1] < before + len(new):  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.01)
        return len(new) / (time.perf_counter() - began)
    finally:
        following.cancel()
        await asyncio.wait((following,))


async def _is_up_to_date(stores: Stores) -> bool:
    post, state = await stores.followers.look("search"), await stores.search.state()
    return post is not None and post.position is not None and state.walk is None


async def _sizes(stores: Stores, collection: str) -> tuple[float, float]:
    """Bytes on disk of documents, and of their indexes."""
    found = stores.database.collection(collection)
    await found.database.client.admin.command("fsync")  # what is in memory has no size on disk
    stats = await found.database.command("collStats", collection)
    return float(stats["storageSize"]), float(stats["totalIndexSize"])


@asynccontextmanager
async def _search(url: str, name: str, stores: Stores) -> AsyncIterator[Search]:
    """The service of a node that talks to no other one."""
    settings = Settings(
        mongo_url=url, mongo_database=name, searches_per_s=1_000_000, jwt_key="k" * 32
    )
    bus = Bus(settings.redis_url, "bench", space=name)
    board = PresenceBoard(settings.redis_url, "bench", space=name)
    try:
        yield build_services(settings, stores, Delivery(Hub(bus), bus), board).search
    finally:
        await bus.close()
        await board.close()


async def _measure(search: Search, plan: Plan, scope: Scope, case: Case) -> Found:
    where, user, narrower = scope
    caller = Caller(user=user, role="consultant", device="d", connection="c")
    took: list[float] = []
    hits = 0
    for _ in range(plan.searches):
        cursor: str | None = None
        for page in range(1, case.page + 1):
            call = SearchMessages(**case.fields, **narrower, cursor=cursor)
            began = time.perf_counter()
            found = await search.messages(caller, call, time.time_ns() // 1_000_000)
            if page == case.page:
                took.append(1e3 * (time.perf_counter() - began))
            cursor, hits = found.cursor, len(found.hits)
            if cursor is None:
                break
    return Found(
        what=case.what,
        scope=where,
        page=case.page,
        hits=hits,
        p50=percentile(took, 0.5) if took else 0.0,
        p99=percentile(took, 0.99) if took else 0.0,
    )
