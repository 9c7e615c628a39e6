"""A chat as the documentation of python-socketio writes it, on aiohttp, with no options.

python -m loadtest.rivals.stock PORT
"""

from __future__ import annotations

import sys
from typing import Any

import socketio
from aiohttp import web

BACKLOG = 4096  # as every rival here: a queue that overflows would measure the kernel's retries

sio = socketio.AsyncServer(async_mode="aiohttp")


@sio.event  # type: ignore[untyped-decorator]
async def connect(sid: str, _environ: dict[str, Any], auth: dict[str, Any]) -> None:
    """Join the rooms the client names."""
    for room in auth["rooms"]:
        await sio.enter_room(sid, room)


@sio.event  # type: ignore[untyped-decorator]
async def message(_sid: str, data: dict[str, Any]) -> None:
    """Pass a message on to its room."""
    await sio.emit("message", data, room=data["conversation"])


def main() -> None:
    """Serve until the process is ended."""
    app = web.Application()
    sio.attach(app)
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), backlog=BACKLOG, print=None)


if __name__ == "__main__":
    main()
