"""A device that keeps what it was told, gets what it missed, and writes down all of it.

It is a client as PROTOCOL.md asks for one, written anew and small, so that the checker judges what
any client would see and not what our own library makes of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections import defaultdict
from pathlib import Path
from typing import Any

from pymongo import MongoClient

from loadtest.checker import Verdict, check
from loadtest.faults.people import PATIENCE_S, LostError, Payload, Person, RefusedError, text
from loadtest.history import now, read
from loadtest.recorder import DeviceRecorder, Recorder
from loadtest.stored import COLLECTIONS, stored


class Shelf:
    """What a device holds of one conversation."""

    def __init__(self) -> None:
        """Nothing is held yet."""
        self.messages: dict[int, Payload] = {}
        self.mod = 0
        self.reads: dict[str, int] = {}
        self.above = 0
        self._seq = 0
        self._seen = [0, 0]  # the highest numbers of both logs that anything has named
        self._waiting: defaultdict[int, list[Payload]] = defaultdict(list)

    @property
    def seq(self) -> int:
        """Up to here it holds everything."""
        while self._seq + 1 in self.messages:
            self._seq += 1
        return self._seq

    @property
    def lacks(self) -> bool:
        """Whether something is known to be missing: a later number of a log was named."""
        return self.seq < self._seen[0] or self.mod < self._seen[1]

    def put(self, message: Payload) -> None:
        """Take a message in, unless a later state of it is held; its sender has read it."""
        self._seen[0] = max(message["seq"], self._seen[0])
        known = self.messages.get(message["seq"])
        if known is None or message.get("mod", 0) >= known.get("mod", 0):
            self.messages[message["seq"]] = message
        for change in self._waiting.pop(message["seq"], ()):
            self._apply(change)
        self.read(message["sender"], message["seq"])

    def change(self, change: Payload) -> None:
        """Apply a change if it is the next one; one further on shows that some were missed."""
        self._seen[1] = max(change["mod"], self._seen[1])
        if change["mod"] != self.mod + 1:
            return
        self.mod += 1
        if change["seq"] in self.messages:
            self._apply(change)
        elif change["seq"] > self.above:  # the message is on its way, perhaps as it was before
            self._waiting[change["seq"]].append(change)

    def read(self, user: str, seq: int) -> None:
        """A member has read up to here at least."""
        self.reads[user] = max(seq, self.reads.get(user, 0))

    def forget(self, above: int) -> None:
        """Start afresh with what comes after number `above`."""
        self.messages.clear()
        self._waiting.clear()
        self.above = self._seq = above

    def _apply(self, change: Payload) -> None:
        message = self.messages[change["seq"]]
        if message.get("mod", 0) < change["mod"] and change["type"] in _CHANGED:
            changed = _CHANGED[change["type"]](message, change)
            self.messages[change["seq"]] = {**changed, "mod": change["mod"]}


class RecordedDevice(Person):
    """A person whose every call and observation goes into a history."""

    def __init__(self, url: str, user: str, recorder: Recorder, **more: Any) -> None:
        """As a person; what happens goes to `recorder`."""
        super().__init__(url, user, **more)
        self.record = DeviceRecorder(recorder, user, self.device)
        self.shelves: dict[str, Shelf] = {}
        self.outbox: list[Payload] = []
        self.sync_token: str | None = None
        self.says_retry = True  # a hint that clients may leave out

    def shelf(self, conversation: str) -> Shelf:
        """What it holds of a conversation."""
        return self.shelves.setdefault(conversation, Shelf())

    def write(self, conversation: str, words: str) -> None:
        """Put a message into the outbox; it stays there until it is acknowledged."""
        self.outbox.append(
            {
                "conversation": conversation,
                "client_id": f"{self.device}-{uuid.uuid4().hex[:12]}",
                "kind": "text",
                "body": text(words),
            }
        )

    async def post(self) -> None:
        """Send everything in the outbox, one after the other without waiting for the answers.

        Raises:
            LostError: the connection ended; what is not acknowledged stays in the outbox.
        """
        waiting = [(payload, await self.begin("message.send", payload)) for payload in self.outbox]
        for payload, answer in waiting:
            try:
                ack = await asyncio.wait_for(answer, PATIENCE_S)
            except TimeoutError:
                ack = {}
            if ack.get("ok"):
                self.outbox.remove(payload)
                self._keep_own(payload, ack)
            if self.says_retry:
                payload["retry"] = True

    async def begin(self, event: str, payload: Any) -> asyncio.Future[Payload]:
        """Put a call on the wire; how it ends is written down, whoever waits for it."""
        call = self.record.invoke(event, payload)
        try:
            answer = await super().begin(event, payload)
        except LostError:
            self.record.unknown(call, "lost")
            raise
        answer.add_done_callback(lambda done: self._note(call, done))
        return answer

    async def come_back(self, within_s: float) -> None:
        """Try to come in until it works, and catch up."""
        async with asyncio.timeout(within_s):
            while True:
                with contextlib.suppress(LostError, RefusedError, TimeoutError, OSError):
                    await self.connect()
                    await self.catch_up()
                    return
                await asyncio.sleep(0.05)

    async def connect(self, *, transports: tuple[str, ...] = ("websocket",)) -> RecordedDevice:
        """Come in through a new connection."""
        self.record.connected()
        await super().connect(transports=transports)
        return self

    async def catch_up(self) -> None:
        """Fetch what was missed: the sync, then by range what did not fit into its answer."""
        more = True
        while more:
            have = {name: [shelf.seq, shelf.mod] for name, shelf in self.shelves.items()}
            asked = {"have": have} | ({"token": self.sync_token} if self.sync_token else {})
            answer = await self.ask("sync", **asked)
            self.sync_token, more = answer["token"], answer["more"]
            for conversation in answer["conversations"]:
                await self._take(conversation)
        for name in self.shelves:
            await self._fill(name)

    async def read_history(self, conversation: str, **asked: Any) -> list[Payload]:
        """A page of history, kept and written down."""
        began = now()
        asked["conversation"] = conversation
        answer = await self.ask("history.get", **asked)
        self.record.page("socket", began, asked, answer)
        for message in answer["messages"]:
            self.shelf(conversation).put(message)
        return list(answer["messages"])

    async def last_view(self) -> None:
        """Write down what this device shows of every conversation."""
        for name, shelf in self.shelves.items():
            view = (await self.ask("conversation.get", conversation=name))["conversation"]
            messages = [shelf.messages[seq] for seq in sorted(shelf.messages)]
            self.record.final(
                name,
                {
                    "messages": messages,
                    "mod": shelf.mod,
                    "reads": shelf.reads,
                    "unread": view["unread"],
                    "above": shelf.above,
                },
            )

    def on_event(self, event: str, payload: Any) -> None:
        """Write it down and keep it."""
        super().on_event(event, payload)
        self.record.event(event, payload or {})
        if event == "message":
            self.shelf(payload["conversation"]).put(payload)
        elif event == "change":
            self.shelf(payload["conversation"]).change(payload)
        elif event == "read":
            self.shelf(payload["conversation"]).read(payload["user"], payload["seq"])
        elif event == "conversation" and "kind" in payload["conversation"]:
            self.shelf(payload["conversation"]["id"])

    def _note(self, call: str, done: asyncio.Future[Payload]) -> None:
        if done.cancelled():
            self.record.unknown(call, "timeout")
        elif done.exception() is not None:
            self.record.unknown(call, "lost")
        else:
            self.record.outcome(call, done.result())

    def _keep_own(self, payload: Payload, ack: Payload) -> None:
        message = {name: payload[name] for name in ("conversation", "client_id", "kind", "body")}
        shelf = self.shelf(payload["conversation"])
        if ack["seq"] not in shelf.messages:
            shelf.put({**message, "seq": ack["seq"], "at": ack["at"], "sender": self.user})

    async def _take(self, conversation: Payload) -> None:
        shelf = self.shelf(conversation["id"])
        messages = conversation.get("messages") or []
        if conversation.get("reset"):
            shelf.forget(messages[0]["seq"] - 1 if messages else 0)
            shelf.mod = conversation["head"]["mod"]
        for message in messages:
            shelf.put(message)
        for change in conversation.get("changes") or []:
            shelf.change(change)
        for member in conversation["members"]:
            shelf.read(member["user"], member["read"])

    async def _fill(self, conversation: str) -> None:
        """Fetch by range until both logs are held to their ends."""
        shelf, more = self.shelf(conversation), True
        while more:
            page = await self.read_history(conversation, after=shelf.seq, limit=100)
            more = len(page) == 100
        more = True
        while more:
            asked = {"conversation": conversation, "after": shelf.mod, "limit": 100}
            answer = await self.ask("changes.get", **asked)
            for change in answer["changes"]:
                shelf.change(change)
            more = answer["more"]


def all_documents(mongo_url: str, database: str) -> dict[str, list[dict[str, Any]]]:
    """What the database holds of conversations."""
    with MongoClient[Any](mongo_url) as client:
        return documents_of(client, database)


def documents_of(client: MongoClient[Any], database: str) -> dict[str, list[dict[str, Any]]]:
    """The same, asked by a client that is there already."""
    return {name: list(client[database][name].find()) for name in COLLECTIONS}


def verdict(mongo_url: str, database: str, history: Path) -> Verdict:
    """Judge a history together with what the database holds now."""
    with Recorder(history) as recorder:
        for record in stored(all_documents(mongo_url, database)):
            recorder.write(record)
    return check(read([history]))


def _edit(message: Payload, change: Payload) -> Payload:
    edits = message.get("edits", 0) + 1
    return {**message, "body": change["body"], "edits": edits, "edited_at": change["at"]}


def _recall(message: Payload, _change: Payload) -> Payload:
    return {**message, "body": {}, "recalled": True, "reactions": {}}


def _react(message: Payload, change: Payload) -> Payload:
    reactions = {name: list(users) for name, users in (message.get("reactions") or {}).items()}
    users = set(reactions.get(change["reaction"], ()))
    users = users | {change["by"]} if change["on"] else users - {change["by"]}
    return {**message, "reactions": {**reactions, change["reaction"]: sorted(users)}}


_CHANGED = {"edit": _edit, "recall": _recall, "react": _react}
