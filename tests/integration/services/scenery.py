"""Rooms in which everybody has their place, to ask each of them for everything there is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chatserver.clock import now_ms
from chatserver.domain.conversation import Conversation, ConversationKind, Room
from chatserver.domain.membership import FOREVER, Head, Membership
from chatserver.domain.message import Draft
from chatserver.domain.scene import Ruling
from chatserver.errors import ChatError

BODY = {"text": "hi"}


class Scenery:
    """Rooms in which everybody has their place, made without going through the acts."""

    def __init__(self, node: Any, people: dict[str, Any]) -> None:
        self.node = node
        self.people = people
        self._made = 0

    async def room(self, kind: ConversationKind, own: str) -> str:
        """A room with a message of somebody and one of `own`."""
        self._made += 1
        id_ = f"r{self._made}"
        head = Head(2, 0)
        standing = {
            "owner": {"role": "owner"}, "admin": {"role": "admin"}, "second": {"role": "admin"},
            "member": {}, "target": {}, "muted": {"muted_until": FOREVER},
            "invited": {"state": "invited"}, "asked": {"state": "asked"},
            "left": {"state": "left", "until": head},
            "removed": {"state": "removed", "until": head},
            "banned": {"state": "banned", "until": head, "banned_until": FOREVER},
        }  # fmt: skip
        await self.begin(id_, kind, standing)
        await self.say(id_, "target", own)
        return id_

    async def copies(self, patterns: Sequence[str]) -> list[str]:
        """The same rooms once more, as they were."""
        self._made += 1
        ids = {pattern: f"{pattern}-{self._made}" for pattern in patterns}
        for name in ("conversations", "memberships", "messages"):
            key = "_id" if name == "conversations" else "_id.c"
            collection = self.node.kept.database.collection(name)
            found = await collection.find({key: {"$in": patterns}}).to_list(None)
            await collection.insert_many([_renamed(document, ids) for document in found])
        return list(ids.values())

    async def as_they_were(
        self, patterns: Sequence[str], rooms: Sequence[str], did: Sequence[str]
    ) -> list[str]:
        """The rooms, with a new copy of each in which something was done."""
        used = [pattern for pattern, code in zip(patterns, did, strict=True) if code == "ok"]
        fresh = iter(await self.copies(used) if used else ())
        return [
            next(fresh) if code == "ok" else room for room, code in zip(rooms, did, strict=True)
        ]

    async def begin_home(self) -> None:
        """A group that has nothing to do with the others, in which is whoever asks."""
        everybody: dict[str, dict[str, Any]] = {user: {} for user in self.people}
        await self.begin("home", "group", everybody | {"owner": {"role": "owner"}})
        await self.say("home", "owner")

    async def begin(
        self, id_: str, kind: ConversationKind, standing: dict[str, Any], **fields: Any
    ) -> None:
        """A room with everybody in their place; `fields` are the room's."""
        members = [Membership(conversation=id_, user=u, **given) for u, given in standing.items()]
        count = len([each for each in members if each.is_in])
        room = Room(
            title="三月宝宝",
            owner="owner",
            capacity=500,
            count=count,
            asked=len([each for each in members if each.state == "asked"]),
            invited=len([each for each in members if each.state == "invited"]),
            **fields,
        )
        conversation = Conversation(id=id_, kind=kind, created_at=1, room=room)
        await self.node.kept.rooms.begin(conversation, Ruling(room=room, members=(*members,)), 1)

    async def say(self, id_: str, *senders: str) -> None:
        """A message of each."""
        for number, sender in enumerate(senders):
            draft = Draft(
                conversation=id_, client_id=f"m{number}", sender=sender, kind="text", body=BODY | {}
            )
            await self.node.kept.log.append(draft, now_ms())

    async def state(self, rooms: Sequence[str]) -> dict[str, list[Any]]:
        """All that is stored about these rooms."""
        await self.node.kept.heads.flush()  # what runs behind
        stored: dict[str, list[Any]] = {room: [] for room in rooms}
        for name in ("conversations", "memberships", "messages", "changes"):
            key = "_id" if name == "conversations" else "_id.c"
            found = self.node.kept.database.collection(name).find({key: {"$in": rooms}})
            for document in await found.sort("_id", 1).to_list(None):
                id_ = document["_id"]
                stored[id_ if key == "_id" else id_["c"]].append(document)
        return stored

    def hush(self) -> None:
        """Forget what was told so far."""
        for device in self.people.values():
            device.frames.clear()

    def heard(self) -> list[Any]:
        """What anybody was told since the last `hush`."""
        return [event for device in self.people.values() for event in device.events]


def _renamed(document: dict[str, Any], ids: dict[str, str]) -> dict[str, Any]:
    id_ = document["_id"]
    if isinstance(id_, str):
        return {**document, "_id": ids[id_]}
    own = {"conversation": ids[id_["c"]]} if "conversation" in document else {}
    return {**document, "_id": {**id_, "c": ids[id_["c"]]}, **own}


def payload(fields: dict[str, Any], call: str, room: str) -> dict[str, Any]:
    """The fields of a call that names a room."""
    place = "after" if call in {"conversation.list", "desk.list"} else "conversation"
    given = {place: room, **fields}
    return {name: room if value == "room" else value for name, value in given.items()}


async def outcome(device: Any, call: str, fields: dict[str, Any]) -> dict[str, Any]:
    """What a call comes to: its refusal, or the code `ok`."""
    try:
        await device.call(call, fields)
    except ChatError as refused:
        return refused.to_wire()
    return {"code": "ok"}
