"""How much may wait before somebody is sent away: the talk of groups before service."""

from __future__ import annotations

import random
from collections.abc import Callable

RETRY_MS = 500  # with nobody waiting; it grows with the queue, which takes that long to work off
GROWTH = 4  # times as much again when all places are taken
JITTER = 0.5  # whoever is refused at the same moment must not come back at the same one


class WaitingRoom:
    """Places for messages that wait to be stored.

    A customer who asks a consultant comes before the chatter of communities: that gets a share of
    the places only, so that direct conversations go on while groups are asked to wait.
    """

    def __init__(
        self,
        places: int,
        *,
        chatter_percent: int = 100,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """`chance` gives numbers from 0 up to 1."""
        self._places = places
        self._for_chatter = places * chatter_percent / 100
        self._chance = chance

    def enter(self, waiting: int, *, is_chatter: bool) -> int:
        """0 where one more may wait beside `waiting` others, else in how many ms to try again."""
        if waiting < (self._for_chatter if is_chatter else self._places):
            return 0
        return int(RETRY_MS * (1 + GROWTH * waiting / self._places) * (1 + JITTER * self._chance()))
