"""A short rehearsal over a real server, and the checker that turns red when a promise is broken."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from pymongo import MongoClient
from rich.console import Console

from loadtest.checker import check
from loadtest.faults.nodes import KEY, ChatServer
from loadtest.faults.recorded import all_documents
from loadtest.history import Final, Ok, Page, Record, StoredConversation, StoredMessage, read
from loadtest.rehearsal import command, results
from loadtest.rehearsal.command import There, Wish
from loadtest.rehearsal.judgement import as_read
from loadtest.rehearsal.results import Report
from loadtest.stored import stored

SCENARIO = """
title = "A minute in seconds"
clients = 12
[people]
per_consultant = 6
second_device = 0.3
channel = true
community = 6
[habits]
answers_after_s = 0.2
reads_after_s = 0.1
reads = 0.5
history = 0.5
typing = 0.5
[phones]
share = 0.3
delay_s = { kind = "uniform", least = 0.01, most = 0.03 }
loss = 0.1
again_s = 0.05
stops = 1.0
stops_every_s = 0.5
stops_for_s = 0.2
[[stages]]
name = "coming"
seconds = 1.0
online = [0.3, 1.0]
asks = 500
[[stages]]
name = "talking"
seconds = 2.0
asks = 500
talks = 500
broadcast_every_s = 0.7
drops = [{ at_s = 0.5, share = 0.5, expired = 0.5 }]
"""

Records = list[Record]


class Rehearsed:
    """What a run left: its report and everything it is judged by."""

    def __init__(self, report: Report, folder: Path, log: Records) -> None:
        self.report = report
        self.folder = folder
        self.clients: Records = list(read(sorted(folder.glob("history-*.jsonl"))))
        self.log = log


@pytest.fixture(scope="module")
def rehearsed(
    tmp_path_factory: pytest.TempPathFactory, mongo_url: str, redis_url: str
) -> Iterator[Rehearsed]:
    """One run for all tests."""
    folder, database = tmp_path_factory.mktemp("rehearsal"), f"rehearsal_{secrets.token_hex(6)}"
    file = folder / "short.toml"
    file.write_text(SCENARIO)
    server = ChatServer(folder / "node", {
        "CHAT_MONGO_URL": mongo_url, "CHAT_REDIS_URL": redis_url, "CHAT_MONGO_DATABASE": database,
    })  # fmt: skip
    try:
        server.start()
        there = There((server.url,), KEY, mongo_url, database, redis_url)
        report = command.run(Wish(str(file), processes=2, out=folder), there, Console())
        yield Rehearsed(report, folder, list(stored(all_documents(mongo_url, database))))
    finally:
        server.stop()
        with MongoClient[object](mongo_url) as client:
            client.drop_database(database)


def test_a_server_that_keeps_its_promises_passes(rehearsed: Rehearsed) -> None:
    report = rehearsed.report
    assert report.ok, report.judged.violations
    assert report.counts["acknowledged"] == report.counts["sent"] > 10
    assert report.counts["lost connections"] >= 1
    assert report.waits["delivered"].count > 10
    assert report.judged.looked_at["last views"] > 12
    assert report.seconds[-1].looked.server_mb is None  # it is not the run's own
    assert any(second.looked.lag_ms is not None for second in report.seconds)


def test_the_crowd_that_comes_in_for_the_checker_is_not_timed(rehearsed: Rehearsed) -> None:
    report = rehearsed.report
    for name, waits in report.waits.items():
        assert waits.count == sum(
            each.waits[name].count for each in report.seconds if name in each.waits
        )


def test_its_report_is_a_page_and_a_file_of_figures(rehearsed: Rehearsed) -> None:
    assert results.read(rehearsed.folder / command.JSON) == rehearsed.report
    assert "<svg" in (rehearsed.folder / command.PAGE).read_text()


def test_the_log_as_read_anew_judges_as_the_database_does(rehearsed: Rehearsed) -> None:
    conversations = [each for each in rehearsed.log if isinstance(each, StoredConversation)]
    members = {each.conversation: each.members for each in conversations}
    log = list(as_read(rehearsed.clients, members))
    assert check([*rehearsed.clients, *log]).ok
    read_anew = {(m.conversation, m.message.seq) for m in log if isinstance(m, StoredMessage)}
    kept = {(m.conversation, m.message.seq) for m in rehearsed.log if isinstance(m, StoredMessage)}
    assert read_anew == kept


def lose_a_message(clients: Records, log: Records) -> tuple[Records, Records]:
    """One that was acknowledged is not in the database."""
    ok = next(each for each in clients if isinstance(each, Ok) and each.seq)
    lost = next(m for m in log if isinstance(m, StoredMessage) and m.message.at == ok.time)
    return clients, [each for each in log if each is not lost]


def store_twice(clients: Records, log: Records) -> tuple[Records, Records]:
    """One message has two numbers."""
    message = next(m for m in log if isinstance(m, StoredMessage) and m.message.kind == "text")
    again = msgspec.structs.replace(message.message, seq=message.message.seq + 1000)
    return clients, [*log, msgspec.structs.replace(message, message=again)]


def forget_on_a_device(clients: Records, log: Records) -> tuple[Records, Records]:
    """A device does not show its last message."""
    view = next(each for each in clients if isinstance(each, Final) and each.messages)
    shorter = msgspec.structs.replace(view, messages=view.messages[:-1])
    return [shorter if each is view else each for each in clients], log


def leave_out_of_history(clients: Records, log: Records) -> tuple[Records, Records]:
    """Another node does not know a message that is known."""
    page = next(e for e in clients if isinstance(e, Page) and len(e.messages) > 1)
    shorter = msgspec.structs.replace(page, messages=page.messages[1:])
    return [shorter if each is page else each for each in clients], log


@pytest.mark.parametrize(
    ("broken", "rule"),
    [
        (lose_a_message, "acknowledged_is_stored"),
        (store_twice, "a_message_is_stored_once"),
        (forget_on_a_device, "a_device_has_no_holes"),
        (leave_out_of_history, "nothing_appears_below"),
    ],
)
def test_the_verdict_turns_red(
    rehearsed: Rehearsed,
    broken: Callable[[Records, Records], tuple[Records, Records]],
    rule: str,
) -> None:
    clients, log = broken(rehearsed.clients, rehearsed.log)
    verdict = check([*clients, *log])
    assert not verdict.ok
    assert rule in verdict.broken
