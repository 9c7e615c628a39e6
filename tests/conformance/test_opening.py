"""RFC 6455, section 4: the opening handshake, and HTTP around it on the same port."""

from __future__ import annotations

import asyncio

import pytest

from tests.conformance.conftest import Serve
from tests.conformance.raw import KEY, TEXT, Raw, accept, frame, handshake, head
from tests.conformance.servers import Server
from tests.conformance.wire import event

TARGET = "/socket.io/?EIO=4&transport=websocket"


async def speaks(raw: Raw) -> None:
    """It is a WebSocket that works; its OPEN packet has not been read."""
    assert (await raw.text()).startswith("0{")
    await raw.write(frame(TEXT, "40"))
    assert (await raw.text()).startswith("40{")
    assert await raw.text() == event("auth", {})
    await echoes(raw)


async def echoes(raw: Raw, words: str = "are you there?") -> None:
    await raw.write(frame(TEXT, event("message", words)))
    assert await raw.text() == event("message-back", words)


@pytest.mark.asyncio
@pytest.mark.parametrize("key", [KEY, "dGhlIHNhbXBsZSBub25jZQ==", "AAAAAAAAAAAAAAAAAAAAAA=="])
async def test_the_key_is_answered(server: Server, key: str) -> None:
    raw = await server.raw()
    response = await raw.request(*handshake(Sec_WebSocket_Key=key))
    assert response.status == 101
    assert response.headers["upgrade"].lower() == "websocket"
    assert response.headers["connection"].lower() == "upgrade"
    assert response.headers["sec-websocket-accept"] == accept(key)
    await speaks(raw)


PROPER = {
    "capitals": {"Upgrade": "WebSocket", "Connection": "UPGRADE"},
    "a list": {"Connection": "keep-alive, Upgrade"},
    "a list without spaces": {"Connection": "keep-alive,upgrade"},
    "spaces around": {"Connection": " \tUpgrade  ", "Sec_WebSocket_Key": f"  {KEY}\t"},
    "extensions": {"Sec_WebSocket_Extensions": "permessage-deflate; client_max_window_bits, x-y"},
    "protocols": {"Sec_WebSocket_Protocol": "chat, superchat"},
    "other headers": {"Cookie": "a=b; c=\xe9", "User_Agent": "x" * 2000, "X": ""},
}


@pytest.mark.asyncio
@pytest.mark.parametrize("case", PROPER)
async def test_a_proper_handshake_may_look_different(server: Server, case: str) -> None:
    raw = await server.raw()
    response = await raw.request(*handshake(**PROPER[case]))
    assert response.status == 101
    assert "sec-websocket-protocol" not in response.headers, "none of them is ours"
    if "sec-websocket-extensions" not in response.headers:
        await speaks(raw)


@pytest.mark.asyncio
async def test_names_of_headers_have_no_case_and_no_order(server: Server) -> None:
    raw = await server.raw()
    first, *lines = handshake()
    response = await raw.request(first, *(line.lower() for line in lines if "Key" not in line),
                                 f"SEC-WEBSOCKET-KEY: {KEY}")  # fmt: skip
    assert response.status == 101
    await speaks(raw)


@pytest.mark.asyncio
async def test_connection_may_come_in_two_lines(server: Server) -> None:
    raw = await server.raw()
    lines = handshake(Connection="keep-alive")
    assert (await raw.request(*lines, "Connection: Upgrade")).status == 101
    await speaks(raw)


@pytest.mark.asyncio
async def test_no_extension_is_negotiated_that_was_not_offered(server: Server) -> None:
    raw = await server.raw()
    assert "sec-websocket-extensions" not in (await raw.request(*handshake())).headers


