"""Run by the tests: holds the folder argv[1], keeps Valkey running, reports line by line."""

import asyncio
import sys
from pathlib import Path

from chatserver.dev import servers
from chatserver.dev.folder import DataFolder
from chatserver.dev.leftovers import stop_leftovers
from chatserver.dev.supervisor import Supervisor


def say(line: str) -> None:
    print(line, flush=True)


async def main() -> None:
    folder = DataFolder(Path(sys.argv[1]))
    with folder.held():
        say(f"left over: {stop_leftovers(folder)}")
        supervisor = Supervisor(folder, say)
        valkey = supervisor.launch(servers.valkey(folder))
        await supervisor.keep(valkey)
        say(f"pid {valkey.pid}")
        await supervisor.watch()


asyncio.run(main())
