"""What an operator sees while a rehearsal runs."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from loadtest.rehearsal import figures
from loadtest.rehearsal.figures import Merged, total
from loadtest.rehearsal.results import Looked, Second
from loadtest.rehearsal.run import Watcher
from loadtest.rehearsal.scenario import Scenario

LINE_EVERY_S = 5.0  # where there is no terminal
BAR_CELLS = 40


class View(Watcher):
    """Redrawn each second on a terminal; a line now and then elsewhere."""

    def __init__(self, scenario: Scenario, console: Console) -> None:
        self._scenario = scenario
        self._console = console
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._phase = "servers start"
        self._told_at = 0.0

    def __enter__(self) -> View:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._console.is_terminal:
            self._live.stop()

    def phase(self, what: str) -> None:
        """Something begins."""
        self._phase = what
        if self._console.is_terminal:
            self._live.update(Text(f"… {what}"), refresh=True)
        else:
            self._console.print(f"… {what}", highlight=False)

    def second(self, second: Second, total: Merged) -> None:
        """A second has passed."""
        if self._console.is_terminal:
            self._live.update(self._picture(second, total), refresh=True)
        elif second.at >= self._told_at + LINE_EVERY_S:
            self._told_at = second.at
            self._console.print(self._line(second), soft_wrap=True, highlight=False)

    def _picture(self, second: Second, merged: Merged) -> RenderableType:
        done = min(second.at, self._scenario.seconds)
        head = Text(f"{self._scenario.title}: {self._stage(second.at)}", style="bold")
        bar = ProgressBar(total=self._scenario.seconds, completed=done, width=BAR_CELLS)
        time = Text(f"{done:.0f} of {self._scenario.seconds:.0f} s")
        waits = waits_table(merged.waits(), now=second.waits)
        parts: list[RenderableType] = [head, bar, time, _rates(second), waits, _looked(second)]
        errors = total(merged.counts, "error ")
        if errors:
            said = ", ".join(f"{code} {count:,}" for code, count in errors.items())
            parts.append(Text(f"errors: {said}", style="yellow"))
        return Group(*parts)

    def _line(self, second: Second) -> str:
        acknowledged = second.waits.get(figures.ACKNOWLEDGED)
        p99 = f", p99 {acknowledged.p99:.0f} ms" if acknowledged else ""
        return (
            f"{second.at:5.0f} s  {self._stage(second.at)}: {second.online:,} online, "
            f"{second.rate('sent'):.0f} sent/s, {second.rate('deliveries'):.0f} deliveries/s{p99}"
        )

    def _stage(self, at: float) -> str:
        for stage in self._scenario.stages:
            if at <= stage.seconds:
                return stage.name
            at -= stage.seconds
        return "end"


def _rates(second: Second) -> Table:
    table = Table(box=None, pad_edge=False)
    shown = {
        "online": f"{second.online:,}",
        "sent/s": f"{second.rate('sent'):,.0f}",
        "acknowledged/s": f"{second.rate(figures.ACKNOWLEDGED):,.0f}",
        "deliveries/s": f"{second.rate('deliveries'):,.0f}",
        "lost connections/s": f"{second.rate('lost connections'):,.0f}",
    }
    for title in shown:
        table.add_column(title, justify="right")
    table.add_row(*shown.values())
    return table


def waits_table(
    total: dict[str, figures.Waits], title: str = "", now: dict[str, figures.Waits] | None = None
) -> Table:
    """Percentiles of everything measured; `now` are those of the last second."""
    table = Table(title=title or None, title_justify="left", box=None, pad_edge=False)
    columns = ("count", "p50 ms", "p95 ms", "p99 ms", "highest ms", *(["p99 now"] if now else []))
    table.add_column("from due to")
    for column in columns:
        table.add_column(column, justify="right")
    for name, waits in total.items():
        values = [waits.p50, waits.p95, waits.p99, waits.highest]
        if now and name in now:
            values.append(now[name].p99)
        table.add_row(name, f"{waits.count:,}", *(f"{value:,.1f}" for value in values))
    return table


def _looked(second: Second) -> Text:
    said = [f"load {100 * second.load_cpu:.0f} % of a core", *_words(second.looked)]
    return Text(", ".join(said), style="dim")


def _words(looked: Looked) -> Iterator[str]:
    if looked.server_cpu is not None:
        yield f"servers {100 * looked.server_cpu:.0f} %"
    if looked.data_cpu is not None:
        yield f"databases {100 * looked.data_cpu:.0f} %"
    if looked.lag_ms is not None:
        yield f"event loop {looked.lag_ms:.1f} ms late"
    if looked.batch is not None:
        yield f"{looked.batch:.1f} messages in a write"
