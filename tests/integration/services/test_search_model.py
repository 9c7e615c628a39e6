"""Whatever people do: a search finds what history shows them, no more and no less."""

from __future__ import annotations

import random
from contextlib import suppress
from typing import Any

import pytest

from chatserver.domain import words
from chatserver.errors import ChatError
from tests.examples import examples
from tests.integration.services.rooms import People, begin
from tests.integration.services.searching import hits, indexed, work

pytestmark = pytest.mark.asyncio

WORDS = ("大衣", "羊绒大衣", "毛衣", "XL码", "ｘｌ", "iPhone 15", "身體", "身体", "👍", "谢谢")
QUERIES = ("衣", "大衣", "羊绒", "xl", "i", "身体", "👍", "谢谢 毛衣", "iphone", "码")
ACTS = (
    "say", "say", "say", "say", "edit", "edit", "recall", "react", "delete", "clear", "add",
    "remove", "leave", "ban", "show all", "show joined", "show last",
)  # fmt: skip


class Play:
    """Three people in a direct conversation and a room, and what chance lets them do."""

    def __init__(self, people: People, places: tuple[str, str], seed: int) -> None:
        self.cast = (people.lin, people.mei, people.fang)
        self.places = places
        self.chance = random.Random(seed)
        self.said: list[tuple[Any, str, int]] = []

    async def act(self) -> None:
        """One act of somebody; what is not allowed changes nothing."""
        act, who = self.chance.choice(ACTS), self.chance.choice(self.cast)
        with suppress(ChatError):
            if act == "say":
                place = self.chance.choice(self.places)
                self.said.append((who, place, await who.say(place, self._text())))
            elif act in {"edit", "recall", "react", "delete", "clear"} and self.said:
                await self._change(act, who)
            else:
                await self._in_the_room(act, who)

    async def _change(self, act: str, who: Any) -> None:
        sender, place, seq = self.chance.choice(self.said)
        where = {"conversation": place, "seq": seq}
        if act == "edit":
            await sender.call("message.edit", {**where, "body": {"text": self._text()}})
        elif act == "recall":
            await sender.call("message.recall", where)
        elif act == "react":
            await who.call("message.react", {**where, "reaction": "👍", "on": True})
        elif act == "delete":
            await who.call("message.delete", where)
        else:
            await who.call("message.delete", {"conversation": place, "up_to": seq})

    async def _in_the_room(self, act: str, who: Any) -> None:
        room, owner = {"conversation": self.places[1]}, self.cast[0]
        if act == "leave":
            await who.call("conversation.leave", room)
        elif act == "add":
            await owner.call("conversation.add", {**room, "users": [who.caller.user]})
        elif act.startswith("show"):
            settings = {"history": act.split()[1], "history_last": 3}
            await owner.call("conversation.update", {**room, "settings": settings})
        else:
            until = {"until": 2**50} if act == "ban" and self.chance.random() < 0.2 else {}
            name = "ban" if until else "remove"
            await owner.call(f"conversation.{name}", {**room, "user": who.caller.user, **until})

    def _text(self) -> str:
        return " ".join(self.chance.sample(WORDS, self.chance.randint(1, 3)))


async def shown(device: Any, places: tuple[str, ...]) -> list[Any]:
    """Every message that history shows with something in it, the latest first."""
    messages: list[Any] = []
    for place in places:
        more, after = True, 0
        while more:
            try:
                asked = {"conversation": place, "after": after}
                page = await device.call("history.get", asked)
            except ChatError:
                break
            messages += [each for each in page["messages"] if each["body"]]
            more = page["more"] and bool(page["messages"])
            after = page["messages"][-1]["seq"] if page["messages"] else 0
    return sorted(messages, key=lambda m: (m["at"], m["seq"], m["conversation"]), reverse=True)


@pytest.mark.parametrize("seed", range(examples(12, least=3)))
async def test_a_search_finds_what_history_shows(people: People, seed: int) -> None:
    work(people.nodes[seed % 2])
    room = await begin(people.lin, "mei", "fang")
    places = (await people.mei.open("lin"), room)
    play = Play(people, places, seed)
    for _ in range(2):
        for _ in range(40):
            await play.act()
        await indexed(people.nodes[0])
        for device in play.cast:
            history = [m for m in await shown(device, places) if m["kind"] == "text"]
            for query in QUERIES:
                terms = words.terms(query)
                wanted = [m for m in history if terms.match(m["body"]["text"])]
                found = [hit["message"] for hit in await hits(device, query, limit=7)]
                assert found == wanted, (seed, device.caller.user, query)
    assert await hits(people.eve, "衣") == []
