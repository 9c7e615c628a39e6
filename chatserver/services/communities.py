"""Communities: people are led into rooms by what they are, and out of them when that changes.

Whoever changed, and where there are rules whoever is new, is *due* in the database, noted with the
change itself; some node looks at each soon after, and one that dies meanwhile leaves them due for
the others. Looking twice at somebody is harmless.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from itertools import count
from pathlib import Path

import structlog

from chatserver.config import Settings, SettingsError
from chatserver.domain import room as rules
from chatserver.domain.community import (
    ADMIN_ROLES,
    Key,
    Rule,
    community_id,
    family_and_no,
    keys_of,
    room_id,
    rules_digest,
    title,
)
from chatserver.domain.community_rules import RuleError, parse_rules
from chatserver.domain.conversation import Conversation, Room, RoomSettings
from chatserver.domain.membership import Membership, RoomRole
from chatserver.domain.person import SERVER, STAFF, Person
from chatserver.domain.scene import Scene
from chatserver.errors import ChatError, Forbidden, Unsupported
from chatserver.services.profiles import Profiles
from chatserver.services.rooms import Rooms
from chatserver.store.stores import Stores

OnDue = Callable[[str, int], Awaitable[None]]

LOOKED_EVERY_S = 1.0
LEASE_MS = 10_000  # whoever looks at somebody is given this long

log = structlog.get_logger()


class Communities:
    """Keeps people in the rooms that the rules say."""

    def __init__(
        self,
        stores: Stores,
        profiles: Profiles,
        rooms: Rooms,
        families: Iterable[Rule],
        on_due: OnDue,
    ) -> None:
        """`families` are the rules; without any nobody is moved. `on_due` is told of everybody who
        is looked at, before they are placed."""
        self._due = stores.due
        self._users = stores.users
        self._conversations = stores.conversations
        self._memberships = stores.memberships
        self._profiles = profiles
        self._rooms = rooms
        self._rules = tuple(families)
        self._on_due = on_due

    async def run(self, clock: Callable[[], int]) -> None:
        """Look at those who are due, until cancelled; `clock` gives ms since 1970 UTC."""
        seen = not self._rules
        while True:
            try:
                seen = seen or await self._see_new_rules(clock())
                while await self.look(clock()):
                    pass
            except ChatError as error:
                log.warning("communities wait", why=error.code)
            await asyncio.sleep(LOOKED_EVERY_S)

    async def look(self, now_ms: int) -> bool:
        """Place somebody who is due; whether there was anybody.

        Raises:
            Unavailable, Busy: not now; the person stays due.
        """
        due = await self._due.take(now_ms, LEASE_MS)
        if due is None:
            return False
        await self._on_due(due.user, now_ms)
        if self._rules:
            await self.place(due.user, now_ms)
        await self._due.done(due)
        return True

    async def place(self, user: str, now_ms: int) -> None:
        """Lead a person out of the rooms that no longer fit and into those that do.

        Who left a community, or was sent away, is not brought back. Nodes that place one person at
        once may each find another room with space, so whoever brought somebody in looks again: all
        then keep the same room of the family.
        """
        while await self._look_at(user, now_ms):
            pass

    async def _look_at(self, user: str, now_ms: int) -> bool:
        """One step of placing; whether the person was brought in anywhere."""
        person = (await self._users.people((user,))).get(user)
        if person is None:
            return False
        held = await self._memberships.in_communities(user)
        if person.role in STAFF:
            await self._place_staff(person, held, now_ms)
            return False
        return await self._place_customer(person, held, now_ms)

    async def _place_customer(
        self, person: Person, held: Iterable[Membership], now_ms: int
    ) -> bool:
        """In one room of each family that fits; whether that needed bringing in."""
        wanted = await self._wanted(person)
        families = _by_family(held)
        for family, memberships in families.items():
            seats = [each for each in memberships if each.is_in]
            for seat in seats[1:] if family in wanted else seats:
                await self._take_out(seat, now_ms)
        missing = [
            place
            for family, place in wanted.items()
            if all(each.state == "moved" for each in families[family])
        ]
        for rule, key in missing:
            await self._bring_in(person.user, rule, key, now_ms)
        return bool(missing)

    async def _place_staff(self, person: Person, held: Iterable[Membership], now_ms: int) -> None:
        """Those who look after their shop's communities are admins in all of their rooms."""
        rooms = await self._conversations.communities_of(person.shop) if person.shop else []
        ruled = {rule.id: rule for rule in self._rules}
        mine = [
            room
            for room in rooms
            if (rule := ruled.get(room.the_room.community or ""))
            and person.role in ADMIN_ROLES[rule.admins]
        ]
        names = {room.id for room in mine}
        for membership in held:
            if membership.is_in and membership.conversation not in names:
                await self._take_out(membership, now_ms)
        known = await self._memberships.of_person(person.user, names)
        for room in mine:
            if room.id not in known or known[room.id].state == "moved":
                await self._enter(room.id, person.user, "admin", now_ms)

    async def _wanted(self, person: Person) -> dict[str, tuple[Rule, Key]]:
        try:
            traits = (await self._profiles.traits([person]))[person.user]
        except Unsupported:  # sealed by keys that this server was not given
            return {}
        return {
            community_id(rule, key): (rule, key)
            for rule in self._rules
            for key in keys_of(rule, traits)
        }

    async def _bring_in(self, user: str, rule: Rule, key: Key, now_ms: int) -> None:
        """Into the first room of the family that has space; a new one where all are full."""
        for no in count(1):
            id_ = room_id(community_id(rule, key), no)
            room = await self._conversations.get(id_) or await self._open(rule, key, no, now_ms)
            if room.the_room.count >= room.the_room.capacity:
                continue
            try:
                await self._enter(id_, user, "member", now_ms)
            except Forbidden:  # somebody else took the last place
                continue
            return

    async def _open(self, rule: Rule, key: Key, no: int, now_ms: int) -> Conversation:
        family = community_id(rule, key)
        shop = dict(zip(rule.by, key.values, strict=True)).get("shop")
        titles = {language: title(rule, key, no, language) for language in rule.title}
        conversation = Conversation(
            id=room_id(family, no),
            kind=rule.kind,
            created_at=now_ms,
            room=Room(
                title=next(iter(titles.values())),
                titles=titles,
                owner="",
                settings=RoomSettings(
                    join=rule.join,
                    history=rule.history,
                    history_last=rule.history_last,
                    slow_mode_s=rule.slow_mode_s,
                ),
                shop=shop,
                community=rule.id,
                capacity=rule.cap,
            ),
        )
        admins = await self._users.of_shop(shop, ADMIN_ROLES[rule.admins]) if shop else []
        scene = Scene(conversation=conversation, members={}, caller=SERVER, now=now_ms)
        return await self._rooms.begin(scene, rules.begin_for(scene, admins))

    async def _enter(self, room: str, user: str, role: RoomRole, now_ms: int) -> None:
        await self._rooms.enact(
            SERVER, room, (user,), lambda scene: rules.bring_in(scene, user, role), now_ms
        )

    async def _take_out(self, membership: Membership, now_ms: int) -> None:
        user = membership.user
        await self._rooms.enact(
            SERVER,
            membership.conversation,
            (user,),
            lambda scene: rules.take_out(scene, user),
            now_ms,
        )

    async def _see_new_rules(self, now_ms: int) -> bool:
        """When the rules are not those of before, everybody is due."""
        await self._due.everybody_for(rules_digest(self._rules), now_ms)
        return True


def _by_family(held: Iterable[Membership]) -> defaultdict[str, list[Membership]]:
    """The memberships of each family of rooms, the first room first."""
    families: defaultdict[str, list[Membership]] = defaultdict(list)
    for membership in sorted(held, key=lambda each: family_and_no(each.conversation)[1]):
        families[family_and_no(membership.conversation)[0]].append(membership)
    return families


def load_rules(settings: Settings) -> tuple[Rule, ...]:
    """The rules of the file that the settings name; none without one.

    Raises:
        SettingsError: with the file, the rule and the field that cannot be used.
    """
    if not settings.communities_file:
        return ()
    file = Path(settings.communities_file)
    try:
        return parse_rules(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"CHAT_COMMUNITIES_FILE={file}: {error.strerror}") from None
    except (RuleError, UnicodeDecodeError) as error:
        raise SettingsError(f"CHAT_COMMUNITIES_FILE={file}: {error}") from None
