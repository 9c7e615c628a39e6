"""The Python SDK with a real server: what is sent comes through, crash or not."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from chatclient import Address, ChatCallError, ChatClient, Device, QuietHours
from pymongo import MongoClient

from chatserver.bus.presence import PresenceBoard
from loadtest.faults.nodes import ChatServer
from loadtest.faults.people import eventually, text, token
from tests.acceptance.conftest import Cast, Start


def client(server: ChatServer, user: str) -> ChatClient:
    device = Device(f"{user}-sdk", platform="desktop")
    return ChatClient(server.url, token=token(user), device=device)


def bodies(chat: ChatClient, conversation: str) -> list[str]:
    """The texts this client shows, oldest first."""
    found = chat.conversations.get(conversation)
    return [message.text or "" for message in found.messages] if found else []


@pytest.mark.asyncio
async def test_the_sdk_carries_messages_through_a_crash(start: Start, cast: Cast) -> None:
    server = await start()
    neighbour = await cast.join("yu", server)
    async with client(server, cast.name("mei")) as mei, client(server, cast.name("lin")) as lin:
        await asyncio.gather(mei.ready(), lin.ready())
        room = (await mei.open(cast.name("lin"))).id
        words = [text(f"number {n}")["text"] for n in range(20)]
        pending = [mei.send(room, one) for one in words[:10]]
        server.kill9()
        pending += [mei.send(room, one) for one in words[10:]]
        await server.restart()
        async with asyncio.timeout(20):
            sent = [await one for one in pending]
        assert [one.seq for one in sent] == list(range(1, 21))
        for chat in (mei, lin):
            await eventually(lambda chat=chat: bodies(chat, room) == words, "both show the same")
    await neighbour.connect()
    await neighbour.settled()
    assert room not in str(neighbour.events)


@pytest.mark.asyncio
async def test_the_sdk_keeps_a_room_right_for_all_in_it(start: Start, cast: Cast) -> None:
    server = await start()
    names = {name: cast.name(name) for name in ("lin", "mei", "fang")}
    async with (
        client(server, names["mei"]) as mei,
        client(server, names["fang"]) as fang,
        ChatClient(
            server.url, token=token(names["lin"], role="consultant"), device=Device("lin-sdk")
        ) as lin,
    ):
        room = (await lin.open_room("三月宝宝", [names["mei"]], settings={"history": "joined"})).id
        await lin.send(room, "before", mention_all=True)
        await lin.add_members(room, [names["fang"]])
        await fang.send(room, "大家好")
        for chat in (lin, mei):
            await eventually(lambda chat=chat: bodies(chat, room)[-1:] == ["大家好"], "all hear")
        fang.load_older(room)
        await eventually(lambda: fang.conversations[room].complete, "all is here")
        assert bodies(fang, room)[-1] == "大家好"
        assert "before" not in bodies(fang, room)
        assert mei.conversations[room].mentions == 1
        everybody = [member.user async for member in mei.all_members(room)]
        assert everybody == sorted(names.values())
        seq = mei.conversations[room].log.last
        await lin.pin(room, seq)
        await mei.delete(room, seq)
        assert [m.seq for m in (await fang.get_history(room, pinned=True)).messages] == [seq]
        assert mei.conversations[room].log.get(seq).deleted
        await lin.update_room(room, announcement="周六下午抚触课")
        await lin.update_room(room, announcement=None)
        await lin.remove_member(room, names["fang"])
        await eventually(lambda: not fang.conversations[room].is_in, "fang is out")
        await lin.send(room, "after")
        with pytest.raises(ChatCallError, match="not in this conversation"):
            await fang.send(room, "again")
        assert "after" not in bodies(fang, room)
        direct = (await mei.open(names["lin"])).id
        forwarded = await mei.forward(direct, room, [mei.conversations[room].log.first])
        assert forwarded.seq == 1


@pytest.mark.asyncio
async def test_the_sdk_says_where_and_how_somebody_is_notified(
    house: ChatServer, cast: Cast, mongo_url: str, redis_url: str
) -> None:
    names = {name: cast.name(name) for name in ("mei", "lin")}
    space = house._environment["CHAT_MONGO_DATABASE"]
    board = PresenceBoard(redis_url, "a worker", space=space)

    async def is_in_front(of: str) -> bool:
        return (await board.in_front([names["mei"]])).get(names["mei"]) == of

    async def seen_in(front: str) -> None:
        await eventually(lambda: is_in_front(front), f"seen in front of: {front}")

    async with (
        ChatClient(
            house.url, token=token(names["mei"]), device=Device("phone", platform="ios")
        ) as phone,
        ChatClient(
            house.url, token=token(names["mei"]), device=Device("page", platform="web")
        ) as page,
        ChatClient(
            house.url, token=token(names["lin"], role="consultant"), device=Device("till")
        ) as lin,
    ):
        await seen_in("handheld")
        await phone.set_foreground(on=False)
        await seen_in("desktop")
        await page.set_foreground(on=False)
        await seen_in("away")

        await phone.set_push(Address(provider="apns", token="a" * 64))
        with pytest.raises(ChatCallError) as refused:
            await page.set_push(Address(provider="fcm", token="a b"))
        assert (refused.value.code, refused.value.path) == ("invalid", "push.token")
        quiet = QuietHours(from_="22:00", to="08:00", zone="Asia/Shanghai")
        await page.set_push_prefs(quiet=quiet, preview="name", phone="+8613812340000")
        prefs = (await phone.push_prefs()).prefs
        assert (prefs.quiet, prefs.preview, prefs.phone) == (quiet, "name", "+86138****0000")
        with MongoClient[Any](mongo_url) as client:
            found = client[space]["devices"].find({"user": names["mei"], "push": {"$exists": True}})
            assert [each["push"]["provider"] for each in found] == ["apns"]

        room = (await phone.open(names["lin"])).id
        await lin.send(room, "您的订单已到店", message_class="service")
        await eventually(lambda: bodies(phone, room) == ["您的订单已到店"], "it arrives")
        assert phone.conversations[room].messages[0].message_class == "service"
        await phone.push_opened(room, "n1")
    await board.close()
