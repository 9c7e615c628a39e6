"""The command line of the rehearsals: `python -m loadtest bench append`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import uvloop
from cyclopts import App, CycloptsError, Parameter
from msgspec import Struct
from rich.console import Console
from rich.table import Table

from chatserver import collector
from chatserver.dev.errors import DevError
from chatserver.errors import ChatError
from loadtest.bench import append as append_bench
from loadtest.bench import latency as latency_bench
from loadtest.bench.engine import plan as engine_plan
from loadtest.bench.engine import run as engine_bench
from loadtest.bench.engine import table as engine_table
from loadtest.bench.figures import rates_table, show, waits_table
from loadtest.bench.guard import Broken
from loadtest.bench.node import mongo as mongo_at
from loadtest.bench.rooms import plan as rooms_plan
from loadtest.bench.rooms import run as rooms_bench
from loadtest.bench.rooms import table as rooms_table
from loadtest.bench.search import command as search_bench
from loadtest.faults import command as faults_command
from loadtest.rehearsal import command as rehearsal
from loadtest.rehearsal import compare as comparison
from loadtest.rehearsal import results, storm
from loadtest.rivals.table import RIVALS
from loadtest.swarm.failed import Failed

EXIT_WRONG_USE = 2
EXIT_INTERRUPTED = 130

app = App(name="loadtest", help="Rehearsals and benchmarks.", result_action="return_value")
bench = App(
    name="bench",
    help="Benchmarks of the message log, the engine and rooms.",
    result_action="return_value",
)
app.command(bench)
bench.command(search_bench.search)

Chosen = Literal["motor", "pymongo", "both"]
_DRIVERS: dict[Chosen, tuple[Literal["motor", "pymongo"], ...]] = {
    "motor": ("motor",),
    "pymongo": ("pymongo",),
    "both": ("motor", "pymongo"),
}
Flag = Annotated[bool, Parameter(negative="")]
Names = Annotated[tuple[str, ...], Parameter(consume_multiple=True, negative="")]
_Measure = Callable[[str], Coroutine[Any, Any, Sequence[Struct]]]


@Parameter(name="*")
@dataclass(frozen=True)
class Files:
    """Where the figures of a run go.

    Parameters
    ----------
    json
        File for the figures.
    png
        File for a picture of them.
    markdown
        File with the markers between which the table goes.
    summary
        File with the markers between which its short form goes.
    """

    json: Path | None = None
    png: Path | None = None
    markdown: Path | None = None
    summary: Path | None = None


NO_FILES = Files()


@bench.command
def append(
    *,
    messages: int = 10_000,
    rounds: int = 7,
    driver: Chosen = "both",
    mongo: str | None = None,
    json: Path | None = None,
) -> None:
    """Durable messages per second through the log, beside plain inserts.

    Parameters
    ----------
    messages
        How many each contestant stores in each round.
    rounds
        How many rounds; one more comes first, to warm up.
    driver
        Which driver of MongoDB.
    mongo
        URL of a replica set to use; by default one of its own is started.
    json
        File for the figures.
    """
    plan = append_bench.Plan(messages=messages, rounds=rounds, drivers=_DRIVERS[driver])
    _run(lambda url: append_bench.run(url, plan), rates_table, mongo, json)


@bench.command
def latency(
    *,
    messages: int = 500,
    driver: Chosen = "both",
    mongo: str | None = None,
    json: Path | None = None,
) -> None:
    """From sent to stored, one message at a time, beside a plain insert.

    Parameters
    ----------
    messages
        How many are stored in each way.
    driver
        Which driver of MongoDB.
    mongo
        URL of a replica set to use; by default one of its own is started.
    json
        File for the figures.
    """
    plan = latency_bench.Plan(messages=messages, drivers=_DRIVERS[driver])
    _run(lambda url: latency_bench.run(url, plan), waits_table, mongo, json)


@bench.command
def engine(
    *,
    rounds: int | None = None,
    quick: Flag = False,
    only: Names = (),
    rivals: Names = tuple(RIVALS),
    files: Files = NO_FILES,
) -> None:
    """The complete product beside python-socketio, Socket.IO on Node and a bare server.

    Parameters
    ----------
    rounds
        How many rounds; three by default.
    quick
        Small numbers, to see that everything works.
    only
        Measures that are wanted, all by default.
    rivals
        Who takes part, all by default.
    files
        Where the figures go besides the terminal.
    """
    plan = engine_plan.quick() if quick else engine_plan.Plan()
    if rounds is not None:
        plan = msgspec.structs.replace(plan, rounds=rounds)
    report = engine_bench.run(plan, only, rivals)
    show(engine_table.terminal(report))
    if files.json is not None:
        _write(files.json, report)
    if files.markdown is not None:
        engine_table.write_into(files.markdown, report)
    if files.summary is not None:
        engine_table.write_summary(files.summary, report)
    if files.png is not None:
        from loadtest.bench.engine import picture

        picture.draw(report, files.png)


@bench.command
def rooms(
    *,
    rounds: int | None = None,
    quick: Flag = False,
    only: Names = (),
    json: Path | None = None,
    markdown: Path | None = None,
) -> None:
    """Large rooms, several nodes, people with many conversations.

    Parameters
    ----------
    rounds
        How many rounds; three by default.
    quick
        Small numbers, to see that everything works.
    only
        Parts that are wanted, all by default: room, nodes, sync, storm, reading.
    json
        File for the figures.
    markdown
        File with the markers between which the tables go.
    """
    plan = rooms_plan.quick() if quick else rooms_plan.Plan()
    if rounds is not None:
        plan = msgspec.structs.replace(plan, rounds=rounds)
    report = rooms_bench.run(plan, only)
    show(rooms_table.terminal(report))
    if json is not None:
        _write(json, report)
    if markdown is not None:
        rooms_table.write_into(markdown, report)


@bench.command
def pages(*, visits: int = 5) -> None:
    """How much the pages load, how soon they show a message, what they keep, how they scroll.

    Parameters
    ----------
    visits
        How often the customer page is opened anew; figures are medians.
    """
    from loadtest.bench.pages import run as pages_bench  # Playwright, which nothing else needs

    show(pages_bench.table(pages_bench.run(pages_bench.Plan(visits=visits))))


@Parameter(name="*")
@dataclass(frozen=True)
class Target:
    """A server that is there already.

    Parameters
    ----------
    target
        URL of the server; once for each node, where there are several.
    secret
        Its CHAT_JWT_KEY, with which clients' tokens are signed.
    mongo
        URL of its MongoDB: the checker then reads the log itself.
    database
        Its database there.
    redis
        URL of its Valkey or Redis, for the figures.
    """

    target: Names = ()
    secret: str | None = None
    mongo: str | None = None
    database: str = "chat"
    redis: str | None = None

    def there(self) -> rehearsal.There | None:
        """The server, if one was named.

        Raises:
            Failed: nothing signs tokens for it.
        """
        if not self.target:
            return None
        if self.secret is None:
            raise Failed("--secret is needed with --target: the key that signs tokens")
        return rehearsal.There(self.target, self.secret, self.mongo, self.database, self.redis)


OWN = Target()


AS_IT_SAYS = rehearsal.Size()


@app.command
def run(
    scenario: str,
    *,
    size: rehearsal.Size = AS_IT_SAYS,
    out: Path | None = None,
    server: Target = OWN,
) -> int:
    """Rehearse a promotion: a scenario played by thousands of clients, judged by the checker.

    The exit status is the verdict: 0 when every promise was kept.

    Parameters
    ----------
    scenario
        Name of a scenario of loadtest/scenarios, or a TOML file.
    out
        Folder for report.html, report.json and the histories.
    """
    wish = rehearsal.Wish(scenario, **asdict(size), out=out)
    return 0 if rehearsal.run(wish, server.there(), Console()).ok else 1


@app.command
def compare(first: Path, second: Path) -> None:
    """Two rehearsals beside each other, from their report.json.

    Parameters
    ----------
    first
        report.json of one.
    second
        report.json of the other.
    """
    show(comparison.table(results.read(first), results.read(second)))


@app.command
def capacity(
    *,
    people: int = 1_000_000,
    nodes: Annotated[tuple[int, ...], Parameter(consume_multiple=True)] = (50, 100, 200),
    svg: Path | None = None,
) -> None:
    """How long a reconnect storm of any size lasts, simulated with measured costs.

    Parameters
    ----------
    people
        How many are connected when all connections drop.
    nodes
        Numbers of nodes, each on a core of its own.
    svg
        File for a picture.
    """
    made = storm.compared(people, nodes)
    show(storm.table(made))
    if svg is not None:
        storm.draw(made, svg)


@app.command
def faults(*, seconds: float = 20, only: Names = (), seed: int | None = None) -> int:
    """People talk over three nodes while something breaks; the history checker judges.

    The exit status is the verdict: 0 when every promise was kept.

    Parameters
    ----------
    seconds
        How long each play lasts; at least one fault happens.
    only
        Plays that are wanted, all by default.
    seed
        For the people's choices; a new one for each play by default.
    """
    outcomes = faults_command.run(only, seconds=seconds, seed=seed)
    show(faults_command.table(outcomes))
    return 0 if all(outcome.ok for outcome in outcomes) else 1


def main(arguments: list[str] | None = None) -> int:
    """Run a command; its exit status: 1 when it failed, 2 when used wrongly, 130 after Ctrl-C."""
    try:
        return app(arguments, exit_on_error=False, print_error=False) or 0
    except CycloptsError as error:
        print(f"loadtest: {error} See --help.", file=sys.stderr)
        return EXIT_WRONG_USE
    except (Broken, ChatError, DevError, Failed) as error:
        print(f"loadtest: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED


def _run(
    measure: _Measure, table: Callable[[Any], Table], url: str | None, json: Path | None
) -> None:
    collector.tune()
    with mongo_at(url) as found:
        figures = uvloop.run(measure(found))
    show(table(figures))
    if json is not None:
        _write(json, figures)


def _write(file: Path, figures: Any) -> None:
    file.write_bytes(msgspec.json.format(msgspec.json.encode(figures)) + b"\n")


if __name__ == "__main__":
    sys.exit(main())
