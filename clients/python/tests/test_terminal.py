"""The screen, driven by keys, over a real client and a small server."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("textual")

from textual import events
from textual.pilot import Pilot
from textual.widgets import Input, Static

from chatclient import ChatClient, Device
from chatclient.__main__ import _owner
from chatclient.terminal import installed, plain, words
from chatclient.terminal.app import ChatApp
from chatclient.terminal.installed import claim

from .model_server import CONVERSATION, ME, OTHER
from .small_server import SmallServer, refuse, until

pytestmark = [pytest.mark.asyncio, pytest.mark.usefixtures("quick")]


@asynccontextmanager
async def screen(server: SmallServer, width: int = 80) -> AsyncIterator[tuple[ChatApp, Pilot[Any]]]:
    app = ChatApp(ChatClient(server.url, token="t", device=Device("d1"), timeout=60))
    async with app.run_test(size=(width, 24)) as pilot:
        yield app, pilot


def seen(app: ChatApp) -> str:
    """The screen as text."""
    lines = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in line) for line in lines)


async def sees(app: ChatApp, *texts: str) -> None:
    try:
        await until(lambda: all(text in seen(app) for text in texts))
    except TimeoutError:
        raise AssertionError(f"{texts} not in\n{seen(app)}") from None


async def gone(app: ChatApp, text: str) -> None:
    await until(lambda: text not in seen(app))


async def write(app: ChatApp, pilot: Pilot[Any], text: str) -> None:
    app.query_one("#composer", Input).value = text
    await pilot.press("enter")


async def test_a_newcomer_is_told_what_to_do(server: SmallServer) -> None:
    server.answers["sync"] = [lambda: {"ok": True, "conversations": [], "token": "t"}]
    async with screen(server) as (app, _pilot):
        await sees(app, "Welcome!", "/with USER", "● connected", "No conversations yet")


async def test_sending_shows_ticks_up_to_read(server: SmallServer) -> None:
    async with screen(server) as (app, pilot):
        await sees(app, "● connected", "lin  online")

        shown = asyncio.Event()

        async def slowly() -> Any:
            await shown.wait()
            return {"ok": True, **server.store(server.made("message.send")[-1])}

        server.answers["message.send"] = [slowly]
        await write(app, pilot, "宝宝三个月用几段？")
        await sees(app, "宝宝三个月用几段？  ⏲")
        shown.set()
        await sees(app, "宝宝三个月用几段？  ✓ ", "1970")
        await server.tell("delivered", {"conversation": CONVERSATION, "user": OTHER, "seq": 1})
        await sees(app, "宝宝三个月用几段？  ✓✓")


async def test_what_comes_in_is_shown_and_read(server: SmallServer) -> None:
    async with screen(server) as (app, _pilot):
        await sees(app, "● connected")
        await server.tell("typing", {"conversation": CONVERSATION, "user": OTHER, "on": True})
        await sees(app, "lin is typing…")
        await server.other_writes("您好 \x1b[31mred\u202e")
        await sees(app, "您好 �[31mred�")
        await gone(app, "lin is typing…")
        await until(lambda: server.model.read[ME] == 1)


async def test_unread_messages_stand_below_a_line_and_are_read_when_shown(
    server: SmallServer,
) -> None:
    for _ in range(40):
        server.model.append(OTHER)
    server.model.read[ME] = 2
    async with screen(server) as (app, pilot):
        await sees(app, "New", "text 3", "38")
        await asyncio.sleep(0.5)
        assert server.model.read[ME] == 2
        for _ in range(4):
            await pilot.press("pagedown")
        await sees(app, "text 40")
        await until(lambda: server.model.read[ME] == 40)
        await gone(app, "38 unread")


async def test_what_comes_while_the_window_is_behind_is_not_read(server: SmallServer) -> None:
    async with screen(server) as (app, _pilot):
        await sees(app, "● connected")
        app.post_message(events.AppBlur())
        await until(lambda: server.made("device.update") == [{"foreground": False}])
        await server.other_writes("anybody there?")
        await sees(app, "New", "anybody there?")
        assert not server.made("read.mark")
        app.post_message(events.AppFocus())
        await until(lambda: server.model.read[ME] == 1)


async def test_it_shows_how_the_other_one_and_a_shop_are(server: SmallServer) -> None:
    async with screen(server) as (app, pilot):
        await sees(app, "lin  online")
        await server.tell("presence", {"user": OTHER, "state": "away", "last_seen": None})
        await sees(app, "lin  away")
        await server.tell("presence", {"user": OTHER, "state": "offline", "last_seen": 1})
        await sees(app, "lin  offline")
        await write(app, pilot, "/shop busy")
        await sees(app, "Somebody is in busy; answers come within about 3 min.")
        await write(app, pilot, "/shop s2")
        await sees(app, "Nobody is in s2.")
        await write(app, pilot, "/shop")
        await sees(app, "Which one?")


async def test_up_edits_the_last_message_and_escape_leaves_it(server: SmallServer) -> None:
    async with screen(server) as (app, pilot):
        await sees(app, "● connected")
        await write(app, pilot, "frist")
        await sees(app, "frist  ✓")
        await pilot.press("up")
        await sees(app, "Editing your message")
        await pilot.press("escape")
        await gone(app, "Editing your message")
        assert app.query_one("#composer", Input).value == ""
        await pilot.press("up")
        await write(app, pilot, "first")
        await sees(app, "edited 1  (edited)  ✓")
        assert server.made("message.edit")[0]["body"] == {"text": "first"}


async def test_recall_and_reactions(server: SmallServer) -> None:
    async with screen(server) as (app, pilot):
        await sees(app, "● connected")
        await write(app, pilot, "/react 👍")
        await sees(app, "There is no message to react to yet.")
        await server.other_writes("nice")
        await sees(app, "nice")
        await write(app, pilot, "/react 👍")
        await sees(app, "👍 lin")
        await write(app, pilot, "oops")
        await sees(app, "oops  ✓")
        await pilot.press("ctrl+r")
        await sees(app, "You took a message back")


async def test_a_refused_message_says_why_and_can_be_sent_again(server: SmallServer) -> None:
    async with screen(server) as (app, pilot):
        await sees(app, "● connected")
        server.answers["message.send"] = [refuse("forbidden")]
        await write(app, pilot, "please")
        await sees(app, "please  ✖", "Not sent: refused: forbidden", "/retry")
        await write(app, pilot, "/retry")
        await sees(app, "please  ✓")
        await write(app, pilot, "/discard")
        await sees(app, "Nothing was refused here.")


async def test_a_lost_connection_counts_down_and_comes_back(server: SmallServer) -> None:
    async with screen(server) as (app, pilot):
        await sees(app, "● connected")
        server.refusals = [("busy", {"message": "Full.", "retry_after_ms": 3500})]
        await server.drop()
        counted: set[str] = set()

        def counts() -> bool:
            counted.update(re.findall(r"trying again in (\d+) s", seen(app)))
            return len(counted) > 1

        await until(counts)
        await write(app, pilot, "meanwhile")
        await sees(app, "meanwhile  ⏲")
        await sees(app, "● connected", "meanwhile  ✓")


async def test_being_logged_out_says_why(server: SmallServer) -> None:
    async with screen(server) as (app, _pilot):
        await sees(app, "● connected")
        await server.tell("notice", {"type": "kicked", "reason": "device_limit"})
        await sees(app, "✖ Logged out", "a newer device", "Ctrl+Q leaves")


async def test_older_messages_come_when_scrolling_up(server: SmallServer) -> None:
    for _ in range(130):
        server.model.append(OTHER)
    server.model.read[ME] = 130
    async with screen(server) as (app, pilot):
        await sees(app, "text 130")
        async with asyncio.timeout(60):
            while "The conversation begins here." not in seen(app):
                await pilot.press("pageup")
        await sees(app, "text 1 ")


async def test_help_find_and_wrong_commands(server: SmallServer) -> None:
    server.model.append(OTHER)
    async with screen(server) as (app, pilot):
        await sees(app, "● connected")
        await pilot.press("f1")
        await sees(app, "Dots and ticks")
        await pilot.press("escape")
        await pilot.press("ctrl+p", "l", "i")
        await pilot.press("enter")
        await until(lambda: len(app.screen_stack) == 1)
        await write(app, pilot, "/dance")
        await sees(app, "There is no /dance")
        assert app.query_one("#composer", Input).value == "/dance"
        await pilot.press("ctrl+n", "alt+down")
        await sees(app, "Everything is read.")


@pytest.mark.parametrize("width", [80, 120, 60])
async def test_no_line_is_wider_than_the_terminal(server: SmallServer, width: int) -> None:
    server.model.append(OTHER)
    async with screen(server, width) as (app, _pilot):
        await sees(app, "● connected")
        await server.other_writes(
            "您好！宝宝三个月，混合喂养，夜里醒三次，请问奶粉用几段合适？" * 3
        )
        await sees(app, "您好！")
        header = app.query_one("#header", Static)
        assert words.width(str(header.visual)) <= width
        for line in seen(app).splitlines():
            assert words.width(line.rstrip()) <= width


async def test_plain_sends_lines_and_ends(
    server: SmallServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("one\n\n二\n"))
    server.model.append(OTHER)
    out = io.StringIO()
    chat = ChatClient(server.url, token="t", device=Device("d1"))
    assert await plain.run(chat, OTHER, follow=False, out=out) == 0
    assert [m.text for m in server.model.messages] == ["text 1", "one", "二"]
    assert out.getvalue().endswith(" lin: text 1\n")


async def test_plain_says_what_was_refused(
    server: SmallServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("one\n"))
    server.answers["message.send"] = [refuse("forbidden")]
    chat = ChatClient(server.url, token="t", device=Device("d1"))
    assert await plain.run(chat, OTHER, follow=False, out=io.StringIO()) == 1
    assert "not sent: one: refused: forbidden" in capsys.readouterr().err


async def test_plain_prints_what_comes_in(
    server: SmallServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    out = io.StringIO()
    chat = ChatClient(server.url, token="t", device=Device("d1"))
    running = asyncio.ensure_future(plain.run(chat, OTHER, follow=True, out=out))
    await until(lambda: chat.phase.phase == "connected")
    await asyncio.sleep(0.1)
    await server.other_writes("您好")
    await until(lambda: "lin: 您好" in out.getvalue())
    await server.tell("notice", {"type": "kicked", "reason": "logged_out"})
    assert await running == 1


async def test_what_is_kept_belongs_to_server_person_and_device_name(tmp_path: Path) -> None:
    first = claim(tmp_path, "server mei", "terminal")
    assert claim(tmp_path, "server lin", "terminal").outbox != first.outbox
    assert claim(tmp_path, "server mei", "work").outbox != first.outbox


async def test_a_second_window_is_a_device_of_its_own(tmp_path: Path) -> None:
    first = claim(tmp_path, "server mei", "terminal")
    second = claim(tmp_path, "server mei", "terminal")
    assert (first.name, second.name) == ("terminal", "terminal 2")
    assert first.device != second.device
    release()
    assert claim(tmp_path, "server mei", "terminal") == first


def release() -> None:
    """As when the processes end."""
    while installed._held:
        os.close(installed._held.pop())


async def test_a_new_token_of_the_same_person_finds_the_same_outbox() -> None:
    def token(issued: int) -> str:
        claims = json.dumps({"sub": "mei", "iat": issued}).encode()
        return f"x.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.y"

    assert _owner(token(1)) == _owner(token(2)) == "mei"
    assert _owner("no token") == "no token"


async def test_text_is_cut_by_cells_not_characters() -> None:
    assert words.width("宝宝ab👍") == 8
    assert words.fit("宝宝三个月", 6) == "宝宝… "
    assert words.fit("ab", 4) == "ab  "
    assert words.day_name(date(2026, 1, 2), date(2026, 1, 3)) == "Yesterday"
