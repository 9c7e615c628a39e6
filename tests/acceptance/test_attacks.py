"""What no proper client sends: it hurts the sender only, and leaves one line in the log at most."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any

import aiohttp
import pytest

from loadtest.faults.nodes import ChatServer
from loadtest.faults.people import PATIENCE_S, LostError, eventually, text
from tests.acceptance.conftest import Cast, Start
from tests.acceptance.rawsocket import joined_socket, raw_socket
from tests.acceptance.stalled import STALLED, stalled_reader_is_cut_off

MALFORMED = {
    "no packet type": "",
    "unknown engine packet": "9",
    "a letter": "z",
    "open from a client": "0{}",
    "unknown socket packet": "49",
    "no socket packet": "4",
    "event without data": "42",
    "event cut short": "42[",
    "event that is an object": "42{}",
    "event without a name": "42[]",
    "event with a number for a name": "42[1]",
    "event with null for a name": "42[null]",
    "event that is not JSON": '42["message.send",{]',
    "ack number without end": "42" + "9" * 400 + '["sync",{}]',
    "binary event": '451-["message.send",{"_placeholder":true,"num":0}]',
    "binary ack": '461-1[{"_placeholder":true,"num":0}]',
    "many attachments": '4599999-["message.send",{"_placeholder":true,"num":0}]',
    "attachments without dash": '45["message.send"]',
    "60,000 open brackets": '421["message.send",' + "[" * 60_000,
    "60,000 open braces": '421["sync",' + '{"a":' * 12_000,
    "60,000 digits": '421["read.mark",{"conversation":"c","seq":' + "9" * 60_000 + "}]x",
    "NaN": '421["sync",NaN]',
}


async def still_serves(server: ChatServer, cast: Cast) -> None:
    """Others chat on as if nothing had happened."""
    mei = await cast.join("still-mei", server)
    lin = await cast.join("still-lin", server)
    sent = await mei.say(await mei.open(lin.user), "all is well")
    await lin.sees("message", seq=sent["seq"])


@pytest.mark.asyncio
@pytest.mark.parametrize("packet", MALFORMED.values(), ids=MALFORMED.keys())
async def test_a_malformed_packet_closes_the_socket(
    house: ChatServer, cast: Cast, packet: str
) -> None:
    size = house.log_size()
    async with joined_socket(house.url, cast.name("eve")) as raw:
        await raw.send(packet)
        packets = await raw.closed()
    assert not [packet for packet in packets if '"ok":true' in packet]
    await still_serves(house, cast)
    assert len(house.log_since(size).splitlines()) < 20


ODD = {
    "ping from a client": "2",
    "probe on a WebSocket": "2probe",
    "upgrade on a WebSocket": "5",
    "noop": "6",
    "ack nobody waits for": "4399[1]",
    "ack without data": "431",
    "connect error from a client": '44{"message":"x"}',
    "second connect": '40{"token":"x"}',
    "connect of another namespace": '40/admin,{"token":"x"}',
    "event of another namespace": '42/admin,1["device.list",{}]',
    "leaving another namespace": "41/admin,",
}


@pytest.mark.asyncio
@pytest.mark.parametrize("packet", ODD.values(), ids=ODD.keys())
async def test_a_packet_out_of_place_does_nothing_or_closes_the_socket(
    house: ChatServer, cast: Cast, packet: str
) -> None:
    async with joined_socket(house.url, cast.name("eve")) as raw:
        await raw.send(packet)
        with contextlib.suppress(ConnectionError):
            ack = await raw.call(7, "device.list", {})
            assert ack["ok"] is True
            assert [device["id"] for device in ack["devices"]] == [f"{cast.name('eve')}-raw"]
    await still_serves(house, cast)


@pytest.mark.asyncio
async def test_a_binary_frame_closes_the_socket(house: ChatServer, cast: Cast) -> None:
    async with joined_socket(house.url, cast.name("eve")) as raw:
        await raw.send_binary(b"\x04" * 1000)
        await raw.closed()
    await still_serves(house, cast)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "frame",
    [
        "4" * 1_000_000,
        '421["message.send",' + "[" * 100_000,
        '421["read.mark",{"conversation":"c","seq":' + "9" * 1_000_000 + "}]",
        '421["sync",{' + ",".join(f'"k{n}":1' for n in range(100_000)) + "}]",
    ],
    ids=["1 MB", "100,000 open brackets", "a million digits", "100,000 keys"],
)
async def test_a_frame_beyond_the_limit_closes_the_socket(
    house: ChatServer, cast: Cast, frame: str
) -> None:
    async with joined_socket(house.url, cast.name("eve")) as raw:
        with contextlib.suppress(ConnectionError):
            await raw.send(frame)
        await raw.closed()
    await still_serves(house, cast)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "event",
    [
        *("message", "ready", "error", "ping", "*", "", "Connect", "connect ", "disconnect\0"),
        *("__proto__", "constructor", "$where", "message.send\0", "x" * 10_000),
    ],
)
async def test_an_event_that_is_no_call_gets_an_invalid_ack_and_the_socket_lives(
    house: ChatServer, cast: Cast, event: str
) -> None:
    async with joined_socket(house.url, cast.name("eve")) as raw:
        ack = await raw.call(7, event, FORGED)
        assert (ack["ok"], ack["code"]) == (False, "invalid")
        assert (await raw.call(8, "device.list", {}))["ok"] is True


FORGED: dict[str, Any] = {
    "token": "forged",
    "device": {"id": "forged", "platform": "web"},
    "REMOTE_ADDR": "1.2.3.4",
}


@pytest.mark.asyncio
async def test_a_number_of_thousands_of_digits_gets_an_invalid_ack(
    house: ChatServer, cast: Cast
) -> None:
    async with joined_socket(house.url, cast.name("eve")) as raw:
        for number, field in enumerate(("seq", "unknown")):
            await raw.send(f'42{number}["read.mark",{{"{field}":{"9" * 5000}}}]')
            ack = await raw.ack(number)
            assert (ack["ok"], ack["code"]) == (False, "invalid")
        assert (await raw.call(8, "device.list", {}))["ok"] is True


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "event",
    ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"],
)
@pytest.mark.parametrize("packet", ["42", "427"], ids=["alone", "with an acknowledgement"])
async def test_an_event_with_a_reserved_name_closes_its_socket_and_nothing_else_happens(
    house: ChatServer, cast: Cast, event: str, packet: str
) -> None:
    """No handler of ours takes a client's word for a connection's beginning or end."""
    lin, eve = await cast.join("lin", house), await cast.join("eve", house)
    room = await lin.open(eve.user)
    shown = await lin.ask("presence.watch", users=[eve.user])
    assert shown["presence"][eve.user]["state"] == "online"
    async with joined_socket(house.url, eve.user) as raw:
        await raw.send(packet + json.dumps([event, FORGED]))
        assert not [each for each in await raw.closed() if each.startswith("43")]
    devices = await eve.ask("device.list")
    assert {device["id"] for device in devices["devices"]} == {eve.device, f"{eve.user}-raw"}
    sent = await lin.say(room, "are you still there?")
    await eve.sees("message", seq=sent["seq"])
    await lin.settled()
    assert not lin.seen("presence", user=eve.user, state="offline")


@pytest.mark.asyncio
async def test_a_socket_that_never_says_who_it_is_is_closed_in_time(
    start: Start, cast: Cast
) -> None:
    server = await start(auth_deadline_ms=500)
    async with raw_socket(server.url) as raw:
        await raw.closed()
    await still_serves(server, cast)


@pytest.mark.asyncio
async def test_a_call_before_the_connection_is_open_reaches_nobody(start: Start) -> None:
    server = await start(auth_deadline_ms=500)
    async with raw_socket(server.url) as raw:
        await raw.send('421["device.list",{}]')
        packets = await raw.closed()
    assert not [packet for packet in packets if packet.startswith("43")]


@pytest.mark.asyncio
async def test_twenty_sends_without_waiting_keep_their_order(house: ChatServer, cast: Cast) -> None:
    mei = await cast.join("mei", house)
    lin = await cast.join("lin", house)
    room = await mei.open(lin.user)
    answers = []
    for number in range(20):
        payload = {"conversation": room, "client_id": f"c{number}", "kind": "text"}
        answers.append(await mei.begin("message.send", {**payload, "body": text(str(number))}))
        if number == 5:  # a slow call between must not let the later ones pass
            answers.append(await mei.begin("message.edit", {"conversation": room, "seq": 1,
                                                            "body": text("edited")}))  # fmt: skip
    acks = [await answer for answer in answers]
    assert all(ack["ok"] for ack in acks), acks
    assert [ack["seq"] for ack in acks if "seq" in ack] == list(range(1, 21))
    page = await lin.ask("history.get", conversation=room)
    assert [message["client_id"] for message in page["messages"]] == [f"c{n}" for n in range(20)]


@pytest.mark.asyncio
async def test_a_reader_who_stops_is_closed_and_the_others_are_served(
    start: Start, cast: Cast
) -> None:
    server = await start(**STALLED)
    assert await stalled_reader_is_cut_off(server, cast, PATIENCE_S)


@pytest.mark.asyncio
async def test_leaving_by_polling_answers_the_waiting_poll(house: ChatServer, cast: Cast) -> None:
    """Otherwise the client's last request hangs until the next ping."""
    url = f"{house.url}/socket.io/?EIO=4&transport=polling"
    async with aiohttp.ClientSession() as http:
        async with http.get(url) as answer:
            session = json.loads((await answer.text())[1:])["sid"]
        waiting = asyncio.ensure_future(http.get(f"{url}&sid={session}"))
        await asyncio.sleep(0)
        async with http.post(f"{url}&sid={session}", data="1") as answer:
            assert answer.status in (200, 400)
        async with asyncio.timeout(PATIENCE_S), await waiting as answer:
            assert answer.status in (200, 400)
        async with http.get(f"{url}&sid={session}") as answer:
            assert answer.status == 400


