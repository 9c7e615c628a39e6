"""A reconnect storm of any size, simulated event by event with costs that were measured.

A node is one core that does one thing after the other: it lets clients in (no more than its
turnstile's rate; the others are told when to come) and answers their syncs (who would wait too long
is sent away and called as soon as the line is short; without calls, what waited longer than a call
may is refused and asks again). Nodes share nothing here, so one node is simulated with its part of
the people; that MongoDB keeps up with all nodes is an assumption.
"""

from __future__ import annotations

import heapq
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
    sync_s: float = 0.00183  # 20 conversations, 2 of which moved; with its part of MongoDB's core
    refusal_s: float = 0.0002
    connects_per_s: float = 2000  # CHAT_CONNECTS_PER_S
    call_within_s: float = 4.8
    line_max_s: float = 3.0  # who would wait longer for a sync is sent away
    line_s: float = 1.0  # shorter than this, the line is filled up by calls
    calls: bool = True  # whether those who are sent away are called
    called_s: float = 0.05  # until somebody who is called is there
    again_s: float = 1.0  # after a refused sync, where nobody is called
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
    node = _Node(costs)
    chance = random.Random(seed)
    for _ in range(people):
        node.comes(chance.uniform(*costs.comes_after_s), COME)
    while node.work():
        pass
    return Storm(
        back_s=node.back_s, refused_connects=node.refused[COME], refused_syncs=node.refused[SYNC]
    )


class _Node:
    """One core; `now` is when it is through with what it has done so far."""

    def __init__(self, costs: Costs) -> None:
        self.back_s: list[float] = []
        self.refused = [0, 0]
        self._costs = costs
        self._now = 0.0
        self._next_place = -1.0  # when the turnstile lets in the next one
        self._coming: list[tuple[float, int, bool]] = []  # when, for what, whether told to come
        self._line: deque[tuple[float, int]] = deque()
        self._syncs = 0  # in the line
        self._away = 0  # sent away, to be called

    def comes(self, at: float, what: int, *, told: bool = False) -> None:
        """Somebody arrives at a time."""
        heapq.heappush(self._coming, (at, what, told))

    def work(self) -> bool:
        """Take in who has arrived and do the next piece of work; false when all are back."""
        if not self._line:
            if not self._coming:
                return False
            self._now = max(self._now, self._coming[0][0])
        while self._coming and self._coming[0][0] <= self._now:
            since, what, told = heapq.heappop(self._coming)
            self._meet(since, what, told)
        if self._line:
            self._serve(*self._line.popleft())
        return True

    def _meet(self, since: float, what: int, told: bool) -> None:
        costs = self._costs
        if what == COME and not told and (wait_s := self._turnstile()):
            self._refuse(COME)
            self.comes(self._now + wait_s, COME, told=True)
        elif what == SYNC and costs.calls and self._syncs * costs.sync_s > costs.line_max_s:
            self._refuse(SYNC)
            self._away += 1
        else:
            self._line.append((since, what))
            self._syncs += what == SYNC

    def _serve(self, since: float, what: int) -> None:
        costs = self._costs
        if what == COME:
            self._now += costs.connect_s
            self.comes(self._now, SYNC)
            return
        self._syncs -= 1
        if self._now - since > costs.call_within_s:
            self._refuse(SYNC)
            self.comes(self._now + costs.again_s, SYNC)
            return
        self._now += costs.sync_s
        self.back_s.append(self._now)
        called = min(2, self._away) if self._syncs * costs.sync_s < costs.line_s else 0
        self._away -= called
        for _ in range(called):
            self.comes(self._now + costs.called_s, SYNC)

    def _turnstile(self) -> float:
        """Nothing: come in. Else after what time it is one's turn, which is kept."""
        turn = max(self._next_place, self._now - 1)
        self._next_place = turn + 1 / self._costs.connects_per_s
        return max(turn - self._now, 0.0)

    def _refuse(self, what: int) -> None:
        self._now += self._costs.refusal_s
        self.refused[what] += 1


def compared(people: int, nodes: Sequence[int]) -> list[tuple[str, Storm]]:
    """A storm over each number of nodes: as the server is, and if it called nobody."""
    return [
        (f"{count} nodes{'' if costs.calls else ', without calls'}", simulate(each, costs))
        for costs in (Costs(), Costs(calls=False))
        for count in nodes
        for each in (-(-people // count),)
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
