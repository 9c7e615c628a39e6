"""Calls about what is in messages: cards, links, word filters, reports."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from msgspec import structs
from msgspec.structs import asdict

from chatserver.clock import now_ms
from chatserver.domain import calls
from chatserver.gateway.hub import Connection, Hub
from chatserver.services.services import Services
from chatserver.store.log import Stored

Answer = dict[str, Any]


class ContentHandlers:
    """One method for each of these calls."""

    def __init__(self, services: Services, hub: Hub) -> None:
        self._services = services
        self._hub = hub
        self.table: dict[type[calls.Call], Callable[..., Awaitable[Answer]]] = {
            calls.ActOnCard: self._act_on_card,
            calls.PreviewLink: self._preview_link,
            calls.GetFilter: self._get_filter,
            calls.SetFilter: self._set_filter,
            calls.CreateReport: self._create_report,
            calls.ListReports: self._list_reports,
            calls.GetReport: self._get_report,
            calls.ResolveReport: self._resolve_report,
        }

    async def _act_on_card(self, to: Connection, call: calls.ActOnCard) -> Answer:
        stored = await self._services.cards.act(to.caller, call, now_ms())
        await self._services.desk.said(to.caller, call.conversation, now_ms())
        return as_stored(structs.replace(stored, body=None))

    async def _preview_link(self, to: Connection, call: calls.PreviewLink) -> Answer:
        return {"preview": await self._services.previews.preview(to.caller, call, now_ms())}

    async def _get_filter(self, to: Connection, call: calls.GetFilter) -> Answer:
        return asdict(await self._services.filters.get(to.caller, call))

    async def _set_filter(self, to: Connection, call: calls.SetFilter) -> Answer:
        return asdict(await self._services.filters.set(to.caller, call))

    async def _create_report(self, to: Connection, call: calls.CreateReport) -> Answer:
        is_new = await self._services.complaints.create(to.caller, call, now_ms())
        return {} if is_new else {"duplicate": True}

    async def _list_reports(self, to: Connection, call: calls.ListReports) -> Answer:
        topic = await self._services.complaints.topic(to.caller, call.conversation)
        to.hold()  # as for a sync
        self._hub.join(to, topic)
        await self._services.delivery.listening()
        return asdict(await self._services.complaints.page(to.caller, call))

    async def _get_report(self, to: Connection, call: calls.GetReport) -> Answer:
        report = await self._services.complaints.get(to.caller, call.conversation, call.seq)
        return {"report": report}

    async def _resolve_report(self, to: Connection, call: calls.ResolveReport) -> Answer:
        report = await self._services.moderation.resolve(to.caller, call, now_ms())
        return {"report": report}


def as_stored(stored: Stored) -> Answer:
    """The fields of the acknowledgement of a message."""
    answer: Answer = {"seq": stored.seq, "at": stored.at}
    if stored.duplicate:
        answer["duplicate"] = True
    return answer if stored.body is None else {**answer, "body": stored.body}
