"""A connection that reaches the wrong process is served by the right one, or refused at once."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import os
import resource
import socket
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from chatserver.gateway.engine import handover
from chatserver.gateway.engine.front import Front
from chatserver.gateway.engine.handover import Handover, new_tag
from tests.conformance.raw import TEXT, Raw, frame, handshake, head
from tests.conformance.servers import LEAN, running
from tests.conformance.wire import event
from tests.integration.gateway.conftest import PATIENCE_S, Node, node

UNKNOWN = {"code": 1, "message": "Session ID unknown"}
BUSY = {"code": 6, "message": "Too many connections"}


def target(sid: str, transport: str = "polling") -> str:
    return f"/socket.io/?EIO=4&transport={transport}&sid={sid}"


def post(sid: str, *headers: str) -> bytes:
    return head(f"POST {target(sid)} HTTP/1.1", "Host: here", *headers)


def get(path: str, *headers: str) -> bytes:
    return head(f"GET {path} HTTP/1.1", "Host: here", *headers)


async def fresh(node: Node) -> Raw:
    """A connection on which nothing was sent."""
    return await node.server.raw()


async def used(node: Node) -> Raw:
    """A connection on which a request was answered."""
    raw = await node.server.raw()
    assert (await raw.request("GET / HTTP/1.1", "Host: here")).status == 200
    return raw


async def heard(owner: Node, *texts: str) -> None:
    """These messages have reached the owner, and no other ones."""
    await owner.server.eventually(lambda: len(owner.server.echo.events) >= len(texts))
    assert owner.server.echo.events == [("/", (text,)) for text in texts]


Connect = Callable[[Node], Awaitable[Raw]]
either = pytest.mark.parametrize("connect", [fresh, used])


@pytest.mark.asyncio
async def test_a_session_goes_on_when_every_request_reaches_another_process(
    owner: Node, other: Node
) -> None:
    polling = await other.visited_by(await owner.session())
    for number in range(20):
        await polling.echo(number)
    assert [arguments for _, arguments in owner.server.echo.events] == [(n,) for n in range(20)]
    assert not other.server.echo.connected


@pytest.mark.asyncio
async def test_a_session_id_begins_with_the_tag_and_stays_unguessable(owner: Node) -> None:
    ids = {(await owner.server.polling()).sid for _ in range(10)}
    assert {sid[:8] for sid in ids} == {owner.tag}
    assert {len(sid[8:]) for sid in ids} == {20}  # 120 bits
    assert len(ids) == 10


@pytest.mark.asyncio
async def test_a_connection_stays_with_the_owner(owner: Node, other: Node) -> None:
    polling = await owner.session()
    raw = await fresh(other)
    for packet in ("one", "two"):
        body = event("message", packet).encode()
        await raw.write(post(polling.sid, f"Content-Length: {len(body)}") + body)
        assert (await raw.response()).body == b"ok"
        assert (await raw.request(f"GET {target(polling.sid)} HTTP/1.1", "Host: here")).status
        await other.server.sio.shutdown()  # from here on only the owner can answer
    assert len(owner.server.echo.events) == 2


@pytest.mark.asyncio
async def test_the_owner_sees_the_address_of_the_client(owner: Node, other: Node) -> None:
    polling = await owner.server.polling()
    raw = await fresh(other)
    await raw.upgrade(target(polling.sid, "websocket"))
    connections = owner.server.sio.eio.engine.sockets
    assert connections[polling.sid].request.peer == "127.0.0.1"


@either
@pytest.mark.asyncio
async def test_a_poll_waits_at_the_owner(owner: Node, other: Node, connect: Connect) -> None:
    polling = await owner.session()
    raw = await connect(other)
    await raw.write(get(target(polling.sid)))
    await polling.send(event("message", "hello"))
    assert (await raw.response()).body.decode() == event("message-back", "hello")


@either
@pytest.mark.asyncio
@pytest.mark.parametrize("size", [1, 7, 1000])
async def test_a_body_that_comes_in_pieces_arrives_whole_and_once(
    owner: Node, other: Node, connect: Connect, size: int
) -> None:
    polling = await owner.session()
    raw = await connect(other)
    body = event("message", "x" * (20 * size)).encode()
    await raw.write_slowly(post(polling.sid, f"Content-Length: {len(body)}") + body, size)
    assert (await raw.response()).body == b"ok"
    await heard(owner, "x" * (20 * size))


@either
@pytest.mark.asyncio
async def test_a_body_behind_a_head_that_was_given_away_is_read_by_the_owner(
    owner: Node, other: Node, connect: Connect
) -> None:
    polling = await owner.session()
    raw = await connect(other)
    body = event("message", "y" * 90_000).encode()
    await raw.write(post(polling.sid, f"Content-Length: {len(body)}") + body[:30_000])
    await asyncio.sleep(0.05)  # so that the other process has read it
    await raw.write(body[30_000:])
    assert (await raw.response()).body == b"ok"
    await heard(owner, "y" * 90_000)


@either
@pytest.mark.asyncio
async def test_a_body_in_chunks_arrives_whole_and_once(
    owner: Node, other: Node, connect: Connect
) -> None:
    polling = await owner.session()
    raw = await connect(other)
    body = event("message", "in chunks").encode()
    await raw.write(post(polling.sid, "Transfer-Encoding: chunked"))
    for byte in body:
        await raw.write(b"1\r\n%c\r\n" % byte)
    await raw.write(b"0\r\n\r\n")
    assert (await raw.response()).body == b"ok"
    await heard(owner, "in chunks")


@either
@pytest.mark.asyncio
async def test_a_packed_body_arrives_whole_and_once(
    owner: Node, other: Node, connect: Connect
) -> None:
    polling = await owner.session()
    raw = await connect(other)
    body = gzip.compress(event("message", "packed").encode())
    coded = post(polling.sid, f"Content-Length: {len(body)}", "Content-Encoding: gzip")
    await raw.write(coded + body)
    assert (await raw.response()).body == b"ok"
    await heard(owner, "packed")


@either
@pytest.mark.asyncio
async def test_who_waits_for_leave_to_send_a_body_gets_it(
    owner: Node, other: Node, connect: Connect
) -> None:
    polling = await owner.session()
    raw = await connect(other)
    body = event("message", "may I?").encode()
    await raw.write(post(polling.sid, f"Content-Length: {len(body)}", "Expect: 100-continue"))
    assert (await raw.response()).status == 100
    await raw.write(body)
    assert (await raw.response()).body == b"ok"
    await heard(owner, "may I?")


@either
@pytest.mark.asyncio
async def test_a_body_too_large_is_refused(owner: Node, other: Node, connect: Connect) -> None:
    polling = await owner.session()
    raw = await connect(other)
    await raw.write(post(polling.sid, "Content-Length: 100001"))
    assert (await raw.response()).status == 413


@either
@pytest.mark.asyncio
async def test_an_older_http_is_handed_over_too(owner: Node, other: Node, connect: Connect) -> None:
    polling = await owner.session()
    await polling.send(event("message", "hello"))
    raw = await connect(other)
    await raw.write(head(f"GET {target(polling.sid)} HTTP/1.0"))
    assert event("message-back", "hello").encode() in await raw.rest()


@either
@pytest.mark.asyncio
async def test_a_session_is_upgraded_through_another_process(
    owner: Node, other: Node, connect: Connect
) -> None:
    polling = await owner.session()
    raw = await connect(other)
    await raw.write(
        head(*handshake(target(polling.sid, "websocket"))) + frame(TEXT, "2probe")
    )  # a client should wait for the answer; what it sent meanwhile is not lost
    assert (await raw.response()).status == 101
    assert await raw.text() == "3probe"
    await raw.write(frame(TEXT, "5") + frame(TEXT, event("message", "over there")))
    assert await raw.text() == event("message-back", "over there")
    assert owner.server.sio.transport(owner.server.echo.sid()) == "websocket"


@pytest.mark.asyncio
async def test_requests_behind_one_that_is_given_away_are_not_left_waiting(
    owner: Node, other: Node
) -> None:
    polling = await owner.session()
    raw = await used(other)
    body = event("message", "first").encode()
    first = post(polling.sid, f"Content-Length: {len(body)}") + body
    await raw.write(first + get("/?second"))
    answer = await raw.response()
    assert (answer.body, answer.headers["connection"]) == (b"ok", "close")
    assert await raw.rest() == b""
    await heard(owner, "first")


# --- what is refused ----------------------------------------------------------------------------

BAD_SIDS = {
    "of a process that is no more": "0123abcd" + "x" * 20,
    "of a tag alone": "0123abcd",
    "in capitals": "0123ABCD" + "x" * 20,
    "that is a path": "..%2F..%2Fetc%2Fpasswd",
    "that is a folder": "........",
    "of other letters": "%C3%A4%C3%B6%C3%BC%E4%BD%A0%E5%A5%BD%00%0A%0D",
    "that is long": "0" * 8000,
}


def requests(sid: str) -> dict[str, bytes]:
    """Everything that names a session."""
    return {
        "poll": get(target(sid)),
        "post": post(sid, "Content-Length: 1") + b"2",
        "upgrade": head(*handshake(target(sid, "websocket"))),
    }


async def refusal(raw: Raw, request: bytes) -> tuple[int, Any]:
    """What a request is refused with."""
    await raw.write(request)
    async with asyncio.timeout(PATIENCE_S):
        answer = await raw.response()
    return answer.status, json.loads(answer.body)


@either
@pytest.mark.asyncio
@pytest.mark.parametrize("sid", BAD_SIDS.values(), ids=BAD_SIDS)
async def test_a_session_id_is_unknown(other: Node, connect: Connect, sid: str) -> None:
    for request in requests(sid).values():
        assert await refusal(await connect(other), request) == (400, UNKNOWN)


@either
@pytest.mark.asyncio
async def test_a_session_id_with_a_living_tag_can_be_unknown(
    owner: Node, other: Node, connect: Connect
) -> None:
    for request in requests(owner.tag + "x" * 20).values():
        assert await refusal(await connect(other), request) == (400, UNKNOWN)


@either
@pytest.mark.asyncio
async def test_sessions_of_a_process_that_ended_are_unknown(
    owner: Node, other: Node, folder: Path, connect: Connect
) -> None:
    polling = await owner.session()
    await owner.server.sio.shutdown()
    assert not (folder / owner.tag).exists()
    for request in requests(polling.sid).values():
        assert await refusal(await connect(other), request) == (400, UNKNOWN)


@either
@pytest.mark.asyncio
async def test_sessions_of_a_process_that_was_killed_are_unknown(
    other: Node, folder: Path, connect: Connect
) -> None:
    tag = new_tag()
    with socket.socket(socket.AF_UNIX) as left_over:
        left_over.bind(str(folder / tag))
    for request in requests(tag + "x" * 20).values():
        assert await refusal(await connect(other), request) == (400, UNKNOWN)


@either
@pytest.mark.asyncio
async def test_an_owner_that_takes_nothing_more_is_busy_and_nothing_grows(
    other: Node, folder: Path, connect: Connect
) -> None:
    tag = new_tag()
    with socket.socket(socket.AF_UNIX) as stuck, contextlib.ExitStack() as ends:
        stuck.bind(str(folder / tag))
        stuck.listen(0)
        filler = ends.enter_context(socket.socket(socket.AF_UNIX))
        filler.connect(str(folder / tag))
        await connect(other)
        before = open_files()
        for _ in range(10):
            for request in requests(tag + "x" * 20).values():
                raw = await connect(other)
                assert await refusal(raw, request) == (503, BUSY)
                await raw.close()
        await other.server.eventually(lambda: open_files() <= before)


@either
@pytest.mark.asyncio
async def test_an_owner_with_too_many_requests_hangs_up(
    other: Node, folder: Path, ends: AsyncExitStack, connect: Connect
) -> None:
    owner = await node(folder, ends, heads_max=1)
    waiting = await fresh(owner)
    await waiting.write(b"GET ")
    raw = await connect(other)
    before = open_files()
    await raw.write(requests(owner.tag + "x" * 20)["poll"])
    assert await raw.rest() == b""
    await other.server.eventually(lambda: open_files() <= before)


@pytest.mark.asyncio
async def test_a_flood_is_answered_and_leaves_nothing(owner: Node, other: Node) -> None:
    polling = await other.visited_by(await owner.session())
    before = open_files()

    async def wave() -> None:
        raws = [await fresh(other) for _ in range(100)]
        request = requests(owner.tag + "x" * 20)["poll"]
        assert {
            status for status, _ in await asyncio.gather(*(refusal(raw, request) for raw in raws))
        } == {400}
        for raw in raws:
            await raw.close()

    for _ in range(2):
        await wave()
    await other.server.eventually(lambda: open_files() <= before)
    await polling.echo()


def open_files() -> int:
    """How many descriptors this process has."""
    return len(os.listdir("/dev/fd"))


@pytest.mark.asyncio
async def test_a_client_that_goes_while_it_changes_hands_does_no_harm(
    owner: Node, other: Node
) -> None:
    polling = await owner.session()
    for connect in (fresh, used):
        for request in requests(polling.sid).values():
            raw = await connect(other)
            await raw.write(request)
            await raw.close()
    raw = await used(other)
    await raw.write(post(polling.sid, "Content-Length: 10"))  # without the body
    await raw.close()
    assert (await other.server.ask("GET", "EIO=4&transport=polling")).status == 200


# --- between the processes ----------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_parcel_that_is_not_whole_is_passed_over(owner: Node, folder: Path) -> None:
    before = open_files()
    for count in (0, 1):
        with connected(folder / owner.tag) as giver:
            socket.send_fds(giver, [b"."], [giver.fileno()] * count)
    with connected(folder / owner.tag):
        pass  # it dies before it sends anything
    polling = await owner.session()
    await polling.echo()
    await owner.server.eventually(lambda: open_files() <= before + 2)  # the client's connection


@pytest.mark.asyncio
async def test_without_descriptors_left_nothing_is_taken_for_a_while(
    owner: Node, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handover, "REST_S", 0.05)
    with connected(folder / owner.tag) as giver:
        giver.send(b".")  # without a connection, so whoever takes it hangs up
        giver.setblocking(False)
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free(), hard))
        try:
            await asyncio.sleep(0.02)
            assert not is_closed(giver)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        await owner.server.eventually(lambda: is_closed(giver))


def lowest_free() -> int:
    """The number that the next descriptor would get."""
    descriptor = os.dup(0)
    os.close(descriptor)
    return descriptor


def is_closed(sock: socket.socket) -> bool:
    try:
        return sock.recv(1) == b""
    except BlockingIOError:
        return False


def connected(path: Path) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(str(path))
    return sock


@pytest.mark.asyncio
async def test_a_giver_that_stops_half_way_holds_up_nobody(
    owner: Node, other: Node, folder: Path
) -> None:
    polling = await other.visited_by(await owner.session())
    with connected(folder / owner.tag):
        await polling.echo()


@pytest.mark.parametrize("mode", [0o750, 0o701, 0o777])
def test_a_folder_that_others_may_enter_is_refused(folder: Path, mode: int) -> None:
    folder.chmod(mode)
    with pytest.raises(PermissionError, match="0700"):
        Handover(str(folder), new_tag()).open(Front)


def test_a_folder_that_is_missing_is_refused(folder: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Handover(str(folder / "no"), new_tag()).open(Front)


def test_a_tag_is_no_path() -> None:
    with pytest.raises(ValueError, match="no tag"):
        Handover("/somewhere", "../../up")


@pytest.mark.asyncio
async def test_alone_a_session_id_of_any_form_is_nobody_elses(ends: AsyncExitStack) -> None:
    server = await ends.enter_async_context(running(LEAN, PATIENCE_S))
    raw = await server.raw()
    assert await refusal(raw, get(target(new_tag() + "x" * 20))) == (400, UNKNOWN)
