"""A small chat that keeps its promises, told as a history: what the checker must let pass."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from loadtest.history import (
    Fail,
    Final,
    Info,
    Invoke,
    Ok,
    Page,
    Record,
    Saw,
    SawChange,
    SawRead,
    Shown,
    StoredChange,
    StoredConversation,
    StoredMessage,
    digest,
    shown,
)

LOST = "lost"
REFUSED = "refused"
STORED_BUT_LOST = "stored_but_lost"


@dataclass
class Room:
    members: tuple[str, ...]
    messages: list[dict[str, Any]] = field(default_factory=list)
    changes: list[StoredChange] = field(default_factory=list)
    reads: dict[str, int] = field(default_factory=dict)


class Story:
    """People with one or two devices each; every method is something that happens."""

    def __init__(self, rooms: dict[str, tuple[str, ...]], devices: dict[str, tuple[str, ...]]):
        self.rooms = {name: Room(members) for name, members in rooms.items()}
        self.devices = devices
        self.records: list[Record] = []
        self._clock = 0

    def send(self, user: str, device: str, room: str, client_id: str, outcome: str = "ok") -> int:
        text = {"text": f"{user} says {client_id}"}
        call = self._invoke(
            user, device, room, "message.send", client_id=client_id, body=digest(text)
        )
        if outcome in (LOST, REFUSED):
            self._unanswered(call, outcome)
            return 0
        seq, new = self._store(user, room, client_id, text)
        if outcome == STORED_BUT_LOST:
            self._unanswered(call, LOST)
        else:
            self._add(Ok, id=call, seq=seq, time=1000 + seq, duplicate=not new)
        if new:
            message = shown(self.rooms[room].messages[seq - 1])
            self._tell(room, device, Saw, message=message)
        return seq

    def change(self, user: str, device: str, room: str, seq: int, kind: str) -> None:
        """Edit, recall or react."""
        body = {"text": f"better {len(self.rooms[room].changes)}"}
        asked: dict[str, Any] = {"seq": seq}
        asked |= {"body": digest(body)} if kind == "edit" else {}
        asked |= {"reaction": "👍"} if kind == "react" else {}
        call = self._invoke(user, device, room, f"message.{kind}", **asked)
        mod = len(self.rooms[room].changes) + 1
        self.rooms[room].changes.append(
            StoredChange(at=0, conversation=room, mod=mod, change=kind, by=user, **asked)
        )
        self._apply(self.rooms[room].messages[seq - 1], user, kind, body, mod)
        self._add(Ok, id=call, mod=mod)
        self._tell(room, device, SawChange, mod=mod, change=kind, seq=seq, by=user)

    def mark_read(self, user: str, device: str, room: str, seq: int) -> None:
        call = self._invoke(user, device, room, "read.mark", seq=seq)
        reads = self.rooms[room].reads
        reads[user] = max(seq, reads.get(user, 0))
        self._add(Ok, id=call, read=reads[user])
        self._tell(room, device, SawRead, member=user, seq=reads[user])

    def page(self, user: str, device: str, room: str, after: int = 0) -> None:
        began = self._tick()
        messages = tuple(shown(message) for message in self.rooms[room].messages[after:])
        self._add(
            Page,
            user=user,
            device=device,
            conversation=room,
            via="socket",
            began=began,
            above=after,
            upto=None,
            messages=messages,
        )

    def end(self) -> list[Record]:
        """Everything has calmed down: what the database holds and what the devices show."""
        for name, room in self.rooms.items():
            self._stored(name, room)
            for user in room.members:
                for device in self.devices[user]:
                    self._final(name, room, user, device)
        return self.records

    def _invoke(self, user: str, device: str, room: str, name: str, **fields: Any) -> str:
        call = f"call-{self._clock}"
        self._add(
            Invoke,
            user=user,
            device=device,
            connection=device,
            conversation=room,
            id=call,
            name=name,
            **fields,
        )
        return call

    def _unanswered(self, call: str, outcome: str) -> None:
        if outcome == REFUSED:
            self._add(Fail, id=call, code="rate_limited")
        else:
            self._add(Info, id=call, reason="lost")

    def _store(
        self, user: str, room: str, client_id: str, body: dict[str, str]
    ) -> tuple[int, bool]:
        messages = self.rooms[room].messages
        for message in messages:
            if (message["sender"], message["client_id"]) == (user, client_id):
                return message["seq"], False
        seq = len(messages) + 1
        messages.append(
            {"seq": seq, "sender": user, "client_id": client_id, "body": body, "at": 1000 + seq}
        )
        reads = self.rooms[room].reads
        reads[user] = max(seq, reads.get(user, 0))
        return seq, True

    @staticmethod
    def _apply(
        message: dict[str, Any], user: str, kind: str, body: dict[str, str], mod: int
    ) -> None:
        message["mod"] = mod
        if kind == "edit":
            message |= {"body": body, "edits": message.get("edits", 0) + 1}
        elif kind == "recall":
            message |= {"body": {}, "recalled": True, "reactions": {}}
        else:
            people = {*message.get("reactions", {}).get("👍", ()), user}
            message["reactions"] = {"👍": sorted(people)}

    def _tell(self, room: str, but: str, kind: type[Any], **fields: Any) -> None:
        for user in self.rooms[room].members:
            for device in self.devices[user]:
                if device != but:
                    self._add(
                        kind,
                        user=user,
                        device=device,
                        connection=device,
                        conversation=room,
                        **fields,
                    )

    def _stored(self, name: str, room: Room) -> None:
        self._add(
            StoredConversation,
            conversation=name,
            members=room.members,
            seq=len(room.messages),
            mod=len(room.changes),
            reads=dict(room.reads),
        )
        for message in room.messages:
            self._add(StoredMessage, conversation=name, message=shown(message))
        self.records.extend(room.changes)

    def _final(self, name: str, room: Room, user: str, device: str) -> None:
        read = room.reads.get(user, 0)
        self._add(
            Final,
            user=user,
            device=device,
            conversation=name,
            messages=tuple(shown(message) for message in room.messages),
            mod=len(room.changes),
            reads=dict(room.reads),
            unread=sum(
                m["seq"] > read
                and m["sender"] != user
                and not m.get("recalled")
                and m.get("kind") != "void"
                for m in room.messages
            ),
        )

    def _tick(self) -> int:
        self._clock += 1
        return self._clock

    def _add(self, kind: type[Any], **fields: Any) -> None:
        self.records.append(kind(at=self._tick(), **fields))


def a_good_story() -> Story:
    """Mei and Lin chat; Yu has a chat of her own with Lin; a little of everything happens."""
    story = Story(
        {"mei-lin": ("mei", "lin"), "yu-lin": ("yu", "lin")},
        {"mei": ("phone", "tablet"), "lin": ("desk",), "yu": ("yu-phone",)},
    )
    story.send("mei", "phone", "mei-lin", "m1")
    story.send("mei", "phone", "mei-lin", "m2", STORED_BUT_LOST)
    story.send("mei", "phone", "mei-lin", "m2")
    story.send("lin", "desk", "mei-lin", "l1")
    story.send("mei", "phone", "mei-lin", "never", REFUSED)
    story.send("lin", "desk", "yu-lin", "y1")
    story.page("mei", "tablet", "mei-lin")
    story.change("mei", "phone", "mei-lin", 1, "edit")
    story.change("lin", "desk", "mei-lin", 2, "react")
    story.change("lin", "desk", "mei-lin", 3, "recall")
    story.mark_read("lin", "desk", "mei-lin", 1)
    story.mark_read("mei", "tablet", "mei-lin", 3)
    story.send("mei", "phone", "mei-lin", "m3")
    story.page("lin", "desk", "mei-lin", after=2)
    return story


def text(words: str) -> str:
    return digest({"text": words})


def message(seq: int, sender: str = "mei", client_id: str = "x", **more: Any) -> Shown:
    return Shown(seq=seq, sender=sender, client_id=client_id, body=text("x"), **more)
