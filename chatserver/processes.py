"""Several nodes on one port: a parent that starts them, keeps them running and stops them.

A node runs on one core; a machine with more takes a process for each. All of them listen on the
same port and the kernel spreads the connections; one that reaches the wrong node is passed on in
a folder of the parent's. The parent serves nobody and knows nothing of chat: what the nodes share
is in MongoDB and Redis, as between machines.

    SIGTERM, SIGINT   all drain, the parent ends when they have ended
    SIGHUP            one after the other drains and is started again, with new code and settings
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
import time
from asyncio import StreamReaderProtocol
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from io import FileIO

import structlog
from msgspec.structs import replace

from chatserver import descriptors, leash, notify
from chatserver.config import PREFIX, Settings, StartError
from chatserver.sockets import held_port

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 10.0
STEADY_S = 30.0  # after this long it is not a failing start any more
MARGIN_S = 1.0  # on top of the time that a process gives itself for its drain

log = structlog.get_logger()


def run(settings: Settings, config: str | None = None) -> int:
    """Run `settings.processes` nodes until SIGTERM or SIGINT; the exit status.

    `config` is the file that the settings came from. When a node cannot start at first, the
    others are stopped; it has said why, and its exit status is this one's.

    Raises:
        StartError: the port cannot be had, or the folder for handovers cannot be made, or a node
            was killed before it served.
    """
    with (
        held_port(settings.host, settings.port, shared=settings.reuse_port) as port,
        _handover_folder(settings) as folder,
    ):
        shared = replace(settings, port=port, handover_dir=folder)
        patience_s = settings.drain_ms / 1000 + MARGIN_S
        workers = [
            Worker(number, _variables(shared, config, number), patience_s)
            for number in range(1, settings.processes + 1)
        ]
        return asyncio.run(Parent(workers).run())


class Worker:
    """The place of one node: a process has it, and after its end another one."""

    def __init__(self, number: int, variables: Mapping[str, str], patience_s: float) -> None:
        """`variables` come on top of this environment; a drain may take `patience_s`."""
        self.number = number
        self.ready = asyncio.Event()
        self._variables = variables
        self._patience_s = patience_s
        self._process: Process | None = None
        self._started_at = 0.0
        self._renewing = False

    @property
    def status(self) -> int:
        """How the process ended: its exit status, or the signal that killed it below zero."""
        return 0 if self._process is None else self._process.returncode or 0

    @property
    def how(self) -> str:
        """The same in words."""
        if self._process is None:
            return "could not be started"
        return f"killed by signal {-self.status}" if self.status < 0 else f"status {self.status}"

    async def start(self) -> bool:
        """Start a process and wait until it serves, or has ended; whether it serves."""
        self._started_at = time.monotonic()
        self._process = None
        reader, writer = _pipe()
        with reader:
            with writer:
                self._process = await self._spawn(writer.fileno())
            if await _first_byte(reader):
                self.ready.set()
                return True
        await self._process.wait()
        return False

    async def keep(self) -> None:
        """Start another process whenever one has ended; runs until cancelled."""
        pause_s = FIRST_PAUSE_S
        while True:
            if self._process is not None:
                await self._process.wait()
            self.ready.clear()
            if self._renewing:
                pause_s = FIRST_PAUSE_S
            else:
                if time.monotonic() - self._started_at > STEADY_S:
                    pause_s = FIRST_PAUSE_S
                log.warning(
                    "a process ended and is started again",
                    process=self.number,
                    how=self.how,
                    in_s=pause_s,
                )
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            await self._start_again()

    async def renew(self) -> None:
        """Let the process drain; returns when its successor serves, which `keep` starts."""
        self._renewing = True
        await self.end()
        self.ready.clear()
        await self.ready.wait()
        self._renewing = False

    async def end(self) -> bool:
        """Let the process drain and kill it when that takes too long; whether it ended well."""
        process = self._process
        if process is None or process.returncode is not None:
            return True
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(self._patience_s):
                status = await process.wait()
        except TimeoutError:
            log.warning("a process did not end in time and is killed", process=self.number)
            with suppress(ProcessLookupError):
                process.kill()
            status = await process.wait()
        return status in (0, -signal.SIGTERM)  # the signal ends one that had not begun yet

    async def _spawn(self, ready_fd: int) -> Process:
        environment = {**os.environ, **self._variables, notify.PARENT_PIPE: str(ready_fd)}
        environment.pop(notify.SYSTEMD, None)  # the parent speaks for all
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-IS", leash.__file__, str(os.getpid())),
            *(sys.executable, "-m", "chatserver", "serve"),
            env=environment,
            stdin=DEVNULL,
            pass_fds=(ready_fd,),
            start_new_session=True,  # Ctrl-C in the terminal is for the parent alone
        )

    async def _start_again(self) -> None:
        try:
            if await self.start():
                log.info("a process serves again", process=self.number)
        except OSError as error:  # such as too many processes; it may get better
            log.error("a process cannot be started", process=self.number, reason=str(error))


class Parent:
    """All workers of one port."""

    def __init__(self, workers: list[Worker]) -> None:
        """To be run once."""
        self._workers = workers
        self._renewal = asyncio.Event()

    async def run(self) -> int:
        """Until a signal ends it or a worker cannot start; the exit status."""
        work = asyncio.create_task(self._work())
        loop = asyncio.get_running_loop()
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(each, work.cancel)
        loop.add_signal_handler(signal.SIGHUP, self._renewal.set)
        await asyncio.wait({work})
        notify.stopping()
        well = await asyncio.gather(*(worker.end() for worker in self._workers))
        if not work.cancelled():
            return work.result()
        log.info("all processes have ended")
        return 0 if all(well) else 1

    async def _work(self) -> int:
        """Runs until cancelled; otherwise the exit status of a worker that could not start."""
        # What is wrong with the settings or the databases the first one says, alone.
        for group in (self._workers[:1], self._workers[1:]):
            for failed in await _start(group):
                return _blame(failed)
        log.info("all processes serve", processes=len(self._workers))
        notify.ready()
        async with asyncio.TaskGroup() as tasks:
            for worker in self._workers:
                tasks.create_task(worker.keep())
            tasks.create_task(self._renew_on_request())
        return 0

    async def _renew_on_request(self) -> None:
        while True:
            await self._renewal.wait()
            self._renewal.clear()
            log.info("starting one process after the other again")
            for worker in self._workers:
                await worker.renew()
            log.info("all processes are new")


async def _start(workers: list[Worker]) -> list[Worker]:
    """Start them at once; those that ended before they served."""
    try:
        served = await asyncio.gather(*(worker.start() for worker in workers))
    except OSError as error:
        raise StartError(f"a process cannot be started: {error.strerror}") from None
    return [worker for worker, serves in zip(workers, served, strict=True) if not serves]


def _blame(failed: Worker) -> int:
    if failed.status > 0:
        return failed.status  # it has said why
    raise StartError(f"process {failed.number} ended before it served ({failed.how})")


def _pipe() -> tuple[FileIO, FileIO]:
    reader, writer = os.pipe()
    return FileIO(reader, "r"), FileIO(writer, "w")


async def _first_byte(pipe: FileIO) -> bool:
    """Wait until something is written, or nobody is left who could write."""
    stream = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(lambda: StreamReaderProtocol(stream), pipe)
    try:
        return bool(await stream.read(1))
    finally:
        transport.close()


@contextmanager
def _handover_folder(settings: Settings) -> Iterator[str]:
    """The folder of the settings, or one that only this user can enter; it goes at the end."""
    if settings.handover_dir:
        yield settings.handover_dir
        return
    try:
        made = tempfile.TemporaryDirectory(prefix="chatserver-")
    except OSError as error:
        raise StartError(f"a temporary folder cannot be made: {error.strerror}") from None
    with made as folder:
        yield folder


def _variables(settings: Settings, config: str | None, number: int) -> dict[str, str]:
    """What a worker's environment says besides the parent's; it is stronger than the file."""
    values = {
        "host": settings.host,
        "port": settings.port,
        "processes": 1,
        "reuse_port": 1,
        "handover_dir": settings.handover_dir,
        "metrics_port": settings.metrics_port and settings.metrics_port + number - 1,
        # not more than the system allows: the parent has already said so where it is fewer
        "connections_max": descriptors.connections_max(settings),
    }
    if config:
        values["config"] = os.path.abspath(config)
    return {PREFIX + name.upper(): str(value) for name, value in values.items()}
