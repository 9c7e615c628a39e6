"""A device as a correct client keeps it: the Python client's picture of the chat, fed by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from chatclient import model
from chatclient.effects import FetchChanges, FetchConversation, FetchHistory, SyncAgain
from chatclient.state import State

from chatserver.errors import ChatError


class Client:
    """A person's device as a correct client keeps it; events wait until they are pumped."""

    def __init__(self, node: Any, user: str, name: str) -> None:
        self.node, self.user, self.name = node, user, name
        self.state = State()
        self.device: Any = None
        self.missed = False
        self.highest: dict[tuple[str, str], int] = {}

    @property
    def online(self) -> bool:
        return self.device is not None

    async def come(self) -> None:
        self.device = await self.node.arrive(self.user, self.name)
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
            elif isinstance(effect, FetchHistory):
                await self.fetch_history(effect)
            elif isinstance(effect, FetchChanges):
                payload = {"conversation": effect.conversation, "after": effect.after}
                await self.call(
                    "changes.get",
                    payload,
                    lambda answer, asked=effect: self.state.on_changes(
                        asked, msgspec.convert(answer, model.ChangesPage)
                    ),
                )
            elif isinstance(effect, FetchConversation):
                payload = {"conversation": effect.conversation}
                await self.call("conversation.get", payload, self.take_view)
        self.state.count_badge()
        self.nothing_goes_back()

    async def sync(self) -> None:
        more = True
        while more:
            answer = await self.call("sync", self.state.begin_sync(), self.take_sync)
            more = answer["more"]

    async def fetch_history(self, asked: FetchHistory) -> None:
        place = {"after": asked.after} if asked.after is not None else {"before": asked.before}
        await self.call(
            "history.get",
            {"conversation": asked.conversation, **place},
            lambda answer: self.state.on_history(asked, msgspec.convert(answer, model.HistoryPage)),
        )

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
        """What all devices of a person must agree on."""
        known = self.state.conversations[talk]
        return {
            "head": (known.log.last, known.log.mod),
            "read": (known.read, {member.user: member.read for member in known.others}),
            "unread": (known.unread, known.mentions),
            "badge": self.state.badge,
            "my": known.my,
            "last": known.last,
        }
