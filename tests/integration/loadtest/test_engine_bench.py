"""Every measure works end to end, and only what was delivered becomes a figure."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from msgspec.structs import replace

from chatserver.dev.errors import DevError
from loadtest.__main__ import main
from loadtest.bench.engine.connect import Connect
from loadtest.bench.engine.fanout import Fanout
from loadtest.bench.engine.measures import MEASURES
from loadtest.bench.engine.plan import quick
from loadtest.bench.engine.results import Book, Figure
from loadtest.bench.engine.scenario import play
from loadtest.rivals.dialects import MinimalDialect
from loadtest.rivals.house import House
from loadtest.rivals.table import RIVALS, Rival, node_binary
from loadtest.swarm import cores
from loadtest.swarm.failed import Failed
from loadtest.swarm.worker import Worker

ROOT = Path(__file__).parents[3]
UNRELIABLE = Path(__file__).parent / "unreliable.py"
WITH_ALL = ("fanout", "burst")
WITH_MONGODB = {"durable", "latency"}
PATIENCE_S = 60.0  # only what fails waits so long

pytestmark = pytest.mark.timeout(300)  # a dozen servers start one after the other


def has_node() -> bool:
    try:
        return bool(node_binary())
    except DevError:
        return False


ALL = ("product", "stock", "floor", *(["node"] if has_node() else []))


def taking_part(measure: str) -> set[str]:
    if measure in WITH_ALL:
        return {*ALL}
    return {"product", "mongodb"} if measure in WITH_MONGODB else {"product"}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Quick runs from the command line: a room with every rival, the rest with the product."""
    folder = tmp_path_factory.mktemp("engine")
    picture = folder / "engine.png"
    before = set(psutil.Process().children(recursive=True))
    runs = [
        bench(folder / "all.json", "--only", *WITH_ALL, "--rivals", *ALL),
        bench(
            folder / "product.json",
            *("--only", *(each for each in MEASURES if each not in WITH_ALL)),
            *("--rivals", "product", "--png", str(picture)),
        ),
    ]
    left = set(psutil.Process().children(recursive=True)) - before
    assert picture.stat().st_size > 5000
    return {"figures": [figure for run in runs for figure in run["figures"]], "left": left}


def bench(figures: Path, *arguments: str) -> dict[str, Any]:
    """What a quick run gives."""
    assert main(["bench", "engine", "--quick", *arguments, "--json", str(figures)]) == 0
    made: dict[str, Any] = json.loads(figures.read_text(encoding="utf-8"))
    return made


@pytest.mark.parametrize("measure", MEASURES)
def test_every_rival_gets_a_figure(run: dict[str, Any], measure: str) -> None:
    figures = {each["rival"]: each for each in run["figures"] if each["measure"] == measure}
    assert set(figures) == taking_part(measure)
    assert {rival: each["error"] for rival, each in figures.items() if each["error"]} == {}
    assert all(len(each["values"]) == 1 for each in figures.values())


def test_events_are_of_one_size_for_all_rivals(run: dict[str, Any]) -> None:
    sizes = [
        each["details"]["event bytes"] for each in run["figures"] if each["measure"] == "fanout"
    ]
    assert all(175 < size < 185 for size in sizes)


def test_no_process_is_left_behind(run: dict[str, Any]) -> None:
    assert not [process for process in run["left"] if process.is_running()]


def untrusted(
    how: str, scenario: type[Fanout | Connect], beside: tuple[str, ...], patience_s: float
) -> list[Figure]:
    """The figures of a rival that does not do what it should, and of those beside it."""
    command = (sys.executable, str(UNRELIABLE), how)
    rival = Rival(
        name=how,
        title=how,
        command=lambda port: (*command, str(port)),
        dialect=MinimalDialect(),
    )
    book = Book()
    with pytest.MonkeyPatch.context() as patch, House(cores.choose()) as house:
        patch.setitem(RIVALS, how, rival)  # type: ignore[arg-type]
        plan = replace(quick(), patience_s=patience_s)
        play(scenario((how, *beside)), house, plan, book, lambda _: None)
    return book.figures()


@pytest.mark.parametrize(
    ("how", "scenario", "beside", "patience_s", "why"),
    [
        ("lose", Fanout, (), 1.0, "missing after 1 s"),
        ("double", Fanout, ("floor",), PATIENCE_S, "did not get each of"),
        ("refuse", Connect, (), PATIENCE_S, "refused"),
    ],
)
def test_who_does_not_deliver_gets_an_error_instead_of_a_figure(
    how: str,
    scenario: type[Fanout | Connect],
    beside: tuple[str, ...],
    patience_s: float,
    why: str,
) -> None:
    figures = untrusted(how, scenario, beside, patience_s)
    theirs = [figure for figure in figures if figure.rival == how]
    assert theirs
    for figure in theirs:
        assert figure.error is not None
        assert why in figure.error
        assert figure.values == []
    others = [figure for figure in figures if figure.rival != how]
    assert {figure.rival for figure in others} == {*beside}
    assert all(figure.error is None for figure in others)


class Clumsy:
    """Something in a load process that goes wrong."""

    async def stumble(self) -> None:
        raise ValueError("over a stone")

    async def die(self) -> None:
        os._exit(1)


def test_what_goes_wrong_in_the_load_process_is_told() -> None:
    with Worker(None, Clumsy) as worker:
        with pytest.raises(Failed, match="over a stone"):
            worker.do(Clumsy.stumble)
        with pytest.raises(Failed, match="died"):
            worker.do(Clumsy.die)


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """What is started hears Ctrl-C, also when these tests run in the background and do not."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "kill -9"])
def test_all_processes_end_with_the_benchmark(end: signal.Signals) -> None:
    arguments = ["--quick", "--only", "fanout", "--rivals", "floor", "--rounds", "1000"]
    bench = subprocess.Popen(
        [sys.executable, "-m", "loadtest", "bench", "engine", *arguments],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    process = psutil.Process(bench.pid)
    server_and_load = 2
    try:
        deadline = time.monotonic() + PATIENCE_S
        while len(children := process.children(recursive=True)) < server_and_load:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        bench.send_signal(end)
        assert bench.wait(PATIENCE_S) == (130 if end == signal.SIGINT else -signal.SIGKILL)
        _, alive = psutil.wait_procs(children, PATIENCE_S)
        assert not alive
    finally:
        bench.kill()
        bench.wait()


def test_a_machine_that_allows_too_few_files_is_told_how_to_allow_more(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cores, "raise_file_limit", lambda: 100)
    assert main(["bench", "engine"]) == 1
    assert "ulimit -Hn" in capsys.readouterr().err


def test_an_unknown_measure_is_refused_in_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "engine", "--only", "speed"]) == 1
    assert "there is no measure 'speed'" in capsys.readouterr().err
