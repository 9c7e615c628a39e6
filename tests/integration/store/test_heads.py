"""Heads are exact: from memory, from a document, and after a crash that left both behind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import pytest_asyncio

from chatserver.domain.conversation import Conversation, Head
from chatserver.domain.message import Deed, Draft
from chatserver.errors import Unavailable
from chatserver.store import heads

NOW = 1_900_000_000_000

pytestmark = [pytest.mark.asyncio, pytest.mark.one_driver]
Start = Callable[..., Any]
Write = Callable[..., Draft]


@pytest_asyncio.fixture
async def begun(node: Any, place: str) -> str:
    """A conversation of mei and lin."""
    await node.cursors.join(place, ("lin", "mei"), NOW)
    await node.conversations.begin(
        Conversation(id=place, kind="direct", members=("lin", "mei"), created_at=NOW)
    )
    return place


async def say(node: Any, write: Write, sender: str, times: int) -> None:
    for n in range(times):
        await node.log.append(write(f"{sender}-{n}-{id(node)}", sender), NOW)


async def react(node: Any, conversation: str, seq: int, user: str) -> int:
    deed = Deed(type="react", seq=seq, by=user, at=NOW, reaction="👍", on=True)
    return (await node.changes.append(conversation, seq, lambda _: deed)).mod


async def kept(node: Any, conversation: str) -> Head:
    """The head on the document."""
    document = await node.database.collection("conversations").find_one({"_id": conversation})
    return Head(document["head"]["seq"], document["head"]["mod"])


async def head_of(node: Any, conversation: str) -> Head:
    found: Head = (await node.heads.of((conversation,)))[conversation]
    return found


async def test_of_an_empty_or_unknown_conversation_is_nothing(node: Any, begun: str) -> None:
    assert await node.heads.of((begun, "d-none")) == {begun: Head(0, 0), "d-none": Head(0, 0)}


async def test_after_a_crash_a_fresh_node_finds_the_true_head_and_mends_the_document(
    node: Any, start: Start, begun: str, write: Write
) -> None:
    await say(node, write, "mei", 3)
    await say(node, write, "lin", 2)
    await react(node, begun, 1, "lin")
    assert await kept(node, begun) == Head(0, 0)  # neither heads nor positions were written

    fresh = start()
    assert await head_of(fresh, begun) == Head(5, 1)
    cursors = await fresh.cursors.of([(begun, "mei"), (begun, "lin")])
    assert {user: cursor.read for (_, user), cursor in cursors.items()} == {"mei": 3, "lin": 5}

    await fresh.heads.flush()
    assert await kept(fresh, begun) == Head(5, 1)
    stored = await start().cursors.of([(begun, "mei"), (begun, "lin")])
    assert {user: cursor.read for (_, user), cursor in stored.items()} == {"mei": 3, "lin": 5}


async def test_a_document_half_way_behind_is_mended_from_there(
    node: Any, start: Start, begun: str, write: Write
) -> None:
    await say(node, write, "mei", 3)
    await node.heads.flush()
    await say(start(), write, "lin", 4)
    fresh = start()
    assert await head_of(fresh, begun) == Head(7, 0)
    assert (await fresh.cursors.of([(begun, "lin")]))[begun, "lin"].read == 7


async def test_a_crash_between_a_change_and_its_head_is_found_too(
    node: Any, start: Start, begun: str, write: Write
) -> None:
    await say(node, write, "mei", 1)
    await node.heads.flush()
    for user in ("mei", "lin", "eve"):
        await react(node, begun, 1, user)
    assert await head_of(start(), begun) == Head(1, 3)


async def test_what_another_node_appended_is_seen_though_memory_says_less(
    node: Any, start: Start, begun: str, write: Write
) -> None:
    other = start()
    await say(node, write, "mei", 2)
    assert await head_of(other, begun) == Head(2, 0)
    await say(other, write, "lin", 1)
    await react(other, begun, 3, "mei")
    assert node.heads.known(begun) == Head(2, 0)
    assert await head_of(node, begun) == Head(3, 1)
    assert node.heads.known(begun) == Head(3, 1)


async def test_a_flush_writes_senders_positions_before_the_head(
    node: Any, start: Start, begun: str, write: Write
) -> None:
    await say(node, write, "mei", 2)
    await node.heads.flush()
    assert await kept(node, begun) == Head(2, 0)
    assert (await start().cursors.of([(begun, "mei")]))[begun, "mei"].read == 2


async def test_a_document_never_goes_back(
    node: Any, start: Start, begun: str, write: Write
) -> None:
    other = start()
    await say(node, write, "mei", 2)
    await say(other, write, "lin", 2)
    await other.heads.flush()
    await node.heads.flush()  # knows less
    assert await kept(node, begun) == Head(4, 0)


async def test_a_flush_waits_for_the_one_under_way(
    node: Any, begun: str, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    await say(node, write, "mei", 2)
    begins, goes_on, flush = asyncio.Event(), asyncio.Event(), node.cursors.flush

    async def slowly() -> None:
        begins.set()
        await goes_on.wait()
        await flush()

    monkeypatch.setattr(node.cursors, "flush", slowly)
    under_way = asyncio.create_task(node.heads.flush())
    await begins.wait()
    last = asyncio.create_task(node.heads.flush())
    await asyncio.sleep(0)
    goes_on.set()
    await last
    assert await kept(node, begun) == Head(2, 0)
    await under_way


async def test_flushing_nothing_is_harmless(node: Any) -> None:
    await node.heads.flush()


async def test_a_forgotten_head_is_found_again(node: Any, begun: str, write: Write) -> None:
    await say(node, write, "mei", 2)
    node.heads.forget(begun)
    assert node.heads.known(begun) is None
    assert await head_of(node, begun) == Head(2, 0)


async def test_a_head_forgotten_while_it_is_looked_for_is_exact_all_the_same(
    node: Any, start: Start, begun: str, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await head_of(node, begun) == Head(0, 0)
    other = start()
    await say(other, write, "mei", 3)
    last = node.changes.last

    async def forgetting(conversation: str) -> int:
        node.heads.forget(conversation)  # as a message that lost its number does
        return int(await last(conversation))

    monkeypatch.setattr(node.changes, "last", forgetting)
    assert await head_of(node, begun) == Head(3, 0)


async def test_a_change_tells_nothing_about_messages_that_were_never_looked_at(
    node: Any, start: Start, begun: str, write: Write
) -> None:
    """Else the next look would read the whole conversation from its beginning."""
    await say(node, write, "mei", 3)
    await node.heads.flush()
    fresh = start()
    fresh.heads.changed(begun, await react(fresh, begun, 2, "lin"))
    assert fresh.heads.known(begun) is None
    await fresh.heads.flush()
    assert await kept(fresh, begun) == Head(3, 1)
    looked_above: list[int] = []
    senders_above = fresh.messages.senders_above

    async def noted(conversation: str, seq: int) -> Any:
        looked_above.append(seq)
        return await senders_above(conversation, seq)

    fresh.messages.senders_above = noted
    assert await head_of(fresh, begun) == Head(3, 1)
    assert 0 not in looked_above


async def test_many_callers_at_once_all_get_the_same_exact_head(
    node: Any, start: Start, begun: str, write: Write
) -> None:
    await say(node, write, "mei", 3)
    fresh = start()
    found = await asyncio.gather(*(fresh.heads.of((begun,)) for _ in range(20)))
    assert found == [{begun: Head(3, 0)}] * 20


async def test_a_node_remembers_a_bounded_number_of_heads(
    node: Any, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heads, "REMEMBERED", 3)
    ids = [f"{place}-{n}" for n in range(5)]
    assert await node.heads.of(ids) == dict.fromkeys(ids, Head(0, 0))
    assert [id_ for id_ in ids if node.heads.known(id_) is not None] == ids[2:]


async def test_a_head_below_what_was_heard_of_is_no_answer(
    node: Any, begun: str, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So a new primary answers that has not confirmed anything of its own yet."""
    await say(node, write, "mei", 2)
    node.heads.heard(begun, 2)
    node.heads.heard(begun, 1)
    assert (await head_of(node, begun)).seq == 2
    node.heads.heard(begun, 3)
    with pytest.raises(Unavailable):
        await head_of(node, begun)
    await say(node, write, "lin", 1)
    assert (await head_of(node, begun)).seq == 3
    monkeypatch.setattr(heads, "HEARD_S", 0.0)
    node.heads.heard(begun, 9)  # of a database that was set back
    assert (await head_of(node, begun)).seq == 3


async def test_what_is_heard_of_while_a_head_is_read_spoils_it_not(
    node: Any, begun: str, write: Write
) -> None:
    await say(node, write, "mei", 1)
    reading = asyncio.create_task(head_of(node, begun))
    await asyncio.sleep(0)
    await asyncio.sleep(0)  # the question is on its way
    node.heads.heard(begun, 2)
    assert (await reading).seq == 1
