"""The second log: numbers without holes, and entry and outcome together or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import pytest_asyncio

from chatserver.domain.message import Deed, Draft, Message, apply
from chatserver.errors import Forbidden, NotFound
from chatserver.store.changes import Applied

NOW = 1_900_000_000_000

pytestmark = pytest.mark.asyncio
Start = Callable[..., Any]


@pytest_asyncio.fixture(autouse=True)
async def _said(node: Any, write: Callable[..., Draft]) -> None:
    for n in range(3):
        await node.log.append(write(f"c-{n}"), NOW)


def react(seq: int, user: str, reaction: str = "👍", on: bool = True) -> Deed:
    return Deed(type="react", seq=seq, by=user, at=NOW, reaction=reaction, on=on)


async def change(node: Any, place: str, deed: Deed) -> Applied:
    applied: Applied = await node.changes.append(place, deed.seq, lambda _: deed)
    return applied


async def everything(node: Any, place: str) -> list[Any]:
    return list((await node.changes.ranges({place: (1, 2**40)})).get(place, ()))


async def test_a_change_is_stored_with_what_it_made_of_the_message(node: Any, place: str) -> None:
    before = (await node.messages.by_id([(place, 2)]))[place, 2]
    edit = Deed(type="edit", seq=2, by="mei", at=NOW + 5, body={"text": "new"})
    applied = await change(node, place, edit)
    assert applied == Applied(1, edit.numbered(place, 1))
    assert await everything(node, place) == [applied.change]
    after = (await node.messages.by_id([(place, 2)]))[place, 2]
    assert after == apply(before, applied.change)


async def test_changes_at_once_get_numbers_without_holes_and_none_is_lost(
    node: Any, start: Start, place: str
) -> None:
    nodes, people = [node, start()], [f"p{n}" for n in range(8)]
    told = await asyncio.gather(
        *(change(nodes[n % 2], place, react(1 + n % 3, user)) for n, user in enumerate(people))
    )
    assert sorted(each.mod for each in told) == list(range(1, 9))
    assert [each.mod for each in await everything(node, place)] == list(range(1, 9))
    found = await node.messages.by_id([(place, seq) for seq in (1, 2, 3)])
    assert sorted(user for m in found.values() for user in m.reactions["👍"]) == people


async def test_replaying_the_log_gives_the_stored_messages(node: Any, place: str) -> None:
    replayed: dict[int, Message] = {
        m.seq: m for m in (await node.messages.ranges({place: (1, 3)}))[place]
    }
    deeds = [
        react(1, "lin"), react(1, "eve", "$.a"), react(1, "lin", on=False), react(2, "mei"),
        Deed(type="edit", seq=2, by="mei", at=NOW + 1, body={"text": "new"}),
        Deed(type="recall", seq=3, by="mei", at=NOW + 2),
    ]  # fmt: skip
    for deed in deeds:
        await change(node, place, deed)
    for entry in await everything(node, place):
        replayed[entry.seq] = apply(replayed[entry.seq], entry)
    stored = (await node.messages.ranges({place: (1, 3)}))[place]
    assert stored == tuple(replayed[seq] for seq in (1, 2, 3))


async def test_what_refuses_leaves_nothing_behind(node: Any, place: str) -> None:
    before = await node.messages.ranges({place: (1, 3)})

    def refuse(_message: Message) -> Deed:
        raise Forbidden

    with pytest.raises(Forbidden):
        await node.changes.append(place, 1, refuse)
    assert await everything(node, place) == []
    assert await node.messages.ranges({place: (1, 3)}) == before
    assert (await change(node, place, react(1, "lin"))).mod == 1


async def test_a_failure_after_the_entry_takes_the_entry_back(node: Any, place: str) -> None:
    replace = node.messages.replace

    async def fails(_message: Message, _session: Any) -> None:
        raise RuntimeError

    node.messages.replace = fails
    with pytest.raises(RuntimeError):
        await change(node, place, react(1, "lin"))
    assert await everything(node, place) == []
    node.messages.replace = replace
    assert (await change(node, place, react(1, "lin"))).mod == 1


async def test_a_caller_that_leaves_in_the_middle_leaves_nothing_half_done(
    node: Any, place: str
) -> None:
    begun = asyncio.Event()

    async def never_ends(_message: Message, _session: Any) -> None:
        begun.set()
        await asyncio.Event().wait()

    replace, node.messages.replace = node.messages.replace, never_ends
    caller = asyncio.create_task(change(node, place, react(1, "lin")))
    await begun.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    node.messages.replace = replace
    assert await everything(node, place) == []
    assert (await change(node, place, react(1, "lin"))).mod == 1


async def test_where_nothing_is_to_change_no_number_is_used(node: Any, place: str) -> None:
    assert await node.changes.append(place, 1, lambda _: None) == Applied(0, None)
    await change(node, place, react(1, "lin"))
    assert await node.changes.append(place, 1, lambda _: None) == Applied(1, None)
    assert await node.changes.append(place, 2, lambda _: None) == Applied(0, None)


async def test_there_is_nothing_to_change_where_there_is_no_message(node: Any, place: str) -> None:
    for where, seq in ((place, 4), (f"{place}-b", 1)):
        with pytest.raises(NotFound):
            await node.changes.append(where, seq, lambda _: react(1, "lin"))


async def test_the_decision_sees_the_message_as_it_is(node: Any, start: Start, place: str) -> None:
    await change(start(), place, react(1, "lin"))
    seen: list[Message] = []
    await node.changes.append(place, 1, seen.append)
    assert seen[-1].reactions == {"👍": ("lin",)}


async def test_the_last_number_and_ranges(node: Any, place: str) -> None:
    assert await node.changes.last(place) == 0
    for n in range(12):
        await change(node, place, react(1, f"p{n}"))
    assert await node.changes.last(place) == 12
    found = await node.changes.ranges({place: (9, 11), "d-none": (1, 3), f"{place}-b": (3, 2)})
    assert {where: [c.mod for c in page] for where, page in found.items()} == {place: [9, 10, 11]}
    assert await node.changes.existing([(place, 12), (place, 13), ("d-none", 1)]) == {place}
