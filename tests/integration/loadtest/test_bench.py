"""The benchmarks work, and what they measure is checked: a log with a hole is no result."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from chatserver.store.stores import Stores
from loadtest.__main__ import main
from loadtest.bench.contestants import draft_of
from loadtest.bench.figures import percentile, ratio
from loadtest.bench.guard import Broken, Told
from loadtest.bench.node import node, populate

CONTESTANTS = 5
WAYS = 3


@pytest.fixture
def figures(mongo_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs a benchmark from the command line and gives its figures."""
    monkeypatch.setattr("chatserver.collector.tune", lambda: None)  # it is for the whole process

    def run(*arguments: str) -> list[dict[str, Any]]:
        file = tmp_path / "figures.json"
        assert main(["bench", *arguments, "--mongo", mongo_url, "--json", str(file)]) == 0
        found: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
        return found

    return run


@pytest_asyncio.fixture
async def kept(mongo_url: str, database_name: str) -> AsyncIterator[Stores]:
    """A node whose log holds five messages of one conversation."""
    async with node(mongo_url, database_name, "motor") as kept:
        await populate(kept.database, [("c", "mei")])
        for at in range(5):
            await kept.log.append(draft_of("c", "mei"), at)
        await kept.heads.flush()
        yield kept


@pytest.fixture
def told() -> Told:
    told = Told()
    told.note("c", [1, 2, 3, 4, 5])
    return told


def test_append_compares_every_way_with_both_drivers(figures: Any) -> None:
    rates = figures("append", "--messages", "40", "--rounds", "1")
    assert [rate["driver"] for rate in rates] == ["motor"] * CONTESTANTS + ["pymongo"] * CONTESTANTS
    assert all(rate["median"] > 0 and rate["to_bare"] > 0 for rate in rates)


def test_latency_compares_every_way_with_the_driver_that_is_asked_for(figures: Any) -> None:
    waits = figures("latency", "--messages", "3", "--driver", "pymongo")
    assert [wait["driver"] for wait in waits] == ["pymongo"] * WAYS
    assert all(0 < wait["p50"] <= wait["p99"] for wait in waits)


@pytest.mark.asyncio
async def test_a_log_as_it_was_acknowledged_passes(kept: Stores, told: Told) -> None:
    await told.check(kept.database)


@pytest.mark.asyncio
async def test_a_hole_in_the_log_is_found(kept: Stores, told: Told) -> None:
    await kept.database.collection("messages").delete_one({"_id": {"c": "c", "s": 3}})
    with pytest.raises(Broken, match="5 acknowledged, 4 stored up to 5"):
        await told.check(kept.database)


@pytest.mark.asyncio
async def test_a_head_behind_its_log_is_found(kept: Stores, told: Told) -> None:
    await kept.log.append(draft_of("c", "mei"), 6)
    told.note("c", [6])
    with pytest.raises(Broken, match="6 stored, the head says 5"):
        await told.check(kept.database)


@pytest.mark.asyncio
async def test_a_message_that_nobody_was_told_of_is_found(kept: Stores) -> None:
    with pytest.raises(Broken, match="0 acknowledged, 5 stored"):
        await Told().check(kept.database)


@pytest.mark.asyncio
async def test_a_number_told_twice_is_found(kept: Stores, told: Told) -> None:
    told.note("c", [5])
    with pytest.raises(Broken, match="with holes or twice"):
        await told.check(kept.database)


def test_messages_that_changed_places_are_found() -> None:
    with pytest.raises(Broken, match="changed places"):
        Told().note("c", [2, 1])


def test_wrong_use_is_said_in_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "append", "--messages", "many"]) == 2
    assert "--help" in capsys.readouterr().err


def test_percentiles_are_values_that_were_measured() -> None:
    assert percentile([3, 1, 2], 0.5) == 2
    assert percentile(range(1, 101), 0.99) == 99
    assert percentile([7], 0.99) == 7


def test_a_ratio_is_the_median_of_the_rounds_own() -> None:
    assert ratio([1, 20, 300], [2, 10, 100]) == 2
