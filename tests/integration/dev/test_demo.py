"""The demo shop in a real database."""

from __future__ import annotations

import asyncio
import base64
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from msgspec import structs
from pymongo import MongoClient

from chatserver.config import Settings
from chatserver.dev import demo, seeding, story
from chatserver.dev.errors import DevError
from chatserver.domain.calls import (
    GetChanges,
    GetHistory,
    ListConversations,
    ListDesk,
    ListMembers,
    ListSnippets,
    SendMessage,
    UpdateProfile,
    WithdrawConsent,
)
from chatserver.domain.conversation import ConversationView, direct_id
from chatserver.domain.message import Change, Message
from chatserver.domain.person import Caller, Role
from chatserver.errors import NotFound
from chatserver.services.services import Services

pytestmark = pytest.mark.asyncio

KEYS = ("test:" + base64.b64encode(b"k" * 32).decode(),)
MOTHERS = {"mei", "zhoumin", "anqi"}
CONSULTANTS = {"xiaolin", "yating", "jiahui"}
COMMUNITY, TEAM = "2026年8月宝宝妈妈群", "店内顾问群"
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=timezone(timedelta(hours=8)))


def in_database(name: str, mongo_url: str, redis_url: str) -> Settings:
    return Settings(
        mongo_url=mongo_url,
        redis_url=redis_url,
        mongo_database=name,
        jwt_key="k" * 32,
        data_keys=KEYS,
        communities_file=str(demo.RULES),
    )


@pytest.fixture
def settings(mongo_url: str, redis_url: str, empty_database: str) -> Settings:
    """An empty database."""
    return in_database(empty_database, mongo_url, redis_url)


def copy(shop: Settings, to: Settings) -> Settings:
    """What is in one database, in another one."""
    with MongoClient[Any](shop.mongo_url) as client:
        for name in client[shop.mongo_database].list_collection_names():
            if documents := list(client[shop.mongo_database][name].find()):
                client[to.mongo_database][name].insert_many(documents)
    return to


@pytest.fixture(scope="module")
def shops(mongo_url: str, redis_url: str) -> Iterator[tuple[Settings, Settings]]:
    """Two databases: the shop as it is when nodes may start, and as it is in the end."""
    names = [f"test_{secrets.token_hex(8)}" for _ in range(2)]
    early, late = (in_database(name, mongo_url, redis_url) for name in names)
    asyncio.run(demo.seed(late, NOW, enrolled=lambda: copy(late, early)))
    yield early, late
    with MongoClient[Any](mongo_url) as client:
        for name in names:
            client.drop_database(name)


@pytest.fixture
def seeded(shops: tuple[Settings, Settings]) -> Settings:
    """The shop, for all tests that only look."""
    return shops[1]


@pytest.fixture
def copied(settings: Settings, shops: tuple[Settings, Settings]) -> Settings:
    """The shop, for a test that goes on from there."""
    return copy(shops[1], settings)


@pytest.fixture
def enrolled(settings: Settings, shops: tuple[Settings, Settings]) -> Settings:
    """The shop in which nobody has said anything yet."""
    return copy(shops[0], settings)


@asynccontextmanager
async def services(settings: Settings) -> AsyncIterator[Services]:
    async with demo._opened(settings) as house:
        yield house.services


def caller(user: str) -> Caller:
    role: Role = "consultant" if user in CONSULTANTS else "customer"
    role = "manager" if user == "tangjie" else role
    return Caller(user=user, role=role, device="test", connection="test", shop=story.SHOP)


async def listed(house: Services, user: str) -> list[ConversationView]:
    views, more = await house.conversations.list_mine(caller(user), ListConversations(limit=100))
    assert not more
    return views


async def conversations(house: Services, user: str) -> dict[str, ConversationView]:
    """Those of two people, by the other one."""
    views = await listed(house, user)
    direct = [view for view in views if view.kind == "direct"]
    return {member.user: view for view in direct for member in view.members if member.user != user}


async def rooms(house: Services, user: str) -> dict[str, ConversationView]:
    """Those the person is in, by title."""
    views = await listed(house, user)
    return {
        view.room.title: view
        for view in views
        if view.room and view.kind == "group" and view.me.state == "in"
    }


async def members(house: Services, view: ConversationView, user: str) -> dict[str, str]:
    """Who is in a room, with the role there, as somebody in it sees it."""
    page = await house.rooms.members(caller(user), ListMembers(conversation=view.id))
    return {each.user: each.role for each in page.entries}


