"""Sync: everything a device is missing, from the logs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from msgspec import Struct, structs

from chatserver.config import Settings
from chatserver.domain.calls import Sync as SyncCall
from chatserver.domain.conversation import ConversationView, SyncedConversation
from chatserver.domain.events import Badge
from chatserver.domain.message import Change, Message
from chatserver.domain.person import Caller
from chatserver.domain.sync import Missing, Token, missing, parse_token
from chatserver.services.conversations import last_moved
from chatserver.services.reception import Reception
from chatserver.services.telling import Telling
from chatserver.services.turns import Turns
from chatserver.services.views import Parts, Views
from chatserver.store.stores import Stores

CONVERSATIONS_PER_PAGE = 50
MESSAGES_PER_PAGE = 300  # over all conversations of an answer; the others are on the next page
CLOCKS_DIFFER_MS = 60_000  # between nodes, and between a change and its telling
AT_ONCE = 64  # syncs; of thousands that all begin none would end in time
SYNC_S = 0.06  # what one of so many takes, before any was measured


class Synced(Struct, frozen=True):
    """The answer to a sync."""

    conversations: tuple[SyncedConversation, ...]
    badge: Badge
    token: str
    more: bool
    seats: dict[str, int]
    """The rooms the caller is in, with the first message the caller may see."""


class Sync:
    """Brings a device up to date."""

    def __init__(
        self,
        stores: Stores,
        views: Views,
        telling: Telling,
        settings: Settings,
    ) -> None:
        self._views = views
        self._messages = stores.messages
        self._changes = stores.changes
        self._telling = telling
        self._page = settings.page_default
        self._reset_after = settings.reset_after_messages
        self._reception = Reception(Turns(AT_ONCE, each_s=SYNC_S), telling.sync_now)

    async def sync(self, caller: Caller, call: SyncCall, now_ms: int) -> Synced:
        """A page of the conversations that moved, the latest first.

        Raises:
            Invalid: the token is none of ours.
            Busy: too many sync at this moment; the caller is told when to come, or called.
            Unavailable: MongoDB does not answer.
        """
        token = parse_token(call.token, now_ms)
        async with self._reception.turn(caller):
            return await self._answer(caller, call, token)

    async def _answer(self, caller: Caller, call: SyncCall, token: Token) -> Synced:
        parts = await self._views.all_of(caller.user)
        moved = _moved(call.have, token, parts)
        views, badge = await asyncio.gather(  # together: they count the same messages
            self._views.compose(parts, moved), self._views.badge(caller.user, parts)
        )
        views = _after(sorted(views, key=last_moved, reverse=True), token)
        page = self._first_page(views, call.have)
        more = len(views) > len(page)
        filled = await self._fill(page, call.have, parts)
        self._note_delivered(caller, _reached(call.have, filled), parts)
        return Synced(
            conversations=filled,
            badge=badge,
            token=_next_token(token, page if more else []),
            more=more,
            seats=_seats(parts),
        )

    async def _fill(
        self, views: list[ConversationView], have: Mapping[str, tuple[int, int]], parts: Parts
    ) -> tuple[SyncedConversation, ...]:
        wanted = {view.id: self._missing(have.get(view.id), view) for view in views}
        messages, changes = await asyncio.gather(
            self._messages.complete({id_: each.messages for id_, each in wanted.items()}),
            self._changes.complete({id_: each.changes for id_, each in wanted.items()}),
        )
        return tuple(
            _synced(
                view,
                wanted[view.id],
                tuple(map(parts.sight(view.id).message, messages.get(view.id, ()))),
                tuple(map(parts.sight(view.id).change, changes.get(view.id, ()))),
            )
            for view in views
        )

    def _missing(self, have: tuple[int, int] | None, view: ConversationView) -> Missing:
        return missing(
            have, view.head, first=view.me.first, page=self._page, reset_after=self._reset_after
        )

    def _first_page(
        self, views: list[ConversationView], have: Mapping[str, tuple[int, int]]
    ) -> list[ConversationView]:
        """As many of the views as one answer carries, one at least."""
        page: list[ConversationView] = []
        left = MESSAGES_PER_PAGE
        for view in views[:CONVERSATIONS_PER_PAGE]:
            first, last = self._missing(have.get(view.id), view).messages
            left -= max(0, last - first + 1)
            if page and left < 0:
                break
            page.append(view)
        return page

    def _note_delivered(self, caller: Caller, reached_of: Mapping[str, int], parts: Parts) -> None:
        for id_, seq in reached_of.items():
            conversation = parts.conversations.get(id_)
            if conversation is None:
                continue
            reached = min(seq, parts.heads[id_].seq)
            if reached > parts.mine(id_).delivered:
                self._telling.has(conversation, caller.user, reached)


def _reached(
    have: Mapping[str, tuple[int, int]], filled: tuple[SyncedConversation, ...]
) -> dict[str, int]:
    """How far the device has each conversation, once the answer is there."""
    reached = {id_: seq for id_, (seq, _mod) in have.items()}
    for conversation in filled:
        if conversation.messages:
            reached[conversation.id] = conversation.messages[-1].seq
    return reached


def _moved(have: Mapping[str, tuple[int, int]], token: Token, parts: Parts) -> list[str]:
    since = token.since - CLOCKS_DIFFER_MS
    touched = {c.conversation for c in parts.cursors.values() if c.touched_at >= since}
    # not all that changes about a room leaves a notice in its log
    changed = {c.id for c in parts.conversations.values() if c.changed_at >= since}
    touched |= {id_ for id_ in changed if parts.mine(id_).is_in}
    ends = {id_: parts.sight(id_).head for id_ in parts.conversations}
    moved = [
        id_ for id_, end in ends.items() if id_ in touched or have.get(id_) != (end.seq, end.mod)
    ]
    # what a person served and no longer does is of no concern to a device that never heard of it
    return [id_ for id_ in moved if id_ in have or parts.mine(id_).state != "released"]


def _seats(parts: Parts) -> dict[str, int]:
    return {
        id_: parts.mine(id_).since
        for id_, conversation in parts.conversations.items()
        if conversation.room is not None and parts.mine(id_).is_in
    }


def _after(views: list[ConversationView], token: Token) -> list[ConversationView]:
    if token.after is None:
        return views
    return [view for view in views if last_moved(view) < token.after]


def _next_token(token: Token, page: list[ConversationView]) -> str:
    if page:
        return structs.replace(token, after=last_moved(page[-1])).text()
    return Token(token.since, token.started).text()


def _synced(
    view: ConversationView,
    wanted: Missing,
    messages: tuple[Message, ...],
    changes: tuple[Change, ...],
) -> SyncedConversation:
    return SyncedConversation(
        **structs.asdict(view),
        messages=messages,
        changes=changes,
        more=wanted.more,
        reset=wanted.reset,
    )
