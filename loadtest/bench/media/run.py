"""Uploads and downloads beside a bare file handler, and whom photos hold up."""

from __future__ import annotations

import asyncio
import io
import os
import statistics
import time
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import TypeVar

import aiohttp
from msgspec import Struct, structs
from PIL import Image
from rich.table import Table

from loadtest.bench import machine
from loadtest.bench.figures import ratio
from loadtest.bench.media.client import (
    BareShelf,
    ProductShelf,
    Shelf,
    client,
    read,
    slowest_answer,
)
from loadtest.rivals.dialects import MinimalDialect
from loadtest.rivals.house import House
from loadtest.rivals.table import RIVALS, Rival, module
from loadtest.swarm import cores
from loadtest.swarm.crowd import Place
from loadtest.swarm.usage import Stopwatch

BEGIN = "<!-- made by make bench-media: begin -->"
END = "<!-- made by make bench-media: end -->"
MB = 2**20
T = TypeVar("T")
R = TypeVar("R")
AT_ONCE = 4
HEADINGS = ("", "bare handler", "product", "product / bare", "bare server ms", "product server ms")

BARE = Rival(
    name="files",
    title="a bare file handler of aiohttp",
    command=module("loadtest.bench.media.bare"),
    dialect=MinimalDialect(),
)
LIMITS_OFF = {
    "CHAT_MEDIA_UPLOADS_PER_S": "1000000",
    "CHAT_MEDIA_UNFINISHED_BYTES": "100000000000",
    "CHAT_MEDIA_UNFINISHED_MAX": "100000",
    "CHAT_MEDIA_UPLOADS_AT_ONCE": "1000",
}


class Plan(Struct, frozen=True, kw_only=True):
    """Sizes."""

    rounds: int = 3
    large: int = 4  # files in each round
    large_bytes: int = 32 * MB
    small: int = 60
    small_bytes: int = 300_000
    photos: int = 20
    photo_side: int = 4000  # pixels; three quarters of it high


def quick() -> Plan:
    """Small numbers: shows that everything works, not how fast it is."""
    return Plan(rounds=1, large=1, large_bytes=6 * MB, small=4, photos=4, photo_side=600)


class Figure(Struct, frozen=True, kw_only=True):
    """One thing done with both: so much in a second, and processor ms of the server for each."""

    what: str
    unit: str
    bare: list[float] = []
    product: list[float] = []
    bare_ms: list[float] = []
    product_ms: list[float] = []


class Report(Struct, frozen=True, kw_only=True):
    """One run. `alone_ms` and `photos_ms` are the slowest answers of the event loop, each round."""

    when: str
    machine: str
    took_s: float
    others_share: float
    plan: Plan
    figures: list[Figure]
    alone_ms: list[float]
    photos_ms: list[float]
    photos_s: list[float]


class _Side(Struct, frozen=True):
    """One of both servers."""

    place: Place
    shelf: Shelf


def run(plan: Plan) -> Report:
    """Measure everything.

    Raises:
        Failed: this machine cannot do it.
        DevError: a server does not start.
    """
    others, chosen = machine.Others(), cores.choose()
    figures = [
        Figure(what=f"{way} {size}", unit=unit)
        for size, unit in ((f"{plan.large_bytes // MB} MB", "MB/s"), (_small(plan), "files/s"))
        for way in ("upload", "download")
    ]
    report = Report(
        when=time.strftime("%Y-%m-%d %H:%M"), machine=machine.described(), took_s=0.0,
        others_share=0.0, plan=plan, figures=figures, alone_ms=[], photos_ms=[], photos_s=[],
    )  # fmt: skip
    product = structs.replace(RIVALS["product"], variables=LIMITS_OFF)
    with (
        cores.pinned_here(chosen.load),
        House(chosen) as house,
        house.running(product) as ours,
        house.running(BARE) as bare,
    ):
        asyncio.run(_measure(plan, report, ours, bare))
    return structs.replace(report, took_s=others.passed_s(), others_share=others.share())


def rows(report: Report) -> Iterable[tuple[str, ...]]:
    """One line for each thing."""
    for each in report.figures:
        yield (
            f"{each.what}, {each.unit}",
            f"{statistics.median(each.bare):,.0f}",
            f"{statistics.median(each.product):,.0f}",
            f"{ratio(each.product, each.bare):.2f}",
            f"{statistics.median(each.bare_ms):.1f}",
            f"{statistics.median(each.product_ms):.1f}",
        )


def table(report: Report) -> Table:
    """What the command prints."""
    shown = Table(*HEADINGS, title=_about(report), caption=_held_up(report))
    for row in rows(report):
        shown.add_row(*row)
    return shown


