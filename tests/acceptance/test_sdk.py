"""The Python SDK with a real server: what is sent comes through, crash or not."""

from __future__ import annotations

import asyncio

import pytest
from chatclient import ChatClient, Device

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
            await eventually(
                lambda chat=chat: bodies(chat, room) == words, "both show the same", within_s=15
            )
    await neighbour.connect()
    await neighbour.settled()
    assert room not in str(neighbour.events)
