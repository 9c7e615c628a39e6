from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from chatserver import logs
from chatserver.config import Settings

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJtZWkifQ.c2lnbmF0dXJl"


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    before = (root.handlers[:], root.level, structlog.get_config())
    levels = {name: logging.getLogger(name).level for name in logs.QUIET}
    yield
    root.handlers[:], root.level = before[:2]
    structlog.configure(**before[2])
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def setup(**settings: str) -> structlog.typing.FilteringBoundLogger:
    logs.setup(Settings(**settings))  # type: ignore[arg-type]
    log: structlog.typing.FilteringBoundLogger = structlog.get_logger()
    return log


def test_off_a_terminal_each_line_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    setup().info("hello", user="用户")
    logging.getLogger("somewhere").warning("from a library")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["event"] for line in lines] == ["hello", "from a library"]
    assert lines[0]["user"] == "用户"
    assert [line["level"] for line in lines] == ["info", "warning"]


def test_text_can_be_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    setup(log_format="text").info("hello", user="mei")
    assert "user=mei" in capsys.readouterr().err


def test_the_level_counts_for_all(capsys: pytest.CaptureFixture[str]) -> None:
    setup(log_level="error").warning("quiet")
    logging.getLogger("somewhere").warning("quiet")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("name", ["socketio", "engineio.server", "aiohttp.access"])
def test_chatty_libraries_are_heard_from_warnings_on(
    capsys: pytest.CaptureFixture[str], name: str
) -> None:
    logging.getLogger(name).setLevel(logging.NOTSET)  # python-engineio's own server sets it for all
    setup(log_level="debug")
    logging.getLogger(name).info("chatter")
    logging.getLogger(name).warning("important")
    assert "chatter" not in (said := capsys.readouterr().err)
    assert "important" in said


@pytest.mark.parametrize("form", ["text", "json"])
def test_secrets_do_not_get_out(capsys: pytest.CaptureFixture[str], form: str) -> None:
    log = setup(log_format=form)
    body = {"text": "canary"}
    log.info("told", token="canary", body=body, phone="canary", given=TOKEN)
    logging.getLogger("engineio").warning("received %s", f'40{{"token":"{TOKEN}"}}')
    try:
        raise ValueError(TOKEN)
    except ValueError:
        log.exception("broke")
        logging.getLogger("socketio").exception("broke")
    said = capsys.readouterr().err
    assert "canary" not in said
    assert TOKEN not in said
    assert said.count("Traceback") == 2


def test_a_line_is_due_once_in_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(logs.time, "monotonic", lambda: now)
    assert [logs.once_in(5, "a test"), logs.once_in(5, "a test")] == [True, False]
    assert logs.once_in(5, "another")
    now = 105.0
    assert [logs.once_in(5, "a test"), logs.once_in(5, "a test")] == [True, False]
