"""What messages may say: bodies are checked, filled with what the server knows, and filtered."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import structlog
from msgspec import Struct, structs

from chatserver.config import Settings
from chatserver.domain.bodies import Body, BodyLimits, check, reworded
from chatserver.domain.cards import check_may_hand_out
from chatserver.domain.conversation import Conversation
from chatserver.domain.media import is_media
from chatserver.domain.message import (
    EDITABLE,
    ChangeRules,
    Deed,
    Draft,
    Kind,
    Message,
    SendKind,
    check_forwarded,
)
from chatserver.domain.person import Caller
from chatserver.domain.screening import WordList, screen
from chatserver.errors import ChatError, Unavailable
from chatserver.services.complaints import Complaints
from chatserver.services.filters import Filters
from chatserver.services.media.attaching import Attaching
from chatserver.services.previews import Previews

log = structlog.get_logger()


class Made(Struct, frozen=True):
    """A draft as it is stored, and the rules of filters that report it."""

    draft: Draft
    flags: frozenset[str]


class Reworded(Struct, frozen=True):
    """A body after the filters, and the rules that report it."""

    body: Body
    flags: frozenset[str]


class Contents:
    """The rules for what messages hold, and how long they may be changed."""

    def __init__(
        self,
        settings: Settings,
        filters: Filters,
        previews: Previews,
        complaints: Complaints,
        attaching: Attaching,
    ) -> None:
        self.rules = ChangeRules(
            edit_window_ms=settings.edit_window_ms,
            card_edit_window_ms=settings.card_edit_window_ms,
            edits_max=settings.edits_max,
            recall_window_ms=settings.recall_window_ms,
            staff_recall_window_ms=settings.staff_recall_window_ms,
        )
        self._limits = BodyLimits(
            text_bytes=settings.text_bytes,
            card_bytes=settings.card_bytes,
            picture_hosts=settings.picture_hosts,
        )
        self._forward_bytes = settings.forward_bytes
        self._filters = filters
        self._previews = previews
        self._complaints = complaints
        self._attaching = attaching

    def checked(self, caller: Caller, kind: SendKind, body: Body) -> Body:
        """A body as this person may send it.

        Raises:
            Invalid, TooLarge: with the path of the bad field.
            Forbidden: only the shop sends such cards.
        """
        return self._checked(caller, kind, body)

    async def filled(
        self, caller: Caller, conversation: Conversation, draft: Draft, now_ms: int
    ) -> Made:
        """The draft as it is stored: with what the server knows, and after the filters.

        Raises:
            Filtered: a filter refuses it.
            NotFound: what it refers to is gone, or was never the sender's.
            Invalid: that is of another kind.
            Unavailable: MongoDB does not answer.
        """
        body = draft.body
        if draft.forwarded is None:
            body = await self._filled(draft, now_ms)
        else:
            await self._attaching.carried(draft, now_ms)
        made = _screened(body, await self._filters.over(caller, conversation))
        if made.body != draft.body:
            draft = structs.replace(draft, body=made.body, sent=draft.body)
        return Made(draft, made.flags)

    async def filters(self, caller: Caller, conversation: Conversation) -> Sequence[WordList]:
        """The filters of what this person says there, for an edit.

        Raises:
            Unavailable: MongoDB does not answer.
        """
        return await self._filters.over(caller, conversation)

    def worded(
        self, caller: Caller, message: Message, deed: Deed, filters: Sequence[WordList]
    ) -> tuple[Deed, frozenset[str]]:
        """An edit as it is done to a message, and the rules that report it; other deeds stay.

        Raises:
            Invalid, TooLarge, Forbidden: as for `checked`.
            Filtered: a filter refuses it.
        """
        if deed.body is None or message.kind not in EDITABLE:
            return deed, frozenset()  # what is no edit, or is refused as one
        made = _screened(self._checked(caller, message.kind, deed.body), filters)
        return structs.replace(deed, body=made.body), made.flags

    def check_carried(self, draft: Draft) -> None:
        """See that what is forwarded is not too long.

        Raises:
            TooLarge: it is.
        """
        check_forwarded(draft.body, self._forward_bytes)

    async def recalled(self, message: Message, now_ms: int) -> None:
        """What nothing but this message referred to may be deleted, a while from now.

        Without an answer of MongoDB that happens much later.
        """
        with suppress(Unavailable):
            await self._attaching.recalled(message, now_ms)

    async def report(
        self, caller: Caller, conversation: Conversation, message: Message, flags: frozenset[str]
    ) -> None:
        """What went out and has words that a filter reports: moderators learn of it.

        Without an answer of MongoDB they do not, and the log says so: the message is out.
        """
        for rule in sorted(flags):
            try:
                await self._complaints.flag(caller, conversation, message, rule)
            except ChatError:
                log.warning("a flagged message was not reported", conversation=conversation.id,
                            seq=message.seq, rule=rule)  # fmt: skip

    def _checked(self, caller: Caller, kind: Kind, body: Body) -> Body:
        made = check(kind, body, self._limits)
        if kind == "card":
            check_may_hand_out(caller.role, made)
        return made

    async def _filled(self, draft: Draft, now_ms: int) -> Body:
        if draft.kind == "link":
            return await self._previews.filled(draft.body, now_ms)
        if is_media(draft.kind):
            return await self._attaching.filled(draft, now_ms)
        await self._attaching.carried(draft, now_ms)
        return draft.body


def _screened(body: Body, filters: Sequence[WordList]) -> Reworded:
    if not filters:
        return Reworded(body, frozenset())
    flags = set[str]()

    def change(text: str) -> str:
        screened = screen(text, filters)
        flags.update(screened.flags)
        return screened.text

    return Reworded(reworded(body, change), frozenset(flags))
