"""The benchmark of the pages, with small numbers: everything it measures can be measured."""

from __future__ import annotations

from pathlib import Path

from loadtest.bench.pages.run import Plan, run, sizes
from tests.browser.browsing import chromium


def test_the_pages_are_measured() -> None:
    chromium()
    small = Plan(conversations=3, history=2, long=120, visits=1, steps=(40,), frames=20)
    figures = {figure.what: figure.value for figure in run(small)}
    assert len(figures) == 8
    assert all(value > 0 for value in figures.values()), figures


def test_a_page_counts_with_everything_it_loads_at_first(tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    for page in ("index", "workbench", "widget"):
        (tmp_path / f"{page}.html").write_text('<script src="/assets/a.js"></script>')
    (tmp_path / "assets" / "a.js").write_text("x" * 10_000)
    (tmp_path / "assets" / "a.js.gz").write_bytes(b"x" * 900)
    (tmp_path / "widget.js").write_text("x" * 500)
    found = {figure.what: figure.value for figure in sizes(tmp_path)}
    page = len('<script src="/assets/a.js"></script>')
    assert found["workbench loads"] == (900 + page) / 1000
    assert found["widget.js, in a shop's page"] == 0.5
