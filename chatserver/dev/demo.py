"""The demo shop: made once, through the services, so that it keeps every rule of the product."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

from msgspec import structs

from chatserver.config import Settings
from chatserver.dev import story
from chatserver.dev.errors import DevError
from chatserver.dev.seeding import NODE, House, Seeding
from chatserver.dev.story import Community, DemoPerson, Group
from chatserver.errors import ChatError
from chatserver.tasks import Tasks

RULES = Path(__file__).with_name("demo_communities.toml")  # by which communities form

_TIMEOUT_S = 300.0  # each call has its own limit; this is for slow machines
_FLUSH_MS = 1  # read positions are written one by one; nothing is gained by gathering them

Login = DemoPerson
Room = Group | Community


def rooms(*, communities: bool) -> tuple[Room, ...]:
    """The conversations of many in which something was said; with or without communities."""
    shop = story.load()
    return (*shop.communities, *shop.groups) if communities else shop.groups


def people() -> tuple[DemoPerson, ...]:
    """Everybody of the demo shop, those who are most worth trying first."""
    return story.load().people


async def seed(
    settings: Settings,
    now: datetime | None = None,
    enrolled: Callable[[], None] = lambda: None,
) -> None:
    """Make the people and the history of the past three weeks; what is there stays as it is.

    `now` carries the time zone in which the shop lives; by default that of this machine. Rooms of
    communities come to be by the rules that the settings name. Nodes are to be started by
    `enrolled`: before it is called they would lead people into communities today, and not then.

    Raises:
        DevError: the databases do not answer, or have something else under the shop's ids.
    """
    now = now or datetime.now().astimezone()
    try:
        async with _opened(settings) as house, asyncio.timeout(_TIMEOUT_S):
            seeding = Seeding(story.load(), house)
            await seeding.enrol(now)
            enrolled()
            await seeding.talk(now)
            await seeding.equip(now)
    except (ChatError, TimeoutError) as error:
        reason = str(error) or "it takes too long"
        raise DevError(f"the demo shop cannot be made: {reason}") from error


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[House]:
    # the rest of this module is for lists of people too, and those should not load the server
    from chatserver import app
    from chatserver.bus.live import Bus
    from chatserver.bus.presence import PresenceBoard
    from chatserver.gateway.hub import Hub
    from chatserver.services.delivery import Delivery
    from chatserver.store.stores import open_stores

    settings = structs.replace(settings, cursor_flush_ms=_FLUSH_MS)
    tasks = Tasks(on_death=lambda _: None)  # logged there; what waits for it times out
    kept = open_stores(settings, tasks)
    space = settings.mongo_database
    bus = Bus(settings.redis_url, NODE, space=space)
    board = PresenceBoard(settings.redis_url, NODE, space=space)
    services = app.build_services(settings, kept, Delivery(Hub(bus), bus), board)
    try:
        await kept.database.prepare()
        tasks.spawn("cursors", kept.cursors.run())
        yield House(kept.users, services)
        await kept.log.drain()
        await kept.heads.flush()
    finally:
        await tasks.stop()
        await bus.close()
        await board.close()
        await kept.database.close()
