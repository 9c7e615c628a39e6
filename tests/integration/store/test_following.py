"""Following the log over both drivers: what happens is told once, from wherever one stood."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable

import pytest
from pymongo.errors import OperationFailure

from chatserver.domain.message import Deed, Draft
from chatserver.errors import Unavailable
from chatserver.store.following import MESSAGES, Followers, Moved, Position, PositionLost, Stream
from tests.integration.store.conftest import NOW, Node

pytestmark = pytest.mark.asyncio

PATIENCE_S = 60.0


async def next_of(stream: Stream[Moved], place: str) -> tuple[Moved, Position]:
    """What happens next in this test's conversation; other tests have the same log."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            found = await stream.next()
            if found is not None and found[0].place[0] == place:
                return found


async def test_what_happens_to_messages_is_told_from_a_position_on(
    node: Node, place: str, write: Callable[..., Draft]
) -> None:
    followers = Followers(node.database)
    async with followers.stream(MESSAGES, None) as stream:
        assert await stream.next() is None or stream.position
        await node.log.append(write("a"), NOW)
        first, position = await next_of(stream, place)
        assert (first.place, first.is_new) == ((place, 1), True)
        assert first.at_ms > NOW - 10**12
    body = {"text": "other"}
    await node.changes.append(
        place, 1, lambda m: Deed(type="edit", seq=1, by=m.sender, at=NOW, body=body)
    )
    await node.log.append(write("b"), NOW)
    for _ in range(2):  # as often as one resumes there
        async with followers.stream(MESSAGES, position) as stream:
            edited, _ = await next_of(stream, place)
            second, _ = await next_of(stream, place)
        assert (edited.place, edited.is_new) == ((place, 1), False)
        assert "body" in edited.fields
        assert second.place == (place, 2)


async def test_a_reaction_leaves_the_body_out_of_what_moved(
    node: Node, place: str, write: Callable[..., Draft]
) -> None:
    async with Followers(node.database).stream(MESSAGES, None) as stream:
        await stream.next()
        await node.log.append(write("a"), NOW)
        await next_of(stream, place)
        await node.changes.append(
            place, 1,
            lambda _: Deed(type="react", seq=1, by="mei", at=NOW, reaction="👍", on=True),
        )  # fmt: skip
        reacted, _ = await next_of(stream, place)
        assert "reactions" in reacted.fields
        assert reacted.fields.isdisjoint({"body", "recalled"})


async def test_a_position_of_no_log_is_lost(node: Node) -> None:
    with pytest.raises(PositionLost):
        async with Followers(node.database).stream(MESSAGES, {"_data": "nonsense"}) as stream:
            await stream.next()


@pytest.mark.parametrize(("code", "meaning"), [(286, PositionLost), (13, Unavailable)])
async def test_what_the_oplog_has_no_more_is_lost_and_nothing_else(
    node: Node, monkeypatch: pytest.MonkeyPatch, code: int, meaning: type[Exception]
) -> None:
    async def refuses(*_: object, **__: object) -> None:
        raise OperationFailure("refused", code)

    monkeypatch.setattr(node.database, "watch", refuses)
    with pytest.raises(meaning):
        async with Followers(node.database).stream(MESSAGES, None):
            pass


async def test_a_post_is_one_holders_until_it_leaves_or_the_lease_ends(node: Node) -> None:
    followers, name = Followers(node.database), secrets.token_hex(4)
    assert await followers.look(name) is None
    taken = await asyncio.gather(*(followers.take(name, f"h{n}", 60_000) for n in range(5)))
    (holder,) = [post.holder for post in taken if post is not None]
    assert await followers.take(name, "other", 60_000) is None
    again = await followers.take(name, holder, 60_000)
    assert again is not None
    assert again.is_held
    assert await followers.advance(name, holder, {"_data": "x"}, 5)
    assert not await followers.advance(name, "other", {"_data": "y"}, 6)
    await followers.leave(name, "other")
    assert await followers.take(name, "other", 60_000) is None
    await followers.leave(name, holder)
    taken_over = await followers.take(name, "other", 1)
    assert taken_over is not None
    assert (taken_over.position, taken_over.at_ms) == ({"_data": "x"}, 5)
    await asyncio.sleep(0.01)  # more than the millisecond that it was taken for
    assert await followers.take(name, "third", 60_000) is not None
