"""`bench media` writes its table where it belongs."""

from __future__ import annotations

from pathlib import Path

from loadtest.bench.media import run


def test_the_table_stands_between_its_markers(tmp_path: Path) -> None:
    figures = [
        run.Figure(
            what=f"{way} 32 MB", unit="MB/s", bare=[100.0, 200.0, 300.0],
            product=[50.0, 60.0, 90.0], bare_ms=[1.0], product_ms=[2.5],
        )
        for way in ("upload", "download")
    ]  # fmt: skip
    report = run.Report(
        when="2026-11-22 10:00", machine="2 cores", took_s=10.0, others_share=0.01,
        plan=run.Plan(), figures=figures, alone_ms=[2.0], photos_ms=[20.0], photos_s=[4.0],
    )  # fmt: skip
    page = tmp_path / "README.md"
    page.write_text(f"before\n{run.BEGIN}\nold\n{run.END}\nafter\n", encoding="utf-8")
    run.write_into(page, report)
    text = page.read_text(encoding="utf-8")
    assert "| upload 32 MB, MB/s | 200 | 60 | 0.30 | 1.0 | 2.5 |" in text
    assert "While 20 photos of 4000 × 3000 pixels arrive" in text
    assert "old" not in text
    assert text.startswith("before\n")
    assert text.endswith("after\n")
