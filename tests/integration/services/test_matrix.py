"""Who may do what: every call that names a conversation, by everybody there is to it.

What has no row here nobody may: a new call fails the first test until it has one.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import pytest_asyncio

from chatserver.domain.calls import CALLS
from chatserver.errors import NotFound
from tests.integration.services.desk_rows import ALONE
from tests.integration.services.scenery import BODY, Scenery, outcome, payload

pytestmark = pytest.mark.asyncio

RELATIONS = (
    "owner", "admin", "member", "muted", "invited", "asked", "left", "removed", "banned",
    "stranger", "elsewhere",
)  # fmt: skip
OUTSIDE = ("stranger", "elsewhere")
TARGET = {"user": "target"}
CODES = {".": "ok", "F": "forbidden", "N": "not_found"}

TEXT = {"client_id": "c", "kind": "text", "body": BODY}
ALL = {**TEXT, "mention_all": True}
INTO = {"client_id": "c", "from": "home", "seqs": [1]}
RULE = {"rule": "ads", "action": "mask", "words": ["x"]}
TAP = {"seq": 1, "button": "b", "client_id": "k"}
NONE = "N" * len(RELATIONS)  # there is no card, and nothing was reported
OUT = {"client_id": "c", "conversation": "home", "from": "room", "seqs": [1]}

# For each thing that can be asked of a room: what the group and the channel answer, in the order of
# RELATIONS (`.` does it, F is forbidden, N knows of no such room), the call and its fields.
# Message 1 is somebody else's, message 2 the caller's own; `target` is a plain member.
TABLE: dict[str, tuple[str, str, str, dict[str, Any]]] = {
    "see": (".........NN", ".........NN", "conversation.get", {}),
    "list on": (".........NN", ".........NN", "conversation.list", {}),
    "come in": (".....NNNNNN", ".....NNNNNN", "conversation.join", {}),
    "leave": ("F........NN", "F........NN", "conversation.leave", {}),
    "rename": ("..FFFFFFFNN", "..FFFFFFFNN", "conversation.update", {"title": "new"}),
    "see members": ("....FFFFFNN", "..FFFFFFFNN", "conversation.members", {}),
    "see banned": ("..FFFFFFFNN", "..FFFFFFFNN", "conversation.members", {"state": "banned"}),
    "see who asked": ("..FFFFFFFNN", "..FFFFFFFNN", "conversation.members", {"state": "asked"}),
    "bring in": ("....FFFFFNN", "..FFFFFFFNN", "conversation.add", {"users": ["newcomer"]}),
    "remove": ("..FFFFFFFNN", "..FFFFFFFNN", "conversation.remove", {"user": "target"}),
    "remove admin": (".FFFFFFFFNN", ".FFFFFFFFNN", "conversation.remove", {"user": "second"}),
    "ban": ("..FFFFFFFNN", "..FFFFFFFNN", "conversation.ban", {"user": "target"}),
    "unban": ("..FFFFFFFNN", "..FFFFFFFNN", "conversation.ban", {"user": "banned", "until": 1}),
    "promote": (".FFFFFFFFNN", ".FFFFFFFFNN", "conversation.role", {**TARGET, "role": "admin"}),
    "hand over": (".FFFFFFFFNN", ".FFFFFFFFNN", "conversation.role", {**TARGET, "role": "owner"}),
    "mute": ("..FFFFFFFNN", "..FFFFFFFNN", "conversation.mute", {**TARGET, "until": 2**52}),
    "mute all": ("..FFFFFFFNN", "..FFFFFFFNN", "conversation.mute", {"until": 2**52}),
    "my settings": (".........NN", ".........NN", "conversation.prefs", {"mode": "none"}),
    "write": ("...FFFFFFNN", "..FFFFFFFNN", "message.send", TEXT),
    "mention all": ("..FFFFFFFNN", "..FFFFFFFNN", "message.send", ALL),
    "forward into": ("...FFFFFFNN", "..FFFFFFFNN", "message.forward", INTO),
    "forward out": ("....NN...NN", "....NN...NN", "message.forward", OUT),
    "edit own": ("...FFFFFFNN", "..FFFFFFFNN", "message.edit", {"seq": 2, "body": BODY}),
    "edit another's": ("FFFFFFFFFNN", "FFFFFFFFFNN", "message.edit", {"seq": 1, "body": BODY}),
    "recall own": ("....FFFFFNN", "....FFFFFNN", "message.recall", {"seq": 2}),
    "recall another's": ("..FFFFFFFNN", "..FFFFFFFNN", "message.recall", {"seq": 1}),
    "react": ("....FFFFFNN", "....FFFFFNN", "message.react", {"seq": 1, "reaction": "👍"}),
    "pin": ("..FFFFFFFNN", "..FFFFFFFNN", "message.pin", {"seq": 1}),
    "delete for me": ("....NN...NN", "....NN...NN", "message.delete", {"seq": 1}),
    "read history": (".........NN", ".........NN", "history.get", {}),
    "read media": (".........NN", ".........NN", "media.links", {"seqs": [1]}),
    "search": (".........NN", ".........NN", "search.messages", {"query": "hello"}),
    "read changes": (".........NN", ".........NN", "changes.get", {"after": 0}),
    "mark read": (".........NN", ".........NN", "read.mark", {"seq": 1}),
    "who read mine": ("....NNNNNNN", "....NNNNNNN", "read.who", {"seq": 2}),
    "who read another's": ("..FFNNNNNNN", "..FFNNNNNNN", "read.who", {"seq": 1}),
    "opened": (".........NN", ".........NN", "push.opened", {"id": "p"}),
    "type": ("...FFFFFFNN", "FFFFFFFFFNN", "typing", {"on": True}),
    "tap": (NONE, NONE, "card.act", TAP),
    "see filter": ("..FFNNNNNNN", "..FFNNNNNNN", "filter.get", {}),
    "set filter": ("..FFNNNNNNN", "..FFNNNNNNN", "filter.set", RULE),
    "report": ("....NN...NN", "....NN...NN", "report.create", {"seq": 1, "reason": "spam"}),
    "see reports": ("..FFNNNNNNN", "..FFNNNNNNN", "report.list", {}),
    "see report": (NONE, NONE, "report.get", {"seq": 2}),
    "resolve": (NONE, NONE, "report.resolve", {"seq": 2, "revision": 1, "verdict": "recall"}),
}
# names conversations and refuses none: see the last test; and what is about service conversations
# alone: see `test_desk_matrix`
ELSEWHERE = {"sync", *ALONE}


async def test_every_call_that_names_a_conversation_has_a_row() -> None:
    naming = {
        name
        for name, call in CALLS.items()
        if any("ConversationId" in kind for kind in call.__annotations__.values())
    }
    assert {call for _, _, call, _ in TABLE.values()} == naming - ELSEWHERE
    for group, channel, *_ in TABLE.values():
        assert len(group) == len(channel) == len(RELATIONS)


@pytest_asyncio.fixture
async def scenery(node: Any) -> Scenery:
    names = (*RELATIONS, "second", "target", "newcomer")
    devices = await asyncio.gather(*(node.arrive(name) for name in names))
    scenery = Scenery(node, dict(zip(names, devices, strict=True)))
    await scenery.begin_home()
    return scenery


@pytest.mark.parametrize("kind", ["group", "channel"])
async def test_a_person_may_what_the_table_says_and_a_refusal_changes_nothing(
    scenery: Scenery, kind: Any
) -> None:
    wrong = []
    patterns = [await scenery.room(kind, relation) for relation in RELATIONS]
    await scenery.node.kept.heads.flush()
    rooms = await scenery.copies(patterns)
    before = await scenery.state(rooms)
    for what, (group, channel, call, fields) in TABLE.items():
        expected = [CODES[sign] for sign in (group if kind == "group" else channel)]
        did: list[str] = []
        for relation, room in zip(RELATIONS, rooms, strict=True):
            scenery.hush()
            given = payload(fields, call, room)
            did.append((await outcome(scenery.people[relation], call, given))["code"])
            if did[-1] != "ok" and scenery.heard():
                wrong.append(f"{relation}: {what} was refused and was told")
        after = await scenery.state(rooms)
        for relation, room, code, right in zip(RELATIONS, rooms, did, expected, strict=True):
            if code != right:
                wrong.append(f"{relation}: {what} was {code}, not {right}")
            if code != "ok" and before[room] != after[room]:
                wrong.append(f"{relation}: {what} was refused and changed something")
        rooms = await scenery.as_they_were(patterns, rooms, did)
        before = after | await scenery.state([room for room in rooms if room not in after])
    assert not wrong


async def test_a_room_one_knows_nothing_of_answers_like_one_that_does_not_exist(
    scenery: Scenery,
) -> None:
    room = await scenery.room("group", "member")
    for _, _, call, fields in TABLE.values():
        for outsider in OUTSIDE:
            device = scenery.people[outsider]
            answers = [await outcome(device, call, payload(fields, call, r)) for r in (room, "r-0")]
            assert answers[0] == answers[1]
            assert answers[0]["code"] == NotFound.code


async def test_sync_names_no_room_that_is_not_mine(scenery: Scenery) -> None:
    room = await scenery.room("group", "member")
    for outsider in OUTSIDE:
        device = scenery.people[outsider]
        answer = await device.call("sync", {"have": {room: [0, 0], "r-0": [0, 0]}})
        assert [each["id"] for each in answer["conversations"]] == ["home"]
        device.frames.clear()
        await scenery.people["owner"].say(room)
        assert not device.events


# --- people of the shop -----------------------------------------------------------------------

STAFF = ("customer", "consultant", "manager", "admin", "bot")
DOORS = {
    # who begins one                 c  co m  a  b
    ("open", "group"):              "F....",
    ("open", "channel"):            "F....",
    # who walks into a room of the staff of `renmin`
    ("join", "renmin"):             "N...N",
    ("join", "another"):            "NNNNN",
    ("join", None):                 "NNNNN",
}  # fmt: skip


@pytest.mark.parametrize(("act", "where"), DOORS)
async def test_what_the_role_in_the_shop_allows(node: Any, act: str, where: Any) -> None:
    lin = await node.arrive("lin", role="consultant", shop="renmin")
    room = (await lin.call("conversation.open", {"kind": "group", "title": "晨会"}))["conversation"]
    settings = {"conversation": room["id"], "settings": {"join": "staff"}}
    await lin.call("conversation.update", settings)
    got = []
    for role in STAFF:
        shop = where if act == "join" else "renmin"
        device = await node.arrive(f"the-{role}", role=role, shop=shop)
        call = {"open": "conversation.open", "join": "conversation.join"}[act]
        fields = {"kind": where, "title": "new"} if act == "open" else {"conversation": room["id"]}
        got.append((await outcome(device, call, fields))["code"])
    assert got == [CODES[sign] for sign in DOORS[act, where]]


async def test_customers_begin_groups_where_the_settings_say_so(start_node: Any) -> None:
    node = await start_node(customers_open_rooms=True)
    mei = await node.arrive("mei")
    codes = [
        (await outcome(mei, "conversation.open", {"kind": kind, "title": "new"}))["code"]
        for kind in ("group", "channel")
    ]
    assert codes == ["ok", "forbidden"]
