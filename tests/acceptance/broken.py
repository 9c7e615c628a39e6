"""A node with one defect, to see that the checks see it: `python broken.py DEFECT`.

Each defect replaces one thing of the product before it is served.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any

from pymongo.write_concern import WriteConcern

from chatserver.__main__ import main
from chatserver.gateway.engine.sockets import Socket
from chatserver.gateway.inbox import Inbox
from chatserver.gateway.server import Gateway
from chatserver.store import database
from chatserver.store.database import Database


def unconfirmed_writes() -> None:
    """A message counts once the primary alone has it."""
    whole = Database.collection

    def collection(self: Database, name: str) -> Any:
        alone = WriteConcern(w=1, j=False)
        found = whole(self, name)
        return found.with_options(write_concern=alone) if name == "messages" else found

    _replace(Database, "collection", collection)


def no_index_once() -> None:
    """Nothing keeps a retry from becoming a second message."""
    database.INDEXES["messages"] = [
        index for index in database.INDEXES["messages"] if index.document["name"] != "once"
    ]


def last_comes_first() -> None:
    """Of what waits the newest is handled first."""

    async def work(self: Any) -> None:
        try:
            while self._waiting:
                await self._handle(self._waiting.pop())
        finally:
            self._waiting = self._working = None

    _replace(Inbox, "_work", work)


def no_resync() -> None:
    """Nobody is told that events were lost."""
    _replace(Gateway, "resync_all", lambda _self: None)


def positions_forgotten() -> None:
    """Read positions are never stored."""
    whole = Database.raise_fields

    async def raise_fields(self: Database, collection: str, rises: Iterable[Any]) -> None:
        if collection != "memberships":
            await whole(self, collection, rises)

    _replace(Database, "raise_fields", raise_fields)


def no_queue_limit() -> None:
    """Whatever waits for a reader is kept, however much it is."""
    _replace(Socket, "_makes_room", lambda _self, _frame, _held: True)


def _replace(owner: type, name: str, value: Any) -> None:
    setattr(owner, name, value)


DEFECTS: dict[str, Callable[[], None]] = {
    defect.__name__: defect
    for defect in (
        unconfirmed_writes,
        no_index_once,
        last_comes_first,
        no_resync,
        positions_forgotten,
        no_queue_limit,
    )
}

if __name__ == "__main__":
    DEFECTS[sys.argv[1]]()
    sys.exit(main(["serve"]))