def write_into(file: Path, report: Report) -> None:
    """Put the table between the markers of a Markdown file, in place of what is there.

    Raises:
        Failed: the file has no markers.
    """
    rules = ("---", *("--:" for _ in HEADINGS[1:]))
    lines = [f"| {' | '.join(line)} |" for line in (HEADINGS, rules, *rows(report))]
    made = "\n".join((_about(report), "", *lines, "", _held_up(report)))
    machine.write_between(file, BEGIN, END, made)


async def _measure(plan: Plan, report: Report, ours: Place, bare: Place) -> None:
    url = f"http://{ours.host}:{ours.port}"
    async with (
        aiohttp.ClientSession() as http,
        client(url, "lin"),
        client(url, "mei") as chat,
    ):
        shelf = ProductShelf(http, url, chat, (await chat.open("lin")).id)
        bare_shelf = BareShelf(http, f"http://{bare.host}:{bare.port}")
        sides = (_Side(bare, bare_shelf), _Side(ours, shelf))
        await shelf.put(
            _photo(400, 0), "image"
        )  # a node starts what looks into uploads when needed
        for _ in range(plan.rounds):
            await _round(plan, report, http, sides)
            await _photos(plan, report, http, shelf, url)


async def _round(
    plan: Plan, report: Report, http: aiohttp.ClientSession, sides: tuple[_Side, _Side]
) -> None:
    sizes = ((plan.large, plan.large_bytes), (plan.small, plan.small_bytes))
    for number, (count, size) in enumerate(sizes):
        per_s = size / MB if number == 0 else 1.0
        up, down = report.figures[2 * number : 2 * number + 2]
        for which, side in enumerate(sides):
            contents = [os.urandom(size) for _ in range(count)]
            names, rate, cost = await _timed(side.place, contents, side.shelf.put)
            _note(up, which, rate * per_s, cost)
            kept = await side.shelf.found(names, size)
            _, rate, cost = await _timed(side.place, kept, lambda each: read(http, each))
            _note(down, which, rate * per_s, cost)


async def _timed(
    place: Place, things: Iterable[T], do: Callable[[T], Awaitable[R]]
) -> tuple[list[R], float, float]:
    """Do it with all of them, some at once: results, how many a second, server ms of each."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(thing: T) -> R:
        async with gate:
            return await do(thing)

    watch = Stopwatch(place)
    results = await asyncio.gather(*map(one, things))
    usage = watch.stop()
    return list(results), len(results) / usage.wall_s, 1000 * usage.server_s / len(results)


async def _photos(
    plan: Plan, report: Report, http: aiohttp.ClientSession, shelf: ProductShelf, url: str
) -> None:
    photos = [_photo(plan.photo_side, number) for number in range(plan.photos)]
    end = time.perf_counter() + 1
    report.alone_ms.append(await slowest_answer(http, url, lambda: time.perf_counter() > end))
    began = time.perf_counter()
    gate = asyncio.Semaphore(AT_ONCE)

    async def send(photo: bytes) -> None:
        async with gate:
            await shelf.put(photo, "image")

    sending = asyncio.gather(*map(send, photos))
    report.photos_ms.append(await slowest_answer(http, url, sending.done))
    await sending
    report.photos_s.append(time.perf_counter() - began)


def _photo(side: int, number: int) -> bytes:
    out = io.BytesIO()
    picture = Image.effect_mandelbrot((side, side * 3 // 4), (-2, -1, 1, 1), 30).convert("RGB")
    picture.putpixel((number, 0), (255, number, number))  # no two are the same
    picture.save(out, "JPEG", quality=90, comment=os.urandom(8))
    return out.getvalue()


def _note(figure: Figure, which: int, rate: float, cost_ms: float) -> None:
    (figure.product if which else figure.bare).append(rate)
    (figure.product_ms if which else figure.bare_ms).append(cost_ms)


def _small(plan: Plan) -> str:
    return f"{plan.small_bytes // 1000} KB"


def _about(report: Report) -> str:
    return (
        f"{report.when}, {report.machine}; {report.plan.rounds} rounds in {report.took_s:.0f} s, "
        f"other processes used {100 * report.others_share:.0f} % of the machine."
    )


def _held_up(report: Report) -> str:
    plan = report.plan
    took_s = statistics.median(report.photos_s)
    return (
        f"While {plan.photos} photos of {plan.photo_side} × {plan.photo_side * 3 // 4} pixels "
        f"arrive, {AT_ONCE} at once, and are looked into ({took_s:.1f} s "
        f"for all), the slowest answer of the node's event loop takes "
        f"{statistics.median(report.photos_ms):.0f} ms; without them "
        f"{statistics.median(report.alone_ms):.0f} ms."
    )
