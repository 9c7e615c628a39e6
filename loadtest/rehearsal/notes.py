"""What the figures say about themselves: above all, whether the load side was what limited."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from loadtest.rehearsal import figures
from loadtest.rehearsal.figures import Waits
from loadtest.rehearsal.results import Second

BUSY = 0.9  # a share of a core from which a load process may be what limits
LATE_MS = 50.0  # a load process whose events run so late adds that to every wait
FULL = 0.95  # of all cores, by the load, the server and its databases together


def notes(seconds: Sequence[Second], waits: Mapping[str, Waits], cores: int) -> Iterator[str]:
    """Sentences for whoever reads the figures."""
    busy = [second for second in seconds if second.load_cpu >= BUSY]
    if busy:
        yield (
            f"In {len(busy)} of {len(seconds)} seconds a load process filled its core: there the "
            f"load side may be what limited. Use more --processes or another machine."
        )
    lag = waits.get(figures.LAG)
    if lag is not None and lag.p99 > LATE_MS:
        yield (f"The load processes ran {lag.p99:.0f} ms late (p99): waits are that much too long.")
    full = [second for second in seconds if _used(second) >= FULL * cores]
    if full:
        yield (
            f"In {len(full)} of {len(seconds)} seconds load, servers and databases filled all "
            f"{cores} cores of this machine: they took from each other."
        )


def _used(second: Second) -> float:
    looked = second.looked
    return second.load_cpu + (looked.server_cpu or 0) + (looked.data_cpu or 0)
