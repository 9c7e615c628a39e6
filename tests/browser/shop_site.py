"""A shop's own site with the widget on its pages, of another origin and site than the server.

Its styles are the worst of neighbours, and its own security policy is strict.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlencode

from aiohttp import web

from loadtest.faults.people import token

SHOP = "bottles"  # whose customers come here
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Bottles</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/shop.css">
<script src="/shop.js"></script>
<script src="{server}/widget.js" defer></script>
</head>
<body><h1>Bottles</h1><p>From birth on.</p><button>Buy</button></body>
</html>
"""
STYLE = """
* { font-size: 40px !important; color: red !important; }
body *, chat-widget, iframe { transform: rotate(9deg) !important; position: static !important; }
button, iframe, span, svg { visibility: hidden !important; opacity: 0 !important; }
html > * { z-index: -1 !important; pointer-events: none !important; }
"""
SCRIPT = """
const asked = new URLSearchParams(location.search)
window.chatSettings = {
  ...JSON.parse(asked.get("settings") ?? "{}"),
  token: async () => (await fetch("/chat-token" + location.search)).text(),
}
"""


class ShopSite:
    """Serves one page, under any path."""

    def __init__(self) -> None:
        """Not open yet."""
        self.origin = ""

    @asynccontextmanager
    async def open(self) -> AsyncIterator[ShopSite]:
        """Meanwhile it is there, under a name that is another site than the server's address."""
        app = web.Application()
        app.router.add_get("/shop.css", _style)
        app.router.add_get("/shop.js", _script)
        app.router.add_get("/chat-token", _token)
        app.router.add_get("/{path:.*}", _page)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self.origin = f"http://localhost:{runner.addresses[0][1]}"
            yield self
        finally:
            await runner.cleanup()

    def page(self, server: str, user: str, path: str = "/bottles", settings: str = "{}") -> str:
        """The address of a page with the chat of a server, for a customer who is logged in."""
        asked = {"server": server, "user": user, "settings": settings}
        return f"{self.origin}{path}?{urlencode(asked)}"


async def _style(_request: web.Request) -> web.Response:
    return web.Response(text=STYLE, content_type="text/css")


async def _script(_request: web.Request) -> web.Response:
    return web.Response(text=SCRIPT, content_type="text/javascript")


async def _page(request: web.Request) -> web.Response:
    server = request.query["server"]
    policy = f"default-src 'self'; script-src 'self' {server}; frame-src {server}; img-src data:"
    headers = {"Content-Security-Policy": policy}
    return web.Response(text=PAGE.format(server=server), content_type="text/html", headers=headers)


async def _token(request: web.Request) -> web.Response:
    """The shop knows who is logged in; here the address says it."""
    return web.Response(text=token(request.query["user"], shop=SHOP))
