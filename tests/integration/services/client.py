"""A device as a correct client keeps it: the Python client's picture of the chat, fed by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from chatclient import model
from chatclient.effects import (
    FetchChanges,
    FetchConversation,
    FetchHistory,
    FetchNames,
    SyncAgain,
)
from chatclient.room import MembersPage
from chatclient.state import State

from chatserver.errors import ChatError


class Client:
    """A person's device as a correct client keeps it; events wait until they are pumped."""

    def __init__(self, node: Any, user: str, name: str, role: str = "customer") -> None:
        self.node, self.user, self.name, self.role = node, user, name, role
        self.state = State()
        self.device: Any = None
        self.missed = False
        self.highest: dict[tuple[str, str], int] = {}

    @property
    def online(self) -> bool:
        return self.device is not None

    async def come(self) -> None:
        self.device = await self.node.arrive(self.user, self.name, self.role)
        ready = model.Ready(me=model.Person(user=self.user), device=self.name, time=0)
        await self.do(self.state.on_ready(ready))

    def go(self) -> None:
        self.device.leave()
        self.device = None
        self.missed = False
        self.state.on_disconnected()

    async def call(self, name: str, payload: Any, take: Callable[[Any], list[Any]]) -> Any:
        """Make a call; what was told before its answer is taken in before it."""
        try:
            answer = await self.device.call(name, payload)
        except ChatError:
            await self.do(self.take_events_before_the_answer())
            raise
        effects = self.take_events_before_the_answer()
        await self.do(effects + take(answer))
        return answer

    def take_events_before_the_answer(self) -> list[Any]:
        return self.take_events(self.device.frames.index("ack") + 1)

    async def pump(self) -> None:
        await self.do(self.take_events(len(self.device.frames)))

    def lose(self) -> None:
        """What was told is lost; sooner or later the server says that this may be."""
        self.missed = self.missed or bool(self.device.frames)
        self.device.frames.clear()

    async def catch_up(self) -> None:
        self.missed = False
        await self.pump()
        await self.do([SyncAgain()])

    def take_events(self, count: int) -> list[Any]:
        taken, self.device.frames[:count] = self.device.frames[:count], []
        effects = []
        for frame in taken:
            if frame != "ack":
                name, data = msgspec.json.decode(frame[1:])
                effects += self.state.on_event(name, data, 0)
        return effects

    async def do(self, effects: list[Any]) -> None:
        for effect in effects:
            if isinstance(effect, SyncAgain):
                await self.sync()
            elif isinstance(effect, tuple(FETCHES)):
                await self.fetch(effect)
        self.state.count_badge()
        self.nothing_goes_back()

    async def fetch(self, asked: Any) -> None:
        """Ask for what the state wants; it may have been refused meanwhile."""
        name, fields, take = FETCHES[type(asked)]
        payload = {"conversation": asked.conversation, **fields(asked)}
        try:
            await self.call(name, payload, lambda answer: take(self, asked, answer))
        except ChatError:
            self.state.on_fetch_failed(asked)

    async def sync(self) -> None:
        more = True
        while more:
            answer = await self.call("sync", self.state.begin_sync(), self.take_sync)
            more = answer["more"]

    def take_sync(self, answer: Any) -> list[Any]:
        return self.state.on_sync(msgspec.convert(answer, model.SyncPage))

    def take_view(self, answer: Any) -> list[Any]:
        view = msgspec.convert(answer["conversation"], model.ConversationView)
        return self.state.on_view(view)

    def nothing_goes_back(self) -> None:
        for talk in self.state.conversations.values():
            positions = {member.user: member.read for member in talk.others}
            for user, at in {**positions, self.user: talk.read}.items():
                assert at >= self.highest.get((talk.id, user), 0)
                self.highest[talk.id, user] = at

    def picture(self, talk: str) -> dict[str, Any]:
        """What all devices of a person must agree on; who is out keeps what they happened to see.

        Changes to what a person does not see are told to nobody, so their number may be unknown.
        """
        known = self.state.conversations[talk]
        here = known.is_in
        return {
            "head": (known.log.last, known.log.mod if known.first == 1 else None),
            "me": known.place,
            "room": known.room if here else None,
            "read": known.read if here else None,
            "others": {member.user: member.read for member in known.others},
            "unread": (known.unread, known.mentions),
            "badge": self.state.badge,
            "my": known.my,
            "last": known.last if here or known.last is None else known.last.seq,
        }


def place_in_history(asked: FetchHistory) -> dict[str, Any]:
    return {"after": asked.after} if asked.after is not None else {"before": asked.before}


# effect -> the call, its fields beside the conversation, and how its answer is taken in
FETCHES: dict[type, tuple[str, Any, Any]] = {
    FetchConversation: (
        "conversation.get",
        lambda _asked: {},
        lambda client, _asked, answer: client.take_view(answer),
    ),
    FetchHistory: (
        "history.get",
        place_in_history,
        lambda client, asked, answer: client.state.on_history(
            asked, msgspec.convert(answer, model.HistoryPage)
        ),
    ),
    FetchChanges: (
        "changes.get",
        lambda asked: {"after": asked.after},
        lambda client, asked, answer: client.state.on_changes(
            asked, msgspec.convert(answer, model.ChangesPage)
        ),
    ),
    FetchNames: (
        "conversation.members",
        lambda asked: {"users": list(asked.users)},
        lambda client, asked, answer: client.state.on_names(
            asked, msgspec.convert(answer, MembersPage)
        ),
    ),
}
