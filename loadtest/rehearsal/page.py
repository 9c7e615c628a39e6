"""A run as one HTML page that needs nothing beside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from loadtest.rehearsal import figures
from loadtest.rehearsal.figures import Waits, total
from loadtest.rehearsal.plots import draw
from loadtest.rehearsal.results import Report, Second

STYLE = """
:root { color-scheme: light dark; --ink: #1b1f23; --soft: #57606a; --line: #e3e6e9; --paper: #fff }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
       margin: 2rem auto; max-width: 76rem; padding: 0 1rem }
h1 { font-size: 1.6rem; margin-bottom: 0 } h2 { font-size: 1.1rem; margin-top: 2.2rem }
p.about, td.what, dl.tiles dt, p.small { color: var(--soft) } p.about { margin-top: .2rem }
.kept, .broken { padding: .7rem 1rem; border-radius: 8px; font-weight: 600 }
.kept { background: #dff5e8; color: #0b5137 } .broken { background: #fde3e0; color: #8e1b10 }
dl.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)); gap: .8rem }
dl.tiles div { border: 1px solid var(--line); border-radius: 8px; padding: .6rem .9rem }
dl.tiles dt { font-size: .85rem } dl.tiles dd { margin: 0; font-size: 1.5rem; font-weight: 600 }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { text-align: right; padding: .25rem .8rem; border-bottom: 1px solid var(--line) }
th:first-child, td:first-child { text-align: left; padding-left: 0 }
td.what { text-align: left } li.note { color: #8a5a00 } li.violation { color: #8e1b10 }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr));
         gap: 1rem }
.plots svg { width: 100%; height: auto; display: block; background: #fff; border-radius: 8px }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e8ea; --soft: #9aa4ad; --line: #363b40; --paper: #16181a }
  li.note { color: #e0b04a } li.violation { color: #f0938a }
}
"""

WHAT = {
    figures.CONNECT: "let in, with the token checked",
    figures.COME: "let in and caught up, for the first time",
    figures.BACK: "the same after a lost connection, its pause included",
    figures.ACKNOWLEDGED: "from sending to stored and confirmed",
    figures.DELIVERED: "from sending to shown on another device",
    figures.DELIVERED_LATE: "the same where the phone's own line is bad",
    figures.READ: "a read mark stored and confirmed",
    figures.HISTORY: "a page of older messages",
    figures.NOTIFIED: "who is away: from due to handed to a push service, as the worker counted",
    figures.LAG: "how late the load itself ran: waits are that much too long",
}


def write(report: Report, file: Path) -> None:
    """Write the page."""
    file.write_text(html(report), encoding="utf-8")


def html(report: Report) -> str:
    """The page."""
    parts = [
        f"<h1>{escape(report.title)}</h1><p class=about>{escape(report.about)}</p>",
        _verdict(report),
        _list(report.judged.violations, "violation"),
        _tiles(report),
        _list(report.notes, "note"),
        "<h2>How long people waited</h2>",
        _table(
            ("", "count", "half within, ms", "95 of 100", "99 of 100", "longest", ""),
            ((name, *_row(waits), WHAT.get(name, "")) for name, waits in report.waits.items()),
        ),
        "<h2>Over time</h2><p class=small>In seconds since the beginning. Every other stage is "
        "shaded, faults are red.</p>",
        f"<div class=plots>{''.join(draw(report))}</div>",
        "<h2>Stages and faults</h2>",
        _table(
            ("", "from s", "to s"),
            (
                (span.name, f"{span.begin:.0f}", f"{span.end:.0f}")
                for span in (*report.stages, *report.faults)
            ),
        ),
        "<h2>Counts</h2>",
        _table(("", "count"), ((name, f"{count:,}") for name, count in _counts(report))),
        f"<p class=small>{escape(_circumstances(report))}</p>",
    ]
    return (
        "<!doctype html><html lang=en><meta charset=utf-8>"
        "<meta name=viewport content='width=device-width'>"
        f"<title>{escape(report.title)}</title>"
        f"<style>{STYLE}</style>{''.join(parts)}</html>\n"
    )


def _tiles(report: Report) -> str:
    """What an operator asks first."""
    made = [
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"
        for name, value in _headlines(report)
    ]
    return f"<dl class=tiles>{''.join(made)}</dl>"


def _headlines(report: Report) -> Iterable[tuple[str, str]]:
    seconds = report.seconds
    yield "devices online at most", f"{max((each.online for each in seconds), default=0):,}"
    yield "messages confirmed", f"{report.counts.get(figures.ACKNOWLEDGED, 0):,}"
    yield "sent, busiest second", f"{_most(seconds, 'sent'):,.0f}"
    yield "delivered", f"{report.counts.get('deliveries', 0):,}"
    yield "delivered, busiest second", f"{_most(seconds, 'deliveries'):,.0f}"
    for name in (figures.ACKNOWLEDGED, figures.DELIVERED):
        if name in report.waits:
            yield f"99 of 100 {name} within", f"{report.waits[name].p99:,.0f} ms"


def _most(seconds: Sequence[Second], name: str) -> float:
    return max((each.rate(name) for each in seconds), default=0)


def _row(waits: Waits) -> list[str]:
    values = (waits.p50, waits.p95, waits.p99, waits.highest)
    return [f"{waits.count:,}", *(f"{value:,.1f}" for value in values)]


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
    if report.settings:
        given = ", ".join(f"{name}={value}" for name, value in report.settings.items())
        whose += f" with {given}"
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
    made += [f"<tr>{''.join(_cell(cell) for cell in row)}" for row in rows]
    return f"<table>{''.join(made)}</table>"


def _cell(text: str) -> str:
    kind = " class=what" if text in WHAT.values() else ""
    return f"<td{kind}>{escape(text)}"
