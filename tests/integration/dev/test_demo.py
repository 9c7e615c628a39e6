"""The demo shop in a real database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta, timezone

import pytest
from msgspec import structs

from chatserver.config import Settings
from chatserver.dev import demo, story
from chatserver.dev.errors import DevError
from chatserver.domain.calls import GetChanges, GetHistory, ListConversations, SendMessage
from chatserver.domain.conversation import ConversationView, direct_id
from chatserver.domain.message import Change, Message
from chatserver.domain.person import Caller
from chatserver.services.services import Services

pytestmark = pytest.mark.asyncio

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=timezone(timedelta(hours=8)))


@pytest.fixture
def settings(mongo_url: str, redis_url: str, database_name: str) -> Settings:
    return Settings(
        mongo_url=mongo_url,
        redis_url=redis_url,
        mongo_database=database_name,
        jwt_key="k" * 32,
    )


@asynccontextmanager
async def services(settings: Settings) -> AsyncIterator[Services]:
    async with demo._opened(settings) as house:
        yield house.services


def caller(user: str) -> Caller:
    return Caller(user=user, role="consultant", device="test", connection="test")


async def conversations(house: Services, user: str) -> dict[str, ConversationView]:
    views, _ = await house.conversations.list_mine(caller(user), ListConversations(limit=100))
    return {member.user: view for view in views for member in view.members if member.user != user}


async def messages(house: Services, view: ConversationView) -> list[Message]:
    user = view.members[0].user
    found = await house.messages.history(
        caller(user), GetHistory(conversation=view.id, after=0, limit=100)
    )
    return list(found.entries)


async def changes(house: Services, view: ConversationView) -> list[Change]:
    user = view.members[0].user
    call = GetChanges(conversation=view.id, after=0, limit=100)
    return list((await house.messages.changes(caller(user), call)).entries)


async def everything(house: Services) -> list[object]:
    """All that anybody of the shop can see."""
    seen: list[object] = []
    for person in demo.people():
        views = await conversations(house, person.user)
        for other in sorted(views):
            view = views[other]
            seen += [view, *await messages(house, view), *await changes(house, view)]
    return seen


async def test_every_line_is_there_in_order_with_its_time(settings: Settings) -> None:
    await demo.seed(settings, NOW)
    async with services(settings) as house:
        for dialogue in story.load().dialogues:
            one, other = dialogue.between
            view = (await conversations(house, one))[other]
            said = await messages(house, view)
            planned = story.times(dialogue.lines, NOW)
            assert [m.at for m in said] == [int(at.timestamp() * 1000) for at in planned]
            assert [m.sender for m in said] == [line.who for line in dialogue.lines]
            assert [m.seq for m in said] == list(range(1, len(said) + 1))
            for message, line in zip(said, dialogue.lines, strict=True):
                expected = {} if line.then.recall else {"text": line.then.edit or line.text}
                assert message.body == expected
                assert message.recalled == line.then.recall
                assert (message.edited_at is not None) == (line.then.edit is not None)
                reactions = {(who, r) for r, users in message.reactions.items() for who in users}
                assert reactions == set(line.then.react)
                reply = line.then.reply
                assert message.reply_to == (dialogue.number_of(reply) if reply else None)


async def test_a_second_time_changes_nothing(settings: Settings) -> None:
    await demo.seed(settings, NOW)
    async with services(settings) as house:
        before = await everything(house)
    await demo.seed(settings, NOW + timedelta(days=3))
    async with services(settings) as house:
        assert await everything(house) == before


async def test_an_interrupted_seeding_is_finished_even_days_later(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, done = demo._Seeding._do, iter(range(120))

    async def interrupted(self: demo._Seeding, step: story.Step) -> None:
        if next(done, None) is None:
            raise KeyboardInterrupt
        await real(self, step)

    monkeypatch.setattr(demo._Seeding, "_do", interrupted)
    with pytest.raises(KeyboardInterrupt):
        await demo.seed(settings, NOW)
    monkeypatch.undo()

    await demo.seed(settings, NOW + timedelta(days=2))

    async with services(settings) as house:
        for dialogue in story.load().dialogues:
            one, other = dialogue.between
            view = (await conversations(house, one))[other]
            said = await messages(house, view)
            texts = [line.then.edit or line.text for line in dialogue.lines]
            assert [m.body.get("text") for m in said if not m.recalled] == [
                text
                for text, line in zip(texts, dialogue.lines, strict=True)
                if not line.then.recall
            ]
            assert [m.at for m in said] == sorted(m.at for m in said)


async def test_some_conversations_are_unread_and_the_others_are_not(settings: Settings) -> None:
    await demo.seed(settings, NOW)
    async with services(settings) as house:
        mine = await conversations(house, "xiaolin")
        unread = {user: view.unread for user, view in mine.items() if view.unread}
        assert unread == {"mei": 3, "wuhao": 2, "anqi": 1}
        assert (await conversations(house, "mei"))["xiaolin"].unread == 0
        assert (await conversations(house, "yuxuan"))["xiaolin"].unread == 1


async def test_people_have_their_names_and_roles(settings: Settings) -> None:
    await demo.seed(settings, NOW)
    async with services(settings) as house:
        view = (await conversations(house, "mei"))["xiaolin"]
        shown = {member.user: (member.name, member.role) for member in view.members}
        assert shown == {"mei": ("陈小美", "customer"), "xiaolin": ("林晓燕", "consultant")}


async def test_people_who_already_talked_are_left_alone(settings: Settings) -> None:
    at = int(NOW.timestamp() * 1000)
    async with demo._opened(settings) as house:
        for person in demo.people():
            named = structs.replace(person, name="自己起的名字")
            await house.users.ensure(demo._identity(named, at), at)
        view = await house.services.conversations.open_direct(caller("xiaolin"), "mei", at)
        call = SendMessage(
            conversation=view.id, client_id="own", kind="text", body={"text": "真的消息"}
        )
        await house.services.messages.send(caller("xiaolin"), call, at)

    await demo.seed(settings, NOW)

    async with services(settings) as opened:
        views = await conversations(opened, "xiaolin")
        assert views["mei"].id == direct_id("xiaolin", "mei")
        assert [m.body["text"] for m in await messages(opened, views["mei"])] == ["真的消息"]
        assert views["wuhao"].head.seq > 1
        assert {member.name for member in views["wuhao"].members} == {"自己起的名字"}


async def test_without_a_database_it_says_so(settings: Settings) -> None:
    away = structs.replace(
        settings, mongo_url="mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=100"
    )
    away = structs.replace(away, store_timeout_ms=300)
    with pytest.raises(DevError, match="demo shop"):
        await demo.seed(away, NOW)
