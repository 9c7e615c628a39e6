"""Stored messages: ranges, what counts as unread, and texts that are only texts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pymongo import MongoClient

from chatserver.domain.conversation import Unread
from chatserver.domain.message import Deed, Draft
from chatserver.errors import Unavailable

NOW = 1_900_000_000_000
STRANGE = [
    "$set",
    "a.b",
    "$a.$b",
    "\x00",
    "a\x00b",
    "__proto__",
    "👩‍👩‍👧",
    "𝒳",
    "\u202e",
    "{}",
    "'",
]

pytestmark = pytest.mark.asyncio
Write = Callable[..., Draft]


async def say(node: Any, draft: Draft) -> int:
    seq: int = (await node.log.append(draft, NOW)).seq
    return seq


async def do(node: Any, place: str, seq: int, type_: str, by: str = "mei", **fields: Any) -> None:
    deed = Deed(type=type_, seq=seq, by=by, at=NOW + 1, **fields)  # type: ignore[arg-type]
    await node.changes.append(place, seq, lambda _: deed)


async def test_a_message_comes_back_as_it_was_sent(node: Any, write: Write, place: str) -> None:
    await say(node, write("c-1"))
    draft = write("c-2", text="宝宝", reply_to=1, mentions=("lin",))
    await say(node, draft)
    found = await node.messages.by_id([(place, 2), (place, 3)])
    assert found == {(place, 2): draft.numbered(2, NOW)}


async def test_ranges_of_many_conversations_come_in_one_query_each_ascending(
    node: Any, write: Write, place: str
) -> None:
    other = f"{place}-b"
    for n in range(12):
        await say(node, write(f"c-{n}"))
        await say(node, write(f"c-{n}", conversation=other))
    found = await node.messages.ranges({place: (9, 11), other: (1, 2), "d-none": (1, 5)})
    assert {where: [m.seq for m in page] for where, page in found.items()} == {
        place: [9, 10, 11],
        other: [1, 2],
    }
    assert await node.messages.ranges({place: (5, 4)}) == {}
    assert await node.messages.ranges({}) == {}
    assert len((await node.messages.ranges({place: (0, 2**53)}))[place]) == 12


async def test_a_conversation_whose_id_begins_like_another_is_another(
    node: Any, write: Write, place: str
) -> None:
    await say(node, write("c-1", conversation=f"{place}x"))
    assert await node.messages.ranges({place: (1, 10)}) == {}
    assert await node.messages.senders_above(place, 0) == []


@pytest.mark.parametrize("text", STRANGE)
async def test_texts_ids_and_people_are_only_text(
    node: Any, write: Write, place: str, text: str
) -> None:
    draft = write(f"c-{text}", f"mei{text}", text, mentions=(text,))
    await say(node, draft)
    await do(node, place, 1, "react", by=text, reaction=text, on=True)
    message = (await node.messages.by_id([(place, 1)]))[place, 1]
    assert (message.body, message.sender, message.mentions) == (
        {"text": text},
        f"mei{text}",
        (text,),
    )
    assert message.reactions == {text: (text,)}
    assert (await node.log.append(draft, NOW)).seq == 1
    assert (await node.messages.unread(text, {place: (1, 1)}))[place].mentions == 1


async def test_unread_is_what_lies_in_the_range_but_recalled_ones(
    node: Any, write: Write, place: str
) -> None:
    other = f"{place}-b"
    for n in range(6):
        await say(node, write(f"c-{n}", mentions=("lin",) if n % 2 else ()))  # 2, 4, 6
    await say(node, write("c-1", conversation=other, mentions=("eve",)))
    everything = {place: (1, 6), other: (1, 1), "d-read": (4, 3)}
    assert await node.messages.unread("lin", everything) == {
        place: Unread(6, 3),
        other: Unread(1, 0),
    }
    for seq in (1, 4):
        await do(node, place, seq, "recall")
    assert (await node.messages.unread("lin", everything))[place] == Unread(4, 2)
    assert (await node.messages.unread("lin", {place: (4, 6)}))[place] == Unread(2, 1)
    assert (await node.messages.unread("lin", {place: (4, 4)}))[place] == Unread(0, 0)
    assert await node.messages.unread("lin", {}) == {}


async def test_what_is_unread_is_counted_without_a_look_at_the_rest(
    node: Any, place: str, mongo_url: str, prepared_name: str
) -> None:
    conversations, length, unread = [f"{place}-{number}" for number in range(60)], 50, 2
    texts = [
        {"_id": {"c": c, "s": seq}, "sender": "mei", "client_id": f"{seq}", "mentions": ["lin"]}
        for c in conversations
        for seq in range(1, length + 1)
    ]
    with MongoClient[dict[str, Any]](mongo_url) as client:
        database = client[prepared_name]
        database.messages.insert_many(texts)
        database.command("profile", 2)
        try:
            ranges = dict.fromkeys(conversations, (length - unread + 1, length))
            assert set((await node.messages.unread("lin", ranges)).values()) == {Unread(2, 2)}
        finally:
            database.command("profile", 0)
        counted = {"ns": f"{prepared_name}.messages", "command.aggregate": "messages"}
        looked = list(database.system.profile.find(counted))
        database.system.profile.drop()
    assert sum(each["keysExamined"] for each in looked) < 4 * unread * len(conversations)


async def test_an_edit_keeps_who_is_mentioned(node: Any, write: Write, place: str) -> None:
    await say(node, write("c-1", mentions=("lin",)))
    await do(node, place, 1, "edit", body={"text": "new"})
    message = (await node.messages.by_id([(place, 1)]))[place, 1]
    assert (message.body, message.edits, message.mentions) == ({"text": "new"}, 1, ("lin",))
    assert (await node.messages.unread("lin", {place: (1, 1)}))[place] == Unread(1, 1)


async def test_an_empty_set_of_questions_asks_nothing(node: Any) -> None:
    assert await node.messages.by_id([]) == {}
    assert await node.messages.originals([]) == {}
    assert await node.messages.existing([]) == set()


async def test_of_numbers_that_are_known_to_exist_none_is_left_out(
    node: Any, write: Write, place: str
) -> None:
    for n in range(3):
        await say(node, write(f"c-{n}"))
    found = await node.messages.complete({place: (2, 3), "d-none": (1, 0)})
    assert [each.seq for each in found[place]] == [2, 3]
    with pytest.raises(Unavailable):
        await node.messages.complete({place: (2, 4)})
    await do(node, place, 1, "react", reaction="👍", on=True)
    assert len((await node.changes.complete({place: (1, 1)}))[place]) == 1
    with pytest.raises(Unavailable):
        await node.changes.complete({place: (1, 2)})
