"""What happens to a room and its members: every act as a rule, decided without asking anything.

An act sees the scene as it stands (the room, the memberships of the people concerned, who acts) and
gives a ruling: how things stand afterwards, and what the members are told. Saving it is not its
business; an act that changes nothing gives None, so repeating one is harmless.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import UNSET, structs

from chatserver.domain.calls import UpdateConversation
from chatserver.domain.conversation import Announcement, JoinMode, Room
from chatserver.domain.membership import FOREVER, Membership, RoomRole
from chatserver.domain.places import admitted, at_the_door, departed, quietly, ruled
from chatserver.domain.rights import Action, may, require
from chatserver.domain.scene import Note, Ruling, Scene
from chatserver.errors import Forbidden, NotFound

UNLIMITED = 2**31
ADMINS_MAX = 99
ASKED_MAX = 1000  # who wait to be let in; more are noise
INVITED_MAX = 1000  # who have not answered; nobody should invite everybody
GONE = frozenset({"left", "removed", "banned", "moved", "released"})
BY_ADMINS: frozenset[JoinMode] = frozenset({"approval", "staff"})  # ways in that admins watch over


def begin(scene: Scene) -> Ruling:
    """A new room with its owner in it."""
    owner = admitted(scene, scene.of(scene.caller.user), role="owner")
    title = scene.conversation.the_room.title
    return ruled(scene, (owner,), Note(type="created", by=owner.user, fields={"title": title}))


def begin_for(scene: Scene, admins: Iterable[str]) -> Ruling:
    """A new room of the server's, which has no owner, with its admins in it."""
    members = tuple(admitted(scene, scene.of(user), role="admin") for user in admins)
    return ruled(scene, members)


def bring_in(scene: Scene, user: str, role: RoomRole) -> Ruling | None:
    """The server brings somebody in; admins fit in any room.

    Raises:
        Forbidden: it is full.
    """
    person = scene.of(user)
    if person.is_in and person.role == role:
        return None
    note = Note(type="joined", by=user, users=(user,))
    if person.is_in:
        return ruled(scene, (structs.replace(person, role=role),))
    if role == "member":
        return _admit(scene, [person], note)
    return quietly(scene, ruled(scene, (admitted(scene, person, role=role),), note))


def take_out(scene: Scene, user: str) -> Ruling | None:
    """The server takes somebody out whom the room no longer fits."""
    person = scene.of(user)
    if not person.is_in:
        return None
    gone = departed(scene, person, state="moved")
    return quietly(scene, ruled(scene, (gone,), Note(type="left", by=user, users=(user,))))


def join(scene: Scene) -> Ruling | None:
    """Come in by oneself: as the room's settings say, or because one was invited.

    A room that everybody left waits for its owner.

    Raises:
        NotFound: the room takes in nobody like this; it is as if it were not there.
        Forbidden: it is full, or too many wait to be let in.
    """
    me, room = scene.of(scene.caller.user), scene.conversation.the_room
    mode = room.settings.join
    if me.is_in or (me.state == "asked" and mode == "approval"):
        return None
    if room.count == 0:
        return _come_back(scene, me)
    if _is_banned(me, scene.now):
        raise NotFound
    if me.state == "invited" or mode == "open" or (mode == "staff" and _is_colleague(scene)):
        return _admit(scene, [me], Note(type="joined", by=me.user, users=(me.user,)))
    if mode != "approval":
        raise NotFound
    if room.asked >= ASKED_MAX:
        raise Forbidden("Too many people wait to be let in here")
    return ruled(scene, (at_the_door(scene, me, state="asked"),))


def leave(scene: Scene) -> Ruling | None:
    """Go, or decline an invitation; an owner first hands the room over.

    Raises:
        Forbidden: the owner of a room in which there are others; here people do not just leave.
    """
    me, room = scene.actor, scene.conversation.the_room
    if me.state in GONE:
        return None
    if me.is_in:
        require(scene.conversation, me, "leave")
    if me.role == "owner" and room.count > 1:
        raise Forbidden("Hand the room over to somebody before you leave")
    gone = departed(scene, me, state="left")
    if not me.is_in:
        return ruled(scene, (gone,))
    return quietly(scene, ruled(scene, (gone,), Note(type="left", by=me.user, users=(me.user,))))


