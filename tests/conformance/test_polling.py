"""Engine.IO 4: HTTP long-polling."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.conformance.raw import head
from tests.conformance.servers import MAX_PAYLOAD, Server
from tests.conformance.wire import SEPARATOR, ClosedError, Polling, event, rounds

WORDS = ["hello", "你好，奶瓶有吗？", "👩‍👧 café", "\u2028\x00\x7f\\\"'", "\x1e"]


async def joined(server: Server) -> Polling:
    polling = await server.polling()
    await polling.join()
    return polling


@pytest.mark.asyncio
@pytest.mark.parametrize("words", WORDS, ids=ascii)
async def test_a_packet_goes_both_ways(server: Server, words: str) -> None:
    await (await joined(server)).echo(words)


@pytest.mark.asyncio
async def test_text_is_utf8_on_the_wire(server: Server) -> None:
    polling = await joined(server)
    answer = await polling.post('42["message","你好 👩‍👧"]')
    assert answer.status == 200
    assert await polling.receive() == event("message-back", "你好 👩‍👧")


@pytest.mark.asyncio
async def test_what_was_taken_is_answered_with_ok(server: Server) -> None:
    polling = await server.polling()
    answer = await polling.post("40")
    assert (answer.status, answer.text) == (200, "ok")


@pytest.mark.asyncio
async def test_several_packets_come_in_one_payload_in_order(server: Server) -> None:
    polling = await joined(server)
    await polling.post(*(event("message", number) for number in range(5)))
    for number in range(5):
        assert await polling.receive() == event("message-back", number)


@pytest.mark.asyncio
async def test_only_its_size_bounds_a_payload(server: Server) -> None:
    """A client puts into one payload what its application sent in one turn."""
    polling = await joined(server)
    answer = await polling.post(*(event("message", number) for number in range(200)))
    assert answer.status == 200
    for number in range(200):
        assert await polling.receive() == event("message-back", number)


@pytest.mark.asyncio
async def test_what_waits_leaves_in_one_payload_in_order(server: Server) -> None:
    polling = await joined(server)
    for number in range(5):
        await server.sio.emit("n", number)
    answer = await polling.get()
    assert answer.headers["Content-Type"] == "text/plain; charset=UTF-8"
    assert answer.packets == [event("n", number) for number in range(5)]


@pytest.mark.asyncio
async def test_a_poll_waits_until_there_is_something(server: Server) -> None:
    polling = await joined(server)
    poll = asyncio.create_task(polling.get())
    done, _ = await asyncio.wait({poll}, timeout=0.1)
    assert not done
    await server.sio.emit("news", 1)
    assert (await poll).packets == [event("news", 1)]


@pytest.mark.asyncio
async def test_what_is_polled_is_never_taken_from_a_cache(server: Server) -> None:
    polling = await server.polling()
    await polling.post("40")
    assert (await polling.get()).headers.get("Cache-Control") == "no-store"


@pytest.mark.asyncio
async def test_a_long_answer_can_be_read_by_who_asks_for_compression(server: Server) -> None:
    polling = await joined(server)
    await server.sio.emit("long", "x" * 20_000)
    assert await polling.receive() == event("long", "x" * 20_000)


@pytest.mark.asyncio
async def test_sessions_do_not_mix(server: Server) -> None:
    sessions = [await joined(server) for _ in range(3)]
    for number, session in enumerate(sessions):
        await session.send(event("message", number))
    for number, session in enumerate(sessions):
        assert await session.receive() == event("message-back", number)


BROKEN: dict[str, Any] = {
    "letters": b"abc",
    "no such type": b"7",
    "two digits": b"9hello",
    "another digit": "４hello".encode(),
    "nothing": b"",
    "only a separator": SEPARATOR.encode(),
    "an empty packet at the end": b"40" + SEPARATOR.encode(),
    "an empty packet within": b'40\x1e\x1e42["message",1]',
    "length prefixes of protocol 3": b'2:40',
    "not UTF-8": b'42["message","\xff"]',
    "a ping, which is the server's to send": b"2",
}  # fmt: skip


@pytest.mark.asyncio
@pytest.mark.parametrize("case", BROKEN)
async def test_a_broken_payload_closes_the_session(server: Server, case: str) -> None:
    polling = await joined(server)
    answer = await polling.post_body(BROKEN[case])
    assert answer.status == 400
    assert await polling.is_gone()


@pytest.mark.asyncio
@pytest.mark.parametrize("body", ["bAQID", '42["message",1]\x1ebAQID', "bnot base64"])
async def test_binary_is_refused_and_closes_the_session(server: Server, body: str) -> None:
    polling = await joined(server)
    answer = await polling.post(body)
    assert answer.status == 400
    assert await polling.is_gone()


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", ["text/plain", "text/plain;charset=UTF-8", None])
async def test_text_may_come_with_or_without_its_content_type(
    server: Server, kind: str | None
) -> None:
    polling = await server.polling()
    more: dict[str, Any] = (
        {"headers": {"Content-Type": kind}} if kind else {"skip_auto_headers": ["Content-Type"]}
    )
    assert (await polling.post("40", **more)).status == 200
    assert (await polling.receive()).startswith("40{")


async def _chunks(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


@pytest.mark.asyncio
async def test_a_payload_may_come_in_chunks(server: Server) -> None:
    polling = await joined(server)
    answer = await polling.post_body(_chunks(b'42["mess', b'age","', "你".encode()[:1],
                                             "你".encode()[1:], b'"]'))  # fmt: skip
    assert answer.status == 200
    assert await polling.receive() == event("message-back", "你")


@pytest.mark.asyncio
async def test_the_largest_payload_is_taken(server: Server) -> None:
    polling = await joined(server)
    packet = event("message", "x" * (MAX_PAYLOAD - len(event("message", ""))))
    assert len(packet) == MAX_PAYLOAD
    assert (await polling.post(packet)).status == 200
    assert len(await polling.receive()) == len(packet.replace("message", "message-back"))


@pytest.mark.asyncio
@pytest.mark.parametrize("chunked", [False, True])
async def test_a_larger_payload_is_refused(server: Server, chunked: bool) -> None:
    polling = await joined(server)
    body = event("message", "x" * MAX_PAYLOAD).encode()
    answer = await polling.post_body(_chunks(body) if chunked else body)
    assert answer.status in (400, 413)
    assert server.echo.events == []


@pytest.mark.asyncio
async def test_two_polls_at_once_close_the_session(server: Server) -> None:
    polling = await joined(server)
    first = asyncio.create_task(polling.get())
    await rounds()  # so that it is there first
    second = await polling.get()
    assert second.status == 400
    assert (await first).packets[-1] == "1"
    assert (await first).status == 200
    assert await polling.is_gone()


@pytest.mark.asyncio
async def test_two_posts_at_once_close_the_session(server: Server) -> None:
    polling = await joined(server)
    body = event("message", 1).encode()
    first = await server.raw()
    await first.write(_post_head(polling, len(body)) + body[:5])
    await rounds()  # so that it is there first
    second = await polling.post(event("message", 2))
    assert second.status == 400
    assert await polling.is_gone()
    assert server.echo.events == []


def _post_head(polling: Polling, size: int) -> bytes:
    target = f"/socket.io/?EIO=4&transport=polling&sid={polling.sid}"
    return head(f"POST {target} HTTP/1.1", "Host: x", f"Content-Length: {size}")


@pytest.mark.asyncio
async def test_a_payload_that_was_cut_off_delivers_nothing(server: Server) -> None:
    polling = await joined(server)
    body = event("message", "whole") + SEPARATOR + event("message", "half")
    raw = await server.raw()
    await raw.write(_post_head(polling, len(body)) + body.encode()[:-5])
    await raw.close()
    answer = await polling.post(event("message", "next"))
    assert answer.status in (200, 400)
    assert all(arguments == ("next",) for _, arguments in server.echo.events)


@pytest.mark.asyncio
async def test_a_poll_that_the_client_gave_up_closes_the_session(server: Server) -> None:
    """What was on its way would be lost, and nobody would know."""
    polling = await joined(server)
    raw = await server.raw()
    await raw.write(head(f"GET /socket.io/?EIO=4&transport=polling&sid={polling.sid} HTTP/1.1",
                         "Host: x"))  # fmt: skip
    await rounds()  # so that it waits there
    await raw.close()
    assert (await polling.get()).status == 400
    assert await polling.is_gone()
    await server.eventually(lambda: server.echo.ended)


@pytest.mark.asyncio
async def test_closing_by_the_client_ends_its_poll_and_the_session(server: Server) -> None:
    polling = await joined(server)
    poll = asyncio.create_task(polling.get())
    await rounds()  # so that it waits there
    assert (await polling.post("1")).status == 200
    assert ((await poll).status, (await poll).packets) == (200, ["6"])
    assert await polling.is_gone()
    assert server.echo.ended == [("/", "client disconnect")]


@pytest.mark.asyncio
async def test_nothing_behind_a_close_is_taken(server: Server) -> None:
    polling = await joined(server)
    await polling.post("1", event("message", 1))
    assert await polling.is_gone()
    assert server.echo.events == []


@pytest.mark.asyncio
async def test_a_session_can_be_closed_without_a_poll(server: Server) -> None:
    polling = await joined(server)
    assert (await polling.post("1")).status == 200
    assert (await polling.get()).status == 400


@pytest.mark.asyncio
async def test_polls_and_posts_share_a_connection(server: Server) -> None:
    async with (
        aiohttp.TCPConnector(limit=1) as connector,
        aiohttp.ClientSession(connector=connector) as http,
    ):
        polling = Polling(http, server.url, (await server.polling()).opened)
        await polling.join()
        for number in range(5):
            await polling.echo(number)


@pytest.mark.asyncio
async def test_a_closed_session_stays_closed(server: Server) -> None:
    polling = await joined(server)
    await polling.post("1")
    with pytest.raises(ClosedError):
        await polling.receive()
    assert (await polling.post(event("message", 1))).status == 400
    assert server.echo.events == []
