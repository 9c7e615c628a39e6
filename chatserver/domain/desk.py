"""A shop's desk: what happens to service conversations, and who may look at them.

Acts are rules as in `domain/room`: decided on the scene as it stands, saved by somebody else.
Whoever serves a conversation is its admin, the customer a member.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import Struct, structs

from chatserver.domain.conversation import Conversation, Room, Service, ServiceStatus
from chatserver.domain.membership import Head, Membership
from chatserver.domain.message import Message
from chatserver.domain.person import SERVING, Caller, Person
from chatserver.domain.places import admitted, departed, ruled
from chatserver.domain.scene import Note, Ruling, Scene
from chatserver.errors import Forbidden, NotFound, Taken


class DeskView(Struct, frozen=True, kw_only=True):
    """A service conversation as it lies on the desk, the same for all who may look at it.

    `last` is the latest message, also where it was recalled.
    """

    id: str
    created_at: int
    room: Room
    head: Head
    last: Message | None


def serves(person: Caller | Person, shop: str | None) -> bool:
    """Whether somebody serves customers of this shop."""
    return person.role in SERVING and shop is not None and person.shop == shop


def manages(person: Caller | Person, shop: str | None) -> bool:
    """Whether somebody sees all that is served in this shop."""
    return person.role == "manager" and serves(person, shop)


def may_look(person: Caller | Person, conversation: Conversation) -> bool:
    """Whether somebody may see a service conversation that they are not in: managers all of their
    shop, others what waits there."""
    room, service = conversation.room, conversation.service
    if room is None or service is None:
        return False
    return manages(person, room.shop) or (serves(person, room.shop) and service.waits)


def may_note(person: Caller | Person, conversation: Conversation) -> bool:
    """Whether somebody may read the notes beside a service conversation: who serves it, and who may
    look at it."""
    service = conversation.service
    is_mine = service is not None and service.assignee == person.user
    return is_mine or may_look(person, conversation)


def begin(scene: Scene) -> Ruling:
    """A new service conversation, with the customer in it."""
    return ruled(scene, (admitted(scene, scene.of(scene.caller.user)),))


def is_question(service: Service, user: str) -> bool:
    """Whether what somebody says puts the conversation on the desk: nobody asked before, or what
    was asked is settled."""
    return user == service.customer and (service.status == "resolved" or not service.since)


def ask(scene: Scene) -> Ruling | None:
    """The customer said something."""
    if not is_question(_service(scene), scene.caller.user):
        return None
    return Ruling(room=_standing(scene, scene.conversation.the_room, status="open"))


def claim(scene: Scene, me: Person) -> Ruling | None:
    """Take on what nobody serves.

    Raises:
        NotFound: it is not for the caller to look at.
        Taken: somebody serves it already.
    """
    service = _service(scene)
    if service.assignee == me.user:
        return None
    if service.assignee and serves(me, scene.conversation.the_room.shop):
        name = service.names.get(service.assignee, service.assignee)
        raise Taken(f"{name} has it", by=service.assignee, name=name)
    if not may_look(me, scene.conversation):
        raise NotFound
    return _given(scene, me, Note(type="claimed", by=me.user, users=(me.user,)))


def assign(scene: Scene, to: Person) -> Ruling | None:
    """Hand it to a colleague. The scene has whoever serves it in it; so do those below.

    Raises:
        NotFound: it is not for the caller to look at, or there is no such colleague.
        Forbidden: the caller may look at it only; so do those below.
    """
    service = _its_keeper(scene)
    if not serves(to, scene.conversation.the_room.shop):
        raise NotFound("There is no such colleague")
    if service.assignee == to.user:
        return None
    return _given(scene, to, Note(type="assigned", by=scene.caller.user, users=(to.user,)))


def release(scene: Scene) -> Ruling | None:
    """Give it back to the desk."""
    service = _its_keeper(scene)
    if service.assignee is None:
        return None
    gone = _gone(scene)
    note = Note(type="released", by=scene.caller.user, users=(service.assignee,))
    ruling = ruled(scene, gone, note)
    return structs.replace(ruling, room=_standing(scene, ruling.room, assignee=None))


def settle(scene: Scene, status: ServiceStatus) -> Ruling | None:
    """Say that it is settled, or that it is not after all."""
    service = _its_keeper(scene)
    if service.status == status:
        return None
    note = Note(type="resolved" if status == "resolved" else "reopened", by=scene.caller.user)
    room = _standing(scene, scene.conversation.the_room, status=status)
    return Ruling(room=room, notes=(note,))


def enter_notes(scene: Scene) -> Ruling | None:
    """Come into the notes; nobody is told, as staff come and go with what they serve."""
    me = scene.of(scene.caller.user)
    return None if me.is_in else ruled(scene, (admitted(scene, me),))


def leave_notes(scene: Scene, users: Iterable[str]) -> Ruling | None:
    """These people may read the notes no longer."""
    gone = tuple(
        departed(scene, scene.of(user), state="released") for user in users if scene.of(user).is_in
    )
    return ruled(scene, gone) if gone else None


def _service(scene: Scene) -> Service:
    service = scene.conversation.service
    if service is None:
        raise NotFound
    return service


def _its_keeper(scene: Scene) -> Service:
    """See that the caller decides about it: whoever serves it, or a manager of the shop."""
    service, caller = _service(scene), scene.caller
    if service.assignee == caller.user or manages(caller, scene.conversation.the_room.shop):
        return service
    if scene.of(caller.user).is_in or may_look(caller, scene.conversation):
        raise Forbidden
    raise NotFound


def _given(scene: Scene, to: Person, note: Note) -> Ruling:
    gone = tuple(each for each in _gone(scene) if each.user != to.user)
    ruling = ruled(scene, (*gone, admitted(scene, scene.of(to.user), role="admin")), note)
    names = {to.user: to.name}
    return structs.replace(ruling, room=_standing(scene, ruling.room, names, assignee=to.user))


def _gone(scene: Scene) -> tuple[Membership, ...]:
    serving = (each for each in scene.members.values() if each.is_in and each.role == "admin")
    return tuple(departed(scene, each, state="released") for each in serving)


def _standing(scene: Scene, room: Room, names: dict[str, str] | None = None, **fields: Any) -> Room:
    """The room with its service standing otherwise from now on."""
    service = structs.replace(_service(scene), since=scene.now, **fields)
    known = {**service.names, **(names or {})}
    parties = {service.customer, service.assignee}
    kept = {user: name for user, name in known.items() if user in parties}
    return structs.replace(room, service=structs.replace(service, names=kept))