async def messages(house: Services, view: ConversationView, user: str = "") -> list[Message]:
    user = user or view.members[0].user
    found = await house.history.page(
        caller(user), GetHistory(conversation=view.id, after=0, limit=100)
    )
    return list(found.entries)


async def said(house: Services, view: ConversationView, user: str = "") -> list[Message]:
    """The messages of people."""
    return [each for each in await messages(house, view, user) if each.kind != "system"]


async def changes(house: Services, view: ConversationView, user: str) -> list[Change]:
    call = GetChanges(conversation=view.id, after=0, limit=100)
    return list((await house.history.changes(caller(user), call)).entries)


async def everything(house: Services) -> list[object]:
    """All that anybody of the shop can see."""
    seen: list[object] = []
    for person in demo.people():
        user = person.user
        seen.append(await house.profiles.get(caller(user), None, int(NOW.timestamp() * 1000)))
        for view in await listed(house, user):
            seen += [view, *await messages(house, view, user), *await changes(house, view, user)]
            if view.room and view.me.state == "in":
                seen.append(await members(house, view, user))
    return seen


async def view_of(house: Services, talk: story.Talk) -> ConversationView:
    """The conversation of a talk as the first of its people sees it."""
    if isinstance(talk, story.Dialogue):
        return (await conversations(house, talk.people[0]))[talk.people[1]]
    if isinstance(talk, story.Inquiry | story.Notes):
        kind = "service" if isinstance(talk, story.Inquiry) else "notes"
        (view,) = [v for v in await listed(house, talk.people[0]) if v.kind == kind]
        return view
    title = talk.title if isinstance(talk, story.Group) else COMMUNITY
    return (await rooms(house, talk.people[0]))[title]


def check_lines(talk: story.Talk, lines: list[Message]) -> None:
    """What was said is what the story tells."""
    assert [m.sender for m in lines] == [line.who for line in talk.lines]
    for message, line in zip(lines, talk.lines, strict=True):
        said_so = line.then.card or {"text": line.then.edit or line.text}
        expected = {} if line.then.recall else said_so
        assert message.body == expected
        assert message.recalled == line.then.recall
        assert message.pinned == line.then.pin
        assert (message.edited_at is not None) == (line.then.edit is not None)
        reactions = {(who, r) for r, users in message.reactions.items() for who in users}
        assert reactions == set(line.then.react)
        reply = line.then.reply
        assert message.reply_to == (lines[talk.number_of(reply) - 1].seq if reply else None)


async def test_every_line_is_there_in_order_with_its_time(seeded: Settings) -> None:
    async with services(seeded) as house:
        for talk in story.load().talks:
            view = await view_of(house, talk)
            lines = await said(house, view, talk.people[0])
            planned = story.times(talk.lines, NOW)
            assert [m.at for m in lines] == [int(at.timestamp() * 1000) for at in planned]
            check_lines(talk, lines)
            everything_there = await messages(house, view, talk.people[0])
            assert [m.seq for m in everything_there] == list(range(1, view.head.seq + 1))
            assert [m.at for m in everything_there] == sorted(m.at for m in everything_there)


async def test_rules_led_mothers_of_one_month_into_a_room_with_the_consultants(
    seeded: Settings,
) -> None:
    async with services(seeded) as house:
        for mother in MOTHERS:
            assert COMMUNITY in await rooms(house, mother)
        view = (await rooms(house, "mei"))[COMMUNITY]
        expected = dict.fromkeys(MOTHERS, "member") | dict.fromkeys(CONSULTANTS, "admin")
        assert await members(house, view, "mei") == expected
        assert (view.kind, view.room and view.room.community) == ("group", "same-month")
        titles = {user: set(await rooms(house, user)) for user in ("wuhao", "yuxuan", "anqi")}
        assert titles == {
            "wuhao": {"2026年11月宝宝妈妈群"},
            "yuxuan": {"2026年10月宝宝妈妈群", "母乳喂养交流群"},
            "anqi": {"2022年10月宝宝妈妈群", COMMUNITY},
        }


async def test_what_staff_opened_is_seen_by_staff_alone(seeded: Settings) -> None:
    async with services(seeded) as house:
        view = (await rooms(house, "jiahui"))[TEAM]
        roles = {"jiahui": "owner", "xiaolin": "member", "yating": "member"}
        assert await members(house, view, "xiaolin") == roles
        for person in demo.people():
            sees = view.id in {each.id for each in await listed(house, person.user)}
            assert sees == (person.user in CONSULTANTS)
        with pytest.raises(NotFound):
            await house.conversations.get(caller("mei"), view.id)


