"""The demo shop: made once, through the services, so that it keeps every rule of the product."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct, structs

from chatserver.config import Settings
from chatserver.dev import story
from chatserver.dev.errors import DevError
from chatserver.dev.story import DemoPerson, Dialogue, Edits, Reacts, Reads, Says, Shop, Step
from chatserver.domain.calls import (
    EditMessage,
    GetHistory,
    MarkRead,
    ReactToMessage,
    RecallMessage,
    SendMessage,
)
from chatserver.domain.conversation import direct_id
from chatserver.domain.person import Caller, Identity
from chatserver.errors import ChatError, NotFound
from chatserver.tasks import Tasks

if TYPE_CHECKING:
    from chatserver.services.services import Services
    from chatserver.store.users import Users

_NODE = "demo"
_TIMEOUT_S = 60.0
_FLUSH_MS = 1  # read positions are written one by one; nothing is gained by gathering them

Login = DemoPerson


class _House(Struct, frozen=True):
    """What of a node the seeding needs."""

    users: Users
    services: Services


class _Said(Struct, frozen=True):
    """A line's message: its number, and by how many ms its time is off the plan.

    It is off where an earlier seeding was interrupted; what follows the line moves along.
    """

    seq: int
    shift: int


def people() -> tuple[DemoPerson, ...]:
    """Everybody of the demo shop, those who are most worth trying first."""
    return story.load().people


async def seed(settings: Settings, now: datetime | None = None) -> None:
    """Make the people and the history of the past three weeks; what is there stays as it is.

    `now` carries the time zone in which the shop lives; by default that of this machine.

    Raises:
        DevError: the databases do not answer, or have something else under the shop's ids.
    """
    shop = story.load()
    try:
        async with _opened(settings) as house:
            seeding = _Seeding(shop, house)
            async with asyncio.timeout(_TIMEOUT_S):
                await seeding.play(await seeding.missing(), now or datetime.now().astimezone())
    except (ChatError, TimeoutError) as error:
        reason = str(error) or "it takes too long"
        raise DevError(f"the demo shop cannot be made: {reason}") from error


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[_House]:
    # the rest of this module is for lists of people too, and those should not load the server
    from chatserver import app
    from chatserver.bus.live import Bus
    from chatserver.bus.presence import PresenceBoard
    from chatserver.gateway.hub import Hub
    from chatserver.services.delivery import Delivery
    from chatserver.store.stores import open_stores

    settings = structs.replace(settings, cursor_flush_ms=_FLUSH_MS)
    tasks = Tasks(on_death=lambda _: None)  # logged there; what waits for it times out
    kept = open_stores(settings, tasks)
    space = settings.mongo_database
    bus = Bus(settings.redis_url, _NODE, space=space)
    board = PresenceBoard(settings.redis_url, _NODE, space=space)
    services = app.build_services(settings, kept, Delivery(Hub(bus), bus), board)
    try:
        await kept.database.prepare()
        tasks.spawn("cursors", kept.cursors.run())
        yield _House(kept.users, services)
        await kept.log.drain()
        await kept.heads.flush()
    finally:
        await tasks.stop()
        await bus.close()
        await board.close()
        await kept.database.close()


class _Seeding:
    """Plays the story."""

    def __init__(self, shop: Shop, house: _House) -> None:
        self._shop = shop
        self._people = {person.user: person for person in shop.people}
        self._users = house.users
        self._services = house.services
        self._conversations: dict[str, str] = {}
        self._said: dict[tuple[str, int], _Said] = {}

    async def missing(self) -> Shop:
        """The shop with those dialogues only that are not there, or not to their end."""
        missing = [d for d in self._shop.dialogues if await self._is_missing(d)]
        return structs.replace(self._shop, dialogues=tuple(missing))

    async def play(self, shop: Shop, now: datetime) -> None:
        """Let everything happen, in the order of time."""
        steps = story.plan(shop, now)
        if steps:
            await self._bring_in_people(steps[0].at)
        for step in steps:
            await self._do(step)

    async def _is_missing(self, dialogue: Dialogue) -> bool:
        caller, id_ = self._caller(dialogue.between[0]), direct_id(*dialogue.between)
        try:
            view = await self._services.conversations.get(caller, id_)
        except NotFound:
            return True
        if view.head.seq in range(1, len(dialogue.lines)):
            return await self._is_ours(view.id, dialogue)
        return view.head.seq == 0

    async def _is_ours(self, conversation: str, dialogue: Dialogue) -> bool:
        """Where two people talked before they were in the demo, nothing is added."""
        call = GetHistory(conversation=conversation, after=0, limit=1)
        page = await self._services.messages.history(self._caller(dialogue.between[0]), call)
        return page.entries[0].client_id == dialogue.client_id(1)

    async def _bring_in_people(self, at: int) -> None:
        known = await self._users.people(self._people)
        for user, person in self._people.items():
            if user not in known:
                await self._users.ensure(_identity(person, at), at)

    async def _do(self, step: Step) -> None:
        if isinstance(step, Says):
            await self._say(step)
        elif isinstance(step, Reads):
            await self._read(step)
        else:
            await self._change(step)

    async def _say(self, step: Says) -> None:
        caller, dialogue = self._caller(step.who), step.dialogue
        if dialogue.name not in self._conversations:
            (other,) = set(dialogue.between) - {step.who}
            opened = await self._services.conversations.open_direct(caller, other, step.at)
            self._conversations[dialogue.name] = opened.id
        stored = await self._services.messages.send(caller, self._message(step), step.at)
        said = _Said(stored.seq, stored.at - step.at)
        self._said[dialogue.name, step.number] = said

    def _message(self, step: Says) -> SendMessage:
        dialogue, then = step.dialogue, step.line.then
        answered = self._said[dialogue.name, dialogue.number_of(then.reply)] if then.reply else None
        return SendMessage(
            conversation=self._conversations[dialogue.name],
            client_id=dialogue.client_id(step.number),
            kind="text",
            body={"text": step.line.text},
            reply_to=answered.seq if answered else None,
            retry=True,
        )

    async def _change(self, step: Step) -> None:
        said = self._said[step.dialogue.name, step.number]
        call = _change(step, self._conversations[step.dialogue.name], said.seq)
        await self._services.messages.change(self._caller(step.who), call, step.at + said.shift)

    async def _read(self, step: Reads) -> None:
        conversation = self._conversations[step.dialogue.name]
        seq = self._said[step.dialogue.name, step.number].seq
        call = MarkRead(conversation=conversation, seq=seq)
        await self._services.cursors.mark_read(self._caller(step.who), call, step.at)

    def _caller(self, user: str) -> Caller:
        person = self._people[user]
        return Caller(user=user, role=person.role, device=_NODE, connection=_NODE, shop=person.shop)


def _change(
    step: Step, conversation: str, seq: int
) -> EditMessage | RecallMessage | ReactToMessage:
    if isinstance(step, Edits):
        return EditMessage(conversation=conversation, seq=seq, body={"text": step.text})
    if isinstance(step, Reacts):
        return ReactToMessage(conversation=conversation, seq=seq, reaction=step.reaction)
    return RecallMessage(conversation=conversation, seq=seq)


def _identity(person: DemoPerson, at: int) -> Identity:
    return Identity(
        user=person.user,
        role=person.role,
        token_id=_NODE,
        issued_at=at,
        expires_at=at,
        name=person.name,
        shop=person.shop,
    )
