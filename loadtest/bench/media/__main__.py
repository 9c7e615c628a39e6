"""`python -m loadtest.bench.media`: what `make bench-media` runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from msgspec import structs

from loadtest.bench.figures import show
from loadtest.bench.media import run

app = App(help="Uploads and downloads beside a bare file handler, and whom photos hold up.")


@app.default
def bench(
    *,
    rounds: int = 3,
    quick: Annotated[bool, Parameter(negative=())] = False,
    markdown: Path | None = None,
) -> None:
    """Measure, and show a table.

    Parameters
    ----------
    rounds
        How many rounds.
    quick
        Small numbers, to see that everything works.
    markdown
        File with the markers between which the table goes.
    """
    plan = run.quick() if quick else structs.replace(run.Plan(), rounds=rounds)
    report = run.run(plan)
    show(run.table(report))
    if markdown is not None:
        run.write_into(markdown, report)


if __name__ == "__main__":
    app()
