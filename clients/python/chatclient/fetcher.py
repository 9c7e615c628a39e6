"""Carries out what the state wants fetched; again after a refusal that passes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from chatclient.calls import Calls
from chatclient.effects import (
    Command,
    Effect,
    FetchChanges,
    FetchConversation,
    FetchHistory,
    FetchNames,
)
from chatclient.errors import ChatCallError, ChatDisconnected, ChatTimeout
from chatclient.pacing import Backoff
from chatclient.state import State
from chatclient.tasks import Tasks

logger = logging.getLogger("chatclient")
T = TypeVar("T")
Pause = Callable[[float], Awaitable[None]]
Fetch = FetchHistory | FetchChanges | FetchConversation | FetchNames
NEWER_LIMIT = 100
OLDER_LIMIT = 50
NAMES_LIMIT = 100
NAMES_GATHERED_S = 0.05  # what unknown people say meanwhile is asked about together


class Fetcher:
    """The answers to commands become effects, which `apply` gets."""

    def __init__(
        self,
        calls: Calls,
        state: State,
        apply: Callable[[list[Effect]], None],
        on_synced: Callable[[ChatCallError | None], None],
    ) -> None:
        """`on_synced` hears that a sync is done, or was refused for good."""
        self._calls = calls
        self._state = state
        self._apply = apply
        self._on_synced = on_synced
        self._tasks = Tasks()
        self._describing: set[str] = set()
        self._unnamed: dict[str, set[str]] = {}
        self._syncing = False
        self._sync_again = False
        self._called: asyncio.Event | None = None  # while a sync waits to be asked for again

    def do(self, command: Command) -> None:
        """Begin to carry out a command."""
        if isinstance(command, FetchHistory | FetchChanges):
            self._tasks.spawn(self._fetch(command), f"fetch {command.conversation}")
        elif isinstance(command, FetchConversation):
            self._describe(command)
        elif isinstance(command, FetchNames):
            self._name(command)
        elif self._called is not None:
            self._called.set()
        elif self._syncing:
            self._sync_again = True
        else:
            self._syncing = True
            self._tasks.spawn(self._sync(), "sync")

    def stop(self) -> None:
        """The connection is gone: nothing that was asked will be answered."""
        self._tasks.cancel()
        self._describing.clear()
        self._unnamed.clear()
        self._syncing = self._sync_again = False

    async def close(self) -> None:
        """End for good."""
        await self._tasks.close()

    def _describe(self, command: FetchConversation) -> None:
        if command.conversation not in self._describing:
            self._describing.add(command.conversation)
            self._tasks.spawn(self._fetch(command), f"describe {command.conversation}")

    def _name(self, command: FetchNames) -> None:
        if command.conversation not in self._unnamed:
            self._tasks.spawn(self._gather_names(command.conversation), "names")
        self._unnamed.setdefault(command.conversation, set()).update(command.users)

    async def _gather_names(self, conversation: str) -> None:
        await asyncio.sleep(NAMES_GATHERED_S)
        users = sorted(self._unnamed.pop(conversation, ()))
        for start in range(0, len(users), NAMES_LIMIT):
            await self._fetch(FetchNames(conversation, tuple(users[start : start + NAMES_LIMIT])))

    async def _fetch(self, command: Fetch) -> None:
        try:
            effects = await _persist(lambda: self._answer(command))
        except ChatDisconnected:
            return
        except ChatCallError as error:
            logger.warning("%s was refused: %s", command, error)
            self._state.on_fetch_failed(command)
            return
        finally:
            if isinstance(command, FetchConversation):
                self._describing.discard(command.conversation)
        self._apply(effects)

    async def _answer(self, command: Fetch) -> list[Effect]:
        calls, conversation = self._calls, command.conversation
        if isinstance(command, FetchConversation):
            await calls.get_conversation(conversation)  # which tells the state by itself
            return []
        if isinstance(command, FetchNames):
            people = await calls.list_members(conversation, users=command.users)
            return self._state.on_names(command, people)
        if isinstance(command, FetchChanges):
            changes = await calls.get_changes(conversation, command.after, NEWER_LIMIT)
            return self._state.on_changes(command, changes)
        limit = OLDER_LIMIT if command.before else NEWER_LIMIT
        page = await calls.get_history(
            conversation, before=command.before, after=command.after, limit=limit
        )
        return self._state.on_history(command, page)

    async def _sync(self) -> None:
        try:
            more = True
            pause: Pause = self._until_called
            while more:
                fields = self._state.begin_sync()
                page = await _persist(lambda: self._calls.get_sync(**fields), pause)  # noqa: B023
                self._apply(self._state.on_sync(page))
                more, pause = page.more, asyncio.sleep  # what is called for is another sync then
        except ChatDisconnected:
            return
        except ChatCallError as refused:
            self._state.on_sync_failed()
            self._on_synced(refused)
            return
        self._end_sync()

    async def _until_called(self, seconds: float) -> None:
        """Wait so long, or until the server has a turn for us."""
        if self._sync_again:  # we were called before we came to wait
            self._sync_again = False
            return
        self._called = asyncio.Event()
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._called.wait(), seconds)
        finally:
            self._called = None

    def _end_sync(self) -> None:
        self._syncing = False
        again, self._sync_again = self._sync_again, False
        if again:
            self._syncing = True
            self._tasks.spawn(self._sync(), "sync")
        else:
            self._on_synced(None)


async def _persist(ask: Callable[[], Awaitable[T]], pause: Pause = asyncio.sleep) -> T:
    """Ask until there is an answer, or a refusal for good; `pause` waits so many seconds."""
    backoff = Backoff(base=0.5, top=10.0)
    while True:
        try:
            return await ask()
        except ChatDisconnected:
            raise
        except ChatTimeout:
            wait = 0.0
        except ChatCallError as error:
            if not error.retryable:
                raise
            wait = (error.retry_after_ms or 0) / 1000
        await pause(max(wait, backoff.next()))