IMPROPER: dict[str, dict[str, str | None]] = {
    "no key": {"Sec_WebSocket_Key": None},
    "an empty key": {"Sec_WebSocket_Key": ""},
    "a short key": {"Sec_WebSocket_Key": "AAAAAAAAAAAAAAAAAAAA"},
    "a long key": {"Sec_WebSocket_Key": "AAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
    "a key that is no base64": {"Sec_WebSocket_Key": "!!!!!!!!!!!!!!!!!!!!!!=="},
    "a key with a space": {"Sec_WebSocket_Key": "AAAAAAAAAAA AAAAAAAAAAA=="},
    "two keys": {"Sec_WebSocket_Key": f"{KEY}, {KEY}"},
    "no version": {"Sec_WebSocket_Version": None},
    "an old version": {"Sec_WebSocket_Version": "8"},
    "a new version": {"Sec_WebSocket_Version": "14"},
    "several versions": {"Sec_WebSocket_Version": "13, 8"},
    "another protocol": {"Upgrade": "h2c"},
    "no upgrade": {"Upgrade": None},
    "no host": {"Host": None},
    "no connection": {"Connection": None},
    "another connection": {"Connection": "keep-alive"},
    "a connection that only looks like it": {"Connection": "no-upgrade"},
}


@pytest.mark.asyncio
@pytest.mark.parametrize("case", IMPROPER)
async def test_an_improper_handshake_is_refused(server: Server, case: str) -> None:
    raw = await server.raw()
    response = await raw.request(*handshake(**IMPROPER[case]))
    assert response.status in (400, 426)
    await (await server.joined()).echo()


@pytest.mark.asyncio
async def test_two_lines_with_a_key_are_refused(server: Server) -> None:
    raw = await server.raw()
    response = await raw.request(*handshake(), f"Sec-WebSocket-Key: {KEY}")
    assert response.status == 400


@pytest.mark.asyncio
async def test_another_version_is_told_which_is_spoken(server: Server) -> None:
    """Section 4.4: the answer names the versions that the server understands."""
    raw = await server.raw()
    response = await raw.request(*handshake(Sec_WebSocket_Version="25"))
    assert response.status in (400, 426)
    assert response.headers["sec-websocket-version"] == "13"


@pytest.mark.asyncio
async def test_http_1_0_cannot_be_upgraded(server: Server) -> None:
    raw = await server.raw()
    first, *lines = handshake()
    response = await raw.request(first.replace("HTTP/1.1", "HTTP/1.0"), *lines)
    assert response.status in (400, 426, 505)


@pytest.mark.asyncio
@pytest.mark.parametrize("method", ["POST", "PUT", "HEAD", "get"])
async def test_only_get_can_be_upgraded(server: Server, method: str) -> None:
    raw = await server.raw()
    first, *lines = handshake()
    await raw.write(head(first.replace("GET", method, 1), *lines, "Content-Length: 0"))
    assert 400 <= (await raw.response(has_body=False)).status < 500


@pytest.mark.asyncio
@pytest.mark.parametrize("path", ["/", "/elsewhere/", "/socket.io/more", "/socket.iox/"])
async def test_only_the_engines_path_can_be_upgraded(server: Server, path: str) -> None:
    raw = await server.raw()
    response = await raw.request(*handshake(f"{path}?EIO=4&transport=websocket"))
    assert response.status in (200, 404), "a plain answer, as if no upgrade had been asked for"


@pytest.mark.asyncio
@pytest.mark.parametrize("size", [1, 2, 7, 100])
async def test_a_head_may_come_in_pieces(server: Server, size: int) -> None:
    raw = await server.raw()
    await raw.write_slowly(head(*handshake()), size)
    assert (await raw.response()).status == 101
    await speaks(raw)


@pytest.mark.asyncio
async def test_frames_right_behind_the_head_are_taken(server: Server) -> None:
    raw = await server.raw()
    await raw.write(head(*handshake()) + frame(TEXT, "40") + frame(TEXT, event("message", 1)))
    assert (await raw.response()).status == 101
    assert (await raw.text()).startswith("0{")
    assert (await raw.text()).startswith("40{")
    assert {await raw.text(), await raw.text()} == {event("auth", {}), event("message-back", 1)}


@pytest.mark.asyncio
@pytest.mark.parametrize("transport", ["websocket", "polling"])
@pytest.mark.parametrize("header", ["one long line", "many lines"])
async def test_a_huge_head_is_refused(server: Server, transport: str, header: str) -> None:
    raw = await server.raw()
    lines = handshake(f"/socket.io/?EIO=4&transport={transport}")
    more = ["X: " + "x" * 70_000] if header == "one long line" else ["X: " + "x" * 70] * 1000
    await raw.write(head(*lines, *more))
    assert b" 101 " not in await raw.rest()
    await (await server.joined()).echo()


@pytest.mark.asyncio
async def test_a_head_that_never_ends_is_cut_off(server: Server) -> None:
    raw = await server.raw()
    await raw.write("\r\n".join(handshake()).encode())
    for _ in range(200):
        await raw.write(b"\r\nX: " + b"x" * 1000)
    assert b" 101 " not in await raw.rest()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "begun", ["", "GET", "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n"]
)
async def test_a_head_must_come_in_time(serve: Serve, begun: str) -> None:
    server = await serve(lean={"request_within_ms": 100})
    raw = await server.raw()
    await raw.write(begun.encode())
    assert await raw.rest() == b""


