"""Looks at everything the server needs and says what is wrong and what to do about it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from chatserver import descriptors
from chatserver.bus.probe import RedisFacts, redis_facts
from chatserver.config import Settings, SettingsError, StartError
from chatserver.errors import Unavailable
from chatserver.search_index import standing
from chatserver.services.auth import Verifier
from chatserver.services.communities import load_rules
from chatserver.sockets import BACKLOG, listening_sockets
from chatserver.store.database import Database
from chatserver.store.following import Followers
from chatserver.store.probe import MongoFacts, Probe
from chatserver.store.search import SearchIndex
from chatserver.store.vault import MasterKeys, Vault

REDIS_VERSION_MIN = 6
REDIS_CLUSTER_VERSION_MIN = 7  # sharded pub/sub
MONGO_VERSION_MIN = 6
CLOCK_DIFFERENCE_MAX_S = 1.0
TRANSACTION_MAX_S = 10
DESCRIPTORS_MIN = 1024
SOMAXCONN = Path("/proc/sys/net/core/somaxconn")  # Linux; longer queues are cut to this


class Finding(Struct, frozen=True):
    """What was looked at, whether it will do, and how it is or what to do."""

    subject: str
    ok: bool
    says: str


async def examine(settings: Settings) -> AsyncIterator[Finding]:
    """Look at one thing after the other."""
    yield Finding("settings", True, "valid")
    yield _keys(settings)
    yield _data_keys(settings)
    yield _communities(settings)
    async for finding in _mongodb(settings):
        yield finding
    yield await _redis(settings)
    for finding in _ports(settings):
        yield finding
    yield _backlog()
    yield _descriptors(settings)


def _keys(settings: Settings) -> Finding:
    try:
        Verifier(settings)
    except SettingsError as error:
        return Finding("token keys", False, f"{error}; `openssl rand -base64 48` makes a good one")
    return Finding("token keys", True, "there and long enough")


def _data_keys(settings: Settings) -> Finding:
    advice = "`echo main:$(openssl rand -base64 32)` makes a good CHAT_DATA_KEYS"
    try:
        ids = MasterKeys(settings.data_keys).ids
    except SettingsError as error:
        return Finding("data keys", False, f"{error}; {advice}")
    if not ids:  # no fault where nobody wants to keep such data
        says = f"none, so children's birth dates are refused; {advice}"
        return Finding("data keys", True, says)
    return Finding("data keys", True, f"{', '.join(ids)}; the first seals")


def _communities(settings: Settings) -> Finding:
    try:
        rules = load_rules(settings)
    except SettingsError as error:
        return Finding("communities", False, str(error))
    return Finding("communities", True, ", ".join(rule.id for rule in rules) or "no rules")


async def _mongodb(settings: Settings) -> AsyncIterator[Finding]:
    try:
        database = Database(
            settings.mongo_url,
            settings.mongo_database,
            driver=settings.mongo_driver,
            timeout_ms=settings.store_timeout_ms,
        )
    except SettingsError as error:
        yield Finding("mongodb", False, str(error))
        return
    try:
        probe = Probe(database)
        facts = await probe.facts()
        yield _mongodb_kind(facts)
        if facts.is_router:
            yield await _shards(probe)
        yield _clock(facts, datetime.now(UTC))
        yield _transactions(facts)
        yield await _majority(probe)
        yield await _sealed(settings, database)
        yield await _search(database)
    except Unavailable as refusal:
        why = str(refusal.__cause__).partition(" (configured")[0].partition(", Timeout:")[0]
        yield Finding("mongodb", False, f"no answer ({why}); start it or set CHAT_MONGO_URL")
    finally:
        await database.close()


def _mongodb_kind(facts: MongoFacts) -> Finding:
    if not facts.replica_set and not facts.is_router:
        advice = "not a replica set; start mongod with --replSet and run rs.initiate() once"
    elif not facts.is_primary:
        advice = "not the primary; name the set in CHAT_MONGO_URL with replicaSet="
    elif _major(facts.version) < MONGO_VERSION_MIN:
        advice = f"version {facts.version} is too old, {MONGO_VERSION_MIN} is needed"
    elif facts.is_router:
        return Finding("mongodb", True, f"{facts.version}, shards behind mongos")
    else:
        return Finding("mongodb", True, f"{facts.version}, primary of {facts.replica_set}")
    return Finding("mongodb", False, advice)


async def _shards(probe: Probe) -> Finding:
    try:
        missing = await probe.unsharded()
    except Unavailable as refusal:
        return Finding("mongodb shards", True, f"not told ({refusal.__cause__})")
    if not missing:
        return Finding("mongodb shards", True, "every collection is sharded by its key")
    # no fault: all works, on one shard
    says = "a node shards what is not when it starts, if its user may; otherwise"
    return Finding("mongodb shards", True, f"{says} in mongosh: {missing}")


def _clock(facts: MongoFacts, here: datetime) -> Finding:
    ahead = (here - facts.clock).total_seconds()
    says = f"{abs(ahead):.1f} s {'ahead of' if ahead > 0 else 'behind'} MongoDB's"
    if abs(ahead) <= CLOCK_DIFFERENCE_MAX_S:
        return Finding("clock", True, says)
    return Finding("clock", False, f"{says}; set both by NTP, or tokens end at the wrong time")


def _transactions(facts: MongoFacts) -> Finding:
    if facts.transaction_s is None:
        return Finding("transactions", True, "their lifetime is not told")
    says = f"end after {facts.transaction_s} s at the latest"
    if facts.transaction_s > TRANSACTION_MAX_S:
        # no fault, but a killed node blocks changes in a conversation for as long
        says += "; better set mongod's transactionLifetimeLimitSeconds to 5"
    return Finding("transactions", True, says)


async def _majority(probe: Probe) -> Finding:
    try:
        await probe.write()
    except Unavailable as refusal:
        advice = "no majority confirms writes; see rs.status(), and that the user may write"
        return Finding("mongodb writes", False, f"{advice} ({refusal.__cause__})")
    return Finding("mongodb writes", True, "confirmed by a majority")


async def _sealed(settings: Settings, database: Database) -> Finding:
    try:
        masters = MasterKeys(settings.data_keys)
    except SettingsError:
        masters = MasterKeys(())
    used = await Vault(database, masters).masters_in_use()
    missing = sorted(used - set(masters.ids))
    if missing:
        says = f"some opens only with the keys {', '.join(missing)}; add them to CHAT_DATA_KEYS"
        return Finding("sealed data", False, says)
    if used - set(masters.ids[:1]):
        says = "some is under older master keys; `chatserver rotate-keys` renews them"
        return Finding("sealed data", True, says)
    return Finding("sealed data", True, "opens with the data keys" if used else "none yet")


async def _search(database: Database) -> Finding:
    # no fault where nothing of it runs yet: nodes chat without it
    found = await standing(SearchIndex(database), Followers(database))
    return Finding("search", True, found.says)


async def _redis(settings: Settings) -> Finding:
    try:
        facts = await redis_facts(settings.redis_url)
    except (Unavailable, SettingsError) as error:
        return Finding("redis", False, f"{error}; start it or set CHAT_REDIS_URL")
    advice = _redis_kind(facts, settings.redis_url)
    if advice:
        return Finding("redis", False, advice)
    return Finding("redis", True, f"{facts.name} {facts.version}, {facts.reached}")


def _redis_kind(facts: RedisFacts, url: str) -> str:
    """What is wrong with it, empty when nothing is."""
    if facts.mode == "sentinel":
        return "is a Sentinel; name it as redis+sentinel://host/service in CHAT_REDIS_URL"
    if facts.sharded and "+cluster" not in url.partition("://")[0]:
        return "is a node of a cluster; name it as redis+cluster://host in CHAT_REDIS_URL"
    needed = REDIS_CLUSTER_VERSION_MIN if facts.sharded else REDIS_VERSION_MIN
    if _major(facts.version) < needed:
        return f"{facts.name} {facts.version} is too old, {needed} is needed"
    return ""


def _ports(settings: Settings) -> Iterator[Finding]:
    yield _port("port", settings.host, settings.port, shared=settings.reuse_port)
    if settings.metrics_port:
        for number in range(settings.processes):
            yield _port("metrics port", settings.host, settings.metrics_port + number)


def _port(subject: str, host: str, port: int, *, shared: bool = False) -> Finding:
    try:
        for each in listening_sockets(host, port, reuse_port=shared):
            each.close()
    except StartError as refusal:
        return Finding(subject, False, str(refusal))
    return Finding(subject, True, f"{host}:{port} is free")


def _backlog() -> Finding:
    try:
        limit = int(SOMAXCONN.read_text())
    except (OSError, ValueError):
        return Finding("backlog", True, "its limit is not told")
    if limit >= BACKLOG:
        return Finding("backlog", True, f"{BACKLOG} connections may wait to be accepted")
    # no fault, but in a storm of connections some are refused and try again later
    advice = f"better allow {BACKLOG}: sysctl net.core.somaxconn={BACKLOG}"
    return Finding("backlog", True, f"{limit} connections may wait to be accepted; {advice}")


def _descriptors(settings: Settings) -> Finding:
    limit, sentence = descriptors.raise_limit(), descriptors.shortage(settings)
    if sentence:
        return Finding("open files", limit >= DESCRIPTORS_MIN, sentence)
    says = f"enough for {settings.connections_max} connections of each process"
    return Finding("open files", True, says)


def _major(version: str) -> int:
    return int(version.partition(".")[0])


def run(settings: Settings) -> int:
    """Print a line for each finding; 0 when all is well, 1 otherwise."""
    return asyncio.run(_print_all(settings))


async def _print_all(settings: Settings) -> int:
    status = 0
    async for finding in examine(settings):
        print(line(finding), flush=True)
        status |= not finding.ok
    return status


def line(finding: Finding) -> str:
    """A finding as it is printed."""
    return f"{'ok   ' if finding.ok else 'WRONG'}  {finding.subject}: {finding.says}"
