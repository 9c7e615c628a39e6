"""The calls about what is in messages: cards, links, word filters, reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from chatclient.asking import Asking
from chatclient.model import Message, Sent


class LinkPreview(Struct, frozen=True, kw_only=True):
    """What a page says of itself; `url` is how it is to be sent."""

    url: str
    host: str
    title: str = ""
    description: str = ""
    site: str = ""


class FilterRule(Struct, frozen=True, kw_only=True):
    """Words, and whether a message with one is reported (`flag`), masked or refused (`refuse`)."""

    name: str
    action: str
    count: int
    words: tuple[str, ...] = ()


class WordFilter(Struct, frozen=True, kw_only=True):
    """The rules of a room or of my shop, and how often they were changed."""

    rules: tuple[FilterRule, ...]
    rev: int


class Complaint(Struct, frozen=True, kw_only=True):
    """That one person, or with `rule` a word filter, reported it, as it was after change `mod`."""

    user: str
    reason: str
    at: int
    mod: int
    note: str = ""
    rule: str = ""


class Resolution(Struct, frozen=True, kw_only=True):
    """What a moderator decided."""

    verdict: str
    by: str
    at: int
    note: str = ""


class Report(Struct, frozen=True, kw_only=True):
    """What was reported of a message; `copies` are the message as it was whenever it was."""

    conversation: str
    seq: int
    sender: str
    state: str
    count: int
    revision: int
    shop: str | None = None
    first_at: int = 0
    last_at: int = 0
    complaints: tuple[Complaint, ...] = ()
    copies: tuple[Message, ...] = ()
    context: tuple[Message, ...] = ()
    resolutions: tuple[Resolution, ...] = ()


class ReportPage(Struct, frozen=True, kw_only=True):
    """Reports, whether there are more, and how many wait in all."""

    reports: tuple[Report, ...]
    more: bool = False
    open: int = 0


class _Preview(Struct, frozen=True):
    preview: LinkPreview


class _One(Struct, frozen=True):
    report: Report


class ContentCalls(Asking):
    """What is done with cards and links, and by those who look after a room or a shop."""

    async def send_body(
        self, conversation: str, client_id: str, kind: str, body: Mapping[str, Any], **fields: Any
    ) -> Sent:
        """Send a message of any kind once, without the outbox; `fields` as for `send_message`."""
        told = {"conversation": conversation, "client_id": client_id, "kind": kind}
        return await self.ask(Sent, "message.send", **told, body=dict(body), **fields)

    async def act_on_card(
        self, conversation: str, seq: int, button: str, client_id: str, **fields: Any
    ) -> Sent:
        """Tap a button of a card; `fields`: rating, text, retry. `ChatClient.tap` shows it too."""
        told = {"conversation": conversation, "seq": seq, "button": button}
        return await self.ask(Sent, "card.act", **told, client_id=client_id, **fields)

    async def preview_link(self, url: str) -> LinkPreview:
        """What a page says of itself; a `link` message with its `url` then carries it."""
        return (await self.ask(_Preview, "link.preview", url=url)).preview

    async def get_filter(
        self, conversation: str | None = None, *, rule: str | None = None
    ) -> WordFilter:
        """The word filter of a room or of my shop; with `rule` that one alone, with its words."""
        return await self.ask(WordFilter, "filter.get", conversation=conversation, rule=rule)

    async def set_filter(
        self, rule: str, action: str, words: Sequence[str], *, conversation: str | None = None
    ) -> WordFilter:
        """Keep a rule of such a filter, or change it; without words it is gone."""
        fields = {"rule": rule, "action": action, "words": list(words)}
        return await self.ask(WordFilter, "filter.set", conversation=conversation, **fields)

    async def report(self, conversation: str, seq: int, reason: str, note: str = "") -> None:
        """Report a message to those who look after the room or the shop."""
        fields = {"conversation": conversation, "seq": seq, "reason": reason, "note": note}
        await self.call("report.create", **fields)

    async def list_reports(
        self,
        conversation: str | None = None,
        *,
        state: str | None = None,
        after: Report | None = None,
        limit: int | None = None,
    ) -> ReportPage:
        """Reports of a room or of my shop, the latest first; `after` is the last I have."""
        place = None if after is None else [after.conversation, after.seq]
        fields = {"conversation": conversation, "state": state, "after": place, "limit": limit}
        return await self.ask(ReportPage, "report.list", **fields)

    async def get_report(self, conversation: str, seq: int) -> Report:
        """A report with the messages around the one that was reported."""
        return (await self.ask(_One, "report.get", conversation=conversation, seq=seq)).report

    async def resolve_report(self, report: Report, verdict: str, **fields: Any) -> Report:
        """Dismiss it, recall the message, or mute, remove or ban its sender; `fields`: until,
        note. Refused with code `conflict` where another moderator was faster."""
        place = {"conversation": report.conversation, "seq": report.seq}
        told = {**place, "revision": report.revision, "verdict": verdict, **fields}
        return (await self.ask(_One, "report.resolve", **told)).report
