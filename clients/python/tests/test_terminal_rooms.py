"""Rooms on the screen and in the line mode, over a real client and a small server."""

from __future__ import annotations

import asyncio
import io
import sys
from typing import Any

import msgspec
import pytest

pytest.importorskip("textual")

from chatclient import ChatClient, Device
from chatclient.conversation import Conversation
from chatclient.model import Forwarded, Message
from chatclient.room import Announcement, Me, Room
from chatclient.terminal import plain
from chatclient.terminal.notes import sentence

from .model_server import ME, ModelServer
from .small_server import SmallServer, until
from .test_terminal import screen, sees, write

pytestmark = [pytest.mark.asyncio, pytest.mark.usefixtures("quick")]

ADDED = {"type": "added", "by": "lin", "users": [ME, "fang"], "names": {"lin": "林顾问"}}


@pytest.fixture
def room(server: SmallServer) -> ModelServer:
    """A group of lin's in which mei and fang are."""
    news = Announcement(text="周六下午抚触课", by="lin")
    server.model.room = Room(title="三月宝宝", owner="lin", count=3, announcement=news)
    server.model.append("", kind="system", body=ADDED)
    return server.model


async def test_a_room_shows_who_is_there_who_says_what_and_what_happened(
    server: SmallServer, room: ModelServer
) -> None:
    room.append("fang", body={"text": "几点开始？"})
    async with screen(server) as (app, _pilot):
        await sees(app, "三月宝宝 (3)", "三月宝宝  3 members", "林顾问 announced: 周六下午抚触课")
        await sees(app, "林顾问 added you and Fang", "Fang  ", "几点开始？", "Fang: 几点开始？")
        assert server.made("conversation.members")[0]["users"] == ["fang"]


async def test_mentions_pins_forwards_and_deletions_are_seen(
    server: SmallServer, room: ModelServer
) -> None:
    first = Forwarded(sender="xu", name="徐老师", at=1)
    room.append("fang", mention_all=True)
    room.append("fang", forwarded=first)
    room.append("fang")
    carried = {"sender": "xu", "name": "徐老师", "kind": "text", "body": {"text": "第一条"}}
    card = {"type": "forward", "messages": [carried, {**carried, "kind": "image", "body": {}}]}
    room.append("fang", kind="card", body=card)
    room.change(3, "pin")
    room.delete(4, up_to=False)
    async with screen(server) as (app, _pilot):
        await sees(app, "@ you", "pinned", "↪ forwarded from 徐老师", "You deleted this message")
        await sees(app, "[2 messages]", "│ 徐老师: 第一条", "│ 徐老师: image")


async def test_commands_begin_rooms_and_bring_people_in(
    server: SmallServer, room: ModelServer
) -> None:
    async with screen(server) as (app, pilot):
        await sees(app, "● connected")
        for line in ("/group 三月宝宝", "/add fang yu", "/remove yu", "/leave", "/join"):
            await write(app, pilot, line)
            made = f"conversation.{line[1:].split()[0].replace('group', 'open')}"
            await until(lambda made=made: server.made(made))
            await until(lambda: not app.query_one("#composer").value)
        assert server.made("conversation.open")[0]["title"] == "三月宝宝"
        assert server.made("conversation.add")[0]["users"] == ["fang", "yu"]
        await write(app, pilot, "/add")
        await sees(app, "Whom? For example: /add mei fang")


async def test_an_invitation_says_how_to_answer_it(server: SmallServer) -> None:
    server.model.room = Room(title="三月宝宝", owner="lin", count=2)
    server.model.place = Me(state="invited")
    async with screen(server) as (app, _pilot):
        await sees(app, "Invitation: /join", "You are invited. /join comes in")


async def test_who_was_removed_keeps_what_was_there(server: SmallServer, room: ModelServer) -> None:
    room.append("fang")
    async with screen(server) as (app, _pilot):
        await sees(app, "text 2")
        room.place = Me(state="removed")
        room.room = msgspec.structs.replace(room.room, revision=9)
        await server.tell("conversation", {"conversation": msgspec.to_builtins(room.view())})
        await sees(app, "You were removed", "text 2")


async def test_the_line_mode_names_room_and_sender(
    server: SmallServer, room: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    out = io.StringIO()
    chat = ChatClient(server.url, token="t", device=Device("d1"))
    running = asyncio.ensure_future(plain.run(chat, None, follow=True, out=out))
    await until(lambda: "三月宝宝 | 林顾问 added you and fang" in out.getvalue())
    await server.tell("message", room.append("lin", body={"text": "您好"})[1])
    await until(lambda: "三月宝宝 | 林顾问: 您好" in out.getvalue())
    await server.tell("notice", {"type": "kicked", "reason": "logged_out"})
    assert await running == 1


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"type": "created", "by": ME, "title": "A"}, "You began “A”"),
        ({"type": "joined", "by": ME, "users": [ME]}, "You joined"),
        ({"type": "left", "by": "xu", "users": ["xu"]}, "xu left"),
        ({"type": "removed", "by": "xu", "users": [ME]}, "xu removed you"),
        ({"type": "role", "by": "xu", "users": [ME], "role": "owner"},
         "xu handed the room over to you"),
        ({"type": "role", "by": "xu", "users": ["yu"], "role": "admin"}, "xu made yu an admin"),
        ({"type": "role", "by": "xu", "users": ["yu"], "role": "member"},
         "xu made yu a plain member"),
        ({"type": "muted", "by": "xu", "users": ["yu"], "until": 5}, "xu muted yu until 5"),
        ({"type": "muted", "by": "xu", "users": ["yu"], "until": 2**53}, "xu muted yu"),
        ({"type": "unmuted", "by": "xu", "users": ["yu"]}, "xu let yu write again"),
        ({"type": "all_muted", "by": "xu", "until": 2**53}, "xu muted all but admins"),
        ({"type": "all_unmuted", "by": "xu"}, "xu let everybody write again"),
        ({"type": "title", "by": "xu", "title": "B"}, "xu named the room “B”"),
        ({"type": "avatar", "by": "xu"}, "xu changed the picture"),
        ({"type": "announcement", "by": "xu", "text": "new"}, "xu announced: new"),
        ({"type": "announcement", "by": "xu", "text": None}, "xu took the announcement down"),
        ({"type": "settings", "by": "xu"}, "xu changed the settings"),
        ({"type": "claimed", "by": "xu", "users": ["xu"]}, "xu took this on"),
        ({"type": "assigned", "by": "xu", "users": [ME]}, "xu handed this to you"),
        ({"type": "released", "by": "xu", "users": ["xu"]}, "xu gave this back to the desk"),
        ({"type": "resolved", "by": "xu"}, "xu said this is settled"),
        ({"type": "reopened", "by": "xu"}, "xu said this is not settled"),
        ({"type": "something", "users": 3}, "[something]"),
        ({"type": "added", "users": 3, "names": 4}, "Somebody added somebody"),
        ({}, "[notice]"),
    ],
)  # fmt: skip
async def test_what_the_server_says_is_a_sentence(body: dict[str, Any], told: str) -> None:
    message = Message(
        conversation="c", seq=1, client_id="1.0", sender="", kind="system", body=body, at=0
    )
    conversation = Conversation(ModelServer().view(), ME)
    assert sentence(conversation, message, str) == told
