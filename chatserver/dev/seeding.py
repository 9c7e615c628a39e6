"""Plays the story of the demo shop on the services of a node."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from chatserver.dev import story
from chatserver.dev.story import (
    Announces,
    Community,
    DemoPerson,
    Dialogue,
    Edits,
    Enrolment,
    Group,
    Inquiry,
    Notes,
    Pins,
    Reacts,
    Reads,
    Resolves,
    Says,
    Shop,
    Step,
    Talk,
)
from chatserver.domain.calls import (
    EditMessage,
    GetFilter,
    GetHistory,
    GiveConsent,
    ListConversations,
    ListMembers,
    ListSnippets,
    MarkRead,
    OpenConversation,
    PinMessage,
    ReactToMessage,
    RecallMessage,
    SaveSnippet,
    SendMessage,
    SetFilter,
    TagCustomer,
    UpdateContext,
    UpdateConversation,
    UpdateProfile,
)
from chatserver.domain.conversation import begun_id, direct_id, notes_id, service_id
from chatserver.domain.person import Caller, Identity
from chatserver.domain.profile import CHILD_BIRTH_DATE, Profile
from chatserver.errors import NotFound

if TYPE_CHECKING:
    from chatserver.services.services import Services
    from chatserver.store.users import Users

NODE = "demo"

_CONSENT = "demo"  # the version of the text that customers agreed to
_FIRST_LOOK = 100  # messages; room notices stand between the lines


class House(Struct, frozen=True):
    """What of a node the seeding needs."""

    users: Users
    services: Services


class _Said(Struct, frozen=True):
    """A line's message: its number, and by how many ms its time is off the plan.

    It is off where an earlier seeding was interrupted; what follows the line moves along.
    """

    seq: int
    shift: int


class Seeding:
    """Plays the story."""

    def __init__(self, shop: Shop, house: House) -> None:
        self._shop = shop
        self._people = {person.user: person for person in shop.people}
        self._users = house.users
        self._services = house.services
        self._conversations: dict[str, str] = {}
        self._said: dict[tuple[str, int], _Said] = {}

    async def enrol(self, now: datetime) -> None:
        """People come, customers tell of their children, and communities take them in."""
        await self._bring_in_people(story.beginning(self._shop, now))
        enrolments = story.enrolments(self._shop, now)
        profiles = {each.person.user: await self._profile(each) for each in enrolments}
        late = _lateness(enrolments, profiles)
        for each in enrolments:
            await self._tell_of_children(each, profiles[each.person.user], late)
            while await self._services.communities.look(each.at):  # places who is due
                pass

    async def talk(self, now: datetime) -> None:
        """Let all be said that was not, in the order of time; after they enrolled."""
        missing = [talk for talk in self._shop.talks if await self._is_missing(talk)]
        for step in story.plan(missing, now):
            await self._do(step)

    async def equip(self, now: datetime) -> None:
        """Staff get their canned replies and note what they know; customers look around."""
        await self._keep_snippets()
        await self._set_filter()
        at = int(now.timestamp() * 1000)
        for person in self._shop.people:
            if person.looks_at is not None:
                look = UpdateContext(page=person.looks_at.page, product=person.looks_at.product)
                await self._services.customers.look_at(self._caller(person.user), look, at)
            if person.tags:
                await self._tag(person, at)

    async def _keep_snippets(self) -> None:
        """Unless somebody has some already."""
        service = self._services.snippets
        for who in {snippet.who for snippet in self._shop.snippets}:
            caller = self._caller(who)
            if (await service.page(caller, ListSnippets())).rev:
                continue
            for number, each in enumerate(self._shop.snippets):
                if each.who == who:
                    call = SaveSnippet(
                        id=f"{NODE}-{number}",
                        shortcut=each.shortcut,
                        title=each.title,
                        text=each.text,
                    )
                    await service.save(caller, call)

    async def _set_filter(self) -> None:
        """By the manager, unless somebody did."""
        caller = self._caller(self._manager.user)
        if (await self._services.filters.get(caller, GetFilter())).rev:
            return
        for each in self._shop.filters:
            call = SetFilter(rule=each.rule, action=each.action, words=each.words)
            await self._services.filters.set(caller, call)

    @property
    def _manager(self) -> DemoPerson:
        (manager,) = (each for each in self._shop.people if each.role == "manager")
        return manager

    async def _tag(self, person: DemoPerson, at: int) -> None:
        """By the manager, unless somebody did."""
        caller = self._caller(self._manager.user)
        known = await self._services.customers.get(caller, person.user, at)
        if not known.tags:
            await self._services.customers.tag(
                caller, TagCustomer(user=person.user, tags=person.tags)
            )

    async def _bring_in_people(self, at: int) -> None:
        known = await self._users.people(self._people)
        for user, person in self._people.items():
            if user not in known:
                await self._users.ensure(_identity(person, at), at)

    async def _profile(self, enrolment: Enrolment) -> Profile:
        caller = self._caller(enrolment.person.user)
        return await self._services.profiles.get(caller, None, enrolment.at)

    async def _tell_of_children(
        self, enrolment: Enrolment, profile: Profile, late: timedelta
    ) -> None:
        """Unless the person has a profile of their own making, or an enrolment made it before."""
        person, profiles = enrolment.person, self._services.profiles
        caller = self._caller(person.user)
        if profile.rev == 0:
            consent = GiveConsent(purpose=CHILD_BIRTH_DATE, version=_CONSENT)
            profile = await profiles.give_consent(caller, consent, enrolment.at)
        given = profile.consents.get(CHILD_BIRTH_DATE)
        if profile.rev == 1 and given is not None and given.version == _CONSENT:
            children = {key: born - late for key, born in enrolment.born.items()}
            update = UpdateProfile(attributes={**person.attributes}, children={**children})
            await profiles.update(caller, update, enrolment.at)

    async def _is_missing(self, talk: Talk) -> bool:
        """Whether it is not there, or not to its end.

        Where people talked before they were in the demo, nothing is added.
        """
        caller, id_ = self._caller(talk.people[0]), await self._place_of(talk)
        if id_ is None:
            return False
        call = GetHistory(conversation=id_, after=0, limit=_FIRST_LOOK)
        try:
            page = await self._services.history.page(caller, call)
        except NotFound:
            return True
        said = [each.client_id for each in page.entries if each.kind != "system"]
        if said and said[0] != talk.client_id(1):
            return False
        return talk.client_id(len(talk.lines)) not in said

    async def _place_of(self, talk: Talk) -> str | None:
        """The conversation in which it is, or is to begin; None where there can be none."""
        if isinstance(talk, Dialogue):
            return direct_id(*talk.people)
        if isinstance(talk, Group):
            return begun_id(talk.people[0], talk.client_id(0))
        if isinstance(talk, Inquiry):
            return service_id(story.SHOP, talk.people[0])
        if isinstance(talk, Notes):
            return notes_id(service_id(story.SHOP, talk.about))
        assert isinstance(talk, Community)  # noqa: S101 - there are five kinds
        return await self._community(talk)

    async def _community(self, talk: Community) -> str | None:
        """The room of the rule in which all of them are; none where the operator's rules differ."""
        caller = self._caller(talk.people[0])
        mine, _ = await self._services.conversations.list_mine(caller, ListConversations(limit=100))
        for view in mine:
            if view.room and view.room.community == talk.rule and view.me.state == "in":
                call = ListMembers(conversation=view.id, users=talk.people)
                page = await self._services.rooms.members(caller, call)
                if len(page.entries) == len(talk.people):
                    return view.id
        return None

    async def _do(self, step: Step) -> None:
        if isinstance(step, Says):
            await self._say(step)
        elif isinstance(step, Reads):
            await self._read(step)
        elif isinstance(step, Announces):
            await self._announce(step)
        elif isinstance(step, Resolves):
            await self._resolve(step)
        else:
            await self._change(step)

    async def _say(self, step: Says) -> None:
        if step.talk.name not in self._conversations:
            self._conversations[step.talk.name] = await self._begin(step)
        caller, id_ = self._caller(step.who), self._conversations[step.talk.name]
        if step.line.then.claim:
            await self._services.desk.claim(caller, id_, step.at)
        stored = await self._services.messages.send(caller, self._message(step), step.at)
        await self._services.desk.said(caller, id_, stored.at)
        self._said[step.talk.name, step.number] = _Said(stored.seq, stored.at - step.at)

    async def _begin(self, step: Says) -> str:
        """The conversation, begun unless it was."""
        talk, services = step.talk, self._services
        if isinstance(talk, Dialogue):
            (other,) = set(talk.people) - {step.who}
            caller = self._caller(step.who)
            return (await services.conversations.open_direct(caller, other, step.at)).id
        if isinstance(talk, Group):
            call = OpenConversation(
                kind="group", title=talk.title, client_id=talk.client_id(0), members=talk.people[1:]
            )
            return (await services.rooms.open(self._caller(talk.people[0]), call, step.at)).id
        if isinstance(talk, Inquiry):
            return (await services.desk.open(self._caller(talk.people[0]), step.at)).id
        if isinstance(talk, Notes):
            beside = service_id(story.SHOP, talk.about)
            for user in talk.people:
                await services.notes.enter(self._caller(user), beside, step.at)
        return await self._place_of(talk) or ""  # it is there by now

    def _message(self, step: Says) -> SendMessage:
        talk, then = step.talk, step.line.then
        answered = self._said[talk.name, talk.number_of(then.reply)] if then.reply else None
        return SendMessage(
            conversation=self._conversations[talk.name],
            client_id=talk.client_id(step.number),
            kind="card" if then.card else "text",
            body=then.card or {"text": step.line.text},
            reply_to=answered.seq if answered else None,
            retry=True,
        )

    async def _announce(self, step: Announces) -> None:
        call = UpdateConversation(
            conversation=self._conversations[step.talk.name], announcement=step.text
        )
        at = step.at + self._said[step.talk.name, step.number].shift
        await self._services.rooms.update(self._caller(step.who), call, at)

    async def _resolve(self, step: Resolves) -> None:
        id_ = self._conversations[step.talk.name]
        at = step.at + self._said[step.talk.name, step.number].shift
        await self._services.desk.settle(self._caller(step.who), id_, "resolved", at)

    async def _change(self, step: Step) -> None:
        said = self._said[step.talk.name, step.number]
        call = _change(step, self._conversations[step.talk.name], said.seq)
        await self._services.messages.change(self._caller(step.who), call, step.at + said.shift)

    async def _read(self, step: Reads) -> None:
        conversation = self._conversations[step.talk.name]
        seq = self._said[step.talk.name, step.number].seq
        call = MarkRead(conversation=conversation, seq=seq)
        await self._services.cursors.mark_read(self._caller(step.who), call, step.at)

    def _caller(self, user: str) -> Caller:
        person = self._people[user]
        return Caller(user=user, role=person.role, device=NODE, connection=NODE, shop=person.shop)


