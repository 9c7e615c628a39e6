"""`chatserver dev`: everything on one machine, in the foreground, until Ctrl-C."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from msgspec import structs
from rich.console import Console

from chatserver import logs
from chatserver.api.pages import BUILT
from chatserver.api.policy import START
from chatserver.config import PREFIX, Settings, SettingsError, load
from chatserver.dev import demo as shop
from chatserver.dev import ports, servers, story
from chatserver.dev.errors import DevError
from chatserver.dev.folder import DEFAULT, DataFolder
from chatserver.dev.leftovers import stop_leftovers
from chatserver.dev.node import node, worker
from chatserver.dev.process import Child, Program
from chatserver.dev.supervisor import Supervisor
from chatserver.store.vault import MasterKeys

SHOWN_LOGINS = 2
_NO_DEMO = {"demo_folder": ""}
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


async def run(port: int = 8080, data: Path = DEFAULT, nodes: int = 1, demo: bool = True) -> int:
    """Run until Ctrl-C or SIGTERM; returns the exit status.

    Nodes listen on `port`, `port` + 1, …; port 0 takes free ones.
    """
    console = Console(highlight=False, soft_wrap=True, markup=False, emoji=False)
    try:
        settings = load()
        folder = DataFolder(data)
        with folder.held():
            first = port or ports.pick(nodes)
            for each in range(first, first + nodes):
                ports.require_free(settings.host, each)
            await _Session(folder, settings, console.print).run(first, nodes, demo)
    except (DevError, SettingsError) as error:
        console.print(f"chatserver dev: {error}.", style="red")
        return 1
    return 0


class _Session:
    """One run of the command on a data folder that it holds."""

    def __init__(self, folder: DataFolder, settings: Settings, say: Callable[[str], None]) -> None:
        self._folder = folder
        self._settings = settings
        self._say = say
        self._supervisor = Supervisor(folder, say)
        self._ending = False

    async def run(self, port: int, nodes: int, demo: bool) -> None:
        for name in stop_leftovers(self._folder):
            self._say(f"{name} was left over from an earlier run; stopped it")
        self._end_on_signals()
        try:
            await self._serve(port, nodes, demo)
        except asyncio.CancelledError:
            self._say("Stopping; Ctrl-C again ends everything at once.")
        finally:
            self._ending = True
            await self._supervisor.stop()

    def _end_on_signals(self) -> None:
        loop, work = asyncio.get_running_loop(), asyncio.current_task()
        for number in STOP_SIGNALS:
            loop.add_signal_handler(number, self._end, work)

    def _end(self, work: asyncio.Task[Any] | None) -> None:
        if self._ending or work is None:
            self._supervisor.kill()
        else:
            self._ending = True
            work.cancel()

    async def _serve(self, port: int, nodes: int, demo: bool) -> None:
        began = time.monotonic()
        settings = await self._start_databases(self._of_the_demo() if demo else _NO_DEMO)
        children: list[Child] = []
        helpers: list[Child] = []

        def start_nodes() -> None:
            helpers.append(self._launch(worker(self._folder, settings, ports.pick())))
            for number in range(nodes):
                program = node(self._folder, settings, number + 1, port + number)
                children.append(self._launch(program))

        logs.setup(structs.replace(settings, log_level="warning"))  # nodes have log files
        if demo:  # most of it is made while the nodes start
            await shop.seed(settings, enrolled=start_nodes)
        else:
            start_nodes()
        await self._ready([*children, *helpers])
        self._say(f"Ready in {time.monotonic() - began:.1f} s. Stop with Ctrl-C.")
        self._announce(children, demo)
        await self._supervisor.watch()

    def _of_the_demo(self) -> dict[str, Any]:
        return {
            **communities(self._settings),
            **shop_names(self._settings),
            "demo_folder": str(self._folder.path),
        }

    async def _start_databases(self, more: dict[str, Any]) -> Settings:
        """Start those that no setting names; the settings with both addresses and `more`."""
        given = self._settings.data_keys
        MasterKeys(given)  # refuses one that is none before the folder keeps it
        found: dict[str, Any] = {
            **more,
            "jwt_key": self._folder.key(self._settings.jwt_key),
            "data_keys": self._folder.data_keys(given),
            **self._push(),
        }
        children = []
        for name, make in (("redis_url", servers.valkey), ("mongo_url", servers.mongod)):
            if _is_given(self._settings, name):
                self._say(f"{PREFIX}{name.upper()} is set; using that server")
            else:
                children.append(self._launch(make(self._folder)))
                found[name] = children[-1].program.url
        await self._ready(children)
        return load(**found)

    def _push(self) -> dict[str, Any]:
        """The setting by which browsers are notified; nothing where there is one."""
        name = "push_file"
        given = _is_given(self._settings, name)
        return {} if given else {name: str(self._folder.push_file())}

    def _launch(self, program: Program) -> Child:
        return self._supervisor.launch(program)

    async def _ready(self, children: list[Child]) -> None:
        for child in children:
            took_s = await self._supervisor.keep(child)
            self._say(f"{child.program.title} ready in {took_s:.1f} s")

    def _announce(self, children: list[Child], demo: bool) -> None:
        self._say("")
        for child in children:
            self._say(f"  {child.program.url}")
        self._say(f"  data and logs in {_short(self._folder.path)}")
        if demo:
            rooms = shop.rooms(communities=bool(communities(self._settings)))
            lines = _people_lines() + _room_lines(rooms)
            url = children[0].program.url
            for line in lines + _login_lines(url, self._folder.path) + _page_lines(url):
                self._say(line)


def communities(settings: Settings) -> dict[str, Any]:
    """The setting by which the demo shop's communities form; nothing where there is one."""
    name = "communities_file"
    return {} if _is_given(settings, name) else {name: str(shop.RULES)}


