"""Every part of `bench rooms` works end to end, over databases as it has put them there."""

from __future__ import annotations

import json
from typing import Any

import psutil
import pytest

from loadtest.__main__ import main
from loadtest.bench.rooms import table
from loadtest.bench.rooms.parts import PARTS
from loadtest.bench.rooms.plan import quick
from loadtest.bench.rooms.results import Book, Report, Sample
from loadtest.bench.rooms.run import SCENARIOS

pytestmark = pytest.mark.timeout(240)  # half a dozen servers start one after the other

PLAN = quick()
CASES = {
    "room": 2 * 2,
    "nodes": len(PLAN.nodes),
    "sync": 2,
    "storm": 1,
    "marks": 1,
    "reading": 3 * 2,
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A quick run of everything, from the command line."""
    folder = tmp_path_factory.mktemp("rooms")
    page = folder / "README.md"
    page.write_text(f"before\n{table.BEGIN}\nold\n{table.END}\nafter\n", encoding="utf-8")
    figures = folder / "figures.json"
    before = set(psutil.Process().children(recursive=True))
    arguments = ["--quick", "--json", str(figures), "--markdown", str(page)]
    assert main(["bench", "rooms", *arguments]) == 0
    left = set(psutil.Process().children(recursive=True)) - before
    made = json.loads(figures.read_text(encoding="utf-8"))
    return {**made, "left": left, "page": page.read_text(encoding="utf-8")}


def cases(run: dict[str, Any], part: str) -> dict[str, dict[str, Any]]:
    return {each["case"]: each for each in run["figures"] if each["part"] == part}


@pytest.mark.parametrize("part", PARTS)
def test_every_case_has_every_quantity_and_none_failed(run: dict[str, Any], part: str) -> None:
    assert run["errors"] == {}
    found = cases(run, part)
    assert len(found) == CASES[part]
    for case in found.values():
        assert set(case["values"]) == set(PARTS[part].quantities)


def test_what_two_nodes_do_stands_beside_what_one_does(run: dict[str, Any]) -> None:
    found = cases(run, "room")
    assert set(found["one in flight, two nodes"]["ratios"]) == set(PARTS["room"].compared)
    assert found["one in flight, one node"]["ratios"] == {}


def test_a_message_is_published_once_for_each_of_its_two_people_at_least(
    run: dict[str, Any],
) -> None:
    [published] = cases(run, "nodes")["2 nodes"]["values"]["publications"]
    assert 1.5 < published < 6


def test_a_sync_costs_as_many_commands_however_much_moved(run: dict[str, Any]) -> None:
    counts = [case["values"]["MongoDB commands"][0] for case in cases(run, "sync").values()]
    assert all(0 < count < 20 for count in counts)


def test_the_tables_stand_between_the_markers(run: dict[str, Any]) -> None:
    page = run["page"]
    assert page.startswith(f"before\n{table.BEGIN}\n")
    assert page.endswith(f"{table.END}\nafter\n")
    assert "old" not in page
    assert all(case in page for part in PARTS for case in cases(run, part))


def test_no_process_is_left_behind(run: dict[str, Any]) -> None:
    assert not [process for process in run["left"] if process.is_running()]


def test_a_part_that_fails_has_no_figures_and_says_why() -> None:
    book = Book()
    book.note(Sample(part="sync", case="nothing new", values={"p50 ms": 1.0}))
    book.fail("sync", "not answered")
    assert book.figures() == []
    report = Report(
        when="now",
        machine="this",
        took_s=1.0,
        others_share=0.0,
        plan=PLAN,
        figures=book.figures(),
        errors=book.errors,
    )
    assert "error: not answered" in table.markdown(report)


def test_every_part_has_its_scenario() -> None:
    assert set(SCENARIOS) == set(PARTS)


def test_an_unknown_part_is_refused_in_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "rooms", "--only", "speed"]) == 1
    assert "there is no part 'speed'" in capsys.readouterr().err
