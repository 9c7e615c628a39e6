"""The message log on a real MongoDB: every number is used once, and none is left out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from chatserver.domain.message import Deed, Draft
from chatserver.errors import Busy, Conflict, Unavailable
from chatserver.store.log import Stored

NOW = 1_900_000_000_000

pytestmark = pytest.mark.asyncio
Write = Callable[..., Draft]


async def test_numbers_begin_at_one_and_follow_each_other(node: Any, write: Write) -> None:
    stored = [await node.log.append(write(f"c-{n}"), NOW + n) for n in range(5)]
    assert stored == [Stored(n + 1, NOW + n) for n in range(5)]


async def test_messages_of_one_moment_keep_their_order_in_one_conversation(
    node: Any, write: Write, place: str
) -> None:
    wanted = [(f"{place}-{n % 7}", f"c-{n}") for n in range(140)]
    stored = await asyncio.gather(
        *(node.log.append(write(id_, conversation=where), NOW) for where, id_ in wanted)
    )
    for conversation in {where for where, _ in wanted}:
        seqs = [
            each.seq
            for (where, _), each in zip(wanted, stored, strict=True)
            if where == conversation
        ]
        assert seqs == list(range(1, 21))


async def test_small_batches_keep_the_order_too(
    start: Callable[..., Any], write: Write, place: str
) -> None:
    node = start(batch_max=3)
    stored = await asyncio.gather(
        *(node.log.append(write(f"c-{n}"), NOW) for n in range(20)),
        *(node.log.append(write(f"c-{n}", conversation=f"{place}-b"), NOW) for n in range(20)),
    )
    assert [each.seq for each in stored] == [*range(1, 21), *range(1, 21)]


async def test_two_nodes_fighting_for_one_conversation_leave_no_hole(
    start: Callable[..., Any], write: Write, place: str
) -> None:
    one, other = start(), start()

    async def talk(node: Any, sender: str) -> list[int]:
        stored: list[Stored] = []
        for burst in range(6):
            drafts = [write(f"{sender}-{burst}-{n}", sender) for n in range(burst + 1)]
            stored += await asyncio.gather(*(node.log.append(each, NOW) for each in drafts))
        return [each.seq for each in stored]

    who = [(one, "mei"), (other, "lin"), (one, "eve"), (other, "bob")]
    told = await asyncio.gather(*(talk(node, sender) for node, sender in who))
    for seqs in told:
        assert seqs == sorted(seqs)  # each sender's order is kept
    everything = sorted(seq for seqs in told for seq in seqs)
    assert everything == list(range(1, 4 * 21 + 1)) == await one.numbers(place)
    assert not one.died + other.died


async def test_two_batches_are_never_in_flight_for_one_conversation(
    node: Any, write: Write, place: str
) -> None:
    flying: set[str] = set()
    insert = node.messages.insert

    async def watched(documents: Any, *, ordered: bool) -> Any:
        mine = {document["_id"]["c"] for document in documents}
        assert not mine & flying
        flying.update(mine)
        try:
            return await insert(documents, ordered=ordered)
        finally:
            flying.difference_update(mine)

    node.messages.insert = watched

    async def talk(sender: str) -> None:
        for n in range(15):
            where = f"{place}-{n % 3}"
            await node.log.append(write(f"{sender}-{n}", sender, conversation=where), NOW)

    await asyncio.gather(*(talk(sender) for sender in ("mei", "lin", "eve", "bob")))
    for n in range(3):
        assert await node.numbers(f"{place}-{n}") == list(range(1, 21))


async def append(node: Any, draft: Draft) -> Stored:
    stored: Stored = await node.log.append(draft, NOW)
    return stored


async def known(node: Any, draft: Draft) -> Stored | None:
    stored: Stored | None = await node.log.known(draft.key, draft.digest())
    return stored


# --- once -------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_asked_first", [True, False])
@pytest.mark.parametrize("elsewhere", [True, False])
async def test_a_retry_gets_the_first_ones_number(
    start: Callable[..., Any], write: Write, place: str, is_asked_first: bool, elsewhere: bool
) -> None:
    first = start()
    await first.log.append(write("c-1"), NOW)
    await first.log.append(write("c-2"), NOW + 1)
    node = start() if elsewhere else first
    again = await (known if is_asked_first else append)(node, write("c-1"))
    assert again == Stored(1, NOW, duplicate=True, found=elsewhere)
    assert (await node.log.append(write("c-3"), NOW)).seq == 3
    assert await node.numbers(place) == [1, 2, 3]


async def test_a_retry_of_what_never_arrived_is_stored(node: Any, write: Write) -> None:
    assert await known(node, write("c-1")) is None
    assert await append(node, write("c-1")) == Stored(1, NOW)


@pytest.mark.parametrize("is_asked_first", [True, False])
@pytest.mark.parametrize("elsewhere", [True, False])
async def test_the_same_id_with_another_body_is_refused(
    start: Callable[..., Any], write: Write, place: str, is_asked_first: bool, elsewhere: bool
) -> None:
    first = start()
    await first.log.append(write("c-1", text="hi"), NOW)
    node = start() if elsewhere else first
    with pytest.raises(Conflict):
        await (known if is_asked_first else append)(node, write("c-1", text="ho"))
    assert await node.numbers(place) == [1]


async def test_a_retry_is_known_by_what_was_first_said_also_after_an_edit(
    start: Callable[..., Any], write: Write, place: str
) -> None:
    first, later = start(), start()
    await first.log.append(write("c-1", text="hi"), NOW)
    edit = Deed(type="edit", seq=1, by="mei", at=NOW, body={"text": "ho"})
    await first.changes.append(place, 1, lambda _: edit)
    for node in (first, later):
        assert (await node.log.append(write("c-1", text="hi"), NOW)).duplicate
        with pytest.raises(Conflict):
            await known(node, write("c-1", text="ho"))


async def test_the_same_id_of_somebody_else_or_elsewhere_is_another_message(
    node: Any, write: Write, place: str
) -> None:
    drafts = [write("c-1"), write("c-1", "lin"), write("c-1", conversation=f"{place}-b")]
    stored = [await node.log.append(draft, NOW) for draft in drafts]
    assert [(each.seq, each.duplicate) for each in stored] == [(1, False), (2, False), (1, False)]


async def test_the_same_message_twice_at_once_is_stored_once(
    node: Any, write: Write, place: str
) -> None:
    told = await asyncio.gather(*(node.log.append(write("c-1"), NOW) for _ in range(5)))
    assert {each.seq for each in told} == {1}
    assert sorted(each.duplicate for each in told) == [False, True, True, True, True]
    assert await node.numbers(place) == [1]


async def test_another_body_under_an_id_on_its_way_is_refused(node: Any, write: Write) -> None:
    first = asyncio.create_task(node.log.append(write("c-1", text="hi"), NOW))
    await asyncio.sleep(0)
    with pytest.raises(Conflict):
        await node.log.append(write("c-1", text="ho"), NOW)
    assert (await first).seq == 1


async def test_the_same_message_on_two_nodes_at_once_is_stored_once(
    start: Callable[..., Any], write: Write, place: str
) -> None:
    nodes = [start(), start()]
    for round_ in range(10):
        told = await asyncio.gather(*(n.log.append(write(f"c-{round_}"), NOW) for n in nodes))
        assert {each.seq for each in told} == {round_ + 1}
        assert sorted(each.duplicate for each in told) == [False, True]


async def test_a_repeated_message_inside_a_chain_leaves_no_hole(
    start: Callable[..., Any], write: Write, place: str
) -> None:
    await start().log.append(write("c-2"), NOW)
    node = start()
    stored = await asyncio.gather(*(node.log.append(write(f"c-{n}"), NOW) for n in range(6)))
    assert [each.duplicate for each in stored] == [n == 2 for n in range(6)]
    assert [each.seq for each in stored] == [2, 3, 1, 4, 5, 6]
    assert await node.numbers(place) == list(range(1, 7))


# --- too much, and people who leave -------------------------------------------------------------


async def test_beyond_what_may_wait_senders_are_told_to_come_back(
    start: Callable[..., Any], write: Write, place: str
) -> None:
    node = start(waiting_max=3)
    told = await asyncio.gather(
        *(node.log.append(write(f"c-{n}"), NOW) for n in range(5)), return_exceptions=True
    )
    assert [each.seq for each in told[:3]] == [1, 2, 3]
    assert all(isinstance(each, Busy) and each.retry_after_ms for each in told[3:])
    assert (await node.log.append(write("c-4"), NOW)).seq == 4
    assert await node.numbers(place) == [1, 2, 3, 4]


async def test_joining_a_message_on_its_way_takes_no_place(
    start: Callable[..., Any], write: Write
) -> None:
    node = start(waiting_max=1)
    told = await asyncio.gather(*(node.log.append(write("c-1"), NOW) for _ in range(3)))
    assert {each.seq for each in told} == {1}


async def test_a_caller_that_leaves_takes_the_message_from_nobody(
    node: Any, write: Write, place: str
) -> None:
    callers = [asyncio.create_task(node.log.append(write("c-1"), NOW)) for _ in range(3)]
    await asyncio.sleep(0)
    callers[0].cancel()
    assert (await callers[1], await callers[2]) == (Stored(1, NOW, duplicate=True),) * 2
    assert (await node.log.append(write("c-1"), NOW)).duplicate
    assert await node.numbers(place) == [1]


async def test_a_message_whose_only_caller_left_is_still_stored(
    node: Any, write: Write, place: str
) -> None:
    caller = asyncio.create_task(node.log.append(write("c-1"), NOW))
    await asyncio.sleep(0)
    caller.cancel()
    await node.log.drain()
    assert await node.numbers(place) == [1]


async def test_draining_waits_for_everything_taken_in(node: Any, write: Write, place: str) -> None:
    callers = [asyncio.create_task(node.log.append(write(f"c-{n}"), NOW)) for n in range(30)]
    await asyncio.sleep(0)
    await node.log.drain()
    assert await node.numbers(place) == list(range(1, 31))
    assert [each.seq for each in await asyncio.gather(*callers)] == list(range(1, 31))
    await node.log.drain()


# --- when the store fails -----------------------------------------------------------------------


class Failing:
    """Inserts, but once says that it does not know: before storing, or after."""

    def __init__(self, insert: Any, *, after: bool) -> None:
        self._insert = insert
        self._after = after
        self._armed = True

    async def __call__(self, documents: Any, *, ordered: bool) -> Any:
        if not self._armed:
            return await self._insert(documents, ordered=ordered)
        self._armed = False
        if self._after:
            await self._insert(documents, ordered=ordered)
        raise Unavailable


@pytest.mark.parametrize("after", [True, False])
async def test_after_an_unknown_outcome_a_retry_settles_it_and_no_number_stays_open(
    node: Any, write: Write, place: str, after: bool
) -> None:
    await node.log.append(write("c-0"), NOW)
    node.messages.insert = Failing(node.messages.insert, after=after)
    drafts = [write(f"c-{n}") for n in range(1, 4)]
    told = await asyncio.gather(
        *(node.log.append(draft, NOW) for draft in drafts), return_exceptions=True
    )
    assert all(isinstance(each, Unavailable) for each in told)
    again = [await append(node, draft) for draft in drafts]
    assert [each.seq for each in again] == [2, 3, 4]
    assert all(each.duplicate is after for each in again)
    assert (await node.log.append(write("c-4"), NOW)).seq == 5
    assert await node.numbers(place) == [1, 2, 3, 4, 5]


async def test_who_waits_behind_a_failed_batch_is_told_at_once(node: Any, write: Write) -> None:
    insert, begun, end = node.messages.insert, asyncio.Event(), asyncio.Event()

    async def fails_late(_documents: Any, *, ordered: bool) -> Any:
        begun.set()
        await end.wait()
        raise Unavailable

    node.messages.insert = fails_late
    first = asyncio.create_task(node.log.append(write("c-1"), NOW))
    await begun.wait()
    second = asyncio.create_task(node.log.append(write("c-2"), NOW))
    await asyncio.sleep(0)
    end.set()
    for caller in (first, second):
        with pytest.raises(Unavailable):
            await caller
    node.messages.insert = insert
    assert (await node.log.append(write("c-2"), NOW)).seq == 1
