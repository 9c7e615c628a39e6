"""Engine.IO 4: how a session is opened, and how a bad opening is refused."""

from __future__ import annotations

import re
from typing import Any

import aiohttp
import pytest

from tests.conformance.conftest import Serve
from tests.conformance.raw import handshake
from tests.conformance.servers import MAX_PAYLOAD, Server

FIELDS = {"sid", "upgrades", "pingInterval", "pingTimeout", "maxPayload"}

# Codes of the reference server, which clients show to people.
UNKNOWN_TRANSPORT, UNKNOWN_SID, BAD_METHOD, BAD_REQUEST, BAD_VERSION = 0, 1, 2, 3, 5
MESSAGES = {
    UNKNOWN_TRANSPORT: "Transport unknown",
    UNKNOWN_SID: "Session ID unknown",
    BAD_METHOD: "Bad handshake method",
    BAD_REQUEST: "Bad request",
    BAD_VERSION: "Unsupported protocol version",
}

REFUSED = {
    "no query": ("GET", "", UNKNOWN_TRANSPORT),
    "no transport": ("GET", "EIO=4", UNKNOWN_TRANSPORT),
    "empty transport": ("GET", "EIO=4&transport=", UNKNOWN_TRANSPORT),
    "another transport": ("GET", "EIO=4&transport=pigeon", UNKNOWN_TRANSPORT),
    "transport in capitals": ("GET", "EIO=4&transport=POLLING", UNKNOWN_TRANSPORT),
    "no version": ("GET", "transport=polling", BAD_VERSION),
    "empty version": ("GET", "EIO=&transport=polling", BAD_VERSION),
    "version 3": ("GET", "EIO=3&transport=polling", BAD_VERSION),
    "version 5": ("GET", "EIO=5&transport=polling", BAD_VERSION),
    "version 44": ("GET", "EIO=44&transport=polling", BAD_VERSION),
    "no number": ("GET", "EIO=abc&transport=polling", BAD_VERSION),
    "POST": ("POST", "EIO=4&transport=polling", BAD_METHOD),
    "PUT": ("PUT", "EIO=4&transport=polling", BAD_METHOD),
    "DELETE": ("DELETE", "EIO=4&transport=polling", BAD_METHOD),
    "no upgrade": ("GET", "EIO=4&transport=websocket", BAD_REQUEST),
    "unknown sid": ("GET", "EIO=4&transport=polling&sid=unknown", UNKNOWN_SID),
    "POST to unknown sid": ("POST", "EIO=4&transport=polling&sid=unknown", UNKNOWN_SID),
    "name of a prototype": ("GET", "EIO=4&transport=polling&sid=__proto__", UNKNOWN_SID),
    "bytes as sid": ("GET", "EIO=4&transport=polling&sid=%00%ff%0d%0a", UNKNOWN_SID),
    "long sid": ("GET", "EIO=4&transport=polling&sid=" + "x" * 4000, UNKNOWN_SID),
}


@pytest.mark.asyncio
async def test_polling_opens_a_session_that_can_be_upgraded(server: Server) -> None:
    answer = await server.ask("GET", "EIO=4&transport=polling")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/plain; charset=UTF-8"
    assert answer.text.startswith("0{")
    polling = await server.polling()
    assert set(polling.opened) == FIELDS
    assert polling.opened["upgrades"] == ["websocket"]
    assert polling.opened["maxPayload"] == MAX_PAYLOAD
    assert (polling.opened["pingInterval"], polling.opened["pingTimeout"]) == (3_600_000, 20_000)


@pytest.mark.asyncio
async def test_a_websocket_opens_a_session_that_needs_no_upgrade(server: Server) -> None:
    socket = await server.websocket()
    assert set(socket.opened) == FIELDS
    assert socket.opened["upgrades"] == []
    assert socket.opened["maxPayload"] == MAX_PAYLOAD
    assert (socket.opened["pingInterval"], socket.opened["pingTimeout"]) == (3_600_000, 20_000)


@pytest.mark.asyncio
async def test_intervals_are_told_to_the_millisecond(serve: Serve) -> None:
    server = await serve(ping_interval=1.25, ping_timeout=0.333)
    for opened in ((await server.polling()).opened, (await server.websocket()).opened):
        assert (opened["pingInterval"], opened["pingTimeout"]) == (1250, 333)
        assert isinstance(opened["pingInterval"], int)


@pytest.mark.asyncio
async def test_each_session_has_an_id_that_nobody_can_guess(server: Server) -> None:
    sids = {(await server.polling()).sid for _ in range(30)}
    assert len(sids) == 30
    for sid in sids:
        assert re.fullmatch(r"[A-Za-z0-9_-]{20,}", sid), "at least 15 bytes, safe in a URL"
    assert all(len({sid[at] for sid in sids}) > 5 for at in range(10)), "random from the start"