@pytest.mark.asyncio
async def test_jsonp_is_refused(house: ChatServer) -> None:
    url = f"{house.url}/socket.io/?EIO=4&transport=polling&j=0"
    async with aiohttp.ClientSession() as http, http.get(url) as answer:
        assert answer.status == 400
        assert "___eio" not in await answer.text()


@pytest.mark.asyncio
@pytest.mark.parametrize("query", ["EIO=4", "EIO=3&transport=polling", "EIO=4&transport=pigeon",
                                   "EIO=4&transport=polling&sid=unknown"])  # fmt: skip
async def test_a_handshake_that_is_not_in_the_protocol_is_refused(
    house: ChatServer, query: str
) -> None:
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"{house.url}/socket.io/?{query}") as answer,
    ):
        assert answer.status == 400


async def opens(url: str, user: str, **headers: str) -> bool:
    """Whether a socket with these headers comes in."""
    try:
        async with raw_socket(url, **headers) as raw:
            await raw.join(user)
            return True
    except (aiohttp.WSServerHandshakeError, ConnectionError, TimeoutError):
        return False


async def all_stay_outside(server: ChatServer, user: str, *pages: dict[str, str]) -> bool:
    """Whether no socket with any of these headers comes in."""
    return not any(await asyncio.gather(*(opens(server.url, user, **page) for page in pages)))


