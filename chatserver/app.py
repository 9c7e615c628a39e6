"""Plugs a node together, in start order; stopping is the reverse."""

from __future__ import annotations

import asyncio
import signal
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog
from aiohttp import web
from msgspec import Struct

from chatserver import clock, collector, metrics, notify
from chatserver.api.health import HealthPages
from chatserver.api.home import home
from chatserver.bus.live import Bus
from chatserver.bus.presence import PresenceBoard
from chatserver.config import Settings, StartError
from chatserver.domain.waiting import WaitingRoom
from chatserver.errors import Unavailable
from chatserver.gateway.hub import Hub
from chatserver.gateway.server import Gateway
from chatserver.services import conversations, cursors, messages, presence, rooms
from chatserver.services.access import Access
from chatserver.services.answers import Answers
from chatserver.services.auth import Auth, Verifier
from chatserver.services.conversations import Conversations
from chatserver.services.cursors import Cursors
from chatserver.services.delivery import Delivery
from chatserver.services.devices import Devices
from chatserver.services.health import Health
from chatserver.services.limits import Limits
from chatserver.services.messages import Messages
from chatserver.services.notices import Notices
from chatserver.services.overload import Overload
from chatserver.services.presence import Presence
from chatserver.services.rooms import Rooms
from chatserver.services.services import Services
from chatserver.services.shops import Shops
from chatserver.services.sync import Sync
from chatserver.services.telling import Telling
from chatserver.services.typists import Typists
from chatserver.services.views import Views
from chatserver.sockets import BACKLOG, listening_sockets
from chatserver.store.changes import Changes
from chatserver.store.conversations import Conversations as ConversationStore
from chatserver.store.cursors import Cursors as CursorStore
from chatserver.store.database import Database
from chatserver.store.devices import DeviceRecords
from chatserver.store.heads import Heads
from chatserver.store.log import Log
from chatserver.store.memberships import Memberships
from chatserver.store.messages import Messages as MessageStore
from chatserver.store.response_times import ResponseTimes
from chatserver.store.revocations import Revocations
from chatserver.store.rooms import Rooms as RoomStore
from chatserver.store.users import Users
from chatserver.tasks import Tasks

LAG_EVERY_S = 0.2
PRESENCE_EVERY_S = 20.0
HEADS_WITHIN_S = 1.5

log = structlog.get_logger()


class Kept(Struct, frozen=True, kw_only=True):
    """The stores of a node."""

    database: Database
    users: Users
    devices: DeviceRecords
    revocations: Revocations
    conversations: ConversationStore
    cursors: CursorStore
    rooms: RoomStore
    memberships: Memberships
    messages: MessageStore
    changes: Changes
    heads: Heads
    log: Log
    response_times: ResponseTimes


def serve(settings: Settings) -> int:
    """Run a node until SIGTERM or SIGINT; the exit status, 1 when a part of it died."""
    import uvloop

    collector.tune()
    return uvloop.run(_serve(settings))


def open_stores(settings: Settings, tasks: Tasks) -> Kept:
    """The stores behind the settings; nothing is asked of MongoDB yet."""
    database = Database(
        settings.mongo_url,
        settings.mongo_database,
        driver=settings.mongo_driver,
        pool=settings.mongo_pool_size,
        timeout_ms=settings.store_timeout_ms,
    )
    message_store = MessageStore(database)
    changes = Changes(database, message_store)
    cursor_store = CursorStore(database, flush_ms=settings.cursor_flush_ms)
    heads = Heads(database, message_store, changes, cursor_store)
    return Kept(
        database=database,
        users=Users(database),
        devices=DeviceRecords(database),
        revocations=Revocations(database),
        conversations=ConversationStore(database),
        cursors=cursor_store,
        rooms=RoomStore(database),
        memberships=Memberships(database),
        messages=message_store,
        changes=changes,
        heads=heads,
        log=Log(
            database,
            message_store,
            heads,
            tasks,
            places=WaitingRoom(
                settings.append_waiting_max, chatter_percent=settings.append_chatter_percent
            ),
            batch_max=settings.append_batch_max,
        ),
        response_times=ResponseTimes(database),
    )


