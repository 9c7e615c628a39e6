"""What `chatserver doctor` asks MongoDB."""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec import Struct
from pymongo.errors import OperationFailure

from chatserver.store.database import Database
from chatserver.store.sharding import advice, is_router


class MongoFacts(Struct, frozen=True):
    """What a MongoDB server says of itself; `replica_set` is empty when it is not in one."""

    version: str
    replica_set: str
    is_primary: bool
    clock: datetime
    transaction_s: int | None  # how long a transaction may live; None when it does not tell
    is_router: bool = False  # mongos, in front of shards


class Probe:
    """Looks at the server without touching the chats."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._probes = database.collection("probes")

    async def facts(self) -> MongoFacts:
        """What the server says of itself.

        Raises:
            Unavailable: it does not answer, or refuses.
        """
        database = self._probes.database
        async with self._database.answering():
            hello = await database.command("hello")
            build = await database.command("buildInfo")
            lifetime = await self._transaction_lifetime()
        return MongoFacts(
            version=build["version"],
            replica_set=hello.get("setName", ""),
            is_primary=hello["isWritablePrimary"],
            clock=hello["localTime"].replace(tzinfo=UTC),  # answers of commands are naive
            transaction_s=lifetime,
            is_router=is_router(hello),
        )

    async def unsharded(self) -> str:
        """What to type in mongosh so that nothing lies on one shard that should not; or nothing.

        Raises:
            Unavailable: it does not answer, or does not tell.
        """
        return advice(self._probes.database.name, await self._database.unsharded())

    async def _transaction_lifetime(self) -> int | None:
        name = "transactionLifetimeLimitSeconds"
        try:
            answer = await self._probes.database.client.admin.command({"getParameter": 1, name: 1})
        except OperationFailure:  # hosted servers may keep it to themselves
            return None
        return int(answer[name])

    async def write(self) -> None:
        """Write something as messages are written, and take it away again.

        Raises:
            Unavailable: a majority of the replica set did not confirm in time.
        """
        async with self._database.answering():
            written = await self._probes.insert_one({})
            await self._probes.delete_one({"_id": written.inserted_id})