@pytest.mark.asyncio
@pytest.mark.parametrize("begun", ["", "GET /socket.io/?EIO=4"])
async def test_a_server_that_shuts_down_waits_for_no_request(server: Server, begun: str) -> None:
    raw = await server.raw()
    await raw.write(begun.encode())
    await (await server.joined()).echo()  # by then the server has the first connection too
    await server.sio.shutdown()
    assert await raw.rest() == b""


SMUGGLED: dict[str, list[str]] = {
    "two lengths": ["Content-Length: 4", "Content-Length: 5"],
    "a list of lengths": ["Content-Length: 4, 5"],
    "a length and chunks": ["Content-Length: 4", "Transfer-Encoding: chunked"],
    "chunks twice": ["Transfer-Encoding: chunked, identity"],
    "a negative length": ["Content-Length: -4"],
    "a length with a plus": ["Content-Length: +4"],
    "a hexadecimal length": ["Content-Length: 0x4"],
    "a space before the colon": ["Content-Length : 4"],
    "a folded line": ["X: a", " b"],
    "a line without a colon": ["nonsense"],
    "no name": [": value"],
    "a NUL": ["X: a\x00b"],
    "a bare CR": ["X: a\rContent-Length: 4"],
    "a name with a space": ["X Y: 1"],
}


@pytest.mark.asyncio
@pytest.mark.parametrize("case", SMUGGLED)
@pytest.mark.parametrize("kind", ["plain", "upgrade"])
async def test_what_two_servers_may_read_differently_is_refused(
    server: Server, kind: str, case: str
) -> None:
    raw = await server.raw()
    lines = handshake() if kind == "upgrade" else ["POST /upload HTTP/1.1", "Host: x"]
    await raw.write(head(*lines, *SMUGGLED[case]) + b"1234")
    assert (await raw.response()).status == 400
    assert b" 101 " not in await raw.rest_until_quiet()


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", ["plain", "upgrade"])
async def test_lines_end_with_cr_and_lf(server: Server, kind: str) -> None:
    raw = await server.raw()
    lines = handshake() if kind == "upgrade" else ["GET / HTTP/1.1", "Host: x"]
    await raw.write(head(*lines).replace(b"\r\n", b"\n"))
    assert not (await raw.rest_until_quiet()).startswith((b"HTTP/1.1 101", b"HTTP/1.1 200"))


@pytest.mark.asyncio
@pytest.mark.parametrize("body", ["Content-Length: 4", "Transfer-Encoding: chunked"])
async def test_a_body_is_never_taken_for_frames(server: Server, body: str) -> None:
    raw = await server.raw()
    sent = frame(TEXT, "40")
    await raw.write(head(*handshake(), body) + (b"4\r\n" if "chunked" in body else b"") + sent)
    await raw.rest_until_quiet()
    assert server.echo.connected == []


