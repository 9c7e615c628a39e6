"""Who takes part: customers, their consultants, a member of staff, and their rooms.

All of it follows from the scenario, the number of customers and the run's name, so every load
process knows all of it and plays its own share.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from chatserver.domain.conversation import direct_id
from loadtest.rehearsal.scenario import Scenario

ADDED_AT_ONCE = 100


@dataclass(frozen=True)
class Cast:
    """Everybody of one run; customers and consultants have numbers from 0."""

    scenario: Scenario
    run: str

    @property
    def customers(self) -> range:
        """The numbers of the customers."""
        return range(self.scenario.clients)

    @property
    def consultants(self) -> range:
        """The numbers of the consultants."""
        return range(-(-self.scenario.clients // self.scenario.people.per_consultant))

    @property
    def staff(self) -> str:
        """Whose the channel and the communities are."""
        return f"{self.run}-staff"

    def customer(self, number: int) -> str:
        """A customer's user id."""
        return f"{self.run}-c{number}"

    def consultant(self, number: int) -> str:
        """A consultant's user id."""
        return f"{self.run}-k{number}"

    def consultant_of(self, customer: int) -> int:
        """The number of the consultant whom a customer asks."""
        return customer // self.scenario.people.per_consultant

    def customers_of(self, consultant: int) -> range:
        """The customers of a consultant."""
        first = consultant * self.scenario.people.per_consultant
        return range(first, min(first + self.scenario.people.per_consultant, self.scenario.clients))

    def direct(self, customer: int) -> str:
        """The conversation of a customer with the consultant."""
        return direct_id(self.customer(customer), self.consultant(self.consultant_of(customer)))

    def has_tablet(self, customer: int) -> bool:
        """Whether the customer has a second device."""
        return self._chance(f"tablet {customer}").random() < self.scenario.people.second_device

    def has_bad_line(self, customer: int) -> bool:
        """Whether the customer's phone has a bad line."""
        return self._chance(f"line {customer}").random() < self.scenario.phones.share

    @cached_property
    def communities(self) -> tuple[range, ...]:
        """The customers of each community; everybody is in one, if there are any."""
        sizes = self.scenario.people.community
        if sizes is None:
            return ()
        chance, made, first = self._chance("communities"), [], 0
        while first < self.scenario.clients:
            size = max(2, round(sizes.draw(chance)))
            made.append(range(first, min(first + size, self.scenario.clients)))
            first += size
        return tuple(made)

    @property
    def rooms(self) -> list[str]:
        """The names that this run gives to its rooms: the channel, and communities by number."""
        channel = [CHANNEL] if self.scenario.people.channel else []
        return [*channel, *map(str, range(len(self.communities)))]

    def in_room(self, name: str) -> list[str]:
        """The customers in a room."""
        within = self.customers if name == CHANNEL else self.communities[int(name)]
        return [self.customer(number) for number in within]

    def handfuls(self, name: str) -> Iterator[list[str]]:
        """The customers in a room, in lists that a call takes."""
        members = self.in_room(name)
        for first in range(0, len(members), ADDED_AT_ONCE):
            yield members[first : first + ADDED_AT_ONCE]

    @cached_property
    def queue(self) -> list[int]:
        """In which order customers come; who came last goes first."""
        order = list(self.customers)
        self._chance("queue").shuffle(order)
        return order

    def members(self, rooms: dict[str, str]) -> dict[str, tuple[str, ...]]:
        """Everybody of every conversation; `rooms` are the ids that the server gave to rooms."""
        found: dict[str, tuple[str, ...]] = {
            self.direct(number): (
                self.customer(number),
                self.consultant(self.consultant_of(number)),
            )
            for number in self.customers
        }
        return found | {room: (self.staff, *self.in_room(name)) for name, room in rooms.items()}

    def _chance(self, what: str) -> random.Random:
        return random.Random(f"{self.scenario.seed} {what}")


CHANNEL = "channel"
