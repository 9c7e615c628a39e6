"""How many notifications a second each provider hands over, to a fake in a process of its own.

python -m loadtest.bench.push_providers [NAME…]
"""

from __future__ import annotations

import asyncio
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import uvloop
from msgspec import Struct, structs

from chatserver.domain.push.notification import Address, Notification
from chatserver.providers.push.config import parse
from chatserver.providers.push.registry import Providers
from loadtest.push.base import example
from loadtest.push.services import SERVICES, serving

PUSHES = 2000
AT_ONCE = 32
WARM_UP = 50


class Row(Struct, frozen=True, kw_only=True):
    """What one provider does: `per_s` in all, `cpu_us` of this process for each push."""

    provider: str
    per_s: float
    cpu_us: float
    connections: int


def measure(names: Iterable[str] = tuple(SERVICES), pushes: int = PUSHES) -> list[Row]:
    """A row for each provider."""
    return [_measured(name, pushes) for name in names]


def _measured(name: str, pushes: int) -> Row:
    with tempfile.TemporaryDirectory() as folder, _fake(name, folder) as (config, address, line):
        given = {**config, "rate_per_s": 100_000, "concurrency": AT_ONCE}
        row = uvloop.run(_sent(name, Providers.of(parse({"provider": [given]})), address, pushes))
        line.send("end")
        return structs.replace(row, connections=line.recv())


async def _sent(name: str, providers: Providers, address: Address, pushes: int) -> Row:
    await _send(providers, address, WARM_UP)
    began, used = time.perf_counter(), time.process_time()
    share = pushes // AT_ONCE
    await asyncio.gather(*(_send(providers, address, share) for _ in range(AT_ONCE)))
    used, took = time.process_time() - used, time.perf_counter() - began
    await providers.close()
    done = share * AT_ONCE
    return Row(provider=name, per_s=done / took, cpu_us=used / done * 1e6, connections=0)


async def _send(providers: Providers, address: Address, times: int) -> None:
    said: Notification = example()
    for _ in range(times):
        outcome = await providers.send(address, said)
        if outcome.state != "sent":
            raise RuntimeError(f"a push was not taken: {outcome.reason}")


@contextmanager
def _fake(name: str, folder: str) -> Iterator[tuple[dict[str, Any], Address, Connection]]:
    """A fake push service in a child: the provider's configuration, an address, a line to it."""
    here, there = multiprocessing.Pipe()
    child = multiprocessing.get_context("spawn").Process(target=_serve, args=(name, folder, there))
    child.start()
    try:
        config, address = here.recv()
        yield config, address, here
    finally:
        here.close()
        child.join(10)


def _serve(name: str, folder: str, line: Connection) -> None:
    uvloop.run(_serving(name, Path(folder), line))


async def _serving(name: str, folder: Path, line: Connection) -> None:
    async with serving(name) as service:
        service.keeps = False
        line.send((service.config(folder), service.address(service.token("somebody"))))
        try:
            await asyncio.to_thread(line.recv)
            line.send(len(service.connections))
        except EOFError:
            return


def main() -> None:
    """Print the rows."""
    for row in measure(sys.argv[1:] or tuple(SERVICES)):
        print(
            f"{row.provider:8} {row.per_s:8,.0f}/s {row.cpu_us:8,.0f} µs of a core each, "
            f"{row.connections} connections"
        )


if __name__ == "__main__":
    main()
