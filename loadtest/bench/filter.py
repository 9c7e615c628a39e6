"""How many messages a second the word filter looks through on one core, by words and by texts.

Rates are of processor time; but who shares a core's caches slows it all the same, so the table says
what other processes used.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from msgspec import Struct
from rich.table import Table

from chatserver.domain.screening import WordList, screen
from chatserver.domain.word_filter import WordRule
from loadtest.bench.figures import show
from loadtest.bench.machine import Others, described, write_between

BEGIN = "<!-- made by make bench-filter: begin -->"
END = "<!-- made by make bench-filter: end -->"
HEADINGS = ("words", "messages", "messages/s", "lowest", "highest", "µs each", "list made in ms")
COMMON = [chr(code) for code in range(0x4E00, 0x4E00 + 3000)]
SMALL = "abcdefghijklmnopqrstuvwxyz"

app = App(name="filter", help="Measure the word filter.")


class Plan(Struct, frozen=True, kw_only=True):
    """How much is measured; a round for warming up comes first."""

    words: tuple[int, ...] = (100, 1000, 10_000, 100_000)
    messages: int = 20_000
    rounds: int = 5


class Rate(Struct, frozen=True, kw_only=True):
    """Messages per second of processor time, over the rounds, and what it took to make the list."""

    words: int
    texts: str
    rates: tuple[float, ...]
    built_ms: float

    @property
    def cells(self) -> tuple[str, ...]:
        """The row of the table."""
        median = statistics.median(self.rates)
        rates = (f"{each:,.0f}" for each in (median, min(self.rates), max(self.rates)))
        return (
            f"{self.words:,}", self.texts, *rates, f"{1e6 / median:.2f}", f"{self.built_ms:.1f}",
        )  # fmt: skip


def run(plan: Plan) -> list[Rate]:
    """Every list over every kind of texts."""
    chance = random.Random(1)
    rates = []
    for count in plan.words:
        rule = WordRule(name="ads", action="mask", words=tuple(_words(count, chance)))
        began = time.process_time()
        words = WordList([rule])
        built_ms = 1000 * (time.process_time() - began)
        for name, texts in _texts(plan.messages, rule.words, chance).items():
            measured = [_rate(words, texts) for _ in range(plan.rounds + 1)][1:]
            rates.append(Rate(words=count, texts=name, rates=tuple(measured), built_ms=built_ms))
    return rates


def table(rates: Sequence[Rate]) -> Table:
    """What the command prints."""
    made = Table(*HEADINGS)
    for rate in rates:
        made.add_row(*rate.cells)
    return made


def markdown(rates: Sequence[Rate], others: float) -> str:
    """The same for README.md, with what part of the machine other processes used."""
    rules = ("--:", "---", *("--:" for _ in HEADINGS[2:]))
    rows = (HEADINGS, rules, *(rate.cells for rate in rates))
    lines = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    about = f"{time.strftime('%Y-%m-%d')}, {described()}; other processes used {others:.0%} of it."
    return f"{about}\n\n{lines}"


@app.default
def main(
    *,
    into: Annotated[Path | None, Parameter(name="--markdown")] = None,
    messages: int = Plan().messages,
    rounds: int = Plan().rounds,
) -> None:
    """Measure, print, and with a Markdown file write the table between its markers."""
    others = Others()
    rates = run(Plan(messages=messages, rounds=rounds))
    show(table(rates))
    if into is not None:
        write_between(into, BEGIN, END, markdown(rates, others.share()))


def _rate(words: WordList, texts: Sequence[str]) -> float:
    lists = (words,)
    began = time.process_time()
    for text in texts:
        screen(text, lists)
    return len(texts) / (time.process_time() - began)


def _texts(count: int, words: Sequence[str], chance: random.Random) -> dict[str, list[str]]:
    """Messages as people write them, of which hardly one has a word of the list, or each has."""
    short = [_said(chance, chance.randint(5, 50)) for _ in range(count)]
    return {
        "5 to 50 characters": short,
        "the same, each with a word": [f"{text}，{chance.choice(words)}！" for text in short],
        "2,000 characters": [_said(chance, 2000) for _ in range(max(1, count // 100))],
    }


def _said(chance: random.Random, length: int) -> str:
    """Nine of ten characters Chinese, the others signs, blanks, letters, digits and emoji."""
    chosen = (COMMON if chance.random() < 0.9 else "，。！？ 123abc😀" for _ in range(length))
    return "".join(map(chance.choice, chosen))


def _words(count: int, chance: random.Random) -> list[str]:
    """Distinct words, four of five Chinese."""
    words: dict[str, None] = {}
    while len(words) < count:
        is_chinese = chance.random() < 0.8
        size = chance.choice((2, 2, 3, 3, 4, 5)) if is_chinese else chance.randint(4, 9)
        words["".join(chance.choices(COMMON if is_chinese else SMALL, k=size))] = None
    return list(words)


if __name__ == "__main__":
    app()
