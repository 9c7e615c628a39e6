"""What is sealed opens where it belongs, while its key is there, and nowhere else."""

from __future__ import annotations

import asyncio
import base64
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
import pytest_asyncio
from bson import encode
from pymongo import MongoClient

from chatserver.config import SettingsError
from chatserver.errors import Unsupported
from chatserver.store.database import Database, Driver
from chatserver.store.vault import MasterKeys, Place, Rotation, SealBroken, Vault, _DataKey

SECRET = "2026-08-31 canary"
OLD = f"old:{base64.b64encode(b'o' * 32).decode()}"
NEW = f"new:{base64.b64encode(b'n' * 32).decode()}"
MEI = Place("profiles", "mei", "children.a")
LIN = Place("profiles", "lin", "children.a")

ROTATE = [sys.executable, "-m", "chatserver", "rotate-keys"]

StartVault = Callable[..., Vault]
Environment = Callable[..., dict[str, str]]
PAGE = 50
KILLED = f"""
import asyncio, os, signal, sys
from chatserver.__main__ import main
from chatserver.store import vault

rewrap, pages = vault.Vault._rewrap, []
vault.ROTATED_AT_ONCE = {PAGE}

async def rewrap_and_die(self, page):
    pages.append(page)
    writing = asyncio.create_task(rewrap(self, page))
    if len(pages) == 2:
        await asyncio.sleep(0.005)
        os.kill(os.getpid(), signal.SIGKILL)
    return await writing

vault.Vault._rewrap = rewrap_and_die
main(["rotate-keys"])
"""

pytestmark = pytest.mark.one_driver


@pytest_asyncio.fixture
async def start_vault(
    mongo_url: str, empty_database: str, driver: Driver
) -> AsyncIterator[StartVault]:
    """Starts a node's vault with these master keys, on the test's database."""
    databases: list[Database] = []

    def start_vault(*keys: str) -> Vault:
        databases.append(Database(mongo_url, empty_database, driver=driver))
        return Vault(databases[-1], MasterKeys(keys))

    yield start_vault
    for database in databases:
        await database.close()


@pytest.fixture
def vault(start_vault: StartVault) -> Vault:
    return start_vault(OLD)


@pytest.fixture
def raw(mongo_url: str, empty_database: str) -> Iterator[Any]:
    """The test's database as somebody with access to MongoDB has it."""
    with MongoClient[dict[str, Any]](mongo_url) as client:
        yield client[empty_database]


@pytest.fixture
def environment(mongo_url: str, empty_database: str) -> Environment:
    """Makes the environment of a command on the test's database, with these master keys."""

    def environment(*keys: str) -> dict[str, str]:
        named = {"CHAT_MONGO_URL": mongo_url, "CHAT_MONGO_DATABASE": empty_database}
        return {**os.environ, **named, "CHAT_DATA_KEYS": ",".join(keys)}

    return environment


def rotate_and_be_killed(environment: dict[str, str]) -> None:
    """Rotate in a process that is killed while the second of its pages is on its way."""
    killed = subprocess.run([sys.executable, "-c", KILLED], env=environment, check=False)
    assert killed.returncode == -signal.SIGKILL


def rotate(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(ROTATE, env=environment, capture_output=True, text=True, check=False)


async def sealed(vault: Vault, place: Place = MEI, text: str = SECRET) -> bytes:
    return (await vault.seal({place: text}))[place]


async def opened(vault: Vault, value: bytes, place: Place = MEI) -> str | None:
    return (await vault.open({place: value})).get(place)


@pytest.mark.asyncio
@pytest.mark.parametrize("text", [SECRET, "", "生日", "x" * 100_000], ids=len)
async def test_what_is_sealed_opens(start_vault: StartVault, text: str) -> None:
    value = await sealed(start_vault(OLD), MEI, text)
    assert await opened(start_vault(OLD), value) == text


@pytest.mark.asyncio
async def test_sealing_the_same_twice_shows_no_likeness(vault: Vault) -> None:
    one, other = await sealed(vault), await sealed(vault)
    nonce = slice(9, 21)
    assert one[nonce] != other[nonce]
    assert one[21:] != other[21:]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "place",
    [Place("users", "mei", "children.a"), Place("profiles", "mei", "children.b"), LIN,
     Place("profiles", "meic", "hildren.a"), Place("profilesm", "ei", "children.a")],
)  # fmt: skip
async def test_it_opens_nowhere_else(vault: Vault, place: Place) -> None:
    value = await sealed(vault)
    await sealed(vault, place)  # this person has a key too
    if place.person == "mei":
        with pytest.raises(SealBroken):
            await opened(vault, value, place)
    else:
        assert await opened(vault, value, place) is None


@pytest.mark.asyncio
async def test_a_key_given_to_somebody_else_in_the_database_does_not_open(
    vault: Vault, raw: Any
) -> None:
    value = await sealed(vault)
    raw.data_keys.insert_one({**raw.data_keys.find_one({"_id": "mei"}), "_id": "lin"})
    with pytest.raises(SealBroken):
        await opened(vault, value, LIN)