async def test_an_announcement_stands_above_the_community(seeded: Settings) -> None:
    async with services(seeded) as house:
        room = (await rooms(house, "zhoumin"))[COMMUNITY].room
        (line,) = [each for each in story.load().communities[0].lines if each.then.announce]
        assert room is not None
        assert room.announcement is not None
        assert (room.announcement.by, room.announcement.text) == ("xiaolin", line.then.announce)


async def test_children_are_known_under_consent_and_told_in_full_to_their_own_mother_alone(
    seeded: Settings,
) -> None:
    now = int(NOW.timestamp() * 1000)
    async with services(seeded) as house:
        own = await house.profiles.get(caller("mei"), None, now)
        assert own.consents["child_birth_date"].by == "mei"
        assert own.children["baby"].birth_date == (NOW - timedelta(days=112)).date()
        shown = await house.profiles.get(caller("xiaolin"), "mei", now)
        assert (shown.children["baby"].age_months, shown.children["baby"].birth_date) == (3, None)


async def test_a_second_time_changes_nothing(copied: Settings) -> None:
    async with services(copied) as house:
        before = await everything(house)
    await demo.seed(copied, NOW + timedelta(days=3))
    async with services(copied) as house:
        assert await everything(house) == before


class Interrupted(BaseException):
    """Somebody ends the server."""


def interrupt(monkeypatch: pytest.MonkeyPatch, name: str, after: int) -> None:
    """Have a seeding end when it has done so many steps of a kind."""
    real, done = getattr(seeding.Seeding, name), iter(range(after))

    async def step(self: seeding.Seeding, *args: object) -> None:
        if next(done, None) is None:
            raise Interrupted
        await real(self, *args)

    monkeypatch.setattr(seeding.Seeding, name, step)


INTERRUPTIONS = (("_tell_of_children", 3), ("_announce", 0), ("_do", 120), ("_do", 190))


