"""The workers of a node: started when there is work, killed when they take too long."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress

import msgspec
import structlog

from chatserver import metrics
from chatserver.config import Settings
from chatserver.errors import Busy, ChatError, TooLarge, Unreadable, WrongType
from chatserver.providers.media.jobs import DAMAGED, Answer, Found, Job, Refused

ANSWER_MAX = 2**20  # bytes
RETRY_MS = 2000

_ERRORS: dict[Refused, type[ChatError]] = {
    "wrong_type": WrongType, "unreadable": Unreadable, "too_large": TooLarge, "no_room": Busy,
}  # fmt: skip

log = structlog.get_logger()


class Workshop:
    """Hands files to workers, one each; some may wait for a free one."""

    def __init__(self, settings: Settings) -> None:
        """Nothing is started yet."""
        self._free = asyncio.Semaphore(settings.media_workers)
        self._waiting_max = settings.media_waiting_max
        self._within_s = settings.media_work_ms / 1000
        self._memory = settings.media_work_bytes
        self._idle: list[Process] = []
        self._all: set[Process] = set()
        self._waiting = 0
        self._closed = False

    async def examine(self, job: Job) -> Found:
        """What is in a file.

        Raises:
            WrongType, Unreadable, TooLarge: it is not accepted.
            Busy: too many wait already, or there is no room on the disk; later it may be accepted.
        """
        if self._closed or self._waiting >= self._waiting_max:
            raise Busy(retry_after_ms=RETRY_MS)
        self._waiting += 1
        try:
            await self._free.acquire()
        finally:
            self._waiting -= 1
        try:
            with metrics.media_seconds.labels(kind=job.kind).time():
                answer = await self._ask(job)
        finally:
            self._free.release()
        if answer.refusal is not None:
            raise _ERRORS[answer.refusal.code](answer.refusal.message)
        if answer.found is None:
            raise Unreadable
        return answer.found

    async def close(self) -> None:
        """Kill the workers; what they were at is not answered."""
        self._closed = True
        for worker in list(self._all):
            await self._end(worker)

    async def _ask(self, job: Job) -> Answer:
        worker = self._idle.pop() if self._idle else await self._start()
        try:
            async with asyncio.timeout(self._within_s):
                answer = await _exchange(worker, job)
        except TimeoutError:
            await self._end(worker)
            raise Unreadable("Looking into the file takes too long") from None
        except (EOFError, OSError, ValueError, msgspec.DecodeError):
            log.warning("a file ended the process that looked into it", kind=job.kind)
            await self._end(worker)
            raise Unreadable(DAMAGED) from None
        except BaseException:
            await self._end(worker)
            raise
        self._idle.append(worker)
        return answer

    async def _start(self) -> Process:
        module = "chatserver.providers.media.worker"
        worker = await asyncio.create_subprocess_exec(
            sys.executable, "-m", module, str(self._memory),
            stdin=PIPE, stdout=PIPE, stderr=DEVNULL, limit=ANSWER_MAX, start_new_session=True,
        )  # fmt: skip
        self._all.add(worker)
        return worker

    async def _end(self, worker: Process) -> None:
        self._all.discard(worker)
        with suppress(ValueError):
            self._idle.remove(worker)
        with suppress(ProcessLookupError):
            worker.kill()
        if worker.stdin is not None:
            worker.stdin.close()
        await worker.wait()


async def _exchange(worker: Process, job: Job) -> Answer:
    if worker.stdin is None or worker.stdout is None:
        raise EOFError
    worker.stdin.write(msgspec.json.encode(job) + b"\n")
    await worker.stdin.drain()
    line = await worker.stdout.readline()
    if not line.endswith(b"\n"):
        raise EOFError
    return msgspec.json.decode(line, type=Answer)
