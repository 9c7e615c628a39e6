"""The client against a small server of the same protocol: losses, refusals, notices."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from chatclient import (
    ChatCallError,
    ChatClient,
    ChatDisconnected,
    ChatStopped,
    ChatTimeout,
    Device,
    MessageAdded,
    ShopStatus,
)

from .model_server import CONVERSATION, OTHER
from .small_server import SmallServer, refuse, until

pytestmark = [pytest.mark.asyncio, pytest.mark.usefixtures("quick")]


def client(server: SmallServer, **options: Any) -> ChatClient:
    options = {"token": "t", "timeout": 60.0, **options}
    return ChatClient(server.url, device=Device("d1"), **options)


async def test_a_conversation_both_ways(server: SmallServer) -> None:
    async with client(server) as chat:
        feed = chat.events("message")
        assert (await chat.send(CONVERSATION, "你好")).seq == 1
        await server.other_writes("hello")
        texts = [(await anext(feed)).message.text for _ in range(2)]  # type: ignore[attr-defined]
        assert texts == ["你好", "hello"]
        assert chat.badge.unread == 1
        chat.read(CONVERSATION)
        await until(lambda: chat.badge.unread == 0)


async def test_unsent_messages_follow_in_order_after_a_loss(server: SmallServer) -> None:
    async with client(server) as chat:
        server.answers["message.send"] = [lambda: asyncio.sleep(60)]
        pending = [chat.send(CONVERSATION, f"{number}") for number in range(5)]
        await until(lambda: server.made("message.send"))
        await server.drop()
        for each in pending:
            await each
        texts = [message.text for message in server.model.messages]
        assert texts == ["0", "1", "2", "3", "4"]
        first, again, *others = server.made("message.send")
        assert again == {**first, "retry": True}
        assert not any("retry" in other for other in others)


async def test_an_ack_that_was_lost_makes_no_second_message(server: SmallServer) -> None:
    async with client(server) as chat:

        async def store_and_drop() -> Any:
            server.store(server.made("message.send")[-1])
            await server.drop()
            await asyncio.sleep(60)

        server.answers["message.send"] = [store_and_drop]
        sent = await chat.send(CONVERSATION, "once")
        assert sent.duplicate
        await until(lambda: len(chat.conversations[CONVERSATION].messages) == 1)
        assert len(server.model.messages) == 1


async def test_without_an_answer_it_is_sent_again_on_the_same_connection(
    server: SmallServer,
) -> None:
    async with client(server, timeout=3.0) as chat:
        server.answers["message.send"] = [lambda: asyncio.sleep(60)]
        await chat.send(CONVERSATION, "patience")
        assert [data.get("retry") for data in server.made("message.send")] == [None, True]


async def test_busy_is_tried_again_and_forbidden_is_not(server: SmallServer) -> None:
    async with client(server) as chat:
        server.answers["message.send"] = [refuse("busy", retry_after_ms=30), refuse("forbidden")]
        pending = chat.send(CONVERSATION, "no")
        with pytest.raises(ChatCallError) as caught:
            await pending
        assert (caught.value.code, pending.state) == ("forbidden", "failed")
        chat.retry(pending)
        assert (await pending).seq == 1


async def test_what_was_missed_is_caught_up_after_a_loss(server: SmallServer) -> None:
    async with client(server) as chat:
        server.refusals = [("busy", {"retry_after_ms": 200})]
        await server.drop()
        for number in range(3):
            server.model.append(OTHER)
            server.model.change(number + 1, "edit")
        await until(lambda: len(chat.conversations[CONVERSATION].messages) == 3)
        assert list(chat.conversations[CONVERSATION].log) == server.model.messages


async def test_a_lost_event_is_fetched(server: SmallServer) -> None:
    async with client(server) as chat:
        server.model.append(OTHER)
        await server.other_writes("after the gap")
        await until(lambda: len(chat.conversations[CONVERSATION].messages) == 2)


async def test_resync_asks_what_moved(server: SmallServer) -> None:
    async with client(server) as chat:
        server.model.append(OTHER)
        await server.tell("notice", {"type": "resync"})
        await until(lambda: len(chat.conversations[CONVERSATION].messages) == 1)
        assert server.made("sync")[1] == {"have": {CONVERSATION: [0, 0]}, "token": "t"}


async def test_a_sync_that_was_sent_away_is_made_when_the_server_calls(
    server: SmallServer,
) -> None:
    server.answers["sync"] = [refuse("busy", retry_after_ms=600_000)]
    async with asyncio.TaskGroup() as group:
        chat = client(server)
        group.create_task(chat.__aenter__())
        await until(lambda: server.answers["sync"] == [])
        await server.tell("notice", {"type": "resync"})  # may even overtake the refusal
    assert len(server.made("sync")) == 2
    await chat.close()


async def test_my_edit_is_fetched_because_its_event_goes_to_the_others(
    server: SmallServer,
) -> None:
    async with client(server) as chat:
        await chat.send(CONVERSATION, "first")
        await chat.edit(CONVERSATION, 1, "better")
        await until(lambda: chat.conversations[CONVERSATION].messages[0].edits == 1)
        await chat.recall(CONVERSATION, 1)
        await until(lambda: chat.conversations[CONVERSATION].messages[0].recalled)


async def test_kicked_stops_for_good(server: SmallServer) -> None:
    async with client(server) as chat:
        pending = chat.send("elsewhere", "x")
        await server.tell("notice", {"type": "kicked", "reason": "logged_out"})
        await until(lambda: chat.phase.phase == "stopped")
        assert (chat.phase.code, chat.phase.message) == ("kicked", "logged_out")
        await asyncio.sleep(0.3)
        assert len(server.tokens) == 1
        with pytest.raises(ChatStopped):
            await pending


async def test_a_connection_that_another_one_replaces_does_not_fight_back(
    server: SmallServer,
) -> None:
    async with client(server) as chat:
        await server.dismiss()
        await until(lambda: chat.phase.phase == "stopped")
        assert chat.phase.message == "replaced"


async def test_draining_comes_back_when_it_was_told_to(server: SmallServer) -> None:
    async with client(server) as chat:
        began = asyncio.get_running_loop().time()
        await server.tell("notice", {"type": "draining", "reconnect_in_ms": 400})
        await until(lambda: chat.phase.phase == "waiting")
        await chat.ready()
        assert asyncio.get_running_loop().time() - began > 0.35


@pytest.mark.parametrize("code", ["unauthorized", "origin_refused", "protocol", "token_expired"])
async def test_a_refusal_for_good_is_raised(server: SmallServer, code: str) -> None:
    server.refusals = [(code, {"message": "No."})]
    with pytest.raises(ChatStopped) as caught:
        async with client(server):
            pass
    assert (caught.value.code, caught.value.message) == (code, "No.")


async def test_an_expired_token_is_replaced_at_once(server: SmallServer) -> None:
    tokens = iter(["old", "new", "newer"])

    async def token() -> str:
        return next(tokens)

    server.refusals = [("token_expired", {"message": "Expired."})]
    async with client(server, token=token):
        assert server.tokens == ["old", "new"]
        await server.tell("notice", {"type": "expiring", "expires_in_ms": 1000})
        await until(lambda: server.made("auth.renew"))
        assert server.made("auth.renew") == [{"token": "newer"}]


async def test_busy_is_tried_again_when_the_server_said(server: SmallServer) -> None:
    server.refusals = [("busy", {"message": "Full.", "retry_after_ms": 300})]
    began = asyncio.get_running_loop().time()
    async with client(server):
        assert asyncio.get_running_loop().time() - began > 0.28


async def test_nobody_there_is_a_timeout(unused_tcp_port: int) -> None:
    chat = ChatClient(
        f"http://127.0.0.1:{unused_tcp_port}", token="t", device=Device("d"), timeout=0.3
    )
    with pytest.raises(ChatTimeout):
        async with chat:
            pass
    with pytest.raises(ChatDisconnected):
        await chat.get_history(CONVERSATION)


async def test_a_killed_client_sends_after_its_restart(server: SmallServer, tmp_path: Path) -> None:
    file = tmp_path / "outbox.json"
    chat = client(server, outbox=file)
    chat.send(CONVERSATION, "one")
    chat.send(CONVERSATION, "two")
    async with client(server, outbox=file) as again:
        await again.drained()
        assert [message.text for message in server.model.messages] == ["one", "two"]


async def test_callbacks_hear_events_and_may_fail(server: SmallServer) -> None:
    heard: list[str] = []

    async def slow(event: MessageAdded) -> None:
        await asyncio.sleep(0)
        heard.append(event.message.text)

    def broken(_event: MessageAdded) -> None:
        raise RuntimeError("in the application")

    async with client(server) as chat:
        chat.on("message", broken)
        chat.on("message", slow)
        await server.other_writes("one")
        await server.other_writes("two")
        await until(lambda: heard == ["one", "two"])


async def test_presence_is_watched_again_after_a_loss(server: SmallServer) -> None:
    async with client(server) as chat:
        await chat.watch([OTHER])
        assert chat.presence[OTHER].state == "online"
        await server.drop()
        await until(lambda: len(server.made("presence.watch")) == 2)


async def test_who_is_away_is_away_again_after_a_loss(server: SmallServer) -> None:
    async with client(server) as chat:
        await chat.set_foreground(on=False)
        await server.drop()
        await until(lambda: server.made("device.update") == [{"foreground": False}] * 2)
        await chat.set_foreground(on=True)
        await server.drop()
        await until(lambda: len(server.made("sync")) == 3)
        assert server.made("device.update") == [{"foreground": False}] * 2 + [{"foreground": True}]


async def test_a_shop_says_whether_somebody_is_there_and_how_soon_it_answers(
    server: SmallServer,
) -> None:
    async with client(server) as chat:
        assert await chat.shop_status("busy") == ShopStatus(online=True, answers_in_ms=180_000)
        assert await chat.shop_status("s2") == ShopStatus(online=False)


async def test_older_pages_are_loaded_on_demand(server: SmallServer) -> None:
    for _ in range(120):
        server.model.append(OTHER)
    async with client(server) as chat:
        conversation = chat.conversations[CONVERSATION]
        while chat.load_older(CONVERSATION):
            held = len(conversation.log)
            await until(lambda held=held: len(conversation.log) > held)
        assert list(conversation.log) == server.model.messages


async def test_typing_is_paced(server: SmallServer) -> None:
    async with client(server) as chat:
        for _ in range(10):
            chat.typing(CONVERSATION)
        await chat.get_history(CONVERSATION)
        assert server.made("typing") == [{"conversation": CONVERSATION, "on": True}]