@pytest.mark.asyncio
async def test_a_page_of_another_origin_stays_outside(start: Start, cast: Cast) -> None:
    server, evil = await start(auth_deadline_ms=3000), {"Origin": "http://evil.example"}
    forwarded = {**evil, "X-Forwarded-Host": "evil.example"}
    assert await opens(server.url, cast.name("mei"), Origin=server.url)
    assert await all_stay_outside(
        server, cast.name("mei"), evil, forwarded, {**forwarded, "X-Forwarded-Proto": "http"}
    )


@pytest.mark.asyncio
async def test_a_configured_origin_may_come_in(start: Start, cast: Cast) -> None:
    origins = ("https://shop.example", "https://desk.example")
    server = await start(public_origins=",".join(origins), auth_deadline_ms=3000)
    for origin in origins:
        assert await opens(server.url, cast.name("mei"), Origin=origin)
    others = ("https://shop.example.evil.example", "null")
    assert await all_stay_outside(
        server, cast.name("mei"), *({"Origin": origin} for origin in others)
    )


async def waiting_sockets(server: ChatServer, stack: contextlib.AsyncExitStack) -> int:
    """How many of ten sockets with ten invented addresses may wait."""
    count = 0
    for number in range(10):
        address = {"X-Forwarded-For": f"203.0.113.{number}"}
        with contextlib.suppress(aiohttp.WSServerHandshakeError, ConnectionError, TimeoutError):
            await stack.enter_async_context(raw_socket(server.url, **address))
            count += 1
    return count


@pytest.mark.asyncio
@pytest.mark.parametrize(("proxies", "expected"), [("", 3), ("127.0.0.0/8", 10)])
async def test_a_forwarded_address_counts_only_from_a_configured_proxy(
    start: Start, proxies: str, expected: int
) -> None:
    server = await start(
        unauthenticated_per_address=3, auth_deadline_ms=20_000, trusted_proxies=proxies
    )
    async with contextlib.AsyncExitStack() as stack:
        assert await waiting_sockets(server, stack) == expected


@pytest.mark.asyncio
async def test_a_connection_id_is_no_key_to_anything(house: ChatServer, cast: Cast) -> None:
    mei = await cast.join("mei", house)
    lin = await cast.join("lin", house)
    yu = await cast.join("yu", house)
    room = await mei.open(lin.user)
    assert mei._sio is not None
    names = [mei._sio.get_sid("/"), mei._sio.eio.sid, f"u:{mei.user}", f"c:{room}", mei.user]
    for name in names:
        for event, more in _CALLS_ON_A_CONVERSATION.items():
            assert await yu.refused(event, conversation=name, **more) == "not_found"
    assert await yu.refused("conversation.open", kind="direct", **{"with": names[0]}) == "not_found"
    await mei.say(room, "private")
    await lin.sees("message", conversation=room)
    await yu.settled()
    assert not yu.seen("message")
    await mei.settled()
    assert not mei.seen("typing")


_CALLS_ON_A_CONVERSATION: dict[str, dict[str, Any]] = {
    "conversation.get": {},
    "history.get": {},
    "typing": {"on": True},
    "message.send": {"client_id": "c", "kind": "text", "body": {"text": "boo"}},
}


@pytest.mark.asyncio
async def test_a_flood_ends_the_flooder_only(house: ChatServer, cast: Cast) -> None:
    eve = await cast.join("eve", house)
    frames = [json.dumps(["device.list", {}])] * 5000
    assert eve._sio is not None
    with contextlib.suppress(LostError):
        for _ in frames:
            await eve.begin("device.list", {})
    await eventually(lambda: not eve.connected or not eve._pending, "answered, or cut off")
    await still_serves(house, cast)
