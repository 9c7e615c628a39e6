"""Searching messages: found is what history shows, and nothing else."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import pytest_asyncio

from chatserver.errors import Invalid, NotFound, RateLimited
from tests.integration.services.conftest import StartNode
from tests.integration.services.desk import make_shop
from tests.integration.services.rooms import People, act, begin, texts
from tests.integration.services.searching import hits, indexed, names, said, work

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def talking(people: People) -> People:
    """The people, with a worker beside them."""
    work(people.nodes[0])
    return people


async def test_words_are_found_in_all_conversations_the_latest_first(talking: People) -> None:
    lin, mei, eve = talking.lin, talking.mei, talking.eve
    direct, room = await mei.open("lin"), await begin(lin, "mei", "fang")
    for place, text in ((direct, "羊绒大衣有吗"), (room, "大衣到了"), (direct, "ＸＬ码，謝謝👍")):
        await mei.say(place, text)
    await indexed(mei.node)
    assert await said(lin, "大衣") == ["大衣到了", "羊绒大衣有吗"]
    assert await said(lin, "大衣", conversation=direct) == ["羊绒大衣有吗"]
    for query in ("衣", "羊绒大衣"):
        assert "羊绒大衣有吗" in await said(mei, query)
    for query in ("xl", "谢谢", "謝", "👍", "x码"):
        assert await said(lin, query) == (["ＸＬ码，謝謝👍"] if query != "x码" else [])
    assert await said(talking.fang, "大衣") == ["大衣到了"]
    (hit,) = await hits(lin, "大衣 羊绒")
    assert hit["highlights"] == [[0, 4]]
    assert (hit["message"]["conversation"], hit["message"]["seq"]) == (direct, 1)
    assert await said(eve, "大衣") == []
    for place in (direct, room):
        with pytest.raises(NotFound):
            await hits(eve, "大衣", conversation=place)


async def test_every_word_of_the_longest_messages_is_found(talking: People) -> None:
    lin, mei = talking.lin, talking.mei
    talk = await mei.open("lin")
    long = "".join(chr(0x4E00 + n) for n in range(2600))
    for n in range(3):
        await mei.say(talk, f"{n}{long}尾巴")
    await indexed(mei.node)
    assert len(await said(lin, "尾巴")) == len(await said(lin, long[1000:1090])) == 3


async def test_an_edit_and_a_recall_are_followed_at_once(talking: People) -> None:
    lin, mei = talking.lin, talking.mei
    talk = await mei.open("lin")
    kept, gone = await mei.say(talk, "红色大衣"), await mei.say(talk, "蓝色大衣")
    await indexed(mei.node)
    changed = {"conversation": talk, "seq": kept, "body": {"text": "红色毛衣"}}
    await mei.call("message.edit", changed)
    await mei.call("message.recall", {"conversation": talk, "seq": gone})
    assert await said(lin, "大衣") == [], "also before the index knows"
    await indexed(mei.node)
    assert await said(lin, "毛衣") == ["红色毛衣"]
    found = mei.node.kept.database.collection("search_a")
    assert (await found.find_one({"_id.s": gone}))["t"] == [], "no word of it is kept"


async def test_what_somebody_deleted_for_themselves_only_others_find(talking: People) -> None:
    lin, mei = talking.lin, talking.mei
    talk = await mei.open("lin")
    seqs = [await mei.say(talk, f"大衣{n}") for n in range(4)]
    await indexed(mei.node)
    await lin.call("message.delete", {"conversation": talk, "up_to": seqs[1]})
    await lin.call("message.delete", {"conversation": talk, "seq": seqs[3]})
    assert await said(lin, "大衣") == ["大衣2"]
    assert len(await said(mei, "大衣")) == 4


async def test_who_came_late_or_went_finds_what_history_shows(talking: People) -> None:
    lin, mei, fang = talking.lin, talking.mei, talking.fang
    room = await begin(lin, "mei", history="joined")
    early = await lin.say(room, "大衣 before")
    await act(lin, "add", room, users=["fang"])
    middle = await lin.say(room, "大衣 between")
    await indexed(lin.node)
    await act(lin, "remove", room, user="mei")
    late = await lin.say(room, "大衣 after")
    changed = {"conversation": room, "seq": middle, "body": {"text": "大衣 changed"}}
    await lin.call("message.edit", changed)
    await indexed(lin.node)
    assert [early, middle, late] == sorted({early, middle, late})
    assert await said(fang, "大衣") == ["大衣 after", "大衣 changed"]
    assert await said(mei, "大衣") == ["大衣 before"], "not what was made of it afterwards"
    await act(lin, "ban", room, user="fang")
    assert await said(fang, "大衣", conversation=room) == ["大衣 after", "大衣 changed"]


async def test_sender_kind_and_times_narrow_it_down_also_without_words(talking: People) -> None:
    lin, mei = talking.lin, talking.mei
    talk = await mei.open("lin")
    await mei.say(talk, "大衣一")
    await lin.say(talk, "大衣二")
    await mei.say(talk, "围巾")
    await indexed(lin.node)
    assert await said(lin, sender="mei") == ["围巾", "大衣一"]
    assert await said(lin, "大衣", sender="mei") == ["大衣一"]
    assert await said(lin, kinds=["text"], conversation=talk) == ["围巾", "大衣二", "大衣一"]
    assert await said(lin, kinds=["image", "video"], conversation=talk) == []
    first, second = [hit["message"]["at"] for hit in reversed(await hits(lin, "大衣"))]
    assert await said(lin, "大衣", before=first) == await said(lin, "大衣", after=second + 1) == []
    assert len(await said(lin, "大衣", after=first, before=second + 1)) == 2
    with pytest.raises(Invalid):
        await hits(lin, conversation=talk)


async def test_pages_stay_as_they_are_while_messages_arrive(talking: People) -> None:
    lin, mei = talking.lin, talking.mei
    talk, room = await mei.open("lin"), await begin(lin, "mei")
    before = [f"大衣{n}" for n in range(9)]
    for n, text in enumerate(before):
        await mei.say((talk, room)[n % 2], text)
    await indexed(mei.node)
    found: list[str] = []
    cursor = None
    for n in range(10):
        page = await lin.call("search.messages", {"query": "大衣", "limit": 2, "cursor": cursor})
        found += [hit["text"] for hit in page["hits"]]
        await mei.say(talk, f"大衣 new {n}")
        await indexed(mei.node)
        cursor = page["cursor"]
        if cursor is None:
            break
    assert found == before[::-1]


async def test_messages_of_one_moment_are_on_one_page_each(
    talking: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatserver.services.search.LOOKED_AT", (0, 0))
    lin, mei = talking.lin, talking.mei
    places = [await mei.open("lin"), *[await begin(lin, "mei", kind=k) for k in ("group",) * 3]]
    for n in range(8):
        await lin.say(places[n % 4], f"大衣{n}")
    database = mei.node.kept.database
    await indexed(mei.node)
    for name in ("messages", "search_a"):
        await database.collection(name).update_many({}, {"$set": {"at": 5}})
    found = await said(mei, "大衣", limit=1)
    assert sorted(found) == [f"大衣{n}" for n in range(8)]


async def test_notes_are_found_by_staff_and_never_by_the_customer(start_node: StartNode) -> None:
    shop = await make_shop(start_node)
    work(shop.nodes[0])
    talk = await shop.asked(shop.mei, "大衣几点有？")
    await shop.lin.call("desk.claim", {"conversation": talk})
    notes = (await shop.lin.call("conversation.notes", {"conversation": talk}))["conversation"]
    await shop.lin.say(notes["id"], "她说大衣，很挑剔")
    await indexed(shop.nodes[0])
    assert await said(shop.mei, "大衣") == ["大衣几点有？"]
    assert await said(shop.lin, "大衣") == ["她说大衣，很挑剔", "大衣几点有？"]
    with pytest.raises(NotFound):
        await hits(shop.mei, "大衣", conversation=notes["id"])
    assert await said(shop.wang, "大衣", conversation=talk) == ["大衣几点有？"]
    for stranger in (shop.ting, shop.zhou, shop.hua, shop.fang):
        assert await said(stranger, "大衣") == []
        with pytest.raises(NotFound):
            await hits(stranger, "大衣", conversation=talk)
    await shop.lin.call("desk.release", {"conversation": talk})
    assert await said(shop.lin, "大衣", conversation=talk) == ["大衣几点有？"], "it waits"
    await shop.ting.call("desk.claim", {"conversation": talk})
    assert await said(shop.lin, "大衣") == [], "whoever released it has nothing of it"
    for place in (talk, notes["id"]):
        with pytest.raises(NotFound):
            await hits(shop.lin, "大衣", conversation=place)


async def test_conversations_are_found_by_title_and_by_the_names_of_the_others(
    start_node: StartNode,
) -> None:
    shop = await make_shop(start_node)
    direct = await shop.mei.open("lin")
    room = await begin(shop.lin, "mei")
    talk = await shop.asked(shop.fang)

    async def found(device: Any, query: str) -> tuple[set[str], set[str]]:
        answer = await device.call("search.conversations", {"query": query})
        return tuple({each["id"] for each in answer[name]} for name in answer)  # type: ignore[return-value]

    assert await found(shop.lin, "mei") == ({direct}, set())
    assert await found(shop.mei, "宝宝") == ({room}, set())
    assert await found(shop.lin, "FAN") == (set(), {talk}), "a customer who waits"
    assert await found(shop.wang, "fang") == (set(), {talk})
    for stranger in (shop.zhou, shop.hua, shop.mei):
        assert await found(stranger, "fang") == (set(), set())
    await shop.ting.call("desk.claim", {"conversation": talk})
    assert await found(shop.lin, "fang") == (set(), set()), "somebody serves her now"
    assert await found(shop.ting, "fang") == ({talk}, set())


async def test_people_are_found_whom_one_has_something_to_do_with(start_node: StartNode) -> None:
    shop = await make_shop(start_node)
    assert await names(shop.lin, "mei") == ["mei"], "a customer of her shop"
    assert await names(shop.zhou, "mei") == []
    assert await names(shop.fang, "mei") == []
    assert await names(shop.fang, "li") == ["lin"], "staff of her shop"
    assert await names(shop.fang, "zhou") == []
    room = await begin(shop.lin, "mei", "fang")
    assert await names(shop.fang, "mei") == ["mei"]
    await act(shop.lin, "remove", room, user="mei")
    assert await names(shop.fang, "mei") == await names(shop.mei, "fang") == []
    assert await names(shop.mei, "mei") == []


async def test_who_was_called_otherwise_before_is_found_by_the_new_name(
    start_node: StartNode,
) -> None:
    shop = await make_shop(start_node)
    users = shop.nodes[0].kept.database.collection("users")
    await users.update_one({"_id": "mei"}, {"$unset": {"found_by": ""}, "$set": {"name": "王美"}})
    assert await names(shop.lin, "美") == []
    while await shop.nodes[0].kept.users.name_some():
        pass
    assert await names(shop.lin, "王美") == await names(shop.lin, "美") == ["mei"]


async def test_too_many_searches_are_refused(start_node: StartNode) -> None:
    node = await start_node(searches_per_s=1)
    mei = await node.arrive("mei")
    with pytest.raises(RateLimited):
        await asyncio.gather(*(names(mei, "x") for _ in range(4)))


async def test_a_node_without_a_worker_chats_and_searches_what_was_indexed(node: Any) -> None:
    lin, mei = await node.arrive("lin"), await node.arrive("mei")
    talk = await mei.open("lin")
    working = work(node)
    await mei.say(talk, "大衣")
    await indexed(node)
    for task in working:
        task.cancel()
    await asyncio.wait(working)
    await mei.say(talk, "大衣 again")
    assert await said(lin, "大衣") == ["大衣"]
    shown = await lin.call("history.get", {"conversation": talk})
    assert texts(shown["messages"]) == ["大衣", "大衣 again"]
    work(node)
    await indexed(node)
    assert await said(lin, "大衣") == ["大衣 again", "大衣"]
