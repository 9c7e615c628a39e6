"""Reports of messages: people and word filters make them, moderators read them."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct, structs

from chatserver.domain.calls import CreateReport, ListReports
from chatserver.domain.conversation import Conversation
from chatserver.domain.events import ReportsMoved
from chatserver.domain.membership import Sight
from chatserver.domain.message import Message
from chatserver.domain.person import STAFF, Caller, Person
from chatserver.domain.report import (
    CONTEXT_MESSAGES,
    Complaint,
    Report,
    ReportPlace,
    Resolution,
)
from chatserver.domain.rights import may
from chatserver.errors import Conflict, Forbidden, NotFound
from chatserver.services.access import Access
from chatserver.services.delivery import Delivery, of_reports
from chatserver.services.limits import Limits
from chatserver.store.reports import Asked, Scope
from chatserver.store.stores import Stores

LIST_MAX = 50


class ReportPage(Struct, frozen=True):
    """Reports, whether there are more, and how many wait in all."""

    reports: tuple[Report, ...]
    more: bool
    open: int


class Complaints:
    """What people may report, and what moderators may read of it.

    A room's admins read what was said in it; managers and admins of a shop what was said in its
    rooms, to its consultants and among those.
    """

    def __init__(self, stores: Stores, access: Access, limits: Limits, delivery: Delivery) -> None:
        self._reports = stores.reports
        self._conversations = stores.conversations
        self._messages = stores.messages
        self._users = stores.users
        self._access = access
        self._limits = limits
        self._delivery = delivery

    async def create(self, caller: Caller, call: CreateReport, now_ms: int) -> bool:
        """Report a message; whether the caller had not done so before.

        Raises:
            NotFound: the caller sees no such message, or it was taken back.
            Forbidden: it is the caller's own, or the server said it.
            RateLimited: too many reports.
            Unavailable: no answer in time; reporting again is harmless.
        """
        sight = await self._access.sight(caller, call.conversation)
        self._limits.report(caller.user, now_ms)
        message = await self._seen(call.conversation, call.seq, sight)
        if message.sender == caller.user or message.kind == "system":
            raise Forbidden("There is nothing to report about this")
        complaint = Complaint(
            user=caller.user, reason=call.reason, at=now_ms, mod=message.mod, note=call.note
        )
        found = await self._conversations.get(call.conversation)
        return found is not None and await self._add(found, message, complaint, sight)

    async def flag(
        self, caller: Caller, conversation: Conversation, message: Message, rule: str
    ) -> None:
        """A filter reports what this person just said.

        Raises:
            Unavailable: no answer in time.
        """
        at = message.edited_at or message.at
        complaint = Complaint(user="", reason="other", at=at, mod=message.mod, rule=rule)
        sight = await self._access.sight(caller, conversation.id)
        await self._add(conversation, message, complaint, sight)

    async def page(self, caller: Caller, call: ListReports) -> ReportPage:
        """A page of the reports of a room, or of the caller's shop.

        Raises:
            NotFound: the room is not the caller's.
            Forbidden: the caller does not look after it; so does `topic`.
            Unavailable: no answer in time.
        """
        scope = await self._scope(caller, call.conversation)
        limit = min(call.limit, LIST_MAX)
        asked = Asked(scope, call.state, but=caller.user)
        found = await self._reports.page(asked, call.after, limit + 1)
        count = await self._reports.count_open(scope)
        return ReportPage(await self._introduced(found[:limit]), len(found) > limit, count)

    async def topic(self, caller: Caller, conversation: str | None) -> str:
        """Where the caller hears how many reports wait."""
        return _topic(await self._scope(caller, conversation))

    async def get(self, caller: Caller, conversation: str, seq: int) -> Report:
        """A report with its context.

        Raises:
            NotFound: there is none for the caller to read.
            Unavailable: no answer in time.
        """
        report = await self._reports.get((conversation, seq))
        if report is None or not await self._may_read(caller, report):
            raise NotFound("There is no such report")
        return (await self._introduced([report]))[0]

    async def settle(
        self, caller: Caller, report: Report, revision: int, resolution: Resolution
    ) -> Report:
        """Say what was decided about a report as of a revision.

        Raises:
            Conflict: another moderator was faster, or somebody else complained.
            Unavailable: no answer in time; asking again is harmless.
        """
        place = (report.conversation, report.seq)
        settled = await self._reports.resolve(place, revision, resolution)
        if settled is None:
            raise Conflict("This report is not what it was; look at it again")
        await self._tell(settled.conversation, settled.shop)
        return (await self._introduced([settled]))[0]

    async def _introduced(self, reports: Sequence[Report]) -> tuple[Report, ...]:
        """Reports with where it was said, and what everybody is called."""
        found = await self._conversations.get_all({each.conversation for each in reports})
        places = {id_: _place(conversation) for id_, conversation in found.items()}
        members = {user for place in places.values() for user in place.members}
        people = await self._users.people(members.union(*(each.people for each in reports)))
        return tuple(_with_names(each, places.get(each.conversation), people) for each in reports)

    async def _add(
        self,
        conversation: Conversation,
        message: Message,
        complaint: Complaint,
        sight: Sight,
    ) -> bool:
        shop = conversation.room.shop if conversation.room else await self._shop_of(conversation)
        context = await self._around(message, sight)
        is_new = await self._reports.add(message, shop, complaint, context)
        if is_new:
            await self._tell(conversation.id, shop)
        return is_new

    async def _shop_of(self, conversation: Conversation) -> str | None:
        """Whose consultant takes part in a direct conversation, or else whose customers do."""
        people = (await self._users.people(conversation.members)).values()
        staff_first = sorted(people, key=lambda person: person.role not in STAFF)
        return next((person.shop for person in staff_first if person.shop), None)

    async def _seen(self, conversation: str, seq: int, sight: Sight) -> Message:
        place = (conversation, seq)
        found = (await self._messages.by_id([place])).get(place) if sight.shows(seq) else None
        message = sight.message(found) if found else None
        if message is None or message.recalled or message.deleted:
            raise NotFound("There is no such message")
        return message

    async def _around(self, message: Message, sight: Sight) -> tuple[Message, ...]:
        """What is around a message, as far as who reports it sees it."""
        first = max(sight.first, message.seq - CONTEXT_MESSAGES)
        last = min(sight.head.seq, message.seq + CONTEXT_MESSAGES)
        found = await self._messages.ranges({message.conversation: (first, last)})
        return tuple(map(sight.message, found.get(message.conversation, ())))

    async def _tell(self, conversation: str, shop: str | None) -> None:
        """Those who look after the room, and those of the shop, see how many wait."""
        scopes = [Scope(conversation=conversation), *([Scope(shop=shop)] if shop else ())]
        for scope in scopes:
            count = await self._reports.count_open(scope)
            event = ReportsMoved(conversation=scope.conversation, open=count)
            self._delivery.tell_topics((_topic(scope),), event)

    async def _scope(self, caller: Caller, conversation: str | None) -> Scope:
        if conversation is not None:
            (await self._access.here(caller.user, conversation)).require("recall_others")
            return Scope(conversation=conversation)
        if not _moderates(caller, caller.shop):
            raise Forbidden("Only a shop's managers read its reports")
        return Scope(shop=caller.shop)

    async def _may_read(self, caller: Caller, report: Report) -> bool:
        if report.sender == caller.user:  # nobody learns who reported them
            return False
        if _moderates(caller, report.shop):
            return True
        try:
            standing = await self._access.of(caller.user, report.conversation)
        except NotFound:
            return False
        return may(standing.conversation, standing.me, "recall_others")


def _place(conversation: Conversation) -> ReportPlace:
    room = conversation.room
    if room is None:
        return ReportPlace(kind=conversation.kind, members=conversation.members)
    members = (room.service.customer,) if room.service else ()
    return ReportPlace(
        kind=conversation.kind, title=room.title, titles=room.titles, members=members
    )


def _with_names(report: Report, place: ReportPlace | None, people: dict[str, Person]) -> Report:
    named = report.people | set(place.members if place else ())
    names = {user: people[user].name for user in sorted(named) if user in people}
    return structs.replace(report, place=place, names=names)


def _moderates(caller: Caller, shop: str | None) -> bool:
    return caller.role in {"manager", "admin"} and shop is not None and caller.shop == shop


def _topic(scope: Scope) -> str:
    return of_reports(scope.shop, scope.conversation)
