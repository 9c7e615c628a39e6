"""Looks up names so that only machines on the public internet are connected to.

All addresses behind a name are looked at, and the connection goes to one of just those, so a name
that answers otherwise a moment later changes nothing.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from aiohttp.abc import AbstractResolver, ResolveResult

from chatserver.domain.addresses import is_public

AT_ONCE = 8

Addresses = Callable[[str], Sequence[str]]


class NotPublic(OSError):
    """The name leads to an address that may not be connected to, or to none."""


class Guard(AbstractResolver):
    """Gives connectors checked addresses and nothing else.

    They do not ask it about addresses that are written out: whoever uses this refuses those.
    """

    def __init__(
        self,
        addresses: Addresses | None = None,
        is_allowed: Callable[[str], bool] = is_public,
    ) -> None:
        """`addresses` looks up a name, `is_allowed` says which addresses may be connected to."""
        self._addresses = addresses or _look_up
        self._is_allowed = is_allowed
        # its own threads: names that nobody answers for must not hold up others' work
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="names")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses as connectors want them.

        Raises:
            NotPublic: one of them may not be connected to.
        """
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address in await self._checked(host)
        ]

    async def close(self) -> None:
        """Let go of the threads."""
        self.let_go()

    def let_go(self) -> None:
        """The same at once."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _checked(self, host: str) -> Sequence[str]:
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._threads, self._addresses, host)
        if not found or not all(map(self._is_allowed, found)):
            raise NotPublic("the name leads to no public address")
        return found


def _look_up(host: str) -> Sequence[str]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return tuple({str(address[0]) for *_, address in found})