def add(scene: Scene, users: Iterable[str]) -> Ruling | None:
    """Bring people in: staff at once, others by an invitation; whoever asked to come in is let in.

    Where members could get somebody past approval, or past the door of the staff, admins invite.

    Raises:
        Forbidden: the caller may not even invite, or one of them is banned, or the room is full, or
            too many invitations to it are open.
    """
    by_admins = scene.conversation.the_room.settings.join in BY_ADMINS
    require(scene.conversation, scene.actor, "add" if by_admins else "invite")
    outside = [each for each in map(scene.of, dict.fromkeys(users)) if not each.is_in]
    if any(_is_banned(each, scene.now) for each in outside):
        raise Forbidden("This person is banned here")
    at_once = [each for each in outside if _comes_in_at_once(scene, each)]
    invited = [
        at_the_door(scene, each, state="invited")
        for each in outside
        if each not in at_once and each.state != "invited"
    ]
    names = tuple(each.user for each in at_once)
    return _admit(scene, at_once, Note(type="added", by=scene.caller.user, users=names), *invited)


def remove(scene: Scene, user: str) -> Ruling | None:
    """Send a member away, or refuse who asked or was invited.

    Raises:
        Forbidden: the caller may not, or not this one.
        NotFound: there is no such member.
    """
    return _send_away(scene, user, "remove", state="removed")


def ban(scene: Scene, user: str, until: int | None) -> Ruling | None:
    """Send somebody away and keep them out until a time, for ever without one; a past one lifts it.

    Raises:
        Forbidden, NotFound: as for `remove`.
    """
    until = FOREVER if until is None else until
    if until <= scene.now:
        require(scene.conversation, scene.actor, "ban")
        banned = scene.members.get(user)
        if banned is None or banned.state != "banned":
            return None
        return ruled(scene, (departed(scene, banned, state="removed"),))
    return _send_away(scene, user, "ban", state="banned", banned_until=until)


def set_role(scene: Scene, user: str, role: RoomRole) -> Ruling | None:
    """Make a member admin or not; an owner hands the room over. The scene has all admins in it.

    Raises:
        Forbidden: only the owner may, and not to more than 99.
        NotFound: there is no such member.
    """
    actor = scene.actor
    require(scene.conversation, actor, "set_role")
    target = _member(scene, user)
    if target.user == actor.user or target.role == role:
        return None
    admins = [each for each in scene.members.values() if each.is_in and each.role == "admin"]
    if target.role == "member" and len(admins) >= ADMINS_MAX:  # who hands over becomes one as well
        raise Forbidden(f"A room has at most {ADMINS_MAX} admins")
    note = Note(type="role", by=actor.user, users=(user,), fields={"role": role})
    changed = structs.replace(target, role=role)
    if role != "owner":
        return ruled(scene, (changed,), note)
    changed = structs.replace(changed, muted_until=0)  # nobody stands above to lift it
    ruling = ruled(scene, (changed, structs.replace(actor, role="admin")), note)
    return structs.replace(ruling, room=structs.replace(ruling.room, owner=user))


def mute(scene: Scene, user: str, until: int) -> Ruling | None:
    """Keep a member from writing until a time; a past one lifts it.

    Raises:
        Forbidden, NotFound: as for `remove`.
    """
    require(scene.conversation, scene.actor, "mute")
    target = _member(scene, user)
    _see_that_it_is_above(scene, target)
    until = _ahead(until, scene.now)
    if target.muted_until == until:
        return None
    kind, fields = ("muted", {"until": until}) if until else ("unmuted", {})
    note = Note(type=kind, by=scene.caller.user, users=(user,), fields=fields)
    return ruled(scene, (structs.replace(target, muted_until=until),), note)


def mute_all(scene: Scene, until: int, speakers: tuple[str, ...]) -> Ruling | None:
    """Let only admins and these members write until a time; a past one lifts it.

    Who is no member is passed over: somebody named may just have left.

    Raises:
        Forbidden: the caller may not.
    """
    require(scene.conversation, scene.actor, "mute_all")
    until = _ahead(until, scene.now)
    speakers = tuple(user for user in speakers if scene.of(user).is_in) if until else ()
    room = structs.replace(scene.conversation.the_room, muted_until=until, speakers=speakers)
    if room == scene.conversation.the_room:
        return None
    by = scene.caller.user
    if not until:
        return Ruling(room=room, notes=(Note(type="all_unmuted", by=by),))
    return Ruling(room=room, notes=(Note(type="all_muted", by=by, fields={"until": until}),))


