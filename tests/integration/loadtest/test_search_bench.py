"""`bench search` works end to end: what is there is found, and the tables say how fast."""

from __future__ import annotations

import json
from pathlib import Path

from loadtest.__main__ import main
from loadtest.bench.search import table


def test_bench_search_indexes_and_finds(mongo_url: str, tmp_path: Path) -> None:
    figures, readme = tmp_path / "figures.json", tmp_path / "README.md"
    readme.write_text(f"{table.BEGIN}\n{table.END}\n", encoding="utf-8")
    size = ["--messages", "300", "--conversations", "5", "--searches", "1"]
    files = ["--json", str(figures), "--markdown", str(readme)]
    assert main(["bench", "search", *size, "--mongo", mongo_url, *files]) == 0
    report = json.loads(figures.read_text(encoding="utf-8"))
    assert report["built"]["rate"] > 0
    hits = {(each["what"], each["scope"]): each["hits"] for each in report["found"]}
    assert hits["all of a kind", "one conversation"] == 20
    assert hits["no such word", "5 conversations"] == 0
    assert "| a rare word |" in readme.read_text(encoding="utf-8")