def shop_names(settings: Settings) -> dict[str, Any]:
    """The setting by which the demo shop has a name; nothing where there is one."""
    name = "shop_names"
    return {} if _is_given(settings, name) else {name: (f"{story.SHOP}={story.SHOP_NAME}",)}


def _is_given(settings: Settings, name: str) -> bool:
    # A value in the environment that equals the default is meant as well.
    return PREFIX + name.upper() in os.environ or getattr(settings, name) != getattr(
        Settings(), name
    )


def _people_lines() -> list[str]:
    people = shop.people()
    width = max(len(each.user) for each in people)
    lines = [f"  {each.user:{width}}  {each.name}, {each.role}: {each.about}" for each in people]
    return ["", "People of the demo shop:", *lines]


def _room_lines(rooms: Iterable[shop.Room]) -> list[str]:
    """Who shares a room with whom, so that it is looked for in the right list."""
    lines = [f"  {room.about}: {', '.join(room.people)}" for room in rooms]
    return ["", "Rooms of the demo shop:", *lines]


def _login_lines(url: str, data: Path) -> list[str]:
    """Commands to copy for the first of the people."""
    lines = [f"  {_chat_command(url, each, data)}" for each in shop.people()[:SHOWN_LOGINS]]
    return ["", "Chat as one of them, in another terminal:", *lines]


def _page_lines(url: str) -> list[str]:
    """Where a browser finds them all."""
    if not (BUILT / "demo.html").is_file():
        return ["", "The pages for browsers are not built; `make pages` does that."]
    return ["", f"Or open {url}{START} in a browser and be any of them there."]


def _chat_command(url: str, login: shop.Login, data: Path) -> str:
    python = Path(sys.executable)
    server = python.with_name("chatserver")
    token = f"{_word(server)} token {login.user} --data {_word(data)}"
    return f'{_word(python)} -m chatclient --url {url} --token "$({token})"'


def _word(path: Path) -> str:
    return shlex.quote(_short(path))


def _short(path: Path) -> str:
    """Relative where it lies below the current folder."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
