"""Whether this node lives, whether it can serve, and its figures."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from chatserver import metrics
from chatserver.services.health import Health
from chatserver.sockets import BACKLOG, listening_sockets


class HealthPages:
    """`/healthz`, `/readyz` and `/metrics`."""

    def __init__(self, health: Health) -> None:
        self._health = health

    def routes(self, *, figures: bool = True) -> list[web.RouteDef]:
        """The routes of these pages; without `figures` no `/metrics`, which has a port then."""
        pages = [web.get("/healthz", self.alive), web.get("/readyz", self.ready)]
        return [*pages, web.get("/metrics", self.figures)] if figures else pages

    @asynccontextmanager
    async def on_port(self, host: str, port: int) -> AsyncIterator[None]:
        """Meanwhile these pages are on a port of their own too; with port 0 they are not.

        On a port that processes share each request meets any of them, so whoever gathers figures
        needs a port for each.

        Raises:
            StartError: the port cannot be had.
        """
        if not port:
            yield
            return
        app = web.Application()
        app.router.add_routes(self.routes())
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        try:
            for each in listening_sockets(host, port, reuse_port=False):
                await web.SockSite(runner, each, backlog=BACKLOG).start()
            yield
        finally:
            await runner.cleanup()

    async def alive(self, _request: web.Request) -> web.Response:
        """200 as long as the process answers, with its id."""
        return web.json_response({"alive": True, "pid": os.getpid()})

    async def ready(self, _request: web.Request) -> web.Response:
        """200 when the databases answer and the node is not going down, else 503 with reasons."""
        state = await self._health.check()
        return web.json_response(state, status=200 if state["ready"] else 503)

    async def figures(self, _request: web.Request) -> web.Response:
        """All figures, in Prometheus' text format."""
        return web.Response(
            body=metrics.render(), headers={"Content-Type": "text/plain; version=0.0.4"}
        )
