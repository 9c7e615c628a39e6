"""Browsers that are notified: their subscriptions lead to a push service of the tests, and what it
gets is handed to the page's own service worker, as a browser does it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from msgspec import Struct
from playwright.async_api import BrowserContext, CDPSession, Page, Worker

from loadtest.faults.people import eventually
from loadtest.push.base import Arrived, Reply, Seen
from loadtest.push.web import WebService

# Chromium would ask a push service on the internet; all the rest of Web Push is as it is.
_SUBSCRIBES = """({ endpoint, keys }) => {
    const KEPT = "test-subscription"
    const made = (bytes) => ({
        endpoint,
        options: { userVisibleOnly: true, applicationServerKey: new Uint8Array(bytes).buffer },
        toJSON: () => ({ endpoint, keys, expirationTime: null }),
        unsubscribe: async () => {
            localStorage.removeItem(KEPT)
            return true
        },
    })
    PushManager.prototype.getSubscription = async () => {
        const kept = localStorage.getItem(KEPT)
        return kept && made(JSON.parse(kept))
    }
    PushManager.prototype.subscribe = async ({ applicationServerKey: key, userVisibleOnly }) => {
        if (Notification.permission !== "granted" || !userVisibleOnly) {
            throw new DOMException("Registration failed - permission denied", "NotAllowedError")
        }
        localStorage.setItem(KEPT, JSON.stringify([...key]))
        return made(key)
    }
}"""

# a shop's app opens its pages so
_LOGS_IN = """(token) => {
    if (location.protocol === "http:") sessionStorage.setItem("chatserver-token", token)
}"""

_FILE = """[[provider]]
kind = "web"
key = {{file = {key}}}
subject = {subject}
allow_private = true

[ladder]
chat = [{{channel = "push", after_s = 0}}]
"""

# What the worker has done with. While it shows something nobody may ask what is shown: Chromium
# forgets it then.
_FOLLOW = """() => {
    if (self.handled) return
    self.handled = []
    navigator.setAppBadge = async (count) => { self.badge = count } // there is no icon here
    const { waitUntil } = ExtendableEvent.prototype
    ExtendableEvent.prototype.waitUntil = function (work) {
        work.finally(() => handled.push(this.type))
        return waitUntil.call(this, work)
    }
}"""

_NOTICES = """async () => {
    const registration = globalThis.registration ?? await navigator.serviceWorker.ready
    const shown = await registration.getNotifications()
    return shown.map(({ title, body, tag, silent }) => ({ title, body, tag, silent }))
}"""

# Nobody can click in a browser without a screen, and without a click no window may open.
_CLICK = """async (tag) => {
    const [notification] = await registration.getNotifications({ tag })
    const event = new NotificationEvent("notificationclick", { notification })
    event.waitUntil = (work) => { event.work = work }
    let address = null
    clients.openWindow = async (url) => { address = url }
    dispatchEvent(event)
    await event.work
    return address
}"""


class Notice(Struct, frozen=True):
    """A notification as it is shown."""

    title: str
    body: str
    tag: str
    silent: bool = False


class PushService(WebService):
    """Keeps what is pushed as the browser reads it, by subscription."""

    def __init__(self) -> None:
        super().__init__()
        self.payloads: dict[str, list[str]] = {}

    def take(self, seen: Seen) -> tuple[Arrived, Reply]:
        """Check a push, and keep what is in it."""
        arrived, reply = super().take(seen)
        content = self.browser.decrypt(seen.body).decode()
        self.payloads.setdefault(arrived.token, []).append(content)
        return arrived, reply

    def file(self, folder: Path) -> Path:
        """A push file that names this service alone, and waits for nothing."""
        config = self.config(folder)
        key = config["key"]["file"]
        path = folder / "push.toml"
        path.write_text(_FILE.format(key=json.dumps(key), subject=json.dumps(config["subject"])))
        return path


class Notified:
    """One browser of one person, with everything that is shown outside of its pages."""

    def __init__(self, context: BrowserContext, service: PushService, name: str) -> None:
        """`name` is the subscription's, and nobody else's."""
        self.context = context
        self._service = service
        self._endpoint = service.token(name)
        self._line: tuple[CDPSession, str] | None = None

    async def prepare(self, token: str) -> None:
        """Every page is this person's from now on, who says yes when the browser asks."""
        keys = self._service.browser.keys
        given = {"endpoint": self._endpoint, "keys": {"p256dh": keys.p256dh, "auth": keys.auth}}
        await self.context.add_init_script(f"({_SUBSCRIBES})({json.dumps(given)})")
        await self.context.add_init_script(f"({_LOGS_IN})({json.dumps(token)})")
        await self.context.grant_permissions(["notifications"])

    @property
    def payloads(self) -> list[str]:
        """All that was pushed here."""
        return self._service.payloads.get(self._endpoint, [])

    async def pushed(self, count: int = 1) -> dict[str, Any]:
        """Wait until so many notifications were pushed in all; the last one, as it was sent."""
        await eventually(lambda: len(self.payloads) >= count, f"{count} were pushed")
        assert len(self.payloads) == count
        told: dict[str, Any] = json.loads(self.payloads[-1])
        return told

    async def deliver(self, payload: object) -> None:
        """The push service reaches the browser; every page may be closed."""
        text = payload if isinstance(payload, str) else json.dumps(payload)
        tools, registration = self._line or await self._connect()
        worker = await self.worker()
        origin = worker.url.removesuffix("/sw.js")
        pushed = {"origin": origin, "registrationId": registration, "data": text}
        await self.follow()
        before = await self.handled("push")
        await tools.send("ServiceWorker.deliverPushMessage", pushed)

        async def is_handled() -> bool:
            return await self.handled("push") > before

        await eventually(is_handled, "the worker took it")

    async def _connect(self) -> tuple[CDPSession, str]:
        """A line to the browser, through an empty page that stays, and its id of the worker."""
        tools = await self.context.new_cdp_session(await self.context.new_page())
        known: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def learn(told: dict[str, Any]) -> None:
            for each in told["registrations"]:
                if not each["isDeleted"] and not known.done():
                    known.set_result(each["registrationId"])

        tools.on("ServiceWorker.workerRegistrationUpdated", learn)
        await tools.send("ServiceWorker.enable")
        self._line = tools, await known
        return self._line

    async def follow(self) -> None:
        """Know from now on what the worker has done with."""
        await (await self.worker()).evaluate(_FOLLOW)

    async def handled(self, kind: str) -> int:
        """How many events of a kind it has done with, since it is followed."""
        worker = await self.worker()
        count: int = await worker.evaluate(
            "(kind) => handled.filter((t) => t === kind).length", kind
        )
        return count

    async def badge(self) -> int | None:
        """What stands on the icon of the app, since the worker is followed."""
        count: int | None = await (await self.worker()).evaluate("self.badge")
        return count

    async def worker(self) -> Worker:
        """The service worker."""
        await eventually(lambda: bool(self.context.service_workers), "there is a worker")
        return self.context.service_workers[0]

    async def shown(self) -> list[Notice]:
        """The notifications that are shown, while none is being shown or closed."""
        worker = await self.worker()
        return [Notice(**each) for each in await worker.evaluate(_NOTICES)]

    async def click(self, tag: str) -> str | None:
        """The person clicks the notification of a conversation; the address that opens, if no page
        was open that shows it."""
        address: str | None = await (await self.worker()).evaluate(_CLICK, tag)
        return address

    async def page(self, path: str = "/") -> Page:
        """A page of this browser."""
        page = await self.context.new_page()
        await page.goto(path)
        return page