def update(scene: Scene, call: UpdateConversation) -> Ruling | None:
    """Change title, avatar, announcement, settings; what is left out stays.

    Raises:
        Forbidden: the caller may not.
    """
    require(scene.conversation, scene.actor, "update")
    before = scene.conversation.the_room
    after = structs.replace(before, **_wanted(scene, call))
    changed = [
        name
        for name in ("title", "avatar", "announcement", "settings")
        if getattr(before, name) != getattr(after, name)
    ]
    if not changed:
        return None
    by = scene.caller.user
    notes = (Note(type=name, by=by, fields=_told(name, after)) for name in changed)
    return Ruling(room=after, notes=tuple(notes))


def _come_back(scene: Scene, owner: Membership) -> Ruling:
    if owner.user != scene.conversation.the_room.owner:
        raise NotFound
    back = admitted(scene, owner, role="owner")
    return ruled(scene, (back,), Note(type="joined", by=owner.user, users=(owner.user,)))


def _admit(
    scene: Scene, people: Iterable[Membership], note: Note, *others: Membership
) -> Ruling | None:
    newcomers = tuple(admitted(scene, person) for person in people)
    if not newcomers and not others:
        return None
    ruling = ruled(scene, (*newcomers, *others), *([note] if newcomers else ()))
    if others and ruling.room.invited > INVITED_MAX:
        raise Forbidden("Too many invitations to this room are not answered yet")
    if newcomers and ruling.room.count > ruling.room.capacity:
        raise Forbidden("This room is full")
    return quietly(scene, ruling)


def _send_away(scene: Scene, user: str, action: Action, **fields: Any) -> Ruling | None:
    require(scene.conversation, scene.actor, action)
    target = scene.members.get(user)
    if user == scene.caller.user or target is None or (target.state in GONE and action == "remove"):
        raise NotFound("There is no such member")
    _see_that_it_is_above(scene, target)
    gone = departed(scene, target, **fields)
    if (target.state, target.banned_until) == (gone.state, gone.banned_until):
        return None
    if not target.is_in:
        return ruled(scene, (gone,))
    note = Note(type="removed", by=scene.caller.user, users=(user,))
    return quietly(scene, ruled(scene, (gone,), note))


def _comes_in_at_once(scene: Scene, person: Membership) -> bool:
    if not may(scene.conversation, scene.actor, "add"):
        return False
    return person.state == "asked" or scene.caller.is_staff


def _member(scene: Scene, user: str) -> Membership:
    found = scene.members.get(user)
    if found is None or not found.is_in:
        raise NotFound("There is no such member")
    return found


def _see_that_it_is_above(scene: Scene, target: Membership) -> None:
    if not scene.actor.outranks(target):
        raise Forbidden("You may do this only to members below your role")


def _is_banned(person: Membership, now: int) -> bool:
    return person.state == "banned" and (person.banned_until or FOREVER) > now


def _is_colleague(scene: Scene) -> bool:
    shop = scene.conversation.the_room.shop
    return scene.caller.is_staff and shop in (None, scene.caller.shop)


def _wanted(scene: Scene, call: UpdateConversation) -> dict[str, Any]:
    given = {
        name: value for name in ("title", "avatar") if (value := getattr(call, name)) is not UNSET
    }
    if call.settings is not UNSET:
        given["settings"] = call.settings.applied_to(scene.conversation.the_room.settings)
    if call.announcement is UNSET:
        return given
    standing = scene.conversation.the_room.announcement
    if (standing.text if standing else None) == call.announcement:
        return given
    text = call.announcement
    made = None if text is None else Announcement(text, scene.caller.user, scene.now)
    return {**given, "announcement": made}


def _told(name: str, room: Room) -> dict[str, Any]:
    if name == "announcement":
        return {"text": room.announcement.text if room.announcement else None}
    if name == "settings":
        return structs.asdict(room.settings)
    return {name: getattr(room, name)}


def _ahead(until: int, now: int) -> int:
    return min(until, FOREVER) if until > now else 0
