"""Records survive the file, kills included, and say what clients did."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from loadtest.history import (
    Fail,
    Final,
    Info,
    Invoke,
    Ok,
    Page,
    Saw,
    SawChange,
    SawRead,
    digest,
    read,
    shown,
)
from loadtest.recorder import DeviceRecorder, Recorder, claimed
from tests.unit.loadtest.story import a_good_story, message

MESSAGE: dict[str, Any] = {
    "conversation": "c", "seq": 3, "client_id": "m1", "sender": "mei", "kind": "text",
    "body": {"text": "早"}, "at": 7, "reactions": {"👍": ["yu", "lin"]}, "mod": 2,
}  # fmt: skip


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.jsonl"


@pytest.fixture
def mei(path: Path) -> Any:
    with Recorder(path) as recorder:
        yield DeviceRecorder(recorder, "mei", "phone")


def written(path: Path) -> list[Any]:
    return list(read([path]))


def test_what_is_written_is_read_again(path: Path) -> None:
    records = a_good_story().end()
    with Recorder(path) as recorder:
        for record in records:
            recorder.write(record)
    assert written(path) == records


def test_a_record_is_in_the_file_at_once(path: Path) -> None:
    with Recorder(path) as recorder:
        recorder.write(Fail(at=1, id="x", code="busy"))
        assert written(path) == [Fail(at=1, id="x", code="busy")]


def test_a_line_cut_short_is_left_out(path: Path) -> None:
    with Recorder(path) as recorder:
        recorder.write(Fail(at=1, id="x", code="busy"))
    path.write_bytes(path.read_bytes() + b'{"type":"fail","at":2')
    assert written(path) == [Fail(at=1, id="x", code="busy")]


def test_a_history_goes_on_after_its_last_whole_line(path: Path) -> None:
    path.write_bytes(b'{"type":"fail","at":1,"id":"x","code":"busy"}\n{"type":"fa')
    with Recorder(path) as recorder:
        recorder.write(Fail(at=2, id="y", code="busy"))
    assert [record.id for record in written(path)] == ["x", "y"]


def test_a_whole_line_that_is_no_record_is_an_error(path: Path) -> None:
    path.write_bytes(b'{"type":"nonsense"}\n')
    with pytest.raises(msgspec.ValidationError):
        written(path)


def test_an_acknowledged_call_is_ok(mei: DeviceRecorder, path: Path) -> None:
    call = mei.invoke(
        "message.send", {"conversation": "c", "client_id": "m1", "body": {"text": "hi"}}
    )
    mei.outcome(call, {"ok": True, "seq": 4, "at": 99, "duplicate": True})
    invoke, ok = written(path)
    assert isinstance(invoke, Invoke)
    assert isinstance(ok, Ok)
    assert (invoke.user, invoke.client_id, invoke.body) == ("mei", "m1", digest({"text": "hi"}))
    assert (ok.id, ok.seq, ok.time, ok.duplicate) == (call, 4, 99, True)


@pytest.mark.parametrize(
    ("code", "kind"),
    [("busy", Fail), ("forbidden", Fail), ("unavailable", Info), ("internal", Info)],
)
def test_a_refusal_is_a_failure_unless_it_leaves_the_outcome_open(
    mei: DeviceRecorder, path: Path, code: str, kind: type[Any]
) -> None:
    mei.outcome("call", {"ok": False, "code": code})
    assert isinstance(written(path)[0], kind)


@pytest.mark.parametrize("reason", ["lost", "timeout"])
def test_an_unanswered_call_is_unknown(mei: DeviceRecorder, path: Path, reason: Any) -> None:
    mei.unknown("call", reason)
    assert isinstance(written(path)[0], Info)


def test_calls_of_two_connections_are_told_apart(mei: DeviceRecorder, path: Path) -> None:
    mei.connected()
    mei.invoke("sync", {})
    mei.connected()
    mei.invoke("sync", {})
    first, second = written(path)
    assert first.connection != second.connection
    assert first.id != second.id


def test_events_are_kept_as_far_as_a_rule_needs_them(mei: DeviceRecorder, path: Path) -> None:
    change = {"conversation": "c", "mod": 1, "type": "edit", "seq": 3, "by": "mei"}
    mei.event("message", MESSAGE)
    mei.event("change", change)
    mei.event("read", {"conversation": "c", "user": "lin", "seq": 3})
    mei.event("badge", {"unread": 1, "mentions": 0})
    assert [type(record) for record in written(path)] == [Saw, SawChange, SawRead]


def test_who_has_read_is_not_a_read_position(mei: DeviceRecorder, path: Path) -> None:
    mei.outcome("call", {"ok": True, "read": ["lin"], "unread": []})
    assert written(path)[0].read == 0


def test_a_history_never_holds_text(mei: DeviceRecorder, path: Path) -> None:
    mei.invoke("message.send", {"conversation": "c", "client_id": "m", "body": {"text": "canary"}})
    mei.event("message", {**MESSAGE, "body": {"text": "canary"}})
    assert b"canary" not in path.read_bytes()


def test_a_page_and_a_last_view_are_kept(mei: DeviceRecorder, path: Path) -> None:
    answer = {"messages": [MESSAGE], "more": False}
    mei.page("socket", 5, {"conversation": "c", "after": 2}, answer)
    mei.final("c", {"messages": [MESSAGE], "mod": 2, "reads": {"mei": 3}, "unread": 0, "above": 2})
    page, final = written(path)
    assert isinstance(page, Page)
    assert isinstance(final, Final)
    assert (page.above, page.upto, page.began) == (2, None, 5)
    assert final.messages == page.messages == (shown(MESSAGE),)


def test_a_message_is_shown_alike_whatever_the_order_of_reactions() -> None:
    turned = {**MESSAGE, "reactions": {"👍": ["lin", "yu"], "👎": []}}
    assert shown(turned) == shown(MESSAGE)


@pytest.mark.parametrize(
    ("asked", "more", "expected"),
    [
        ({"after": 2}, False, (2, None)),
        ({"after": 2}, True, (2, 6)),
        ({"after": 0}, False, (0, None)),
        ({"before": 9}, True, (3, 8)),
        ({"before": 9}, False, (0, 8)),
        ({}, True, (3, None)),
        ({}, False, (0, None)),
        ({"around": 5}, True, (3, 6)),
    ],
)
def test_the_range_a_page_claims(
    asked: dict[str, Any], more: bool, expected: tuple[int, int | None]
) -> None:
    assert claimed(asked, (message(4), message(5), message(6)), more=more) == expected