async def test_a_seeding_that_is_interrupted_wherever_is_finished_even_days_later(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day, (name, after) in enumerate(INTERRUPTIONS):
        interrupt(monkeypatch, name, after)
        with pytest.raises(Interrupted):
            await demo.seed(settings, NOW + timedelta(days=day))
        monkeypatch.undo()

    await demo.seed(settings, NOW + timedelta(days=25))

    async with services(settings) as house:
        for talk in story.load().talks:
            view = await view_of(house, talk)
            check_lines(talk, await said(house, view, talk.people[0]))
            times = [m.at for m in await messages(house, view, talk.people[0])]
            assert times == sorted(times)
        for mother in MOTHERS:
            assert COMMUNITY in await rooms(house, mother)
        room = (await rooms(house, "mei"))[COMMUNITY].room
        assert room is not None
        assert room.announcement is not None


async def test_nodes_start_when_communities_have_their_people(enrolled: Settings) -> None:
    async with services(enrolled) as house:
        before = await everything(house)
        assert COMMUNITY in await rooms(house, "mei")
        for person in demo.people():
            await house.communities.place(person.user, int(NOW.timestamp() * 1000))
        assert await everything(house) == before


async def test_who_changed_the_profile_or_left_the_community_is_not_brought_back(
    enrolled: Settings,
) -> None:
    at = int(NOW.timestamp() * 1000)
    async with demo._opened(enrolled) as opened:
        made, house = seeding.Seeding(story.load(), opened), opened.services
        community = (await rooms(house, "mei"))[COMMUNITY].id
        await house.rooms.leave(caller("mei"), community, at)
        withdrawal = WithdrawConsent(purpose="child_birth_date")
        await house.profiles.withdraw_consent(caller("zhoumin"), withdrawal, at)
        update = UpdateProfile(children={"second": None})
        await house.profiles.update(caller("anqi"), update, at)
        while await house.communities.look(at):
            pass
        before = await everything(house)
        for mother in MOTHERS:
            assert COMMUNITY not in await rooms(house, mother)
        await made.enrol(NOW + timedelta(days=1))
        assert await everything(house) == before


async def test_a_community_that_somebody_left_is_left_alone(copied: Settings) -> None:
    async with services(copied) as house:
        community = (await rooms(house, "mei"))[COMMUNITY].id
        await house.rooms.leave(caller("mei"), community, int(NOW.timestamp() * 1000))
    await demo.seed(copied, NOW + timedelta(days=1))
    async with services(copied) as house:
        assert COMMUNITY not in await rooms(house, "mei")
        view = (await rooms(house, "anqi"))[COMMUNITY]
        check_lines(story.load().communities[0], await said(house, view, "anqi"))


async def test_without_rules_nobody_is_in_a_community_and_the_rest_is_there(
    settings: Settings,
) -> None:
    await demo.seed(structs.replace(settings, communities_file=""), NOW)
    async with services(settings) as house:
        assert not await rooms(house, "mei")
        assert set(await rooms(house, "xiaolin")) == {TEAM}
        assert len(await conversations(house, "mei")) == 2


async def test_some_conversations_are_unread_and_the_others_are_not(seeded: Settings) -> None:
    async with services(seeded) as house:
        mine = await conversations(house, "xiaolin")
        unread = {user: view.unread for user, view in mine.items() if view.unread}
        assert unread == {"mei": 3, "wuhao": 2, "anqi": 1}
        assert (await conversations(house, "mei"))["xiaolin"].unread == 0
        assert (await conversations(house, "yuxuan"))["xiaolin"].unread == 1
        counts = {user: (await rooms(house, user))[COMMUNITY].unread for user in sorted(MOTHERS)}
        assert counts == {"anqi": 0, "mei": 4, "zhoumin": 0}
        shown = {title: view.unread for title, view in (await rooms(house, "xiaolin")).items()}
        assert {title: unread for title, unread in shown.items() if unread} == {
            COMMUNITY: 4,
            TEAM: 1,
        }


async def test_the_desk_has_inquiries_that_wait_that_are_served_and_one_that_is_settled(
    seeded: Settings,
) -> None:
    async with services(seeded) as house:
        page = await house.overview.page(caller("xiaolin"), ListDesk(view="unassigned"))
        assert [each.last and each.last.sender for each in page.entries] == ["tingting", "wuhao"]
        found = (await house.overview.page(caller("tangjie"), ListDesk(view="all"))).entries
        stands = {
            service.customer: (service.assignee, service.status)
            for each in found
            if (service := each.room.service)
        }
        assert stands == {
            "tingting": (None, "open"), "wuhao": (None, "open"), "mei": ("xiaolin", "open"),
            "yuxuan": ("yating", "open"), "zhoumin": ("jiahui", "resolved"),
        }  # fmt: skip


async def test_staff_find_canned_replies_and_tags(seeded: Settings) -> None:
    async with services(seeded) as house:
        assert len((await house.snippets.page(caller("xiaolin"), ListSnippets())).snippets) == 4
        at = int(NOW.timestamp() * 1000)
        mei = await house.customers.get(caller("xiaolin"), "mei", at)
        assert "湿疹护理" in mei.tags


async def test_people_have_their_names_and_roles(seeded: Settings) -> None:
    async with services(seeded) as house:
        view = (await conversations(house, "mei"))["xiaolin"]
        shown = {member.user: (member.name, member.role) for member in view.members}
        assert shown == {"mei": ("陈小美", "customer"), "xiaolin": ("林晓燕", "consultant")}


async def test_what_people_said_and_called_themselves_before_is_left_alone(
    settings: Settings,
) -> None:
    at = int(NOW.timestamp() * 1000) - 86_400_000
    async with demo._opened(settings) as house:
        for person in demo.people():
            named = structs.replace(person, name="自己起的名字")
            await house.users.ensure(seeding._identity(named, at), at)
        await seeding.Seeding(story.load(), house).enrol(NOW)
        direct = await house.services.conversations.open_direct(caller("xiaolin"), "mei", at)
        community = (await rooms(house.services, "mei"))[COMMUNITY]
        for user, view in (("xiaolin", direct), ("mei", community)):
            call = SendMessage(
                conversation=view.id, client_id="own", kind="text", body={"text": "真的消息"}
            )
            await house.services.messages.send(caller(user), call, at)

    await demo.seed(settings, NOW)

    async with services(settings) as opened:
        views = await conversations(opened, "xiaolin")
        assert views["mei"].id == direct_id("xiaolin", "mei")
        room = (await rooms(opened, "mei"))[COMMUNITY]
        for view in (views["mei"], room):
            assert [m.body["text"] for m in await said(opened, view, "mei")] == ["真的消息"]
        assert views["wuhao"].head.seq > 1
        assert {member.name for member in views["wuhao"].members} == {"自己起的名字"}


async def test_without_a_database_it_says_so(settings: Settings) -> None:
    away = structs.replace(
        settings, mongo_url="mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=100"
    )
    away = structs.replace(away, store_timeout_ms=300)
    with pytest.raises(DevError, match="demo shop"):
        await demo.seed(away, NOW)