@pytest.mark.asyncio
async def test_other_pages_live_on_the_same_port(server: Server) -> None:
    raw = await server.raw()
    for target, status, body in [("/?a=1", 200, b"home a=1"), ("/nowhere", 404, None)]:
        response = await raw.request(f"GET {target} HTTP/1.1", "Host: x")
        assert response.status == status
        assert body in (None, response.body)
    response = await raw.request("POST /upload HTTP/1.1", "Host: x", "Content-Length: 5",
                                 body=b"hello")  # fmt: skip
    assert response.body == b"5 bytes"


@pytest.mark.asyncio
@pytest.mark.parametrize("size", [1, 5, 10_000])
async def test_requests_may_be_pipelined(server: Server, size: int) -> None:
    raw = await server.raw()
    requests = b"".join(head(f"GET /?{n} HTTP/1.1", "Host: x") for n in range(5))
    upload = head("POST /upload HTTP/1.1", "Host: x", "Content-Length: 3") + b"abc"
    await raw.write_slowly(requests + upload, size)
    for number in range(5):
        assert (await raw.response()).body == f"home {number}".encode()
    assert (await raw.response()).body == b"3 bytes"


@pytest.mark.asyncio
@pytest.mark.parametrize("before", [["GET / HTTP/1.1"], ["GET /nowhere HTTP/1.1"],
                                    ["GET /socket.io/?EIO=4&transport=polling HTTP/1.1"],
                                    ["GET /socket.io/?EIO=3 HTTP/1.1"]])  # fmt: skip
async def test_a_connection_that_carried_requests_can_be_upgraded(
    server: Server, before: list[str]
) -> None:
    """Proxies keep connections to the server, and use them again for anything."""
    raw = await server.raw()
    for _ in range(3):
        await raw.request(*before, "Host: x")
    assert (await raw.request(*handshake())).status == 101
    await speaks(raw)
    for number in range(50):
        await echoes(raw, str(number))
    await raw.close()
    await server.eventually(lambda: server.echo.ended)


@pytest.mark.asyncio
async def test_a_handshake_may_be_pipelined_behind_a_request(server: Server) -> None:
    raw = await server.raw()
    await raw.write(head("GET / HTTP/1.1", "Host: x") + head(*handshake()))
    assert (await raw.response()).body == b"home "
    assert (await raw.response()).status == 101
    await speaks(raw)


@pytest.mark.asyncio
async def test_frames_behind_a_handshake_behind_a_request_are_taken(server: Server) -> None:
    raw = await server.raw()
    await raw.request("GET / HTTP/1.1", "Host: x")
    await raw.write(head(*handshake()) + frame(TEXT, "40") + frame(TEXT, event("message", 1)))
    assert (await raw.response()).status == 101
    assert (await raw.text()).startswith("0{")
    assert (await raw.text()).startswith("40{")
    assert {await raw.text(), await raw.text()} == {event("auth", {}), event("message-back", 1)}


@pytest.mark.asyncio
async def test_an_upgraded_connection_carries_no_more_requests(server: Server) -> None:
    raw = await server.raw()
    await raw.upgrade()
    await raw.text()
    await raw.write(head("GET / HTTP/1.1", "Host: x"))
    assert await raw.close_code() in (1002, None)


@pytest.mark.asyncio
async def test_a_refused_handshake_can_be_followed_by_a_right_one(server: Server) -> None:
    raw = await server.raw()
    assert (await raw.request(*handshake(Sec_WebSocket_Key="short"))).status == 400
    await (await server.joined()).echo()


@pytest.mark.asyncio
async def test_connections_that_say_nothing_harm_nobody(server: Server) -> None:
    raws = [await server.raw() for _ in range(50)]
    await (await server.joined()).echo()
    for raw in raws:
        await raw.close()
    await asyncio.sleep(0)
    await (await server.joined()).echo()
