"""The page at `/` for whoever opens the server in a browser."""

from __future__ import annotations

from aiohttp import web

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>chatserver</title>
<style>
  :root { color-scheme: light dark; font: 1rem/1.6 system-ui, sans-serif }
  body { max-width: 40rem; margin: 12vh auto; padding: 0 1.25rem }
  code { padding: .1em .3em; border-radius: .3em; background: #8882 }
</style>
<h1>chatserver is running</h1>
<p>Chat clients connect here over Socket.IO. To chat from a terminal, type in the project's
folder:</p>
<p><code>.venv/bin/python -m chatclient --help</code></p>
<p>Operators: <a href="/readyz">ready?</a> · <a href="/healthz">alive?</a> ·
<a href="/metrics">figures</a></p>
</html>
"""
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
}


async def home(_request: web.Request) -> web.Response:
    """Say that the server runs and how to talk to it."""
    return web.Response(text=_PAGE, content_type="text/html", headers=_HEADERS)
