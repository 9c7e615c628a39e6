"""A device that comes back is told what moved, and nothing else."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from chatserver.clock import now_ms
from chatserver.domain import wire
from chatserver.errors import Invalid
from chatserver.services import sync as service

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def lin(node: Any) -> Any:
    return await node.arrive("lin", role="consultant")


async def customer(node: Any, user: str, messages: int = 0) -> tuple[Any, str]:
    """Somebody who talks with lin, and the conversation."""
    device = await node.arrive(user)
    talk = await device.open("lin")
    for n in range(messages):
        await device.say(talk, f"text {n + 1}")
    return device, talk


async def sync(device: Any, have: Any = None, token: str | None = None, later_ms: int = 0) -> Any:
    """The answer, as if asked `later_ms` from now."""
    payload = {"have": have or {}, **({"token": token} if token else {})}
    call = wire.parse_call("sync", payload)
    answer = await device.node.services.sync.sync(device.caller, call, now_ms() + later_ms)
    return msgspec.json.decode(msgspec.json.encode(answer))


def seqs(told: Any) -> list[int]:
    return [message["seq"] for message in told["messages"]]


def mods(told: Any) -> list[int]:
    return [change["mod"] for change in told["changes"]]


AFTER = 10 * service.CLOCKS_DIFFER_MS  # what was written before is surely older than the token


async def test_a_fresh_device_gets_everything_the_latest_first(node: Any, lin: Any) -> None:
    mei, with_mei = await customer(node, "mei", 2)
    _bob, with_bob = await customer(node, "bob", 1)
    await mei.say(with_mei, "text 3", mentions=["lin"])
    answer = await sync(lin)
    assert [told["id"] for told in answer["conversations"]] == [with_mei, with_bob]
    assert (answer["more"], answer["badge"]) == (False, {"unread": 4, "mentions": 1})
    first = answer["conversations"][0]
    assert (first["head"], first["unread"], first["mentions"]) == ({"seq": 3, "mod": 0}, 3, 1)
    assert [message["body"]["text"] for message in first["messages"]] == [
        "text 1",
        "text 2",
        "text 3",
    ]
    assert (first["more"], first["reset"], first["last"]) == (False, False, first["messages"][-1])


async def test_a_person_nobody_wrote_to_gets_nothing(lin: Any) -> None:
    answer = await sync(lin)
    assert (answer["conversations"], answer["more"]) == ([], False)
    assert answer["badge"] == {"unread": 0, "mentions": 0}


async def test_only_what_moved_is_told(node: Any, lin: Any) -> None:
    mei, with_mei = await customer(node, "mei", 2)
    _bob, with_bob = await customer(node, "bob", 2)
    token = (await sync(lin, later_ms=AFTER))["token"]
    have = {with_mei: [2, 0], with_bob: [2, 0]}
    assert (await sync(lin, have, token, AFTER))["conversations"] == []
    await mei.say(with_mei)
    await mei.call("message.edit", {"conversation": with_mei, "seq": 1, "body": {"text": "new"}})
    (told,) = (await sync(lin, have, token, AFTER))["conversations"]
    assert (told["id"], seqs(told), mods(told)) == (with_mei, [3], [1])


async def test_without_a_token_what_was_read_lately_is_told_though_nothing_is_missing(
    node: Any, lin: Any
) -> None:
    _mei, with_mei = await customer(node, "mei", 2)
    (told,) = (await sync(lin, {with_mei: [2, 0]}))["conversations"]
    assert (seqs(told), mods(told), told["unread"]) == ([], [], 2)


async def test_a_read_position_moved_elsewhere_is_told(
    start_node: Any, node: Any, lin: Any
) -> None:
    _mei, with_mei = await customer(node, "mei", 3)
    token = (await sync(lin))["token"]
    tablet = await (await start_node()).arrive("lin", "tablet")
    await tablet.call("read.mark", {"conversation": with_mei, "seq": 2})
    (told,) = (await sync(lin, {with_mei: [3, 0]}, token))["conversations"]
    assert (told["read"], told["unread"], seqs(told)) == (2, 1, [])


async def test_settings_changed_elsewhere_are_told(node: Any, lin: Any) -> None:
    _mei, with_mei = await customer(node, "mei", 1)
    token = (await sync(lin))["token"]
    await lin.call("conversation.prefs", {"conversation": with_mei, "archived": True})
    (told,) = (await sync(lin, {with_mei: [1, 0]}, token))["conversations"]
    assert told["my"]["archived"] is True


async def test_page_by_page_every_conversation_is_told_once(
    node: Any, lin: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "CONVERSATIONS_PER_PAGE", 3)
    talks = [(await customer(node, f"user{n}", 1))[1] for n in range(8)]
    answer = await sync(lin, later_ms=AFTER)
    pages = [answer]
    while answer["more"]:
        answer = await sync(lin, token=answer["token"], later_ms=2 * AFTER)
        pages.append(answer)
    met = [told["id"] for page in pages for told in page["conversations"]]
    assert [len(page["conversations"]) for page in pages] == [3, 3, 2]
    assert sorted(met) == sorted(talks)
    # the last token counts from the beginning of the first page
    _late, _talk = await customer(node, "late", 1)
    have = {told["id"]: [1, 0] for page in pages for told in page["conversations"]}
    assert len((await sync(lin, have, answer["token"], AFTER))["conversations"]) == 1
    assert int(answer["token"].split("/")[1]) < now_ms() + 2 * AFTER - 1000


async def test_what_moves_while_pages_are_fetched_is_told_by_the_next_sync(
    node: Any, lin: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "CONVERSATIONS_PER_PAGE", 1)
    people = [await customer(node, f"user{n}", 1) for n in range(3)]
    have: dict[str, list[int]] = {}

    async def all_pages(token: str | None) -> str:
        more = True
        while more:
            answer = await sync(lin, have, token)
            for told in answer["conversations"]:
                have[told["id"]] = [told["head"]["seq"], told["head"]["mod"]]
            token, more = answer["token"], answer["more"]
            if not spoken:
                spoken.append(await people[0][0].say(people[0][1]))  # to the top of the list
        return str(token)

    spoken: list[int] = []
    token = await all_pages(None)
    await all_pages(token)
    assert {talk: have[talk][0] for _, talk in people} == {
        people[0][1]: 2,
        people[1][1]: 1,
        people[2][1]: 1,
    }


async def test_more_than_a_page_is_missing(start_node: Any) -> None:
    node = await start_node(page_default=3)
    lin = await node.arrive("lin")
    mei, talk = await customer(node, "mei", 7)
    for seq in (1, 2, 3, 4):
        await mei.call("message.react", {"conversation": talk, "seq": seq, "reaction": "x"})
    have, got, done = [1, 0], [], []
    more = True
    while more:
        (told,) = (await sync(lin, {talk: have}))["conversations"]
        got, done = got + seqs(told), done + mods(told)
        have = [have[0] + len(seqs(told)), have[1] + len(mods(told))]
        more = told["more"]
    assert (got, done) == (list(range(2, 8)), [1, 2, 3, 4])
    (fresh,) = (await sync(lin))["conversations"]
    assert (seqs(fresh), mods(fresh), fresh["more"]) == ([5, 6, 7], [], True)
    assert fresh["messages"][0]["seq"] == 5


async def test_away_too_long_it_starts_afresh(start_node: Any) -> None:
    node = await start_node(page_default=3, reset_after_messages=5)
    lin = await node.arrive("lin")
    _mei, talk = await customer(node, "mei", 7)
    (told,) = (await sync(lin, {talk: [1, 0]}))["conversations"]
    assert (told["reset"], seqs(told)) == (True, [5, 6, 7])
    (told,) = (await sync(lin, {talk: [2, 0]}))["conversations"]
    assert (told["reset"], seqs(told), told["more"]) == (False, [3, 4, 5], True)
    (told,) = (await sync(lin, {talk: [8, 0]}))["conversations"]
    assert (told["reset"], seqs(told)) == (True, [5, 6, 7])


async def test_a_page_ends_where_its_messages_are_enough(
    node: Any, lin: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MESSAGES_PER_PAGE", 3)
    for n in range(3):
        await customer(node, f"user{n}", 2)
    answer, pages = await sync(lin), []
    while answer["more"]:
        pages.append(answer["conversations"])
        answer = await sync(lin, token=answer["token"])
    pages.append(answer["conversations"])
    assert [[seqs(each) for each in page] for page in pages] == [[[1, 2]]] * 3
    assert len({page[0]["id"] for page in pages}) == 3


async def test_what_a_device_has_or_is_handed_was_delivered(start_node: Any) -> None:
    node = await start_node(page_default=1)
    lin = await node.arrive("lin")
    lin.leave()
    mei, talk = await customer(node, "mei", 4)
    assert mei.told("delivered") == []
    for have in ([0, 0], [0, 0], [2, 0], [1, 0], [99, 0], [4, 0]):
        await sync(lin, {talk: have})
    assert [event["seq"] for event in mei.told("delivered")] == [1, 3, 4]
    assert all(event["user"] == "lin" for event in mei.told("delivered"))


async def test_messages_are_sent_as_they_stand_now(node: Any, lin: Any) -> None:
    mei, talk = await customer(node, "mei", 2)
    await mei.call("message.recall", {"conversation": talk, "seq": 1})
    (told,) = (await sync(lin))["conversations"]
    assert told["messages"][0]["recalled"] is True
    assert told["messages"][0]["body"] == {}
    assert (told["unread"], mods(told)) == (1, [])


async def test_a_token_that_is_none_is_refused(lin: Any) -> None:
    with pytest.raises(Invalid) as refusal:
        await sync(lin, token="$where")
    assert refusal.value.path == "token"


async def test_of_many_syncs_only_so_many_are_under_way_and_all_are_answered(
    node: Any, lin: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await customer(node, "mei", 1)
    views = node.services.sync._views
    under_way: list[int] = []
    find, running = views.all_of, 0

    async def watched(user: str) -> Any:
        nonlocal running
        running += 1
        under_way.append(running)
        try:
            return await find(user)
        finally:
            running -= 1

    monkeypatch.setattr(views, "all_of", watched)
    answers = await asyncio.gather(*(sync(lin) for _ in range(3 * service.AT_ONCE)))
    assert max(under_way) == service.AT_ONCE
    assert all(answer["badge"]["unread"] == 1 for answer in answers)
