"""Who may do what at the desk: every call that names a conversation, by everybody there is to it.

What has no row nobody may: a new call fails the first test until it has one.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import pytest_asyncio

from chatserver.domain.calls import CALLS
from chatserver.domain.conversation import Service
from chatserver.domain.membership import Head
from tests.integration.services.desk_rows import ALONE, CODES, LISTS, RELATIONS, TABLE
from tests.integration.services.scenery import Scenery, outcome, payload

pytestmark = pytest.mark.asyncio

SHOP = "renmin"
ROLES = {
    "customer": ("customer", SHOP), "keeper": ("consultant", SHOP), "manager": ("manager", SHOP),
    "colleague": ("consultant", SHOP), "former": ("consultant", SHOP),
    "elsewhere": ("consultant", "wuyi"), "chief": ("manager", "wuyi"), "other": ("customer", SHOP),
    "boss": ("admin", SHOP), "bot": ("bot", SHOP),
}  # fmt: skip
NOTES = {"keeper": "see below", "customer": "N", "colleague": "N", "former": "N", "chief": "N"}


async def test_every_call_that_names_a_conversation_has_a_row() -> None:
    naming = {
        name
        for name, call in CALLS.items()
        if any("ConversationId" in kind for kind in call.__annotations__.values())
    }
    assert {call for *_, call, _ in TABLE.values()} | {"sync", "desk.list"} == naming
    assert naming >= ALONE


@pytest_asyncio.fixture
async def scenery(node: Any) -> Scenery:
    devices = [await node.arrive(name, role=ROLES[name][0], shop=ROLES[name][1]) for name in ROLES]
    scenery = Scenery(node, dict(zip(ROLES, devices, strict=True)))
    await scenery.begin_home()
    return scenery


async def service(scenery: Scenery, own: str, *, is_served: bool) -> str:
    """A service conversation with a message of the customer or the keeper, and one of `own`."""
    assignee = "keeper" if is_served else None
    standing: dict[str, Any] = {
        "customer": {},
        "former": {"state": "released", "until": Head(2, 0)},
        **({"keeper": {"role": "admin"}} if is_served else {}),
    }
    id_ = f"s-{own}"
    names = {user: user.title() for user in ("customer", assignee) if user}
    stands = Service(customer="customer", assignee=assignee, since=1, names=names)
    await scenery.begin(id_, "service", standing, shop=SHOP, service=stands)
    await scenery.say(id_, "customer" if own == "keeper" else "keeper", own)
    return id_


async def notes(scenery: Scenery, own: str) -> str:
    """Notes with the keeper in them, which somebody else was in, and a message of each."""
    id_ = f"n-{own}"
    standing: dict[str, Any] = {"keeper": {}, "former": {"state": "released", "until": Head(2, 0)}}
    await scenery.begin(id_, "notes", standing, shop=SHOP, notes_of="s-customer")
    await scenery.say(id_, "manager", own)
    return id_


async def compare(
    scenery: Scenery, room: dict[str, str], expected: dict[str, dict[str, str]]
) -> None:
    """See that every call comes to what is expected, and that refused ones change nothing.

    `room` is the pattern for each relation, `expected` the code by row and relation.
    """
    patterns = list(room.values())
    await scenery.node.kept.heads.flush()
    before = await scenery.state(patterns)
    wrong = []
    for what, by_relation in expected.items():
        *_, call, fields = TABLE[what]
        doing = [relation for relation, right in by_relation.items() if right == "ok"]
        copies = await scenery.copies([room[relation] for relation in doing]) if doing else ()
        used = room | dict(zip(doing, copies, strict=True))
        for relation, right in by_relation.items():
            scenery.hush()
            given = payload(fields, call, used[relation])
            refusal = await outcome(scenery.people[relation], call, given)
            if refusal["code"] != right:
                wrong.append(f"{relation}: {what} was {refusal['code']}, not {right}")
            if refusal["code"] != "ok" and scenery.heard():
                wrong.append(f"{relation}: {what} was refused and was told")
    assert not wrong
    assert await scenery.state(patterns) == before


@pytest.mark.parametrize("is_served", [False, True], ids=["waiting", "served"])
async def test_a_person_may_what_the_table_says_and_a_refusal_changes_nothing(
    scenery: Scenery, is_served: bool
) -> None:
    rooms = {own: await service(scenery, own, is_served=is_served) for own in RELATIONS}
    expected = {
        what: {who: CODES[sign] for who, sign in zip(RELATIONS, signs[is_served], strict=True)}
        for what, (signs, *_) in TABLE.items()
    }
    await compare(scenery, rooms, expected)


async def test_of_notes_only_who_is_in_them_finds_anything(scenery: Scenery) -> None:
    rooms = {own: await notes(scenery, own) for own in NOTES}
    expected = {
        what: {who: CODES[mine if who == "keeper" else sign] for who, sign in NOTES.items()}
        for what, (_, mine, *_) in TABLE.items()
    }
    await compare(scenery, rooms, expected)


async def test_what_is_about_service_conversations_finds_no_other_room(scenery: Scenery) -> None:
    answers = await asyncio.gather(
        *(
            outcome(scenery.people[who], call, payload(fields, call, "home"))
            for *_, call, fields in TABLE.values()
            if call in ALONE
            for who in ("keeper", "manager", "customer")
        )
    )
    assert {answer["code"] for answer in answers} == {"not_found"}


@pytest.mark.parametrize("role", LISTS)
async def test_which_lists_a_role_may_see(node: Any, role: Any) -> None:
    device = await node.arrive("somebody", role=role, shop=SHOP)
    nowhere = await node.arrive("nobody", role=role)
    views = ("mine", "unassigned", "all")
    codes = [(await outcome(device, "desk.list", {"view": view}))["code"] for view in views]
    assert codes == [CODES[sign] for sign in LISTS[role]]
    for view in views:
        assert (await outcome(nowhere, "desk.list", {"view": view}))["code"] == "forbidden"
