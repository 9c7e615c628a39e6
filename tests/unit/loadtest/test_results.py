"""What figures say about aims; a figure that was not earned is an error, never a number."""

from __future__ import annotations

from pathlib import Path

import pytest

from loadtest.bench.engine.measures import MEASURES
from loadtest.bench.engine.picture import draw
from loadtest.bench.engine.plan import Plan
from loadtest.bench.engine.results import Book, Report, Sample, Verdict, verdicts
from loadtest.bench.engine.table import (
    BEGIN,
    END,
    FLAG,
    markdown,
    number,
    rows,
    summary,
    write_into,
)
from loadtest.rivals.table import RIVALS
from loadtest.swarm.failed import Failed
from loadtest.swarm.usage import Usage

FULL_LOAD = Usage(wall_s=1.0, server_s=0.5, load_s=0.95, data_s=0.0)


def book(measure: str, **values: list[float]) -> Book:
    made = Book()
    for rival, rounds in values.items():
        for value in rounds:
            made.note(rival, [Sample(measure=measure, value=value)])
    return made


def report(made: Book) -> Report:
    figures = made.figures()
    return Report(
        title="The engine",
        when="2026-11-22 10:00",
        machine="2 cores",
        took_s=1.0,
        others_share=0.25,
        plan=Plan(),
        figures=figures,
        verdicts=verdicts(figures),
    )


def verdict(made: Book, rival: str) -> Verdict:
    return next(each for each in verdicts(made.figures()) if each.rival == rival)


def test_a_figure_is_the_median_of_its_rounds() -> None:
    [figure] = book("connect", product=[3, 100, 4]).figures()
    assert (figure.median, figure.values) == (4, [3, 100, 4])


def test_one_failed_round_makes_the_figure_an_error() -> None:
    made = book("connect", product=[3, 4])
    made.fail("product", ["connect"], "a client was refused")
    made.note("product", [Sample(measure="connect", value=5)])
    [figure] = made.figures()
    assert figure.error == "a client was refused"
    assert figure.values == []
    assert rows(report(made))[0][2] == "error"


def test_a_ratio_is_the_median_of_the_rounds_own_ratios() -> None:
    made = book("connect", product=[10, 90, 50], stock=[1, 10, 10])
    assert verdict(made, "stock").reached == 9
    assert verdict(made, "stock").met is True


def test_a_ratio_below_its_aim_is_missed() -> None:
    assert verdict(book("connect", product=[4.9], stock=[1]), "stock").met is False


def test_for_costs_less_is_better() -> None:
    assert verdict(book("memory", product=[6.0]), "").met is True
    assert verdict(book("memory", product=[6.1]), "").met is False


def test_a_burst_is_held_against_the_floors_single_writes() -> None:
    made = book("fanout", floor=[100])
    made.note("product", [Sample(measure="burst", value=310)])
    burst = next(each for each in verdicts(made.figures()) if each.measure == "burst")
    assert (burst.reached, burst.met, burst.at) == (3.1, True, 300)


def test_without_the_rivals_figure_an_aim_is_neither_met_nor_missed() -> None:
    made = book("connect", product=[10])
    made.fail("stock", ["connect"], "it does not start")
    assert verdict(made, "stock").met is None
    assert "not measured" in rows(report(made))[0][-1]


def test_a_figure_that_the_load_limited_is_flagged() -> None:
    made = Book()
    made.note("floor", [Sample(measure="fanout", value=1, usage=FULL_LOAD)])
    assert FLAG in rows(report(made))[0][2]


def test_markdown_goes_between_the_markers_and_nowhere_else(tmp_path: Path) -> None:
    file = tmp_path / "README.md"
    file.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    made = report(book("connect", product=[10]))
    for _ in range(2):  # again: the same
        write_into(file, made)
        expected = f"before\n{BEGIN}\n{markdown(made)}\n{END}\nafter\n"
        assert file.read_text(encoding="utf-8") == expected


def test_the_summary_has_all_medians_of_a_measure_in_a_row() -> None:
    made = book("connect", product=[10, 12, 11], stock=[2])
    made.fail("node", ["connect"], "it did not start")
    *_, heading, _, row = summary(report(made)).splitlines()
    assert heading.startswith("| measure | product | stock | node")
    assert [cell.strip() for cell in row.split("|")[2:5]] == ["11.0", "2.00", "error"]
    assert "5 × stock: met (5.50)" in row


def test_a_file_without_markers_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "README.md"
    file.write_text("mine\n", encoding="utf-8")
    with pytest.raises(Failed, match="has no lines"):
        write_into(file, report(book("connect", product=[10])))
    assert file.read_text(encoding="utf-8") == "mine\n"


def test_the_picture_has_a_panel_for_every_measure_and_is_small(tmp_path: Path) -> None:
    made = Book()
    for measure in MEASURES:
        for rival in RIVALS:
            made.note(rival, [Sample(measure=measure, value=7.0, usage=FULL_LOAD)])
    made.fail("node", ["connect"], "no")
    draw(report(made), tmp_path / "engine.png")
    assert 5_000 < (tmp_path / "engine.png").stat().st_size < 150_000


def test_aims_are_held_against_rivals_and_measures_that_exist() -> None:
    for measure in MEASURES.values():
        for aim in measure.aims:
            assert not aim.rival or aim.rival in {*RIVALS, "mongodb"}
            assert not aim.measure or aim.measure in MEASURES


@pytest.mark.parametrize(
    ("value", "shown"), [(123456.7, "123,457"), (12.34, "12.3"), (1.234, "1.23"), (0, "0.00")]
)
def test_numbers_have_three_digits_that_mean_something(value: float, shown: str) -> None:
    assert number(value) == shown