def build_services(
    settings: Settings, kept: Kept, delivery: Delivery, board: PresenceBoard
) -> Services:
    """The services over these stores."""
    limits = Limits(settings)
    overload = Overload(settings)
    answers = Answers(kept.messages, kept.users, kept.response_times)
    delivery.when_sent(lambda topic, sent: limits.heard(topic, sent, clock.now_ms()))
    delivery.when_sent(lambda topic, sent: answers.heard(topic, sent, clock.now_ms()))
    telling = Telling(delivery, kept.cursors, answers, read_together_ms=settings.read_together_ms)
    shops = Shops(board, kept.response_times)
    views = Views(kept.conversations, kept.cursors, kept.heads, kept.messages, kept.users)
    auth = Auth(Verifier(settings), kept.revocations, delivery)
    access = Access(kept.conversations, kept.memberships, delivery)
    notices = Notices(kept.rooms, kept.users, kept.log, telling, views)
    return Services(
        auth=auth,
        devices=Devices(kept.users, kept.devices, auth, delivery, settings),
        conversations=Conversations(
            conversations.Stores(kept.conversations, kept.cursors, kept.users),
            access,
            views,
            telling,
        ),
        rooms=Rooms(
            rooms.Stores(kept.rooms, kept.memberships, kept.heads, kept.users),
            access,
            views,
            notices,
            settings,
        ),
        messages=_messages(settings, kept, access, limits, telling),
        cursors=Cursors(
            cursors.Stores(kept.cursors, kept.memberships, kept.messages),
            access,
            views,
            telling,
            limits,
        ),
        sync=Sync(views, kept.messages, kept.changes, telling, settings),
        presence=Presence(
            shops,
            presence.Stores(kept.conversations, kept.memberships),
            delivery,
            overload,
            leaves_after_ms=settings.leaves_after_ms,
        ),
        shops=shops,
        answers=answers,
        typists=Typists(access, telling, overload, settings),
        delivery=delivery,
        limits=limits,
        overload=overload,
    )


def _messages(
    settings: Settings, kept: Kept, access: Access, limits: Limits, telling: Telling
) -> Messages:
    stores = messages.Stores(
        kept.log,
        kept.messages,
        kept.changes,
        kept.heads,
        kept.cursors,
        kept.memberships,
        kept.users,
    )
    return Messages(stores, access, limits, telling, settings)


async def _serve(settings: Settings) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop.set)
    died: list[BaseException] = []

    def on_death(error: BaseException) -> None:
        died.append(error)
        stop.set()

    async with _running(settings, Tasks(on_death)):
        await stop.wait()
    return 1 if died else 0


async def _prepare(kept: Kept, services: Services) -> None:
    try:
        await kept.database.prepare()
        await services.auth.catch_up(clock.now_ms())
    except Unavailable:
        raise StartError(
            "MongoDB does not answer, or is no replica set; `chatserver doctor` says more"
        ) from None


@asynccontextmanager
async def _running(settings: Settings, tasks: Tasks) -> AsyncIterator[None]:
    node = uuid.uuid4().hex[:12]
    kept = open_stores(settings, tasks)
    # two installations may share one Redis, whose channels know no database number
    bus = Bus(settings.redis_url, node, space=settings.mongo_database)
    board = PresenceBoard(settings.redis_url, node, space=settings.mongo_database)
    hub = Hub(bus)
    delivery = Delivery(hub, bus)
    services = build_services(settings, kept, delivery, board)
    gateway = Gateway(settings, services, hub, tasks)
    health = Health(kept.database, bus)
    bus.listen(delivery.heard, gateway.resync_all)

    await _prepare(kept, services)
    _spawn_loops(tasks, kept, bus, services)
    tasks.spawn("presence", _refresh_presence(services.presence))
    pages = HealthPages(health)
    async with pages.on_port(settings.host, settings.metrics_port):
        doors = await _listen(settings, gateway, pages)
        collector.settle()
        notify.ready()
        try:
            yield
        finally:
            try:
                async with asyncio.timeout(settings.drain_ms / 1000):
                    await _drain(health, doors, gateway, kept)
            except TimeoutError:
                log.warning("draining took too long; what was left is cut off")
            await tasks.stop()
            await bus.close()
            await board.close()
            await kept.database.close()
            log.info("stopped")


def _spawn_loops(tasks: Tasks, kept: Kept, bus: Bus, services: Services) -> None:
    tasks.spawn("bus", bus.run())
    tasks.spawn("cursors", kept.cursors.run())
    tasks.spawn("heads", kept.heads.run())
    tasks.spawn("answers", services.answers.run())
    tasks.spawn("presence told", services.presence.run(clock.now_ms))
    tasks.spawn("revocations", services.auth.follow(clock.now_ms))
    tasks.spawn("pressure", _observe_pressure(services.overload, kept.log))


class Doors(Struct, frozen=True):
    """Where clients come in: the listening sockets, and what serves HTTP behind them."""

    servers: list[asyncio.Server]
    runner: web.AppRunner


async def _listen(settings: Settings, gateway: Gateway, pages: HealthPages) -> Doors:
    app = web.Application(client_max_size=settings.frame_bytes)
    app.on_response_prepare.append(gateway.allow_origin)
    app.router.add_get("/", home)
    app.router.add_routes(pages.routes(figures=not settings.metrics_port))
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


async def _drain(health: Health, doors: Doors, gateway: Gateway, kept: Kept) -> None:
    """Not ready → accept nobody → tell everybody → finish what was begun → close."""
    log.info("draining")
    notify.stopping()
    health.draining = True
    for server in doors.servers:
        server.close()
    await gateway.drain()
    await kept.log.drain()
    with suppress(TimeoutError):  # heads not written are found again in the log
        async with asyncio.timeout(HEADS_WITHIN_S):
            await kept.heads.flush()
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
