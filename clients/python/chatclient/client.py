"""The client: a connection that comes back, a state that converges, an outbox that keeps."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from chatclient.calls import Calls
from chatclient.connection import Connection, TokenSource
from chatclient.conversation import Conversation
from chatclient.effects import Effect, SyncAgain
from chatclient.errors import (
    ChatCallError,
    ChatClientError,
    ChatDisconnected,
    ChatStopped,
    ChatTimeout,
)
from chatclient.events import ChatEvent, ConnectionChanged, PendingChanged, Phase
from chatclient.feed import Callback, Feed, deliver
from chatclient.fetcher import Fetcher
from chatclient.known import Known
from chatclient.media import MediaSide
from chatclient.model import ConversationView, Device, Draft, Ready, Sent
from chatclient.outbox import Outbox, Pending, new_client_id
from chatclient.sender import Sender
from chatclient.state import State
from chatclient.tasks import Tasks

logger = logging.getLogger("chatclient")
WATCHED_PER_CALL = 200


class ChatClient(Known, Calls, MediaSide):
    """One device of one person. Use it as `async with ChatClient(url, token=…, device=…)`.

    `conversations`, `badge` and `presence` are what the server has told, kept up to date; events
    say when something moved. All of it belongs to one event loop.
    """

    def __init__(
        self,
        url: str,
        *,
        token: TokenSource,
        device: Device,
        outbox: Path | None = None,
        timeout: float = 10.0,
    ) -> None:
        """`token` is one, or a function that gets one; `outbox` a file for unsent messages;
        `timeout` how many seconds an answer may take."""
        self.url = url
        self.device = device
        self.phase = ConnectionChanged("connecting")
        self._timeout = timeout
        Known.__init__(self, State(), Outbox(outbox))
        self._connection = Connection(url, token, device, self, timeout)
        self._fetcher = Fetcher(self, self._state, self._apply, self._on_synced)
        self._sender = Sender(self, self._state, self._outbox, self._apply)
        self._tasks = Tasks()
        self._feeds: list[Feed] = []
        self._watched: set[str] = set()
        self._foreground = True
        self._up = asyncio.Event()
        self._settled = asyncio.Event()
        self._stopped: ChatStopped | None = None

    # ---- beginning and end ----------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        """Start, and wait for the first complete picture.

        Raises:
            ChatStopped: the server does not accept this person or device.
            ChatTimeout: it could not be reached in time.
        """
        self.start()
        try:
            await self.ready()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        await self.close()

    def start(self) -> None:
        """Begin to connect, and stay connected from now on."""
        self._tasks.spawn(self._connect(), "connection")
        self._tasks.spawn(self._sender.run(), "sender")

    async def ready(self, timeout: float | None = None) -> None:
        """Wait until connected and in step with the server; raises as `async with` does."""
        try:
            async with asyncio.timeout(self._timeout if timeout is None else timeout):
                await self._settled.wait()
        except TimeoutError:
            why = self.phase.message or "The server does not answer"
            raise ChatTimeout(why) from None
        if self._stopped is not None:
            raise self._stopped

    async def close(self) -> None:
        """Leave. What is not acknowledged stays in the outbox file, if there is one."""
        await self._tasks.close()
        await self._sender.close()
        await self._fetcher.close()
        self._outbox.abandon(ChatStopped("closed", "The client was closed before it was sent"))
        for feed in self._feeds:
            feed.close()

    async def drained(self) -> None:
        """Wait until the outbox holds nothing that may still be sent."""
        feed = self.events(PendingChanged.name)
        try:
            while len(self._outbox):
                await anext(feed)
        finally:
            self._feeds.remove(feed)

    # ---- telling the application ----------------------------------------------------------------

    def events(self, *names: str) -> Feed:
        """Events from now on, as an asynchronous iterator; all of them, or those with a name."""
        feed = Feed(frozenset(names))
        self._feeds.append(feed)
        return feed

    def on(self, name: str, callback: Callback) -> None:
        """Call a function, plain or asynchronous, for each event of a name, in order."""
        self._tasks.spawn(deliver(self.events(name), callback), f"on {name}")

    # ---- doing ----------------------------------------------------------------------------------

    async def open(self, user: str) -> Conversation:
        """The conversation with somebody, begun if there is none."""
        return self.conversations[(await self.open_conversation(user)).id]

    def send(
        self,
        conversation: str,
        text: str,
        *,
        reply_to: int | None = None,
        mentions: Sequence[str] = (),
        mention_all: bool = False,
        message_class: str = "chat",
    ) -> Pending:
        """Put a message on its way; await the result for its number, or go on without."""
        draft = Draft(
            conversation=conversation, client_id=new_client_id(), body={"text": text},
            at=int(time.time() * 1000), reply_to=reply_to, mentions=tuple(mentions),
            mention_all=mention_all, message_class=message_class,
        )  # fmt: skip
        return self.post(draft)

    def post(self, draft: Draft) -> Pending:
        """The same for a message of any kind: a medium, a card, a place, a link."""
        pending = self._outbox.add(draft)
        self._sender.sent(draft.conversation)
        self._tell_pending(pending)
        return pending

    def retry(self, pending: Pending) -> None:
        """Try a refused message again, behind those that are on their way."""
        self._outbox.retry(pending)
        self._sender.wake()
        self._tell_pending(pending)

    def discard(self, pending: Pending) -> None:
        """Give a refused message up."""
        self._outbox.discard(pending)
        self._tell_pending(pending)

    async def edit(self, conversation: str, seq: int, text: str) -> None:
        """Replace the text of my message."""
        self._done(conversation, await self.edit_message(conversation, seq, text))

    async def recall(self, conversation: str, seq: int) -> None:
        """Take my message back."""
        self._done(conversation, await self.recall_message(conversation, seq))

    async def react(self, conversation: str, seq: int, reaction: str, *, on: bool = True) -> None:
        """Add my reaction to a message, or take it away."""
        mod = await self.react_to_message(conversation, seq, reaction, on=on)
        self._done(conversation, mod)

    async def pin(self, conversation: str, seq: int, *, on: bool = True) -> None:
        """Pin a message for everybody, or take the pin away."""
        self._done(conversation, await self.pin_message(conversation, seq, on=on))

    async def delete(
        self, conversation: str, seq: int | None = None, *, up_to: int | None = None
    ) -> None:
        """Delete a message, or everything up to one, for me alone on all my devices."""
        await self.delete_message(conversation, seq, up_to=up_to)
        await self.get_conversation(conversation)  # the device that deletes is told nothing

    async def forward(self, conversation: str, from_: str, seqs: Sequence[int]) -> Sent:
        """Send messages of conversation `from_` on; not by the outbox, so it may time out."""
        sent = await self.forward_messages(conversation, from_, seqs, new_client_id())
        self._apply(self._state.on_stored(conversation, sent.seq))
        return sent

    async def tap(self, conversation: str, seq: int, button: str, **fields: Any) -> Sent:
        """Tap a button of a card; `fields`: rating, text. It may time out as `forward` may."""
        sent = await self.act_on_card(conversation, seq, button, new_client_id(), **fields)
        self._apply(self._state.on_stored(conversation, sent.seq))
        return sent

    def read(self, conversation: str, seq: int | None = None) -> None:
        """I have read up to `seq`, or all that is here; told at most three times a second."""
        known = self.conversations.get(conversation)
        if known is not None:
            seq = known.log.last if seq is None else seq
            if seq > known.read:
                self._sender.mark_read(conversation, seq)

    def typing(self, conversation: str, *, on: bool = True) -> None:
        """I am typing, or have stopped; told at most once in two seconds."""
        self._sender.note_typing(conversation, on=on)

    def load_older(self, conversation: str) -> bool:
        """Fetch the page before the first message held; whether there may be one."""
        known = self.conversations.get(conversation)
        if known is None or known.complete or not self._up.is_set():
            return False
        self._apply(known.older())
        return True

    async def watch(self, users: Iterable[str]) -> None:
        """Be told when these people come and go, also after coming back."""
        new = set(users) - self._watched
        self._watched |= new
        if new and self._up.is_set():
            await self._watch(new)

    async def set_foreground(self, *, on: bool) -> None:
        """Be seen as online, or as away while no app is in front; also after coming back."""
        self._foreground = on
        if self._up.is_set():
            await self._tell_foreground()

    def reconnect_now(self) -> None:
        """Do not wait any longer before the next attempt."""
        self._connection.hurry()

    async def call(self, name: str, /, **fields: Any) -> dict[str, Any]:
        """Make a call by its name; without a connection it waits for one as long as for an answer.

        Raises:
            ChatCallError: the server refused it.
            ChatTimeout: no answer, or no connection, in time.
        """
        try:
            async with asyncio.timeout(self._timeout):
                await self._up.wait()
        except TimeoutError:
            raise ChatDisconnected("There is no connection") from None
        return await self._connection.call(name, self.told(fields))

    # ---- what the connection tells --------------------------------------------------------------

    def on_ready(self, ready: Ready) -> None:
        """A connection is accepted: catch up first, then send."""
        self._up.set()
        self._set_phase(ConnectionChanged("syncing"))
        self._apply(self._state.on_ready(ready))
        if self._watched:
            self._tasks.spawn(self._watch(self._watched), "watch")
        if not self._foreground:  # a new connection counts as in front
            self._tasks.spawn(self._tell_foreground(), "foreground")

    def on_event(self, name: str, data: Any) -> None:
        """The server tells something."""
        if name == "notice":
            self._on_notice(data)
        else:
            self._apply(self._state.on_event(name, data, time.monotonic() * 1000))
            self._sender.wake()

    def on_described(self, view: ConversationView) -> None:
        """An answer described a conversation."""
        self._apply(self._state.on_view(view))

    def on_down(self) -> None:
        """The connection is over."""
        self._up.clear()
        self._settled.clear()
        self._sender.online(False)
        self._fetcher.stop()
        self._state.on_disconnected()

    def on_phase(self, phase: Phase, wait: float | None, error: ChatClientError | None) -> None:
        """Connecting, waiting, or stopped."""
        code = getattr(error, "code", None)
        retry = None if wait is None else int(wait * 1000)
        self._set_phase(ConnectionChanged(phase, retry, code, str(error) if error else None))

    def _on_notice(self, data: Any) -> None:
        notice = msgspec.convert(data, _Notice)
        if notice.type == "draining":
            self._connection.drain(notice.reconnect_in_ms or 0)
        elif notice.type == "kicked":
            self._connection.kick(notice.reason or "This device was logged out")
        elif notice.type == "resync":
            self._apply([SyncAgain()])
        elif notice.type == "expiring" and self._connection.renewable:
            self._tasks.spawn(self._renew(), "renew")

    # ---- inside ---------------------------------------------------------------------------------

    async def _connect(self) -> None:
        self._stopped = await self._connection.run()
        self._outbox.abandon(self._stopped)
        self._settled.set()

    def _on_synced(self, refused: ChatCallError | None) -> None:
        if refused is not None:
            logger.warning("the server refused to sync: %s", refused)
            self._state.forget_token()
            self._connection.drop()
            return
        self._settled.set()
        self._sender.online(True)
        self._set_phase(ConnectionChanged("connected"))

    def _apply(self, effects: list[Effect]) -> None:
        for effect in [*effects, *(self._state.count_badge() if effects else [])]:
            if isinstance(effect, ChatEvent):
                self._tell(effect)
            else:
                self._fetcher.do(effect)

    def _tell(self, event: ChatEvent) -> None:
        for feed in self._feeds:
            feed.put(event)

    def _tell_pending(self, pending: Pending) -> None:
        draft = pending.draft
        self._tell(PendingChanged(draft.conversation, draft.client_id, pending.state))

    def _set_phase(self, phase: ConnectionChanged) -> None:
        if phase != self.phase:
            self.phase = phase
            self._tell(phase)

    def _done(self, conversation: str, mod: int) -> None:
        known = self.conversations.get(conversation)
        if known is not None:
            self._apply(known.on_done(mod))

    async def _watch(self, users: Iterable[str]) -> None:
        everybody = sorted(users)
        try:
            for start in range(0, len(everybody), WATCHED_PER_CALL):
                some = everybody[start : start + WATCHED_PER_CALL]
                self._apply(self._state.on_presence(await self.watch_presence(some)))
        except (ChatCallError, ChatTimeout) as error:
            logger.info("presence is not known: %s", error)

    async def _tell_foreground(self) -> None:
        try:
            await self.update_device(foreground=self._foreground)
        except (ChatCallError, ChatTimeout) as error:
            logger.info("nobody knows whether the app is in front: %s", error)

    async def _renew(self) -> None:
        try:
            await self.renew_token(await self._connection.token())
        except ChatClientError as error:
            logger.warning("the token was not renewed: %s", error)


class _Notice(msgspec.Struct, frozen=True):
    type: str
    reconnect_in_ms: int | None = None
    reason: str | None = None
