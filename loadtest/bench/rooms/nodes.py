"""Several nodes of one server, each on a port of its own."""

from __future__ import annotations

from contextlib import ExitStack

from msgspec.structs import replace

from loadtest.rivals.house import House
from loadtest.rivals.table import RIVALS
from loadtest.swarm.crowd import Place


class Nodes:
    """Nodes over one database, all on the server's core; they end with the `with`."""

    def __init__(self, house: House, database: str) -> None:
        self._house = house
        self._database = database
        self._ends = ExitStack()
        self._places: list[Place] = []

    def __enter__(self) -> Nodes:
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.close()

    def grow(self, count: int) -> tuple[Place, ...]:
        """Start nodes until there are so many; the first one's place counts the time of all."""
        product = RIVALS["product"]
        while len(self._places) < count:
            node = self._house.running(product, database=self._database)
            self._places.append(self._ends.enter_context(node))
        first, *others = self._places
        return (replace(first, other_pids=tuple(each.pid for each in others)), *others)
