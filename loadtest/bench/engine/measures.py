"""The measures and their aims: one table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct


class Aim(Struct, frozen=True, kw_only=True):
    """What the product's figure is held against: a bound, or a bound on its ratio to a rival's."""

    words: str
    bound: float
    rival: str = ""  # none: the figure itself
    measure: str = ""  # of the rival, when it is not the same


class Measure(Struct, frozen=True, kw_only=True):
    """One thing that is measured."""

    name: str
    title: str
    unit: str
    best: Literal["most", "least"]
    aims: tuple[Aim, ...] = ()

    def good(self, reached: float, bound: float) -> bool:
        """Whether this reaches the bound."""
        return reached >= bound if self.best == "most" else reached <= bound


def _times(bound: float, rival: str, words: str, measure: str = "") -> Aim:
    return Aim(words=words, bound=bound, rival=rival, measure=measure)


MEASURES: Mapping[str, Measure] = {
    measure.name: measure
    for measure in (
        Measure(
            name="fanout",
            title="room of 1,000, one message in flight",
            unit="deliveries/s",
            best="most",
            aims=(
                _times(8.0, "stock", "8 × stock"),
                _times(2.5, "node", "2.5 × Node"),
                _times(0.8, "floor", "80 % of the floor"),
            ),
        ),
        Measure(
            name="burst",
            title="room of 1,000, a burst of messages",
            unit="deliveries/s",
            best="most",
            aims=(_times(3.0, "floor", "3 × the floor's one write each", measure="fanout"),),
        ),
        Measure(
            name="connect",
            title="connect, authenticate, ready",
            unit="clients/s",
            best="most",
            aims=(_times(5.0, "stock", "5 × stock"), _times(3.0, "node", "3 × Node")),
        ),
        Measure(
            name="memory",
            title="memory of an idle connection",
            unit="KB",
            best="least",
            aims=(Aim(words="at most 6 KB", bound=6.0),),
        ),
        Measure(
            name="idle",
            title="processor of 10,000 idle connections",
            unit="% of a core",
            best="least",
            aims=(Aim(words="under 3 %", bound=3.0),),
        ),
        Measure(
            name="drop",
            title="longest stall when 10,000 drop",
            unit="ms",
            best="least",
            aims=(Aim(words="at most 50 ms", bound=50.0),),
        ),
        Measure(
            name="half-drop",
            title="longest stall when 5,000 drop",
            unit="ms",
            best="least",
        ),
        Measure(
            name="durable",
            title="sent, stored, acknowledged, delivered",
            unit="messages/s",
            best="most",
            aims=(_times(0.5, "mongodb", "half of bare insert_many"),),
        ),
        Measure(
            name="latency",
            title="p99 from sent to delivered, at half load",
            unit="ms",
            best="least",
            aims=(_times(5.0, "mongodb", "5 × the p99 of one insert"),),
        ),
        Measure(
            name="stopped-memory",
            title="memory gained beside a reader that stopped",
            unit="MB",
            best="least",
            aims=(Aim(words="at most 5 MB", bound=5.0),),
        ),
        Measure(
            name="stopped-latency",
            title="p99 of the others beside a reader that stopped, to that without",
            unit="times",
            best="least",
            aims=(Aim(words="at most 1.25 times", bound=1.25),),
        ),
    )
}
