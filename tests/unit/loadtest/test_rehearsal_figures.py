"""Figures of several processes are those of one; the report tells them, and what limits them."""

from __future__ import annotations

import random
import time
from pathlib import Path

import msgspec
import pytest

from loadtest.__main__ import main
from loadtest.rehearsal import figures, page, results
from loadtest.rehearsal.compare import rows
from loadtest.rehearsal.figures import Book, Merged, Waits, total
from loadtest.rehearsal.notes import notes
from loadtest.rehearsal.results import Judged, Looked, Report, Second, Span


def waits(p99: float = 3) -> Waits:
    return Waits(count=10, p50=1, p95=2, p99=p99, highest=4)


def second(at: float, load_cpu: float = 0.1, **more: float) -> Second:
    return Second(
        at=at, lasted=1, online=3, counts={"sent": 2, "error busy": 1},
        waits={figures.ACKNOWLEDGED: waits()}, load_cpu=load_cpu,
        looked=Looked(server_cpu=0.5, data_cpu=0.2, **more),
    )  # fmt: skip


def report(ok: bool = True, settled_s: float | None = 0.1) -> Report:
    return Report(
        title="Sale <b>", about="about", machine="m", began="today", clients=3, processes=1,
        own_servers=True, stages=(Span("one", 0, 2), Span("two", 2, 4)),
        faults=(Span("node_killed", 1, 2),), seconds=tuple(map(second, range(4))),
        counts={"sent": 8, "error busy": 4}, waits={figures.ACKNOWLEDGED: waits()},
        settled_s=settled_s, notes=("a note",),
        judged=Judged(ok, {"calls": 8}, () if ok else ("rule: it broke",)),
    )  # fmt: skip


def test_merged_percentiles_are_those_of_all_waits_together() -> None:
    chance, books = random.Random(1), [Book(), Book(), Book()]
    all_ms = [chance.lognormvariate(3, 1) for _ in range(3000)]
    now = time.perf_counter()
    for number, wait_ms in enumerate(all_ms):
        books[number % 3].wait(figures.CONNECT, now - wait_ms / 1000)
        books[number % 3].count("sent")
    passed_ms = 1000 * (time.perf_counter() - now)
    merged = Merged(book.take() for book in books)
    found = merged.waits()[figures.CONNECT]
    assert found.count == 3000
    assert merged.counts["sent"] == 3000
    true_p95 = sorted(all_ms)[2849]
    assert true_p95 * 0.98 <= found.p95 <= (true_p95 + passed_ms) * 1.02


def test_a_book_begins_anew_when_it_was_taken() -> None:
    book = Book()
    book.count("sent")
    book.wait(figures.READ, time.perf_counter())
    book.take()
    tally = book.take()
    assert tally.count("sent") == 0
    assert not tally.histograms


def test_a_wait_longer_than_any_is_kept_as_the_longest() -> None:
    book = Book()
    book.wait(figures.READ, time.perf_counter() - 10_000)
    assert Merged([book.take()]).waits()[figures.READ].count == 1


def test_errors_are_told_by_code() -> None:
    assert total({"error busy": 2, "sent": 5, "error a": 1}, "error ") == {"a": 1, "busy": 2}


def test_a_load_process_that_fills_its_core_is_named_as_what_limits() -> None:
    calm = [second(1), second(2)]
    assert not list(notes(calm, {figures.LAG: waits()}, cores=2))
    assert "load side" in next(notes([*calm, second(3, load_cpu=0.97)], {}, cores=8))
    assert "late" in next(notes(calm, {figures.LAG: waits(p99=200)}, cores=8))
    assert "filled all 1" in "".join(notes([second(1, load_cpu=0.5)], {}, cores=1))


@pytest.mark.parametrize(
    ("made", "ok"), [(report(), True), (report(ok=False), False), (report(settled_s=None), False)]
)
def test_a_run_is_well_when_nothing_broke_and_all_became_alike(made: Report, ok: bool) -> None:
    assert made.ok is ok
    assert ("Every promise was kept" in page.verdict_in_words(made)) is ok


def test_the_page_needs_nothing_beside_it_and_escapes_what_it_shows() -> None:
    html = page.html(report(ok=False))
    assert "<svg" in html
    assert "Sale &lt;b&gt;" in html
    assert "rule: it broke" in html
    assert "a note" in html
    assert "node_killed" in html
    for outside in ("<script", "<link", "src=", "@import", "<?xml"):
        assert outside not in html


def test_a_report_is_read_as_it_was_written(tmp_path: Path) -> None:
    results.write(report(), tmp_path / "r.json")
    assert results.read(tmp_path / "r.json") == report()


def test_two_reports_are_compared_figure_by_figure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = msgspec.structs.replace(report(), counts={"sent": 16})
    assert ("sent", 8, 16) in list(rows(report(), other))
    assert ("error busy", 4, 0) in list(rows(report(), other))
    for name, made in (("a", report()), ("b", other)):
        results.write(made, tmp_path / name)
    assert not main(["compare", str(tmp_path / "a"), str(tmp_path / "b")])
    assert "2.00" in capsys.readouterr().out


def test_what_is_no_report_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a").write_text("{}")
    assert main(["compare", str(tmp_path / "a"), str(tmp_path / "a")]) == 1
    assert "no report" in capsys.readouterr().err
