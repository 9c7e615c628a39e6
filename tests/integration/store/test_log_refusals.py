"""Messages that the store refuses, and a long random story: no number stays open."""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pymongo import MongoClient

from chatserver.domain.message import Draft
from chatserver.errors import Internal, Unavailable
from chatserver.store.indexes import INDEXES
from tests.examples import examples

NOW = 1_900_000_000_000

pytestmark = [pytest.mark.asyncio, pytest.mark.one_driver]
Write = Callable[..., Draft]


@pytest.fixture(scope="module")
def strict_name(mongo_url: str) -> Iterator[str]:
    """A database that refuses some messages."""
    name = f"test_{secrets.token_hex(8)}"
    with MongoClient[dict[str, Any]](mongo_url) as client:
        database = client[name]
        database.create_collection("messages", validator={"body.text": {"$ne": "poison"}})
        database["messages"].create_indexes(INDEXES["messages"])
        yield name
        client.drop_database(name)


@pytest.mark.parametrize("at", [0, 2, 4])
async def test_a_refused_message_in_a_chain_gets_an_error_and_no_number(
    start: Callable[..., Any], strict_name: str, write: Write, place: str, at: int
) -> None:
    node = start(strict_name)
    texts = ["poison" if n == at else "food" for n in range(5)]
    told = await asyncio.gather(
        *(node.log.append(write(f"c-{n}", text=text), NOW) for n, text in enumerate(texts)),
        return_exceptions=True,
    )
    refused = told.pop(at)
    assert isinstance(refused, Internal)
    assert [each.seq for each in told] == [1, 2, 3, 4]
    assert await node.numbers(place) == [1, 2, 3, 4]
    assert not node.died


async def test_a_refused_message_harms_no_other_conversation(
    start: Callable[..., Any], strict_name: str, write: Write, place: str
) -> None:
    node = start(strict_name)
    drafts = [
        write(f"c-{n}", text="poison" if n % 3 == 0 else "food", conversation=f"{place}-{n}")
        for n in range(9)
    ]
    told = await asyncio.gather(
        *(node.log.append(draft, NOW) for draft in drafts), return_exceptions=True
    )
    for draft, each in zip(drafts, told, strict=True):
        if draft.body["text"] == "poison":
            assert isinstance(each, Internal)
            assert await node.numbers(draft.conversation) == []
        else:
            assert each.seq == 1
    assert (await node.log.append(write("d", conversation=f"{place}-0"), NOW)).seq == 1


async def test_a_message_too_large_for_the_store_is_not_acknowledged_and_leaves_no_number_open(
    node: Any, write: Write, place: str
) -> None:
    """MongoDB refuses the whole batch; the limits above refuse such a message long before."""
    drafts = [write("c-1"), write("c-2", text="x" * (17 << 20)), write("c-3", "lin")]
    told = await asyncio.gather(
        *(node.log.append(draft, NOW) for draft in drafts), return_exceptions=True
    )
    assert isinstance(told[1], Unavailable)
    assert (await node.log.append(drafts[0], NOW)).seq == 1
    assert (await node.log.append(drafts[2], NOW)).seq == 2
    assert await node.numbers(place) == [1, 2]


class Story:
    """People on several nodes write, retry, leave and repeat themselves, as a dice says."""

    def __init__(self, seed: int, nodes: list[Any], write: Write, place: str) -> None:
        self.dice = random.Random(seed)
        self.nodes = nodes
        self.write = write
        self.places = [f"{place}-{n}" for n in range(3)]
        self.acked: dict[tuple[str, str, str], int] = {}
        self.sent: dict[tuple[str, str], list[str]] = {}

    async def person(self, user: str) -> None:
        for n in range(25):
            draft = self.write(f"{user}-{n}", user, conversation=self.dice.choice(self.places))
            self.sent.setdefault((draft.conversation, user), []).append(draft.client_id)
            await self.send(draft)
            if self.dice.random() < 0.3:
                await asyncio.sleep(self.dice.random() / 500)

    async def send(self, draft: Draft) -> None:
        while True:
            node = self.dice.choice(self.nodes)
            call = asyncio.create_task(node.log.append(draft, NOW))
            patience = self.dice.choice([None, None, None, 0, 0.002])
            done, _ = await asyncio.wait([call], timeout=patience)
            if done:
                seq = call.result().seq
                assert self.acked.setdefault(draft.key, seq) == seq
                if self.dice.random() < 0.8:
                    return
            call.cancel()
            if self.dice.random() < 0.5:
                known = await node.log.known(draft.key, draft.digest())
                assert known is None or self.acked.setdefault(draft.key, known.seq) == known.seq


@pytest.mark.parametrize("seed", range(examples(4, least=2)))
async def test_whatever_people_do_the_log_is_dense_and_each_message_in_it_once(
    start: Callable[..., Any], write: Write, place: str, seed: int
) -> None:
    nodes = [start(batch_max=size) for size in (1, 3, 500)]
    story = Story(seed, nodes, write, place)
    await asyncio.gather(*(story.person(user) for user in ("mei", "lin", "eve", "bob")))
    for node in nodes:
        await node.log.drain()
        assert not node.died
    for conversation in story.places:
        page = (await nodes[0].messages.ranges({conversation: (1, 2**40)}))[conversation]
        assert [message.seq for message in page] == list(range(1, len(page) + 1))
        stored = {(conversation, m.sender, m.client_id): m.seq for m in page}
        assert len(stored) == len(page)
        assert stored == {key: seq for key, seq in story.acked.items() if key[0] == conversation}
        for user in ("mei", "lin", "eve", "bob"):
            order = [message.client_id for message in page if message.sender == user]
            assert order == story.sent.get((conversation, user), [])
