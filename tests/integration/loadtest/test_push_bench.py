"""`make bench-push` works end to end: everybody is told, and the table says how fast."""

from __future__ import annotations

from pathlib import Path

from loadtest.bench import push, push_providers


def test_bench_push_notes_decides_and_hands_over(mongo_url: str, tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"{push.BEGIN}\n{push.END}\n", encoding="utf-8")
    push.main(into=readme, url=mongo_url, people=10, delays=2, pushes=0)
    table = readme.read_text(encoding="utf-8")
    assert "| messages noted/s |" in table
    assert "| stored to handed over, 99% |" in table


def test_a_provider_sends_to_a_fake_in_a_process_of_its_own() -> None:
    (row,) = push_providers.measure(("webhook",), pushes=push_providers.AT_ONCE)
    assert row.provider == "webhook"
    assert row.per_s > 0
    assert row.cpu_us > 0
    assert 0 < row.connections <= push_providers.AT_ONCE