@pytest.mark.parametrize("field", ["_id", "master", "key"])
def test_a_data_key_is_bound_to_its_owner_its_master_key_and_its_id(field: str) -> None:
    twins = MasterKeys([OLD, OLD.replace("old", "twin")])
    wrapped = {"_id": "mei", **twins.wrap("mei", _DataKey(b"k" * 8, b"s" * 32))}
    assert twins.unwrap(wrapped).secret == b"s" * 32
    other = {"_id": "lin", "master": "twin", "key": b"K" * 8}[field]
    with pytest.raises(SealBroken):
        twins.unwrap({**wrapped, field: other})


@pytest.mark.asyncio
async def test_a_changed_value_never_opens(vault: Vault) -> None:
    value = await sealed(vault)
    for position in range(len(value)):
        changed = bytearray(value)
        changed[position] ^= 1
        try:
            assert await opened(vault, bytes(changed)) is None
        except SealBroken:
            assert position >= 9, "beyond the head, which names the key"
    for length in (0, 8, 9, 15, 21, len(value) - 1):
        try:
            assert await opened(vault, value[:length]) is None
        except SealBroken:
            assert length >= 9


@pytest.mark.asyncio
@pytest.mark.parametrize("field", ["key", "wrapped"])
async def test_a_changed_key_opens_nothing(vault: Vault, raw: Any, field: str) -> None:
    value = await sealed(vault)
    stored = raw.data_keys.find_one({"_id": "mei"})[field]
    raw.data_keys.update_one({"_id": "mei"}, {"$set": {field: stored[:-1] + b"?"}})
    with pytest.raises(SealBroken):
        await opened(vault, value)


@pytest.mark.asyncio
async def test_nothing_can_be_read_in_the_database(vault: Vault, raw: Any) -> None:
    value = await sealed(vault)
    raw.somewhere.insert_one({"value": value, "digest": await vault.digest("c", "f", SECRET)})
    stored = b"".join(
        encode(document) for name in raw.list_collection_names() for document in raw[name].find()
    )
    assert b"data_keys" not in stored
    assert len(stored) > 200
    secrets = (SECRET.encode(), b"2026-08", b"o" * 8, base64.b64encode(SECRET.encode())[:12])
    assert not [secret for secret in secrets if secret in stored]


@pytest.mark.asyncio
async def test_without_master_keys_nothing_is_sealed(start_vault: StartVault, raw: Any) -> None:
    without = start_vault()
    with pytest.raises(Unsupported):
        await without.seal({MEI: SECRET})
    with pytest.raises(Unsupported):
        await without.digest("c", "f", SECRET)
    assert raw.data_keys.count_documents({}) == 0
    value = await sealed(start_vault(OLD))
    for vault in (without, start_vault(NEW)):
        with pytest.raises(Unsupported):
            await opened(vault, value)


@pytest.mark.asyncio
async def test_nodes_that_make_the_first_key_at_once_agree(
    start_vault: StartVault, raw: Any
) -> None:
    nodes = [start_vault(OLD) for _ in range(2)]
    people = [f"user-{number}" for number in range(20)]
    places = [
        (node, Place("c", user, f"{n}.{again}"))
        for n, node in enumerate(nodes) for user in people for again in range(3)
    ]  # fmt: skip
    values = await asyncio.gather(*(sealed(node, place) for node, place in places))
    assert raw.data_keys.count_documents({}) == len(people)
    for (_, place), value in zip(places, values, strict=True):
        assert [await opened(node, value, place) for node in nodes] == [SECRET, SECRET]


@pytest.mark.asyncio
async def test_the_keys_of_many_people_are_one_query(
    vault: Vault, operations: Callable[[], Counter[str]]
) -> None:
    places = [Place("c", f"user-{number}", "f") for number in range(50)]
    values = await vault.seal(dict.fromkeys(places, SECRET))
    operations()
    found = await asyncio.gather(*(opened(vault, values[place], place) for place in places))
    assert set(found) == {SECRET}
    assert operations() == {"data_keys.query": 1}


@pytest.mark.asyncio
async def test_what_was_forgotten_never_opens_again(start_vault: StartVault, raw: Any) -> None:
    here, there = start_vault(OLD), start_vault(OLD)
    value, others = await sealed(here), await sealed(here, LIN)
    assert await opened(there, value) == SECRET
    await here.forget("mei")
    assert await opened(there, value) is None
    new = await sealed(there)
    assert await opened(here, new) == SECRET
    assert await opened(here, value) is None
    assert await opened(here, others, LIN) == SECRET
    await here.forget("nobody")


@pytest.mark.asyncio
async def test_a_digest_tells_equal_texts_of_one_field_and_nothing_more(
    start_vault: StartVault, vault: Vault
) -> None:
    phone = "+8613800138000"
    digest = await vault.digest("users", "phone", phone)
    assert await start_vault(OLD).digest("users", "phone", phone) == digest
    assert len(digest) == 32
    others = [("users", "phone", phone[:-1]), ("users", "fax", phone), ("usersp", "hone", phone)]
    assert digest not in [await vault.digest(*other) for other in others]


