"""`chatserver worker` as a process that notifies, is killed, and leaves nobody untold."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from chatserver.__main__ import main
from chatserver.clock import now_ms
from chatserver.config import Settings
from chatserver.domain.conversation import Conversation
from chatserver.domain.message import Draft
from chatserver.domain.person import DeviceInfo, Identity
from chatserver.store.stores import Stores, open_stores
from chatserver.tasks import Tasks
from loadtest.push.base import Fault, Service
from loadtest.push.services import file_for, serving

pytestmark = pytest.mark.asyncio

PATIENCE_S = 60.0
PLACE = "d1"
# so that nobody has to wait half a minute for what a dead worker had
WORKER = """
from chatserver.services.notifying import dispatch
from chatserver.__main__ import main
dispatch.LEASE_MS = 1500
main(["worker"])
"""


@pytest.fixture
def settings(
    mongo_url: str, redis_url: str, empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    """Settings that are in the environment, too."""
    given = {"mongo_url": mongo_url, "mongo_database": empty_database, "redis_url": redis_url}
    for name, value in given.items():
        monkeypatch.setenv(f"CHAT_{name.upper()}", value)
    return Settings(mongo_url=mongo_url, mongo_database=empty_database, redis_url=redis_url)


@asynccontextmanager
async def working() -> AsyncIterator[Process]:
    """A worker with the settings of the environment."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WORKER, env=dict(os.environ), stderr=DEVNULL, stdout=DEVNULL
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def printed(capsys: pytest.CaptureFixture[str], *command: str) -> tuple[int, str]:
    """The exit status of a command and what it prints."""
    status = await asyncio.to_thread(main, [*command])
    out, err = capsys.readouterr()
    return status, out + err


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not true():  # noqa: ASYNC110 - another process sets no event
            await asyncio.sleep(0.02)


async def two_people(stores: Stores, service: Service) -> None:
    """Lin, and Mei whose phone can be notified."""
    await stores.database.prepare()
    for user in ("lin", "mei"):
        identity = Identity(
            user=user, role="customer", token_id="t", issued_at=0, expires_at=2**50, name=user
        )
        await stores.users.ensure(identity, now_ms())
    await stores.devices.connected(identity, DeviceInfo("phone", "ios"), now_ms())
    assert await stores.devices.set_address("mei", "phone", service.address("mei's"))
    members = ("lin", "mei")
    await stores.conversations.begin(
        Conversation(id=PLACE, kind="direct", members=members, created_at=now_ms())
    )
    await stores.cursors.join(PLACE, members, now_ms())


async def say(stores: Stores, text: str) -> None:
    draft = Draft(
        conversation=PLACE, client_id=text, sender="lin", kind="text", body={"text": text}
    )
    await stores.log.append(draft, now_ms())


async def is_noted(stores: Stores) -> bool:
    """Whether it is written down that something was handed over."""
    found = await stores.pushes.look("mei", PLACE)
    return found is not None and any(each.id for each in found[1])


@pytest_asyncio.fixture
async def stores(settings: Settings) -> AsyncIterator[Stores]:
    stores = open_stores(settings, tasks := Tasks(lambda _error: None))
    yield stores
    await tasks.stop()
    await stores.database.close()


async def test_a_worker_killed_in_the_middle_leaves_nobody_untold(
    stores: Stores,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    async with serving("webhook") as service:
        monkeypatch.setenv("CHAT_PUSH_FILE", str(file_for(service, tmp_path)))
        await two_people(stores, service)
        service.faults.append(Fault("slow"))
        async with working() as first:
            await say(stores, "在吗")
            await until(lambda: service.pushes == 1)
            first.send_signal(signal.SIGKILL)
            await say(stores, "还在吗")  # while nobody follows
        async with working():
            await until(lambda: len(service.arrived) == 1)
            async with asyncio.timeout(PATIENCE_S):
                while not await is_noted(stores):  # noqa: ASYNC110 - a database sets no event
                    await asyncio.sleep(0.02)
        arrived = service.arrived[0]
        assert (arrived.token, arrived.data["conversation"]) == ("mei's", PLACE)
        assert (service.pushes, arrived.badge) == (2, 2)
        status, said = await printed(capsys, "push", "explain", "mei", PLACE, "1")
        assert (status, "send, sent by push" in said) == (0, True)
        assert "phone  webhook  sent" in said
        assert await printed(capsys, "push", "test", "mei") == (0, "phone  webhook  sent\n")
        assert len(service.arrived) == 2
        service.released.set()


async def test_what_was_never_said_and_what_was_never_noted_is_explained(
    stores: Stores,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    async with serving("webhook") as service:
        monkeypatch.setenv("CHAT_PUSH_FILE", str(file_for(service, tmp_path)))
        await two_people(stores, service)
        await say(stores, "在吗")
        explain = ("push", "explain", "mei", PLACE)
        assert await printed(capsys, *explain, "9") == (1, "there is no such message\n")
        _, said = await printed(capsys, *explain, "1")
        assert said.startswith("now: it was not noted for this person. send, sent")
        _, said = await printed(capsys, "push", "test", "lin")
        assert said == "no device of this person has an address for notifications\n"


@pytest.mark.usefixtures("settings")
async def test_without_a_push_file_an_operator_is_told_what_to_set(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status, said = await printed(capsys, "push", "explain", "mei", PLACE, "1")
    assert status == 2
    assert "CHAT_PUSH_FILE" in said
