"""Whether this node lives, whether it can serve, and its figures."""

from __future__ import annotations

from aiohttp import web

from chatserver import metrics
from chatserver.services.health import Health


class HealthPages:
    """`/healthz`, `/readyz` and `/metrics`."""

    def __init__(self, health: Health) -> None:
        self._health = health

    def routes(self) -> list[web.RouteDef]:
        """The routes of these pages."""
        return [
            web.get("/healthz", self.alive),
            web.get("/readyz", self.ready),
            web.get("/metrics", self.figures),
        ]

    async def alive(self, _request: web.Request) -> web.Response:
        """200 as long as the process answers."""
        return web.json_response({"alive": True})

    async def ready(self, _request: web.Request) -> web.Response:
        """200 when the databases answer and the node is not going down, else 503 with reasons."""
        state = await self._health.check()
        return web.json_response(state, status=200 if state["ready"] else 503)

    async def figures(self, _request: web.Request) -> web.Response:
        """All figures, in Prometheus' text format."""
        return web.Response(
            body=metrics.render(), headers={"Content-Type": "text/plain; version=0.0.4"}
        )