@pytest.mark.asyncio
async def test_after_a_rotation_the_old_key_is_not_needed(start_vault: StartVault) -> None:
    old = start_vault(OLD)
    values = await old.seal({MEI: SECRET, LIN: SECRET})
    digest = await old.digest("users", "phone", "1")
    both = start_vault(NEW, OLD)
    assert await both.rotate() == Rotation(rewrapped=3, broken=0, missing=())
    assert await both.rotate() == Rotation(rewrapped=0, broken=0, missing=())
    new = start_vault(NEW)
    assert await new.open(values) == {MEI: SECRET, LIN: SECRET}
    assert await new.digest("users", "phone", "1") == digest
    assert await new.masters_in_use() == {"new"}
    with pytest.raises(Unsupported):
        await old.open(values)


@pytest.mark.asyncio
async def test_keys_under_a_master_key_that_is_missing_stay_as_they_are(
    start_vault: StartVault,
) -> None:
    value = await sealed(start_vault(OLD))
    assert await start_vault(NEW).rotate() == Rotation(0, 0, missing=("old",))
    assert await opened(start_vault(NEW, OLD), value) == SECRET


@pytest.mark.asyncio
async def test_a_key_that_somebody_changed_holds_up_no_rotation(
    start_vault: StartVault, raw: Any
) -> None:
    values = await start_vault(OLD).seal({MEI: SECRET, LIN: SECRET})
    raw.data_keys.update_one({"_id": "lin"}, {"$set": {"wrapped": b"nonsense"}})
    for rewrapped in (1, 0):
        assert await start_vault(NEW, OLD).rotate() == Rotation(rewrapped, 1, ())
    assert await opened(start_vault(NEW), values[MEI]) == SECRET


@pytest.mark.asyncio
async def test_a_rotation_neither_revives_nor_replaces_a_key(start_vault: StartVault) -> None:
    old, both = start_vault(OLD), start_vault(NEW, OLD)
    values = await old.seal({MEI: SECRET, LIN: SECRET})
    page = await both._page("old", "")
    for person in ("mei", "lin"):
        await old.forget(person)
    new = await sealed(old)
    await both._rewrap(page)
    assert await both.masters_in_use() == {"old"}
    assert await both.open(values) == {}
    assert await opened(both, new) == SECRET


@pytest.mark.asyncio
async def test_rotations_at_once_do_the_work_once_or_twice_and_harm_nothing(
    start_vault: StartVault,
) -> None:
    places = [Place("c", f"user-{number}", "f") for number in range(40)]
    values = await start_vault(OLD).seal(dict.fromkeys(places, SECRET))
    await asyncio.gather(*(start_vault(NEW, OLD).rotate() for _ in range(3)))
    assert await start_vault(NEW).open(values) == dict.fromkeys(places, SECRET)


@pytest.mark.asyncio
@pytest.mark.parametrize("driver", ["motor"])
async def test_a_rotation_that_is_killed_half_way_is_done_by_the_next_one(
    start_vault: StartVault, raw: Any, environment: Environment
) -> None:
    count, masters = 4 * PAGE, MasterKeys([OLD])
    key = _DataKey(b"k" * 8, b"s" * 32)
    users = [f"user-{number:05}" for number in range(count)]
    raw.data_keys.insert_many([{"_id": user, **masters.wrap(user, key)} for user in users])
    places = [Place("c", user, "f") for user in users]
    values = {place: key.seal(place, SECRET) for place in places}

    rotate_and_be_killed(environment(NEW, OLD))
    done = raw.data_keys.count_documents({"master": "new"})
    assert PAGE <= done <= 2 * PAGE
    assert len(await start_vault(OLD, NEW).open(values)) == count

    second = rotate(environment(NEW, OLD))
    assert second.returncode == 0
    (rewrapped,) = map(int, re.findall(r"\d+", second.stdout))
    assert 0 < rewrapped <= count - done  # MongoDB ended what it had been sent
    assert await start_vault(NEW).open(values) == dict.fromkeys(places, SECRET)


def test_a_rotation_that_lacks_a_key_says_so(raw: Any, environment: Environment) -> None:
    raw.data_keys.insert_one(
        {"_id": "mei", **MasterKeys([OLD]).wrap("mei", _DataKey(b"k" * 8, b"s" * 32))}
    )
    done = subprocess.run(ROTATE, env=environment(NEW), capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "under old, which CHAT_DATA_KEYS lacks" in done.stdout


@pytest.mark.parametrize(
    "listed",
    [["canary"], ["a:canary"], [OLD, ":" + OLD], [f"a b:{OLD[4:]}"], [OLD[:-3]], [OLD + "canary"],
     [OLD, f"old:{NEW[4:]}"], [""]],
)  # fmt: skip
def test_a_master_key_that_is_none_is_named_by_its_position_only(listed: list[str]) -> None:
    with pytest.raises(SettingsError, match=rf"CHAT_DATA_KEYS: key {len(listed)} ") as refused:
        MasterKeys(listed)
    assert "canary" not in str(refused.value)
    assert OLD[4:] not in str(refused.value)
