"""Plugs a worker together: what follows the log behind the nodes, and serves nobody."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import structlog
from msgspec import Struct

from chatserver import clock, notify
from chatserver.api.health import HealthPages
from chatserver.bus.presence import PresenceBoard
from chatserver.config import Settings, StartError
from chatserver.domain.push.policy import Limits
from chatserver.errors import Unavailable
from chatserver.providers.push.registry import Providers
from chatserver.services.health import Health
from chatserver.services.notifying.dispatch import Carrier, Dispatch, Way
from chatserver.services.notifying.outlook import Fronts, Outlook
from chatserver.services.notifying.recipients import Recipients
from chatserver.services.notifying.wording import Wording
from chatserver.services.views import Views
from chatserver.store.stores import Stores, open_stores
from chatserver.tasks import Tasks, until_signal
from chatserver.workers.follower import Follower, Work
from chatserver.workers.indexing import Indexing
from chatserver.workers.pushing import Closing, Dispatching, Pushing, measure

log = structlog.get_logger()


def work(settings: Settings) -> int:
    """Run a worker until SIGTERM or SIGINT; the exit status, 1 when a part of it died."""
    import uvloop

    return uvloop.run(until_signal(partial(_running, settings)))


def followers(stores: Stores) -> list[Follower[Any]]:
    """All that follow the log, each with its work, but for notifying."""
    works = (Indexing(stores.search, stores.messages, stores.users),)
    return [Follower(each, stores.followers) for each in works]


def notifying(
    settings: Settings,
    stores: Stores,
    fronts: Fronts,
    carrier: Carrier,
    now: Callable[[], int] = clock.now_ms,
) -> Notifying:
    """What notifies people, by what `carrier` can do; `now` gives ms since 1970 UTC."""
    limits = limits_of(settings)
    dispatch = Dispatch(
        stores,
        Outlook(stores, fronts, carrier.ladder, carrier.kinds),
        Wording(stores, Views(stores)),
        carrier,
        Way(limits, now),
    )
    recipients = Recipients(stores, carrier.ladder, fronts)
    pushing = Pushing(recipients, stores, limits.lifetime_ms)
    works: tuple[Work[Any], ...] = (pushing, Closing(stores))
    return Notifying(
        followers=[Follower(each, stores.followers) for each in works],
        dispatch=dispatch,
        recipients=recipients,
        stores=stores,
    )


def limits_of(settings: Settings) -> Limits:
    """When people are notified, as the operator set it."""
    return Limits(
        hold_ms=settings.push_hold_ms,
        gather_ms=settings.push_gather_ms,
        lifetime_ms=settings.push_lifetime_ms,
    )


class Notifying(Struct, frozen=True):
    """What follows messages and read marks to notify people, and what sends."""

    followers: list[Follower[Any]]
    dispatch: Dispatch
    recipients: Recipients
    stores: Stores

    def spawn(self, tasks: Tasks) -> None:
        """Let all of it run."""
        for follower, work in zip(self.followers, ("push", "read"), strict=True):
            tasks.spawn(f"follower {work}", follower.run())
        tasks.spawn("notifications", Dispatching(self.dispatch).run())
        tasks.spawn("notifications' figures", measure(self.stores))
        tasks.spawn("heads", self.stores.heads.run())  # those that were found behind their logs


@asynccontextmanager
async def _running(settings: Settings, tasks: Tasks) -> AsyncIterator[None]:
    stores = open_stores(settings, tasks)
    try:
        await stores.database.prepare()
    except Unavailable:
        raise StartError(
            "MongoDB does not answer, or is no replica set; `chatserver doctor` says more"
        ) from None
    health = Health(mongodb=stores.database)
    providers = Providers.open(settings)
    node = f"worker-{secrets.token_hex(4)}"
    board = PresenceBoard(settings.redis_url, node, space=settings.mongo_database)
    async with HealthPages(health).on_port(settings.host, settings.worker_port):
        for number, follower in enumerate(followers(stores)):
            tasks.spawn(f"follower {number}", follower.run())
        if providers is not None:
            notifying(settings, stores, board, providers).spawn(tasks)
        notify.ready()
        log.info("working")
        try:
            yield
        finally:
            notify.stopping()
            health.draining = True
            await tasks.stop()
            if providers is not None:
                await providers.close()
            await board.close()
            await stores.database.close()
            log.info("stopped")
