"""A run as one HTML page that needs nothing beside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from loadtest.rehearsal.figures import total
from loadtest.rehearsal.plots import draw
from loadtest.rehearsal.results import Report

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1b1f23; margin: 2rem auto; max-width: 62rem;
       padding: 0 1rem }
h1 { font-size: 1.5rem; margin-bottom: 0 } h2 { font-size: 1.1rem; margin-top: 2rem }
p.about { color: #57606a; margin-top: .2rem }
.kept, .broken { padding: .6rem 1rem; border-radius: 6px; font-weight: 600 }
.kept { background: #dff5e8; color: #0b5137 } .broken { background: #fde3e0; color: #8e1b10 }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { text-align: right; padding: .2rem .8rem; border-bottom: 1px solid #e3e6e9 }
th:first-child, td:first-child { text-align: left; padding-left: 0 }
li.note { color: #8a5a00 } svg { width: 100%; height: auto; display: block }
"""


def write(report: Report, file: Path) -> None:
    """Write the page."""
    file.write_text(html(report), encoding="utf-8")


def html(report: Report) -> str:
    """The page."""
    parts = [
        f"<h1>{escape(report.title)}</h1><p class=about>{escape(report.about)}</p>",
        _verdict(report),
        _list(report.notes, "note"),
        _list(report.judged.violations, "violation"),
        f"<p>{escape(_circumstances(report))}</p>",
        "<h2>From due to done</h2>",
        _table(
            ("", "count", "p50 ms", "p95 ms", "p99 ms", "highest ms"),
            (
                (name, f"{waits.count:,}", *(f"{value:,.1f}" for value in
                 (waits.p50, waits.p95, waits.p99, waits.highest)))
                for name, waits in report.waits.items()
            ),
        ),
        "<h2>Counts</h2>",
        _table(("", "count"), ((name, f"{count:,}") for name, count in _counts(report))),
        "<h2>Stages and faults</h2>",
        _table(
            ("", "from s", "to s"),
            (
                (span.name, f"{span.begin:.0f}", f"{span.end:.0f}")
                for span in (*report.stages, *report.faults)
            ),
        ),
        "<h2>Over time</h2><p>Every other stage is shaded, faults are red.</p>",
        *draw(report),
    ]  # fmt: skip
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(report.title)}</title>"
        f"<style>{STYLE}</style>{''.join(parts)}</html>\n"
    )


def verdict_in_words(report: Report) -> str:
    """One sentence."""
    looked_at = ", ".join(f"{count:,} {what}" for what, count in report.judged.looked_at.items())
    if report.ok:
        return f"Every promise was kept; looked at {looked_at}."
    if report.judged.ok:
        return f"Devices did not come to show the same in time; looked at {looked_at}."
    return f"{len(report.judged.violations)} breaches of promises; looked at {looked_at}."


def _verdict(report: Report) -> str:
    return f"<p class={'kept' if report.ok else 'broken'}>{escape(verdict_in_words(report))}</p>"


def _circumstances(report: Report) -> str:
    whose = "servers of its own" if report.own_servers else "servers that were there"
    settled = "never" if report.settled_s is None else f"after {report.settled_s:.1f} s"
    return (
        f"{report.began}; {report.clients:,} customers from {report.processes} load processes, "
        f"{whose}; {report.machine}. After the last word all devices were alike {settled}."
    )


def _counts(report: Report) -> Iterable[tuple[str, int]]:
    errors = total(report.counts, "error ")
    yield from ((f"error: {code}", count) for code, count in errors.items())
    for name, count in sorted(report.counts.items()):
        if not name.startswith("error "):
            yield name, count


def _list(items: Sequence[str], kind: str) -> str:
    return "".join(["<ul>", *(f"<li class={kind}>{escape(each)}" for each in items), "</ul>"])


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    made = [f"<tr>{''.join(f'<th>{escape(cell)}' for cell in head)}"]
    made += [f"<tr>{''.join(f'<td>{escape(cell)}' for cell in row)}" for row in rows]
    return f"<table>{''.join(made)}</table>"
