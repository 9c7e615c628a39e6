"""Hearing the other nodes: one connection, subscribed to what this node's devices need."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import suppress
from itertools import islice
from typing import Any

import structlog
from redis.asyncio import Connection
from redis.exceptions import RedisError

from chatserver.bus.lanes import BROKEN, SHARDED, Lane, Words

CHANNELS_PER_COMMAND = 500
CHANGES_AT_ONCE = 1000  # packing more would hold up the event loop
RETRY_S = 0.2
BEATS_MISSED_MAX = 3
REPLIES_PER_TURN = 100  # then others get their turn on the event loop

log = structlog.get_logger()


class DeafError(RedisError):
    """The connection looks alive but nothing arrives on it."""


class MovedError(RedisError):
    """The cluster gave the lane's slot to another node."""


class Listener:
    """Keeps the subscriptions alive across lost connections.

    Every batch of subscriptions ends with a numbered PING: Redis answers in order, so its PONG
    says that everything before it is in force. `beat_s` is how often the listener publishes to
    itself; when it hears nothing for three to four times as long it takes itself for deaf and
    reconnects. In a cluster the server says when it gives up a lane's slot; then too.
    """

    def __init__(self, lane: Lane, channels: Iterable[str], beat_s: float) -> None:
        """`channels` are always subscribed; the first of them is the one for beats."""
        self._lane = lane
        self._log = log.bind(lane=lane.prefix) if lane.prefix else log
        self._beat_s = beat_s
        self._wanted: dict[str, bool] = dict.fromkeys(channels, True)
        self._own = next(iter(self._wanted))
        self._changes: dict[str, bool] = {}
        self._leaving: Counter[str] = Counter()  # sharded: asked to, and not yet confirmed
        self._work = asyncio.Event()
        self._progress = asyncio.Event()
        self._asked = 0
        self._confirmed = 0
        self._missed_beats = 0
        self._connected = False
        self._broken = False
        self._on_message: Callable[[str, bytes], None] = lambda _channel, _data: None
        self._on_back: Callable[[], None] = lambda: None
        self._on_change: Callable[[], None] = lambda: None

    def listen(
        self,
        on_message: Callable[[str, bytes], None],
        on_back: Callable[[], None],
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        """Who gets what is heard; `on_back` is told when a loss is over and all is subscribed.

        `on_change` is told whenever `healthy` has another value.
        """
        self._on_message = on_message
        self._on_back = on_back
        self._on_change = on_change

    @property
    def healthy(self) -> bool:
        """Whether the connection stands and everything once asked for is subscribed on it."""
        return self._connected

    def subscribe(self, channel: str) -> None:
        """Hear this channel from soon on."""
        self._wanted[channel] = True
        self._change(channel, True)

    def unsubscribe(self, channel: str) -> None:
        """No longer hear this channel."""
        self._wanted.pop(channel, None)
        self._change(channel, False)

    async def settled(self, timeout_s: float) -> bool:
        """Wait until all changes so far are in force; False when Redis does not confirm them."""
        target = self._asked + max(math.ceil(len(self._changes) / CHANGES_AT_ONCE), not self._asked)
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while self._confirmed < target and not self._broken:
                    await self._progress.wait()
        return self._confirmed >= target and self._connected

    async def run(self) -> None:
        """Connect, listen, and connect again, until cancelled."""
        while True:
            try:
                await _in_its_own_task(self._session())
            except* BROKEN as group:
                self._lost(group.exceptions[0])
            await asyncio.sleep(RETRY_S)

    async def _session(self) -> None:
        connection = await self._lane.listening_connection()
        try:
            self._changes = dict(self._wanted)
            self._missed_beats = 0
            self._leaving.clear()
            self._work.set()
            async with asyncio.TaskGroup() as session:
                session.create_task(self._read(connection), name="bus reads")
                session.create_task(self._write(connection), name="bus subscribes")
                session.create_task(self._beat(), name="bus hears itself")
        finally:
            self._connected = False
            self._changes = {}
            self._on_change()
            await connection.disconnect(nowait=True)

    async def _read(self, connection: Connection) -> None:
        while True:
            for _ in range(REPLIES_PER_TURN):
                reply = await connection.read_response(timeout=math.inf, disconnect_on_error=False)
                self._missed_beats = 0
                self._take(reply)
            await asyncio.sleep(0)

    async def _write(self, connection: Connection) -> None:
        while True:
            await self._work.wait()
            changes = {each: self._changes.pop(each) for each in self._next_changes()}
            if not self._changes:
                self._work.clear()
            self._asked += 1
            if self._lane.words is SHARDED:
                self._leaving.update(each for each, wanted in changes.items() if not wanted)
            commands = [*_commands(changes, self._lane.words), ("PING", str(self._asked))]
            await connection.send_packed_command(connection.pack_commands(commands))

    def _next_changes(self) -> list[str]:
        return list(islice(self._changes, CHANGES_AT_ONCE))

    async def _beat(self) -> None:
        loop = asyncio.get_running_loop()
        while self._missed_beats < BEATS_MISSED_MAX:
            due = loop.time() + self._beat_s
            self._missed_beats += 1
            with suppress(*BROKEN):
                async with asyncio.timeout_at(due):
                    await self._lane.publish([(self._own, b"")])
            await asyncio.sleep(due - loop.time())
        raise DeafError

    def _take(self, reply: list[Any]) -> None:
        kind = reply[0]
        if kind == self._lane.words.message:
            self._hand_on(reply[1].decode(), reply[2])
        elif kind == b"pong":
            self._confirm(int(reply[1]))
        elif kind == b"sunsubscribe":
            self._unsubscribed(reply[1].decode())

    def _unsubscribed(self, channel: str) -> None:
        if channel not in self._leaving:
            raise MovedError
        self._leaving -= Counter((channel,))

    def _hand_on(self, channel: str, data: bytes) -> None:
        if channel == self._own:
            return
        try:
            self._on_message(channel, data)
        except Exception:
            # one bad message must not cost this node all the others
            log.exception("a message of another node could not be handled")

    def _confirm(self, number: int) -> None:
        self._confirmed = number
        if not self._connected:
            self._back()
        self._wake()

    def _back(self) -> None:
        self._connected = True
        self._on_change()
        if self._broken:
            self._broken = False
            self._log.info("the bus is back", subscribed=len(self._wanted))
            self._on_back()

    def _lost(self, error: BaseException) -> None:
        if not self._broken:
            self._broken = True
            self._log.warning("the bus is lost", error=f"{type(error).__name__}: {error}")
        self._wake()

    def _change(self, channel: str, wanted: bool) -> None:
        self._changes[channel] = wanted
        self._work.set()

    def _wake(self) -> None:
        self._progress.set()
        self._progress = asyncio.Event()


async def _in_its_own_task(session: Coroutine[Any, Any, None]) -> None:
    """Run a session so that a cancellation of its caller ends it and is never lost.

    A TaskGroup that is cancelled while one of its tasks fails raises the failure alone before
    Python 3.13: the caller would go on.
    """
    task = asyncio.create_task(session, name="bus session")
    try:
        await asyncio.wait([task])
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    task.result()


def _commands(changes: dict[str, bool], words: Words) -> Iterator[tuple[str, ...]]:
    for command, wanted in ((words.unsubscribe, False), (words.subscribe, True)):
        channels = iter([channel for channel, want in changes.items() if want is wanted])
        while chunk := tuple(islice(channels, CHANNELS_PER_COMMAND)):
            yield (command, *chunk)
