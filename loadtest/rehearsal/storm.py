"""A reconnect storm of any size, simulated event by event with costs that were measured.

A node is one core that does one thing after the other: it lets clients in (no more than its
turnstile's rate; the others are told when to come) and answers their syncs (who would wait too long
is told when to come, too; what waited longer than a call may is refused and asks again). Nodes
share nothing here, so one node is simulated with its part of the people; that MongoDB keeps up with
all nodes is an assumption.
"""

from __future__ import annotations

import heapq
import math
import random
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct
from rich.table import Table

COME, SYNC = 0, 1
POINTS = 100  # of a line


class Costs(Struct, frozen=True, kw_only=True):
    """Seconds of a node's core, and what the protocol prescribes; from loadtest/README.md."""

    connect_s: float = 0.00093  # authenticated and `ready`
    sync_s: float = 0.0119  # 20 conversations, 2 of which moved; with its part of MongoDB's core
    refusal_s: float = 0.0002
    connects_per_s: float = 2000  # CHAT_CONNECTS_PER_S
    call_within_s: float = 4.8
    sync_turns: bool = True  # whether syncs are told their turn, as connects are
    again_s: float = 1.0  # after a refused sync that was not told its turn
    comes_after_s: tuple[float, float] = (0.5, 1.5)  # Socket.IO's clients, the first time


class Storm(Struct, frozen=True, kw_only=True):
    """How it went on one node: when each person was back, in ascending order."""

    back_s: list[float]
    refused_connects: int
    refused_syncs: int

    def within(self, share: float) -> float:
        """After how many seconds this share of the people was back."""
        return self.back_s[max(0, round(share * len(self.back_s)) - 1)]


def simulate(people: int, costs: Costs, seed: int = 1) -> Storm:
    """A storm of so many people at one node, from the moment when all connections drop."""
    chance = random.Random(seed)
    coming = [(chance.uniform(*costs.comes_after_s), COME, False) for _ in range(people)]
    heapq.heapify(coming)
    waiting: deque[tuple[float, int, bool]] = deque()  # since when, for what, whether told to come
    back_s: list[float] = []
    refused, now = [0, 0], 0.0
    gates = (_Gate(costs.connects_per_s), _Gate(1 / costs.sync_s if costs.sync_turns else math.inf))
    while coming or waiting:
        if not waiting:
            now = max(now, coming[0][0])
        while coming and coming[0][0] <= now:
            waiting.append(heapq.heappop(coming))
        since, what, has_turn = waiting.popleft()
        wait_s = 0.0 if has_turn else gates[what].wait_s(now)
        if wait_s or (now - since > costs.call_within_s and what == SYNC):
            now += costs.refusal_s
            refused[what] += 1
            heapq.heappush(coming, (now + (wait_s or costs.again_s), what, bool(wait_s)))
        elif what == COME:
            now += costs.connect_s
            heapq.heappush(coming, (now, SYNC, False))
        else:
            now += costs.sync_s
            back_s.append(now)
    return Storm(back_s=back_s, refused_connects=refused[COME], refused_syncs=refused[SYNC])


class _Gate:
    """Lets in a second's worth at once, and so many per second; gives the others their turns."""

    def __init__(self, rate: float) -> None:
        self._step = 1 / rate
        self._next = -1.0

    def wait_s(self, now: float) -> float:
        """Nothing: come in. Else after what time it is one's turn, which is kept."""
        turn = max(self._next, now - 1)
        self._next = turn + self._step
        return max(turn - now, 0.0)


def compared(people: int, nodes: Sequence[int]) -> list[tuple[str, Storm]]:
    """A storm over each number of nodes: as the server is, and if syncs had no turns."""
    return [
        (f"{count} nodes{'' if turns else ', syncs without turns'}", simulate(each, costs))
        for turns, costs in ((True, Costs()), (False, Costs(sync_turns=False)))
        for count in nodes
        for each in (math.ceil(people / count),)
    ]


def table(storms: Sequence[tuple[str, Storm]]) -> Table:
    """When half, nearly all and all were back, and how often people were refused."""
    made = Table(title="A reconnect storm, simulated", title_justify="left")
    made.add_column("")
    for column in ("half back, s", "99 %, s", "all, s", "refusals for each person"):
        made.add_column(column, justify="right")
    for name, storm in storms:
        refusals = (storm.refused_connects + storm.refused_syncs) / len(storm.back_s)
        times = (storm.within(share) for share in (0.5, 0.99, 1))
        made.add_row(name, *(f"{time:,.0f}" for time in times), f"{refusals:.1f}")
    return made


def draw(storms: Sequence[tuple[str, Storm]], file: Path) -> None:
    """The share of people who are back over time, as SVG."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    canvas = Figure(figsize=(7.5, 3.2), layout="constrained")
    axes = canvas.subplots()
    for name, storm in storms:
        count = len(storm.back_s)
        points = [*range(0, count, max(1, count // POINTS)), count - 1]
        shares = [100 * (number + 1) / count for number in points]
        style = "--" if "without" in name else "-"
        axes.plot([storm.back_s[number] for number in points], shares, style, label=name)
    axes.set_xlabel("seconds after all connections dropped")
    axes.set_ylabel("% back and caught up")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "storm"}):
        canvas.savefig(file, metadata={"Date": None})
