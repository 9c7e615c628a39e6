"""People's places in a room, as acts on it make them, and the room counted anew."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import structs

from chatserver.domain.conversation import History, RoomSettings
from chatserver.domain.membership import Head, Membership, RoomRole, Sign, State
from chatserver.domain.scene import Note, Ruling, Scene


def first_seen(settings: RoomSettings, head: Head) -> int:
    """The first message that somebody sees who comes in now."""
    last: dict[History, int] = {"all": head.seq, "joined": 0, "last": settings.history_last}
    return max(1, head.seq - last[settings.history] + 1)


def admitted(scene: Scene, person: Membership, role: RoomRole = "member") -> Membership:
    """The person's place from now on: in it, seeing what the room shows newcomers."""
    return structs.replace(
        person,
        state="in",
        role=role,
        joined_at=scene.now,
        since=first_seen(scene.conversation.the_room.settings, scene.head),
        until=None,
        sign=None,
        banned_until=None,
        # what was said before is there to be read, but does not count as unread
        read=scene.head.seq,
        delivered=scene.head.seq,
    )


def at_the_door(scene: Scene, person: Membership, state: State) -> Membership:
    """The place of somebody who is invited, or asks to come in."""
    joined_at = person.joined_at or scene.now
    return structs.replace(person, state=state, joined_at=joined_at, sign=None, banned_until=None)


def departed(
    scene: Scene, person: Membership, state: State, banned_until: int | None = None
) -> Membership:
    """The person's place from now on: what was to be seen until now, and nothing later."""
    room = scene.conversation.the_room
    sign = person.sign or Sign(room.title, room.avatar)
    return structs.replace(
        person,
        state=state,
        role="member",
        until=scene.head if person.is_in else person.until,
        sign=structs.replace(sign, revision=room.revision + 1),  # as this act leaves it
        banned_until=banned_until,
    )


def ruled(scene: Scene, changed: tuple[Membership, ...], *notes: Note) -> Ruling:
    """These memberships changed: the ruling, with the room counted anew."""
    before = [scene.of(each.user) for each in changed]
    gone = {each.user for each in changed if not each.is_in}
    went = tuple(each.user for each in before if each.is_in and each.user in gone)
    room = scene.conversation.the_room
    room = structs.replace(
        room,
        count=room.count + _gained(before, changed, "in"),
        asked=room.asked + _gained(before, changed, "asked"),
        invited=room.invited + _gained(before, changed, "invited"),
        speakers=tuple(user for user in room.speakers if user not in gone),
    )
    return Ruling(room=room, members=changed, went=went, notes=notes)


def _gained(before: Iterable[Membership], after: Iterable[Membership], state: State) -> int:
    return sum(m.state == state for m in after) - sum(m.state == state for m in before)


def quietly(scene: Scene, ruling: Ruling) -> Ruling:
    """Who comes to a large room, and who goes, is told to nobody."""
    after = structs.replace(scene.conversation, room=ruling.room)
    return structs.replace(ruling, notes=()) if after.is_large else ruling
