"""What a scenario is, and how scenarios run: rival after rival, round after round."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import Protocol

from chatserver.dev.errors import DevError
from loadtest.bench.engine.plan import Plan
from loadtest.bench.engine.results import Book, Sample
from loadtest.rivals.house import House
from loadtest.swarm.failed import Failed

Round = Callable[[], list[Sample]]
Tell = Callable[[str], None]  # what goes on, for whoever watches


class Scenario(Protocol):
    """Measures that are taken together."""

    measures: tuple[str, ...]
    rivals: tuple[str, ...]

    def rounds(self, rival: str, plan: Plan) -> int:
        """How often this rival's turn comes."""
        ...

    def ready(self, house: House, rival: str, plan: Plan) -> AbstractContextManager[Round]:
        """Start what is needed; calling what it gives measures one round."""
        ...


def play(scenario: Scenario, house: House, plan: Plan, book: Book, tell: Tell) -> None:
    """Measure all rivals of a scenario; who fails gets errors, the others go on."""
    measures = scenario.measures
    with ExitStack() as stack:
        rounds: dict[str, Round] = {}
        for rival in scenario.rivals:
            tell(f"{measures[0]}: {rival} gets ready")
            try:
                rounds[rival] = stack.enter_context(scenario.ready(house, rival, plan))
            except (Failed, DevError) as why:
                book.fail(rival, measures, str(why))
        for number in range(plan.rounds):
            for rival in list(rounds):
                if number < scenario.rounds(rival, plan):
                    tell(f"{measures[0]}: {rival}, round {number + 1}")
                    _measure(rounds, rival, measures, book)


def _measure(rounds: dict[str, Round], rival: str, measures: Sequence[str], book: Book) -> None:
    try:
        book.note(rival, rounds[rival]())
    except (Failed, DevError) as why:
        book.fail(rival, measures, str(why))
        del rounds[rival]
