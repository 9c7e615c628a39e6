"""The load clients count every message once, however the network cuts what it carries."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.swarm import frames
from loadtest.swarm.client import Client
from loadtest.swarm.crowd import Place
from loadtest.swarm.failed import Failed, Refused
from loadtest.swarm.usage import Usage
from loadtest.swarm.worker import Worker

HEAD = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"


class Wire:
    """The transport of a client, which keeps what is written."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.aborted = False

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def abort(self) -> None:
        self.aborted = True

    def close(self) -> None:
        self.aborted = True


def client(loop: asyncio.AbstractEventLoop) -> tuple[Client, Wire]:
    """A client whose request for an upgrade is on the wire."""
    wire: Any = Wire()

    async def make() -> Client:
        return Client(b"GET", b"greeting", b"40")

    made = loop.run_until_complete(make())
    made.connection_made(wire)
    return made, wire


def message(text: str) -> bytes:
    return frames.plain(f'42["message",{{"text":"{text}"}}]')


@pytest.fixture
def loop() -> Any:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


@given(
    sizes=st.lists(st.sampled_from([0, 1, 90, 101, 102, 103, 150, 70_000]), max_size=12),
    cuts=st.lists(st.integers(0, 2000), max_size=8),
)
def test_every_message_is_counted_once_wherever_the_stream_is_cut(
    sizes: list[int], cuts: list[int]
) -> None:
    loop = asyncio.new_event_loop()
    one, _ = client(loop)
    between = frames.plain('42["delivered",{}]')
    sent = [message("x" * size) for size in sizes]
    stream = HEAD + between.join(sent) + b"".join(sent)
    at = 0
    for end in [*sorted(cuts), len(stream)]:
        if end > at:
            one.data_received(stream[at:end])
            at = end
    assert one.messages == 2 * len(sizes)
    assert one.bytes == 2 * sum(map(len, sent))
    loop.close()


def test_a_burst_of_equal_frames_is_counted_without_what_only_looks_like_one(
    loop: asyncio.AbstractEventLoop,
) -> None:
    one, _ = client(loop)
    other = frames.plain('42["massage",{"text":"xx"}]')
    assert len(other) == len(message("xx"))
    one.data_received(HEAD + message("xx") * 5 + other + message("xx"))
    assert one.messages == 6


def test_a_message_that_quotes_another_counts_once(loop: asyncio.AbstractEventLoop) -> None:
    one, _ = client(loop)
    quoting = frames.plain('42["message",{"text":"42[\\"message\\""}]42["message"')
    one.data_received(HEAD + quoting * 4)
    assert one.messages == 4


def test_pings_are_answered_and_the_greeting_follows_the_opening(
    loop: asyncio.AbstractEventLoop,
) -> None:
    one, wire = client(loop)
    one.data_received(HEAD + frames.plain('0{"sid":"a"}') + frames.plain("2"))
    assert wire.written == [b"GET", b"greeting", frames.masked("3")]
    assert one.pings == 1


def test_a_client_has_come_with_the_packet_it_waits_for(loop: asyncio.AbstractEventLoop) -> None:
    one, _ = client(loop)
    one.data_received(HEAD + frames.plain('0{"sid":"a"}'))
    assert not one.came.done()
    one.data_received(frames.plain('40{"sid":"b"}'))
    assert one.came.done()


@pytest.mark.parametrize(
    "answer",
    [
        HEAD + frames.plain('44{"message":"unauthorized"}'),
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
    ],
    ids=["refused", "no upgrade"],
)
def test_who_is_not_let_in_fails(loop: asyncio.AbstractEventLoop, answer: bytes) -> None:
    one, _ = client(loop)
    one.data_received(answer)
    with pytest.raises(Failed):
        one.came.result()


def test_a_lost_connection_fails_what_waits(loop: asyncio.AbstractEventLoop) -> None:
    one, _ = client(loop)

    async def lose() -> None:
        waiting = asyncio.ensure_future(one.call("message.send", {}))
        await asyncio.sleep(0)
        one.connection_lost(None)
        with pytest.raises(Failed, match="closed the connection"):
            await waiting

    loop.run_until_complete(lose())


@given(st.text(max_size=300))
def test_a_masked_frame_is_what_servers_unmask(text: str) -> None:
    frame, payload = frames.masked(text), text.encode()
    head = 2 if len(payload) <= frames.SHORT_MAX else 4
    mask = frame[head : head + 4]
    unmasked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(frame[head + 4 :]))
    assert frame[0] == frames.TEXT
    assert frame[1] & 0x80
    assert unmasked == payload


@pytest.mark.parametrize(
    ("server", "load", "data", "beside", "limited"),
    [
        (0.5, 0.95, 0.0, True, True),
        (0.95, 0.95, 0.0, True, False),
        (0.5, 0.5, 0.0, True, False),
        (0.5, 0.5, 0.45, True, True),
        (0.5, 0.5, 0.45, False, False),
    ],
)
def test_a_full_core_of_the_load_flags_a_figure_unless_the_server_was_full_too(
    server: float, load: float, data: float, beside: bool, limited: bool
) -> None:
    usage = Usage(
        wall_s=2.0,
        server_s=2 * server,
        load_s=2 * load,
        data_s=2 * data,
        data_beside_load=beside,
    )
    assert usage.limited_by_load is limited


def test_a_place_needs_no_databases() -> None:
    dialect: Any = None
    assert Place(port=1, pid=1, dialect=dialect).data_pids == ()


def test_who_listens_to_a_client_gets_its_events_as_they_are_and_is_told_of_its_end(
    loop: asyncio.AbstractEventLoop,
) -> None:
    one, _ = client(loop)
    told: list[bytes] = []
    gone: list[Client] = []
    one.told, one.gone = told.append, gone.append
    burst = message("a") + message("b") + frames.plain('42["delivered",{}]')
    one.data_received(HEAD + burst)
    one.connection_lost(None)
    assert told == [
        b'42["message",{"text":"a"}]', b'42["message",{"text":"b"}]', b'42["delivered",{}]',
    ]  # fmt: skip
    assert one.messages == 0
    assert gone == [one]


@pytest.mark.parametrize(
    ("packet", "code", "after_ms"),
    [
        (b'44{"message":"busy","data":{"code":"busy","retry_after_ms":40}}', "busy", 40),
        (b'44{"message":"token_expired","data":{"code":"token_expired"}}', "token_expired", 0),
        (b'44{"message":"Invalid namespace"}', "Invalid namespace", 0),
        (b"44nothing", "44nothing", 0),
    ],
)
def test_a_refusal_says_why_and_when_to_come_again(
    packet: bytes, code: str, after_ms: float
) -> None:
    refused = Refused.by(packet)
    assert (refused.code, refused.retry_after_ms) == (code, after_ms)


class Echo:
    """What a load process may be asked to do."""

    async def give_back(self, given: bytes) -> bytes:
        return given

    async def fail(self) -> None:
        raise Failed("it does not work")

    async def die(self) -> None:
        os._exit(3)


def test_a_load_process_takes_large_steps_says_what_failed_and_how_it_died() -> None:
    with Worker(None, Echo) as worker:
        large = bytes(5_000_000)
        assert worker.do(Echo.give_back, large) == large
        with pytest.raises(Failed, match="it does not work"):
            worker.do(Echo.fail)
        with pytest.raises(Failed, match="died with status 3"):
            worker.do(Echo.die)
