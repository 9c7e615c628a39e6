"""What a sharded MongoDB needs: each collection's shard key, and queries that name it.

The keys are chosen so that every write and every query of a conversation's log goes to one shard,
and so do those of one person. A document's shard key is part of its `_id`, so `_id` stays unique
over all shards; `once`, the other unique index, begins with the key. A key that also held the
number would spread one conversation over several shards, but `once` could then not be unique.

    messages, changes      a conversation's log lies on one shard, which alone numbers it
    search_a, search_b     its words beside it
    memberships, devices   all of one person together: they are read at every connect
    snippets, snippet_lists, customers, contexts, pushes   by the person
    users, conversations   by their id
    push_prefs             by the person; push_tokens by the digest of the token
    uploads, media         by their id; `pieces` of an upload and `media.chunks` lie together

All are hashed, because ids may be made in order of time. `revocations`, `response_times`,
`followers`, `leases`, `marks`, `link_keys`, `probes`, `filters`, `previews` and `reports` are small
and stay unsharded. Behind mongos the part of an `_id` that is the shard key must be named beside an
`_id` that is looked up by range or in a list: the router does not look into those. On a replica set
the same words would keep MongoDB from answering out of the index, so they are left away there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import structlog
from pymongo import HASHED, IndexModel
from pymongo.errors import OperationFailure

SHARD_KEYS: dict[str, str] = {
    "messages": "_id.c",
    "changes": "_id.c",
    "search_a": "_id.c",
    "search_b": "_id.c",
    "memberships": "_id.u",
    "devices": "_id.u",
    "users": "_id",
    "conversations": "_id",
    "snippets": "_id.u",
    "snippet_lists": "_id",
    "customers": "_id.u",
    "contexts": "_id.u",
    "pushes": "_id.u",
    "uploads": "_id",
    "pieces": "_id.u",
    "media": "_id",
    "media.files": "_id",
    "media.chunks": "files_id",
    "push_prefs": "_id",
    "push_tokens": "_id",
}

log = structlog.get_logger()


def is_router(hello: Mapping[str, Any]) -> bool:
    """Whether an answer to `hello` is one of mongos."""
    return hello.get("msg") == "isdbgrid"


def among(key: str, values: Iterable[str]) -> dict[str, Any]:
    """The condition that names the shard key of what is looked for."""
    distinct = sorted(set(values))
    return {key: distinct[0] if len(distinct) == 1 else {"$in": distinct}}


async def unsharded(client: Any, database: str) -> list[str]:
    """The collections that are not sharded by their key; asked of mongos.

    Raises:
        PyMongoError: it does not answer, or refuses.
    """
    names = {f"{database}.{name}": name for name in SHARD_KEYS}
    query = {"_id": {"$in": list(names)}, "key": {"$exists": True}, "dropped": {"$ne": True}}
    rows = await client["config"]["collections"].find(query).to_list(None)
    keys = {names[row["_id"]]: dict(row["key"]) for row in rows}
    return [name for name, field in SHARD_KEYS.items() if keys.get(name) != {field: HASHED}]


async def shard(client: Any, database: str) -> None:
    """Shard the collections that are not, as far as mongos lets us.

    Raises:
        PyMongoError: it does not answer.
    """
    try:
        for name in await unsharded(client, database):
            # MongoDB makes the index itself only where the collection is empty
            await client[database][name].create_indexes([IndexModel([(SHARD_KEYS[name], HASHED)])])
            await client.admin.command(statement(database, name))
    except OperationFailure as error:
        log.warning("not all collections could be sharded", reason=str(error))


def statement(database: str, name: str) -> dict[str, Any]:
    """The command that shards a collection."""
    return {"shardCollection": f"{database}.{name}", "key": {SHARD_KEYS[name]: HASHED}}


def advice(database: str, names: Iterable[str]) -> str:
    """What to type in mongosh to shard them."""
    return "; ".join(
        f'sh.shardCollection("{database}.{name}", {{"{SHARD_KEYS[name]}": "hashed"}})'
        for name in names
    )
