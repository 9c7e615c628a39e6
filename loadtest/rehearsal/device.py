"""One device of somebody: comes in, catches up, sends, comes back by itself.

It does what PROTOCOL.md asks of a client and no more: it syncs after coming back, when told to
`resync`, and when a number was left out. Whatever else it misses stays missing, so that a server
which does not tell it is found out.
"""

from __future__ import annotations

import asyncio
import itertools
from contextlib import suppress
from functools import partial
from typing import Any

import msgspec

from chatserver.domain.person import Role
from loadtest.faults.recorded import Shelf
from loadtest.history import now as stamp
from loadtest.history import shown
from loadtest.recorder import DeviceRecorder
from loadtest.rehearsal import figures
from loadtest.rehearsal.badline import BadLineClient
from loadtest.rehearsal.letter import Letter
from loadtest.rehearsal.ways import Ways, now
from loadtest.swarm import frames
from loadtest.swarm.client import Client
from loadtest.swarm.failed import Failed, Refused

TRY_AGAIN = frozenset({"unavailable", "internal", "busy", "rate_limited"})
TOLD = (b'42["message"', b'42["change"', b'42["notice"', b'42["conversation"')
WITHIN_S = 15.0
COMES_WITHIN_S = 30.0
AGAIN_S = 1.0  # where a refusal does not say when
PAUSE_S = 1.0  # as Socket.IO's clients: doubled each time up to the most, give or take a half
PAUSE_MOST_S = 5.0
PAGE = 100


