"""What the product is compared with: a file handler of aiohttp that only writes and reads files.

python -m loadtest.bench.media.bare PORT
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import uvloop
from aiohttp import web

PART_BYTES = 2**18


def main() -> None:
    """Serve until killed."""
    with tempfile.TemporaryDirectory(prefix="chatserver-bench-") as folder:
        app = web.Application()
        app["folder"] = Path(folder)
        app.router.add_put("/{name}", _take)
        app.router.add_get("/{name}", _give)
        web.run_app(
            app, host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None,
            loop=uvloop.new_event_loop(),
        )  # fmt: skip


def _file(request: web.Request) -> Path:
    folder: Path = request.app["folder"]
    return folder / request.match_info["name"]


async def _take(request: web.Request) -> web.Response:
    with _file(request).open("wb") as file:
        while part := await request.content.read(PART_BYTES):
            file.write(part)
    return web.Response(status=201)


async def _give(request: web.Request) -> web.FileResponse:
    return web.FileResponse(_file(request))


if __name__ == "__main__":
    main()
