"""Credentials that end: asked for once, used by all, renewed before they do."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from msgspec import Struct

from chatserver.providers.push.base import Withheld

RENEWED_AT = 0.9  # of its life
KEPT_MAX = 1000


class Token(Struct, frozen=True):
    """A credential, and for how many seconds it may be used."""

    value: str
    lives_s: float

    def __repr__(self) -> str:
        return f"Token(***, lives_s={self.lives_s})"


class Credential:
    """One credential; however many need it at once, it is asked for once."""

    def __init__(
        self,
        ask: Callable[[], Awaitable[Token]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`ask` gets a new one, or raises Withheld."""
        self._ask = ask
        self._clock = clock
        self._asking = asyncio.Lock()
        self._value = ""
        self._renew_at = 0.0
        self._ends_at = 0.0

    async def get(self) -> str:
        """One that is good now.

        Raises:
            Withheld: there is none to be had.
        """
        if not self._is_due:
            return self._value
        async with self._asking:
            if self._is_due:
                await self._renew()
            return self._value

    def forget(self, value: str) -> None:
        """This one was refused; unless there is a newer one already, the next is asked for."""
        if value == self._value:
            self._value = ""

    @property
    def _is_due(self) -> bool:
        return not self._value or self._clock() >= self._renew_at

    async def _renew(self) -> None:
        try:
            token = await self._ask()
        except Withheld:
            if self._value and self._clock() < self._ends_at:
                return  # early enough to try again with the next request
            raise
        now = self._clock()
        self._value = token.value
        self._renew_at = now + token.lives_s * RENEWED_AT
        self._ends_at = now + token.lives_s


class SelfSigned:
    """Credentials signed here, one for each audience, used again while they are good."""

    def __init__(
        self, make: Callable[[str], Token], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`make` makes one for an audience."""
        self._make = make
        self._clock = clock
        self._kept: OrderedDict[str, tuple[str, float]] = OrderedDict()

    def get(self, audience: str = "") -> str:
        """One that is good now."""
        value, renew_at = self._kept.get(audience, ("", 0.0))
        if not value or self._clock() >= renew_at:
            token = self._make(audience)
            value, renew_at = token.value, self._clock() + token.lives_s * RENEWED_AT
            self._kept[audience] = value, renew_at
            if len(self._kept) > KEPT_MAX:
                self._kept.popitem(last=False)
        self._kept.move_to_end(audience)
        return value

    def forget(self, value: str) -> None:
        """This one was refused; the next is made anew."""
        for audience in [each for each, kept in self._kept.items() if kept[0] == value]:
            del self._kept[audience]
