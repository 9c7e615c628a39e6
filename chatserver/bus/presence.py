"""Who is online on which node: shared by the nodes, and forgotten by itself when a node dies."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import structlog

from chatserver.bus.lanes import BROKEN, Lanes
from chatserver.domain.person import Front, PresenceState

EXPIRES_MS = 60_000  # a node that no longer refreshes its people is taken for dead
REMEMBERED_MS = 30 * 86_400_000
USERS_PER_SCRIPT = 500  # Redis does nothing else meanwhile
TIMEOUT_S = 1.0
PAUSE_S = 1.0  # after a failure, so that an outage costs one wait and not one for every caller

# One sorted set for each person: node -> until when it is believed, and '' -> last seen. Behind the
# node's name there is a '~' where the person is away there, and a '!' where they are in front of a
# desktop alone.
# The clock is that of Redis, so nodes whose clocks differ agree.
_NOW = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
"""
_MARK = (
    _NOW
    + """
local node, expires, remembered = ARGV[1], tonumber(ARGV[2]), ARGV[3]
for i, key in ipairs(KEYS) do
  local mark = ARGV[i + 3]
  redis.call('ZREM', key, node, node .. '~', node .. '!')
  if mark == '' or mark == '~' or mark == '!' then
    redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
    redis.call('ZADD', key, now + expires, node .. mark)
  else
    redis.call('ZADD', key, mark, '')
  end
  redis.call('PEXPIRE', key, remembered)
end
"""
)
_STATES = (
    _NOW
    + """
local expires, states = tonumber(ARGV[1]), {}
for i, key in ipairs(KEYS) do
  local state, seen = 0, -1
  local entries = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
  for j = 1, #entries, 2 do
    local score = tonumber(entries[j + 1])
    if entries[j] == '' then
      seen = math.max(seen, score)
    elseif score <= now then
      seen = math.max(seen, score - expires)
    else
      local mark = string.sub(entries[j], -1)
      state = math.max(state, mark == '~' and 1 or mark == '!' and 2 or 3)
    end
  end
  states[i] = {state, seen}
end
return states
"""
)

State = tuple[PresenceState, int | None]
Row = tuple[int, int]  # what the script gives: the number of the state, and when last seen

# by the number of the script
_KINDS: tuple[PresenceState, ...] = ("offline", "away", "online", "online")
_FRONTS: tuple[Front, ...] = ("offline", "away", "desktop", "handheld")
_HANDHELD, _DESKTOP, _AWAY = "", "!", "~"

log = structlog.get_logger()


class PresenceBoard:
    """Which people are online, seen from all nodes. A hint: without Redis nothing is known.

    What is to be marked is gathered while a mark is on its way, so a thousand arrivals are a few
    round trips, and marks of one person keep their order.
    """

    def __init__(
        self, url: str, node: str, *, space: str = "chat", expires_ms: int = EXPIRES_MS
    ) -> None:
        """`node` is unlike that of any other node; boards share their people in one `space`.

        Raises:
            SettingsError: the URL is none of Redis.
        """
        self._expires_ms = expires_ms
        self._lanes = Lanes(url, timeout_s=TIMEOUT_S)
        self._node = node
        self._prefix = f"{space}:presence:"
        self._marks: dict[str, str] = {}
        self._writing = asyncio.Lock()
        self._failing_until = [0.0] * len(self._lanes)

    async def arrived(self, *users: str) -> None:
        """These people have a handheld on this node with the app in the foreground."""
        self._marks.update(dict.fromkeys(users, _HANDHELD))
        await self._write()

    async def at_desk(self, *users: str) -> None:
        """These people have the app in the foreground on this node, though on no handheld."""
        self._marks.update(dict.fromkeys(users, _DESKTOP))
        await self._write()

    async def away(self, *users: str) -> None:
        """All connections of these people on this node have the app in the background."""
        self._marks.update(dict.fromkeys(users, _AWAY))
        await self._write()

    async def left(self, *users: str, at_ms: int) -> None:
        """These people's last connections on this node closed."""
        self._marks.update(dict.fromkeys(users, str(at_ms)))
        await self._write()

    async def refresh(
        self, users: Iterable[str], away: Iterable[str] = (), at_desk: Iterable[str] = ()
    ) -> None:
        """These people are still as they were on this node; said more often than entries expire."""
        for mark, marked in ((_HANDHELD, users), (_AWAY, away), (_DESKTOP, at_desk)):
            for user in marked:
                self._marks.setdefault(user, mark)
        await self._write()

    async def states(self, users: Iterable[str]) -> dict[str, State]:
        """Who is online or away, and when the others were last seen (None: never, or not offline).

        People about whom nothing can be learnt now are left out.
        """
        return {user: _state(*row) for user, row in (await self._rows(users)).items()}

    async def in_front(self, users: Iterable[str]) -> dict[str, Front]:
        """Where these people have an app in the foreground, if anywhere.

        People about whom nothing can be learnt now are left out.
        """
        return {user: _FRONTS[kind] for user, (kind, _) in (await self._rows(users)).items()}

    async def close(self) -> None:
        """Close the connections."""
        await self._lanes.aclose()

    async def _rows(self, users: Iterable[str]) -> dict[str, Row]:
        asked = self._by_lane((user, "") for user in users)
        answers = await asyncio.gather(*(self._ask(number, list(part)) for number, part in asked))
        return {user: row for answer in answers for user, row in answer.items()}

    async def _ask(self, number: int, users: list[str]) -> dict[str, Row]:
        rows = await self._script(number, _STATES, users, self._expires_ms)
        return dict(zip(users, rows or (), strict=False))

    async def _write(self) -> None:
        async with self._writing:
            marks, self._marks = self._marks, {}
            parts = self._by_lane(marks.items())
            await asyncio.gather(*(self._mark(number, part) for number, part in parts))

    async def _mark(self, number: int, part: dict[str, str]) -> None:
        since = (self._node, self._expires_ms, REMEMBERED_MS)
        await self._script(number, _MARK, part, *since, *part.values())

    def _by_lane(self, entries: Iterable[tuple[str, str]]) -> Iterator[tuple[int, dict[str, str]]]:
        """The entries of each lane, in parts that one script takes; nobody is in two of them."""
        lanes: dict[int, dict[str, str]] = {}
        for user, value in entries:
            lanes.setdefault(self._lanes.index(user), {})[user] = value
        for number, lane in lanes.items():
            rest = iter(lane.items())
            while part := dict(islice(rest, USERS_PER_SCRIPT)):
                yield number, part

    async def _script(
        self, number: int, script: str, users: Iterable[str], *arguments: str | int
    ) -> Any:
        loop = asyncio.get_running_loop()
        if loop.time() < self._failing_until[number]:
            return None
        lane = self._lanes[number]
        keys = [f"{lane.prefix}{self._prefix}{user}" for user in users]
        try:
            return await lane.run(script, keys, *arguments)
        except BROKEN as error:
            self._failing_until[number] = loop.time() + PAUSE_S
            log.debug("presence is unknown without Redis", error=str(error))
            return None


def _state(kind: int, seen: int) -> State:
    state = _KINDS[kind]
    return (state, seen if state == "offline" and seen >= 0 else None)