class Device:
    """Wanted or not, here or not; `letters` are what it has sent and nobody confirmed yet."""

    def __init__(self, user: str, name: str, role: Role, home: int, ways: Ways) -> None:
        """Away; `home` is the number of the node it prefers."""
        self.user = user
        self.name = name
        self.role: Role = role
        self.letters: list[Letter] = []
        self.shelves: dict[str, Shelf] = {}
        self.wanted = False
        self.has_bad_line = False
        self._ways = ways
        self._book = ways.book
        self.home = home
        self._record = DeviceRecorder(ways.recorder, user, name)
        self._client: Client | None = None
        self._coming: asyncio.Task[None] | None = None
        self._numbers = itertools.count(1)
        self._sync_token: str | None = None
        self._token_ended = False
        self._back_at = 0.0  # the server said when to come back
        self._is_stale = False
        self._called: asyncio.Event | None = None  # while a refused sync waits
        self._may_lack = False
        self._lacked: frozenset[str] = frozenset()

    # --- coming and going ---------------------------------------------------------------------

    @property
    def here(self) -> bool:
        """Whether it is connected."""
        return self._client is not None

    @property
    def settled(self) -> bool:
        """Whether it is here, has caught up and has nothing open."""
        return self.here and self._coming is None and not self.letters

    @property
    def needs_care(self) -> bool:
        """Whether `tend` may have something to do."""
        return bool(self.letters) or self._is_stale or self._may_lack

    def come(self, due: float) -> None:
        """Begin to come in, and stay until told to leave."""
        self.wanted = True
        if self._client is None and self._coming is None:
            self._begin(self._come(due, figures.COME, wait_s=0))

    def leave(self) -> None:
        """Go; what is not confirmed waits until it comes again."""
        self.wanted = False
        if self._coming is not None:
            self._coming.cancel()
            self._coming = None
        self.drop()

    def drop(self, *, token_ended: bool = False) -> None:
        """Lose the connection as if the network had gone, and perhaps the right to come back."""
        self._token_ended = token_ended
        if self._client is not None:
            self._client.transport.abort()

    def stop_reading(self) -> None:
        """Take nothing more off the wire."""
        if self._client is not None:
            with suppress(RuntimeError):  # it is closing
                self._client.transport.pause_reading()

    def go_on_reading(self) -> None:
        """Take what has waited."""
        if self._client is not None:
            with suppress(RuntimeError):
                self._client.transport.resume_reading()

    # --- what it does -------------------------------------------------------------------------

    def write(self, conversation: str, text: str, due: float) -> None:
        """Send a text that was due then; it is sent again until somebody confirms or refuses it."""
        letter = Letter(conversation, self._ways.client_id(due), {"text": text}, due)
        self.letters.append(letter)
        self._book.count("sent")
        if self._client is not None:
            self._send(letter)

    def type(self, conversation: str) -> None:
        """Tell the others that something is being written."""
        if self._client is not None:
            call = msgspec.json.encode(["typing", {"conversation": conversation, "on": True}])
            self._client.send(frames.masked("42" + call.decode()))

    async def mark(self, conversation: str) -> None:
        """Tell that everything held of a conversation is read."""
        due, seq = now(), self.shelves[conversation].seq
        if not seq or self._client is None:
            return
        asked = {"conversation": conversation, "seq": seq}
        call = self._record.invoke("read.mark", asked)
        try:
            answer = await self._call("read.mark", asked)
        except (Failed, TimeoutError):
            self._record.unknown(call, "lost")
            return
        self._record.outcome(call, answer)
        self._noted(answer, figures.READ, due)

    async def look_back(self, conversation: str, **asked: Any) -> list[Any]:
        """A page of history, kept and written down.

        Raises:
            Failed: it did not come.
        """
        due, began = now(), stamp()
        asked["conversation"] = conversation
        answer = await self.ask("history.get", **asked)
        self._book.wait(figures.HISTORY, due)
        self._record.page("socket", began, asked, answer)
        shelf = self.shelves.setdefault(conversation, Shelf())
        for message in answer["messages"]:
            shelf.put(message)
        return list(answer["messages"])

    async def ask(self, event: str, /, **payload: Any) -> dict[str, Any]:
        """Make a call until it is granted; refusals that pass are waited for.

        Raises:
            Failed: it is refused for good, or not answered.
        """
        while True:
            try:
                answer = await self._call(event, payload)
            except TimeoutError:
                raise Failed(f"{event} was not answered within {WITHIN_S:.0f} s") from None
            if answer.get("ok"):
                return answer
            self._book.count(f"error {answer.get('code')}")
            if answer.get("code") not in TRY_AGAIN:
                raise Failed(f"{event} of {self.user} was refused: {answer}")
            wait_s = answer.get("retry_after_ms", 1000 * AGAIN_S) / 1000
            await (self._until_called if event == "sync" else asyncio.sleep)(wait_s)

    async def tend(self) -> None:
        """Called now and then: notices gaps that stay, and calls that nobody answers."""
        for letter in self.letters:
            letter.expire(now() - WITHIN_S)
        lacking = frozenset(name for name, shelf in self.shelves.items() if shelf.lacks)
        self._may_lack = bool(lacking)
        lasting, self._lacked = lacking & self._lacked, lacking  # what is only late comes by itself
        if self._client is not None and self._coming is None and (self._is_stale or lasting):
            self._book.count("caught up")
            self._is_stale = False
            with suppress(Failed):
                await self.catch_up()

    async def catch_up(self) -> None:
        """Fetch what was missed: the sync, then by range what did not fit into its answer.

        Raises:
            Failed: it did not come.
        """
        more = True
        while more:
            have = {name: [shelf.seq, shelf.mod] for name, shelf in self.shelves.items()}
            token = {"token": self._sync_token} if self._sync_token else {}
            answer = await self.ask("sync", have=have, **token)
            self._sync_token, more = answer["token"], answer["more"]
            for conversation in answer["conversations"]:
                await self._take(conversation)

    async def _until_called(self, seconds: float) -> None:
        self._called = asyncio.Event()
        if not self._is_stale:  # else it was called before it came to wait
            with suppress(TimeoutError):
                await asyncio.wait_for(self._called.wait(), seconds)
        self._called, self._is_stale = None, False

    def last_view(self) -> None:
        """Write down what it shows of every conversation."""
        for name, shelf in self.shelves.items():
            messages = tuple(shown(shelf.messages[seq]) for seq in sorted(shelf.messages))
            self._record.showed(name, shelf.above, messages, shelf.mod)

    # --- the way in ---------------------------------------------------------------------------

    def _begin(self, coming: Any) -> None:
        self._coming = asyncio.create_task(coming, name=f"{self.name} comes")

    async def _come(self, due: float, what: str, wait_s: float) -> None:
        begun, attempt = due, 0
        await asyncio.sleep(wait_s)
        while not await self._enter(begun if not attempt and what == figures.COME else now()):
            attempt += 1
            await asyncio.sleep(self._pause_s(attempt))
        self._coming = None
        self._book.wait(what, due)
        self.post()

    async def _enter(self, due: float) -> bool:
        """Try once to connect and catch up; refusals are counted."""
        try:
            async with asyncio.timeout(COMES_WITHIN_S):
                self._client = await self._connect()
            self._book.online += 1
            self._book.wait(figures.CONNECT, due)
            await self.catch_up()
        except Refused as refused:
            self._book.count(f"error {refused.code}")
            self._token_ended = False  # the app has got a new one
            self._back_at = now() + refused.retry_after_ms / 1000
        except (Failed, TimeoutError):
            self._book.count("error not connected")
            if self._client is not None:
                self._client.transport.abort()
                self._gone(self._client)
        return self._client is not None

    async def _connect(self) -> Client:
        home, self.home = self.home, (self.home + 1) % len(self._ways.doors)
        door = self._ways.doors[home]
        greeting = self._ways.greeting(self.user, self.role, self.name, expired=self._token_ended)
        client = door.client(greeting)
        how = self._ways.source(home)
        if self.has_bad_line:
            client = BadLineClient(client, self._ways.phones, self._ways.chance)
            how = {"sock": await door.narrow_socket()}
        client.told, client.gone = self._told, self._gone
        self._record.connected()
        try:
            await door.enter(lambda: client, **how)
        except BaseException:
            client.gone = lambda _client: None
            if client.transport is not None:
                client.transport.abort()
            raise
        self.home = home
        return client

    def _gone(self, client: Client) -> None:
        if client is not self._client:
            return
        self._client = None
        self._book.online -= 1
        if self.wanted and self._coming is None:
            self._book.count("lost connections")
            self._begin(self._come(now(), figures.BACK, self._pause_s(0)))

    def _pause_s(self, attempt: int) -> float:
        pause_s = min(PAUSE_S * 2**attempt, PAUSE_MOST_S) * self._ways.chance.uniform(0.5, 1.5)
        told_s, self._back_at = self._back_at - now(), 0.0
        return told_s if told_s > 0 else pause_s

    # --- calls --------------------------------------------------------------------------------

    def post(self) -> None:
        """Send what is not confirmed and not on its way."""
        for letter in self.letters:
            if not letter.flies and self._client is not None:
                self._send(letter)

    def _send(self, letter: Letter) -> None:
        call = self._record.invoke("message.send", letter.payload)
        answer = self._put("message.send", letter.payload)
        letter.fly(answer, now())
        answer.add_done_callback(partial(self._answered, letter, call))

    def _answered(self, letter: Letter, call: str, done: asyncio.Future[Any]) -> None:
        letter.land()
        if done.cancelled() or done.exception() is not None:
            self._record.unknown(call, "timeout" if done.cancelled() else "lost")
            self._book.count("unknown")
            self.post()
            return
        answer = done.result()
        self._record.outcome(call, answer)
        self._noted(answer, figures.ACKNOWLEDGED, letter.due)
        if answer.get("ok"):
            self.letters.remove(letter)
            self._keep(letter, answer)
        elif answer.get("code") in TRY_AGAIN:
            wait_s = answer.get("retry_after_ms", 1000 * AGAIN_S) / 1000
            asyncio.get_running_loop().call_later(wait_s, self.post)
        else:
            self.letters.remove(letter)
            self._book.count("given up")

    def _noted(self, answer: dict[str, Any], what: str, due: float) -> None:
        if answer.get("ok"):
            self._book.wait(what, due)
            self._book.count(what)
        else:
            self._book.count(f"error {answer.get('code')}")

    def _put(self, event: str, payload: Any) -> asyncio.Future[Any]:
        if self._client is None:
            raise Failed("the connection is lost")
        number = next(self._numbers)
        answer = self._client.expect(number)
        packet = f"42{number}{msgspec.json.encode([event, payload]).decode()}"
        self._client.send(frames.masked(packet))
        return answer

    async def _call(self, event: str, payload: Any) -> dict[str, Any]:
        answer: dict[str, Any] = await asyncio.wait_for(self._put(event, payload), WITHIN_S)
        return answer

    # --- what it is told ----------------------------------------------------------------------

    def _told(self, packet: bytes) -> None:
        if not packet.startswith(TOLD):
            return
        event = self._ways.event(packet)
        if event.message is not None:
            payload = event.payload
            self._record.saw(payload["conversation"], event.message)
            self.shelves.setdefault(payload["conversation"], Shelf()).put(payload)
            self._book.count("deliveries")
            self._may_lack = True
            if event.due is not None:
                late = figures.DELIVERED_LATE if self.has_bad_line else figures.DELIVERED
                self._book.wait(late, event.due)
            self._ways.on_message(self, payload)
        elif event.name == "change":
            self._record.event("change", event.payload)
            self.shelves.setdefault(event.payload["conversation"], Shelf()).change(event.payload)
        elif event.name == "notice":
            self._noticed(event.payload)
        elif "me" in event.payload["conversation"]:
            self.shelves.setdefault(event.payload["conversation"]["id"], Shelf())

    def _noticed(self, notice: dict[str, Any]) -> None:
        self._back_at = now() + notice.get("reconnect_in_ms", 0) / 1000
        if notice["type"] == "resync" and self._called is not None:
            self._called.set()
        elif notice["type"] == "resync":
            self._is_stale = True

    def _keep(self, letter: Letter, answer: dict[str, Any]) -> None:
        shelf = self.shelves.setdefault(letter.conversation, Shelf())
        if answer["seq"] not in shelf.messages:
            own = {**letter.payload, "seq": answer["seq"], "at": answer["at"], "sender": self.user}
            shelf.put(own)

    async def _take(self, conversation: dict[str, Any]) -> None:
        name, messages = conversation["id"], conversation.get("messages") or []
        shelf = self.shelves.setdefault(name, Shelf())
        if conversation.get("reset"):
            shelf.forget(messages[0]["seq"] - 1 if messages else conversation["head"]["seq"])
            shelf.mod = conversation["head"]["mod"]
        for message in messages:
            shelf.put(message)
        for change in conversation.get("changes") or []:
            shelf.change(change)
        while conversation.get("more") and shelf.seq < conversation["head"]["seq"]:
            if not await self.look_back(name, after=shelf.seq, limit=PAGE):
                break