def _lateness(enrolments: list[Enrolment], profiles: Mapping[str, Profile]) -> timedelta:
    """How much later this seeding is than an interrupted one, so that babies stay of one age."""
    for each in enrolments:
        known = profiles[each.person.user]
        given = known.consents.get(CHILD_BIRTH_DATE)
        if given is not None and given.version == _CONSENT:
            for key, born in each.born.items():
                child = known.children.get(key)
                if child is not None and child.birth_date is not None:
                    return born - child.birth_date
    return timedelta()


def _change(
    step: Step, conversation: str, seq: int
) -> EditMessage | RecallMessage | ReactToMessage | PinMessage:
    if isinstance(step, Edits):
        return EditMessage(conversation=conversation, seq=seq, body={"text": step.text})
    if isinstance(step, Reacts):
        return ReactToMessage(conversation=conversation, seq=seq, reaction=step.reaction)
    if isinstance(step, Pins):
        return PinMessage(conversation=conversation, seq=seq)
    return RecallMessage(conversation=conversation, seq=seq)


def _identity(person: DemoPerson, at: int) -> Identity:
    return Identity(
        user=person.user,
        role=person.role,
        token_id=NODE,
        issued_at=at,
        expires_at=at,
        name=person.name,
        shop=person.shop,
    )
