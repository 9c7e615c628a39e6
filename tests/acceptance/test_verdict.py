"""The judge is worth something only if it can say no: real histories with a broken database."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from loadtest.checker import check
from loadtest.faults.nodes import CANARY, ChatServer, faults_in
from loadtest.faults.people import token
from loadtest.faults.recorded import RecordedDevice, all_documents
from loadtest.history import read
from loadtest.recorder import Recorder
from loadtest.stored import stored
from tests.acceptance.conftest import Cast, Start

Documents = dict[str, list[dict[str, Any]]]
Break = Callable[[Documents], None]


def nothing(_database: Documents) -> None:
    """All is well."""


def lose(database: Documents) -> None:
    """An acknowledged message goes, as with write concern 1."""
    database["messages"].remove(message(database, 2))


def double(database: Documents) -> None:
    """A retry makes a second message, as without the unique index."""
    second = copy.deepcopy(message(database, 2))
    second["_id"]["s"] = 5
    database["messages"].append(second)
    database["conversations"][0]["head"]["seq"] = 5


def swap(database: Documents) -> None:
    """Two messages change places, as with handlers that run out of order."""
    one, two = message(database, 1), message(database, 2)
    one["_id"]["s"], two["_id"]["s"] = 2, 1


def rewrite(database: Documents) -> None:
    """A text changes without a change."""
    message(database, 1)["body"] = {"text": "other"}


def unread_again(database: Documents) -> None:
    """A read position goes back."""
    for membership in database["memberships"]:
        membership["read"] = 0


def drop_edit(database: Documents) -> None:
    """A change is missing from its log."""
    database["changes"].clear()


def hand_over(database: Documents) -> None:
    """The conversation was never theirs, as without the membership check."""
    database["conversations"][0]["members"] = ["yu"]


def message(database: Documents, seq: int) -> dict[str, Any]:
    return next(found for found in database["messages"] if found["_id"]["s"] == seq)


BREAKS: dict[Break, set[str]] = {
    nothing: set(),
    lose: {"acknowledged_is_stored", "numbers_have_no_holes", "shown_is_stored"},
    double: {"a_message_is_stored_once", "a_device_has_no_holes"},
    swap: {"acknowledged_is_stored", "shown_is_stored", "devices_converge"},
    rewrite: {"acknowledged_is_stored", "nothing_comes_from_nowhere", "devices_converge"},
    unread_again: {"cursors_agree"},
    drop_edit: {"acknowledged_change_is_stored"},
    hand_over: {"nobody_sees_others"},
}


@pytest.mark.parametrize(
    "line",
    [
        "Traceback (most recent call last):",
        f'{{"event": "sent", "body": "hello {CANARY}"}}',
        f'{{"event": "came in", "token": "{token("mei")}"}}',
    ],
)
def test_a_log_with_a_fault_a_text_or_a_token_is_noticed(line: str) -> None:
    assert faults_in(f"all well\n{line}\nall well") == [line]
    assert faults_in("all well") == []


async def a_short_talk(server: ChatServer, cast: Cast, history: Path) -> None:
    with Recorder(history) as recorder:
        mei = RecordedDevice(server.url, cast.name("mei"), recorder)
        lin = RecordedDevice(server.url, cast.name("lin"), recorder)
        for device in (mei, lin):
            await device.connect()
        room = await mei.open(lin.user)
        for words in ("one", "two", "three", "four"):
            mei.write(room, words)
        await mei.post()
        await lin.sees("message", seq=4)
        await lin.ask("read.mark", conversation=room, seq=3)
        await mei.ask("message.edit", conversation=room, seq=3, body={"text": "better"})
        for device in (mei, lin):
            await device.catch_up()
            await device.last_view()
            await device.close()


@pytest.mark.asyncio
async def test_the_checker_sees_a_broken_database(
    start: Start, cast: Cast, tmp_path: Path, mongo_url: str, database_name: str
) -> None:
    server = await start()
    await a_short_talk(server, cast, tmp_path / "history.jsonl")
    server.stop()
    happened = list(read([tmp_path / "history.jsonl"]))
    documents = all_documents(mongo_url, database_name)
    for breaks, broken in BREAKS.items():
        database = copy.deepcopy(documents)
        breaks(database)
        judged = check([*happened, *stored(database)])
        assert judged.broken >= broken, f"{breaks.__name__}\n{judged}"
        assert judged.ok is (breaks is nothing), f"{breaks.__name__}\n{judged}"