@pytest.mark.asyncio
@pytest.mark.parametrize("case", REFUSED)
async def test_a_bad_request_is_refused(server: Server, case: str) -> None:
    method, query, _ = REFUSED[case]
    assert (await server.ask(method, query)).status == 400


@pytest.mark.asyncio
@pytest.mark.parametrize("case", REFUSED)
async def test_a_refusal_says_why_in_the_reference_servers_words(server: Server, case: str) -> None:
    method, query, code = REFUSED[case]
    answer = await server.ask(method, query)
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.error == {"code": code, "message": MESSAGES[code]}


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "query",
    [
        "transport=websocket",
        "EIO=3&transport=websocket",
        "EIO=abc&transport=websocket",
        "EIO=4",
        "EIO=4&transport=pigeon",
        "EIO=4&transport=websocket&sid=unknown",
        "EIO=4&transport=polling&sid=unknown",
    ],
)
async def test_a_websocket_with_a_bad_query_is_refused(server: Server, query: str) -> None:
    raw = await server.raw()
    response = await raw.request(*handshake(f"/socket.io/?{query}"))
    assert response.status == 400


@pytest.mark.asyncio
async def test_a_session_over_polls_is_not_reached_as_websocket_without_an_upgrade(
    server: Server,
) -> None:
    polling = await server.polling()
    answer = await server.ask("GET", f"EIO=4&transport=websocket&sid={polling.sid}")
    assert answer.status == 400
    await polling.join()


@pytest.mark.asyncio
@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
async def test_a_session_is_only_asked_by_get_and_post(server: Server, method: str) -> None:
    polling = await server.polling()
    answer = await server.ask(method, f"EIO=4&transport=polling&sid={polling.sid}", data="1")
    assert 400 <= answer.status < 500
    await polling.join()


@pytest.mark.asyncio
async def test_a_query_may_be_escaped_and_hold_more_than_we_know(server: Server) -> None:
    answer = await server.ask("GET", "t=abc.1&%45IO=%34&transport=%70olling&token=%E4%BD%A0&x")
    assert answer.status == 200
    assert answer.text.startswith("0{")


@pytest.mark.asyncio
async def test_jsonp_is_not_spoken(server: Server) -> None:
    answer = await server.ask("GET", "EIO=4&transport=polling&j=0")
    assert answer.status == 400, "any page could read what it polls"
    assert "___eio" not in answer.text


@pytest.mark.asyncio
async def test_a_transport_that_is_switched_off_is_unknown(serve: Serve) -> None:
    server = await serve(transports=["websocket"])
    assert (await server.ask("GET", "EIO=4&transport=polling")).status == 400
    await (await server.joined()).echo()
    server = await serve(transports=["polling"])
    assert (await server.polling()).opened["upgrades"] == []
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await server.websocket()
    assert refused.value.status == 400


@pytest.mark.asyncio
async def test_upgrades_that_are_switched_off_are_not_offered(serve: Serve) -> None:
    server = await serve(allow_upgrades=False)
    assert (await server.polling()).opened["upgrades"] == []
    await (await server.joined()).echo()


OURS, FOREIGN = "https://shop.example", "https://elsewhere.example"


@pytest.mark.asyncio
@pytest.mark.parametrize("options", [{}, {"cors_credentials": False}])
async def test_pages_of_an_allowed_origin_may_read_what_they_poll(
    serve: Serve, options: dict[str, Any]
) -> None:
    server = await serve(cors_allowed_origins=[OURS], **options)
    answer = await server.ask("GET", "EIO=4&transport=polling", headers={"Origin": OURS})
    assert answer.status == 200
    assert answer.headers["Access-Control-Allow-Origin"] == OURS
    allowed = answer.headers.get("Access-Control-Allow-Credentials")
    assert allowed == ("true" if not options else None)


@pytest.mark.asyncio
async def test_pages_of_another_origin_are_refused_on_both_transports(serve: Serve) -> None:
    server = await serve(cors_allowed_origins=[OURS])
    answer = await server.ask("GET", "EIO=4&transport=polling", headers={"Origin": FOREIGN})
    assert 400 <= answer.status < 500
    assert "Access-Control-Allow-Origin" not in answer.headers
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await server.websocket(origin=FOREIGN)
    await (await server.websocket(origin=OURS)).join()


@pytest.mark.asyncio
async def test_a_browser_may_ask_first_whether_it_may(serve: Serve) -> None:
    server = await serve(cors_allowed_origins=[OURS])
    asked = {
        "Origin": OURS,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "x-token",
    }
    answer = await server.ask("OPTIONS", "EIO=4&transport=polling", headers=asked)
    assert answer.status in (200, 204)
    assert answer.headers["Access-Control-Allow-Origin"] == OURS
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert answer.headers["Access-Control-Allow-Headers"] == "x-token"
