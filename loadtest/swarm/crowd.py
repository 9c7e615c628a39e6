"""Many clients of one server: how they say who they are, and how they all come at once."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Protocol

from msgspec import Struct

from loadtest.swarm import frames
from loadtest.swarm.client import Client
from loadtest.swarm.failed import Failed

COME_WITHIN_S = 150.0
RECEIVE_BYTES = 4096
SEGMENT_BYTES = 1400


class Who(Struct, frozen=True):
    """Somebody's device, and the rooms it joins where a server lets clients name rooms."""

    user: str
    device: str
    rooms: tuple[str, ...] = ()


class Dialect(Protocol):
    """What clients say to one kind of server, on top of Socket.IO."""

    @property
    def ready(self) -> bytes:
        """The beginning of the packet after which a client has come."""
        ...

    @property
    def acknowledges(self) -> bool:
        """Whether messages are acknowledged; `message` then begins with the number of its ack."""
        ...

    def greeting(self, who: Who) -> str:
        """The CONNECT packet."""
        ...

    def message(self, room: str, number: int, text: str) -> str:
        """The packet that sends a text; `number` is the sender's own."""
        ...

    def padding(self, room: str, sender: str, wire_bytes: int) -> str:
        """The text with which an event on the wire has this size, with its frame's header."""
        ...

    async def room(self, client: Client, me: str, other: str) -> str:
        """The room that two people share."""
        ...

    async def watch(self, client: Client, users: Sequence[str]) -> None:
        """Have the client join what it joins besides the rooms of its greeting."""
        ...

    def echo(self, room: str, number: int) -> str:
        """A packet that costs the server next to nothing and is answered to its sender alone.

        The answer is an acknowledgement, or else a message to `room`, which only the sender is in.
        """
        ...


class Place(Struct, frozen=True):
    """Where a server is and how to talk to it."""

    port: int
    pid: int
    dialect: Dialect
    data_pids: tuple[int, ...] = ()  # the databases behind it
    data_beside_load: bool = True  # they share the load's core
    other_pids: tuple[int, ...] = ()  # nodes of the same server, whose time counts as well
    host: str = "127.0.0.1"
    secure: bool = False  # TLS


class Door:
    """Lets clients in to one server, with their greetings made beforehand."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._request = frames.upgrade(place.host, place.port)

    def greetings(self, people: Sequence[Who]) -> list[bytes]:
        """What each of them will say: tokens are made here, before anything is timed."""
        return [frames.masked(self._place.dialect.greeting(who)) for who in people]

    async def come(self, greeting: bytes, *, narrow: bool = False) -> Client:
        """One client, once the server took it; a narrow one has small buffers at both ends.

        Raises:
            Failed: it was refused, or not answered.
        """
        make = partial(Client, self._request, greeting, self._place.dialect.ready)
        if narrow:
            return await self.enter(make, sock=await self.narrow_socket())
        return await self.enter(make)

    def client(self, greeting: bytes) -> Client:
        """A client that is still to `enter`: whoever made it may listen first."""
        return Client(self._request, greeting, self._place.dialect.ready)

    async def enter(self, make: Callable[[], Client], **how: Any) -> Client:
        """Have a client connect and wait until the server took it.

        Args:
            make: gives the client.
            how: further arguments of asyncio's `create_connection`.

        Raises:
            Failed: it was refused, or not answered.
        """
        if "sock" not in how:
            how = {"host": self._place.host, "port": self._place.port, **how}
        if self._place.secure:
            how |= {"ssl": True, "server_hostname": self._place.host}
        try:
            _, client = await asyncio.get_running_loop().create_connection(make, **how)
        except OSError as error:
            raise Failed(f"the server takes no connection: {error}") from None
        await client.came
        return client

    async def narrow_socket(self) -> socket.socket:
        """As over a real network: loopback's huge segments would let the kernel keep megabytes."""
        narrow = socket.socket()
        narrow.setblocking(False)
        narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
        narrow.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SEGMENT_BYTES)
        address = (self._place.host, self._place.port)
        await asyncio.get_running_loop().sock_connect(narrow, address)
        return narrow

    async def come_all(self, greetings: Sequence[bytes], at_once: int) -> list[Client]:
        """All of them in their order, `at_once` of them on their way at any time.

        Raises:
            Failed: one was refused, or they were not all there in time.
        """
        waiting = enumerate(greetings)
        clients: dict[int, Client] = {}
        queues = (self._come_one_by_one(waiting, clients) for _ in range(at_once))
        try:
            async with asyncio.timeout(COME_WITHIN_S):
                await asyncio.gather(*queues)
        except TimeoutError:
            raise Failed(
                f"{len(clients)} of {len(greetings)} clients came within {COME_WITHIN_S:.0f} s"
            ) from None
        return [clients[number] for number in range(len(greetings))]

    async def _come_one_by_one(
        self, waiting: Iterator[tuple[int, bytes]], clients: dict[int, Client]
    ) -> None:
        for number, greeting in waiting:
            clients[number] = await self.come(greeting)


def leave(clients: Sequence[Client]) -> None:
    """All of them close their connections, without waiting for the server."""
    for client in clients:
        client.transport.abort()
