"""Plugs a node together, in start order; stopping is the reverse."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial

import structlog
from aiohttp import web
from msgspec import Struct

from chatserver import clock, collector, metrics, notify
from chatserver.api.demo import DemoLogin, DemoLogins
from chatserver.api.health import HealthPages
from chatserver.api.media.readings import MediaReadings
from chatserver.api.media.uploads import MediaUploads
from chatserver.api.pages import Pages
from chatserver.bus.live import Bus
from chatserver.bus.presence import PresenceBoard
from chatserver.config import Settings, StartError
from chatserver.errors import Unavailable
from chatserver.gateway.engine.sockets import push_all
from chatserver.gateway.hub import Hub
from chatserver.gateway.server import Gateway
from chatserver.providers.push.offer import offered
from chatserver.providers.web import Web
from chatserver.services.access import Access
from chatserver.services.answers import Answers
from chatserver.services.auth import Auth, Verifier
from chatserver.services.badges import Badges
from chatserver.services.cards import Cards
from chatserver.services.communities import Communities, load_rules
from chatserver.services.complaints import Complaints
from chatserver.services.contents import Contents
from chatserver.services.conversations import Conversations
from chatserver.services.cursors import Cursors
from chatserver.services.customers import Customers
from chatserver.services.delivery import Delivery
from chatserver.services.desk import Desk
from chatserver.services.devices import Devices
from chatserver.services.filters import Filters
from chatserver.services.health import Health
from chatserver.services.history import History
from chatserver.services.limits import Limits
from chatserver.services.media.media import open_media
from chatserver.services.messages import Messages
from chatserver.services.moderation import Moderation
from chatserver.services.notes import Notes
from chatserver.services.notices import Notices
from chatserver.services.overload import Overload
from chatserver.services.overview import Overview
from chatserver.services.presence import Presence
from chatserver.services.previews import Previews
from chatserver.services.profiles import Profiles
from chatserver.services.push import Push, Reach
from chatserver.services.rooms import Rooms
from chatserver.services.search import Search
from chatserver.services.seats import Seats
from chatserver.services.services import Services
from chatserver.services.shops import Shops
from chatserver.services.snippets import Snippets
from chatserver.services.sync import Sync
from chatserver.services.telling import Telling
from chatserver.services.typists import Typists
from chatserver.services.views import Views
from chatserver.sockets import BACKLOG, listening_sockets
from chatserver.store.log import Log
from chatserver.store.stores import Stores, open_stores
from chatserver.tasks import Tasks, until_signal
from chatserver.workers.sweeper import sweep_for_ever

LAG_EVERY_S = 0.2
PRESENCE_EVERY_S = 20.0
HEADS_WITHIN_S = 1.5

log = structlog.get_logger()


def serve(settings: Settings) -> int:
    """Run a node until SIGTERM or SIGINT; the exit status, 1 when a part of it died."""
    import uvloop

    collector.tune()
    return uvloop.run(until_signal(partial(_running, settings)))


def build_services(
    settings: Settings, stores: Stores, delivery: Delivery, board: PresenceBoard
) -> Services:
    """The services over these stores."""
    limits = Limits(settings)
    overload = Overload(settings)
    answers = Answers(stores)
    _count_what_is_sent(delivery, limits, answers)
    views = Views(stores)
    badges = Badges(views.badge, delivery.tell)
    telling = Telling(
        delivery, stores.cursors, answers, badges, read_together_ms=settings.read_together_ms
    )
    delivery.when_sent(telling.heard)
    delivery.when_sent(lambda _topic, sent: stores.heads.heard(sent.conversation, sent.seq))
    shops = Shops(board, stores.response_times)
    auth = Auth(Verifier(settings), stores.revocations, delivery)
    access = Access(stores, delivery)
    rooms = Rooms(stores, access, views, Notices(stores, telling, views), settings)
    profiles = Profiles(stores, delivery, limits)
    filters = Filters(stores, access, settings)
    previews = Previews(stores, limits, Web(), settings)
    complaints = Complaints(stores, access, limits, delivery)
    media = open_media(settings, stores, access, complaints, limits)
    contents = Contents(settings, filters, previews, complaints, media.attaching)
    messages = Messages(stores, access, limits, telling, contents)
    overview = Overview(stores, rooms, delivery)
    desk = Desk(stores, rooms, views, overview, settings)
    return Services(
        auth=auth,
        devices=Devices(stores.users, stores.devices, auth, delivery, settings),
        badges=badges,
        conversations=Conversations(stores, access, views, telling),
        rooms=rooms,
        desk=desk,
        overview=overview,
        notes=Notes(stores, rooms, views),
        snippets=Snippets(stores, delivery),
        customers=Customers(stores, profiles, overview, delivery, limits),
        seats=Seats(stores.memberships, delivery),
        messages=messages,
        cards=Cards(stores, access, messages),
        previews=previews,
        filters=filters,
        complaints=complaints,
        moderation=Moderation(complaints, messages, rooms),
        history=History(stores, access, settings),
        cursors=Cursors(stores, access, views, telling, limits),
        sync=Sync(stores, views, telling, settings),
        search=Search(stores, access, views, overview, limits),
        presence=Presence(
            shops, stores, delivery, overload, leaves_after_ms=settings.leaves_after_ms
        ),
        shops=shops,
        answers=answers,
        typists=Typists(access, telling, overload, settings),
        profiles=profiles,
        push=Push(stores, access, limits, _reach(settings)),
        communities=Communities(stores, profiles, rooms, load_rules(settings), desk.see_off),
        delivery=delivery,
        limits=limits,
        overload=overload,
        media=media,
    )


def _reach(settings: Settings) -> Reach:
    """What workers with the same push file can do."""
    offer = offered(settings)
    return Reach(offer.kinds, offer.web_key or None, offer.allow_private)


def _count_what_is_sent(delivery: Delivery, limits: Limits, answers: Answers) -> None:
    delivery.when_sent(lambda topic, sent: limits.heard(topic, sent, clock.now_ms()))
    delivery.when_sent(lambda topic, sent: answers.heard(topic, sent, clock.now_ms()))


async def _prepare(stores: Stores, services: Services) -> None:
    try:
        await stores.database.prepare()
        await services.auth.catch_up(clock.now_ms())
        await services.filters.catch_up()
    except Unavailable:
        raise StartError(
            "MongoDB does not answer, or is no replica set; `chatserver doctor` says more"
        ) from None


@asynccontextmanager
async def _running(settings: Settings, tasks: Tasks) -> AsyncIterator[None]:
    node = uuid.uuid4().hex[:12]
    logins = DemoLogins(settings, _demo_logins(settings))
    clients = [*Pages(settings).routes(), *logins.routes()]
    stores = open_stores(settings, tasks)
    # two installations may share one Redis, whose channels know no database number
    bus = Bus(settings.redis_url, node, space=settings.mongo_database)
    board = PresenceBoard(settings.redis_url, node, space=settings.mongo_database)
    hub = Hub(bus, push_all)
    delivery = Delivery(hub, bus)
    services = build_services(settings, stores, delivery, board)
    gateway = Gateway(settings, services, hub, tasks)
    health = Health(mongodb=stores.database, redis=bus)
    bus.listen(delivery.heard, gateway.resync_all)

    await _prepare(stores, services)
    _spawn_loops(tasks, stores, bus, services)
    _spawn_sweeper(tasks, services, settings)
    media = MediaUploads(services.auth, services.media.uploads, settings)
    clients += [*media.routes(), *MediaReadings(services.media.links).routes()]
    pages = HealthPages(health)
    async with pages.on_port(settings.host, settings.metrics_port):
        routes = [*pages.routes(figures=not settings.metrics_port), *clients]
        doors = await _listen(settings, gateway, routes)
        collector.settle()
        notify.ready()
        try:
            yield
        finally:
            try:
                async with asyncio.timeout(settings.drain_ms / 1000):
                    await _drain(health, doors, gateway, stores)
            except TimeoutError:
                log.warning("draining took too long; what was left is cut off")
            await tasks.stop()
            await services.media.workshop.close()
            await bus.close()
            await board.close()
            await stores.database.close()
            log.info("stopped")


def _spawn_loops(tasks: Tasks, stores: Stores, bus: Bus, services: Services) -> None:
    tasks.spawn("bus", bus.run())
    tasks.spawn("cursors", stores.cursors.run())
    tasks.spawn("heads", stores.heads.run())
    tasks.spawn("answers", services.answers.run())
    tasks.spawn("badges", services.badges.run())
    tasks.spawn("desk", services.overview.run())
    tasks.spawn("presence told", services.presence.run(clock.now_ms))
    tasks.spawn("presence kept", _refresh_presence(services.presence))
    tasks.spawn("revocations", services.auth.follow(clock.now_ms))
    tasks.spawn("filters", services.filters.follow())
    tasks.spawn("communities", services.communities.run(clock.now_ms))
    tasks.spawn("seats", services.seats.run())
    tasks.spawn("seats followed", services.seats.follow(clock.now_ms, lambda: bus.healthy))
    tasks.spawn("pressure", _observe_pressure(services.overload, stores.log))


def _spawn_sweeper(tasks: Tasks, services: Services, settings: Settings) -> None:
    if settings.media_sweep_ms:
        sweeping = sweep_for_ever(services.media.sweeping, settings.media_sweep_ms, clock.now_ms)
        tasks.spawn("media swept", sweeping)


class Doors(Struct, frozen=True):
    """Where clients come in: the listening sockets, and what serves HTTP behind them."""

    servers: list[asyncio.Server]
    runner: web.AppRunner


async def _listen(settings: Settings, gateway: Gateway, routes: list[web.RouteDef]) -> Doors:
    app = web.Application(client_max_size=settings.frame_bytes)
    app.on_response_prepare.append(gateway.allow_origin)
    app.router.add_routes(routes)
    gateway.attach(app)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    sockets = listening_sockets(settings.host, settings.port, reuse_port=settings.reuse_port)
    try:
        factory = gateway.eio.protocol_factory(runner)
    except OSError as error:
        reason = error.strerror or error
        raise StartError(f"CHAT_HANDOVER_DIR={settings.handover_dir}: {reason}") from None
    loop = asyncio.get_running_loop()
    servers = [await loop.create_server(factory, sock=each, backlog=BACKLOG) for each in sockets]
    log.info("listening", address="{}:{}".format(*sockets[0].getsockname()[:2]))
    return Doors(servers, runner)


def _demo_logins(settings: Settings) -> list[DemoLogin]:
    if not settings.demo_folder:
        return []
    from chatserver.dev.logins import logins  # no part of a server that people rely on

    return logins(settings)


async def _drain(health: Health, doors: Doors, gateway: Gateway, stores: Stores) -> None:
    """Not ready → accept nobody → tell everybody → finish what was begun → close."""
    log.info("draining")
    notify.stopping()
    health.draining = True
    for server in doors.servers:
        server.close()
    await gateway.drain()
    await stores.log.drain()
    with suppress(TimeoutError):  # heads not written are found again in the log
        async with asyncio.timeout(HEADS_WITHIN_S):
            await stores.heads.flush()
    await doors.runner.cleanup()


async def _observe_pressure(overload: Overload, appending: Log) -> None:
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + LAG_EVERY_S
        await asyncio.sleep(LAG_EVERY_S)
        lag_s = max(0.0, loop.time() - due)
        metrics.loop_lag.observe(lag_s)
        overload.observe(lag_s, appending.waiting)


async def _refresh_presence(presence: Presence) -> None:
    while True:
        await asyncio.sleep(PRESENCE_EVERY_S)
        await presence.refresh()
