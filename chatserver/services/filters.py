"""Word filters: which words nobody may say where, and who decides that."""

from __future__ import annotations

import asyncio
import tomllib
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from chatserver.config import Settings, SettingsError
from chatserver.domain.calls import GetFilter, OpenConversation, SetFilter, UpdateConversation
from chatserver.domain.conversation import Conversation
from chatserver.domain.person import Caller
from chatserver.domain.screening import WordList, fold, screen
from chatserver.domain.word_filter import (
    ROOM_WORDS_MAX,
    SHOP_WORDS_MAX,
    FilterAction,
    FilterRule,
    RuleName,
    WordRule,
    changed_rules,
    shown_rules,
)
from chatserver.errors import Forbidden, Invalid, Unavailable
from chatserver.services.access import Access
from chatserver.store.stores import Stores

FOLLOWED_EVERY_S = 2.0
KEPT_READY = 500  # filters of shops and rooms that were used last


Naming = TypeVar("Naming", OpenConversation, UpdateConversation)


class FilterView(Struct, frozen=True):
    """The rules of a filter as those who look after it see them, and how often they changed."""

    rules: tuple[FilterRule, ...]
    rev: int


class Filters:
    """The filters of the site, of shops and of rooms."""

    def __init__(self, stores: Stores, access: Access, settings: Settings) -> None:
        """Raises SettingsError for a file that cannot be used."""
        self._filters = stores.filters
        self._access = access
        self._site = load_rules(settings.filter_file)
        self._revs: dict[str, int] = {}  # of every scope that has rules
        self._ready: OrderedDict[str, tuple[int, WordList]] = OrderedDict()
        self._latest: datetime | None = None

    async def over(self, caller: Caller, conversation: Conversation) -> Sequence[WordList]:
        """The filters of what this person says there, to `screen` it with. In notes staff are
        among themselves.

        Raises:
            Unavailable: MongoDB does not answer.
        """
        if conversation.kind == "notes":
            return ()
        shop = conversation.room.shop if conversation.room else caller.shop
        return await self._of(shop, conversation.id)

    async def named(self, caller: Caller, call: Naming) -> Naming:
        """What a room is to be called and to announce, after the filters.

        Raises:
            NotFound: the room is not the caller's.
            Filtered: they refuse it.
        """
        said = {
            name: text
            for name in ("title", "announcement")
            if isinstance(text := getattr(call, name, None), str)
        }
        if not said:
            return call
        if isinstance(call, UpdateConversation):
            standing = await self._access.of(caller.user, call.conversation)
            lists = await self.over(caller, standing.conversation)
        else:
            lists = await self._of(caller.shop)
        screened = {name: screen(text, lists).text for name, text in said.items()}
        return msgspec.structs.replace(call, **screened)

    async def get(self, caller: Caller, call: GetFilter) -> FilterView:
        """The filter of a room or of the caller's shop.

        Raises:
            NotFound: the room is not the caller's.
            Forbidden: the caller does not look after it; so does `set`.
        """
        kept = await self._filters.get(await self._scope(caller, call.conversation))
        return FilterView(shown_rules(kept.rules, call.rule), kept.rev)

    async def set(self, caller: Caller, call: SetFilter) -> FilterView:
        """Keep, change or drop a rule; this node goes by it at once, the others in seconds.

        Raises:
            Invalid: a word has neither letters nor digits.
            Forbidden: there are too many rules or words.
            Busy: somebody else changed the filter at this moment.
        """
        scope = await self._scope(caller, call.conversation)
        for index, word in enumerate(call.words):
            if not fold(word):
                raise Invalid("There is no letter or digit in this", path=f"words[{index}]")
        rule = WordRule(name=call.rule, action=call.action, words=call.words)
        kept = await self._filters.get(scope)
        words_max = SHOP_WORDS_MAX if call.conversation is None else ROOM_WORDS_MAX
        kept = await self._filters.save(scope, kept, changed_rules(kept.rules, rule, words_max))
        self._changed(scope, kept.rev if kept.rules else 0)
        return FilterView(shown_rules(kept.rules, None), kept.rev)

    async def catch_up(self) -> None:
        """Learn which filters changed.

        Raises:
            Unavailable: MongoDB does not answer.
        """
        for changed_at, scope, rev in await self._filters.changed(self._latest):
            self._latest = max(changed_at, self._latest or changed_at)
            self._changed(scope, rev)

    async def follow(self) -> None:
        """Go on learning until cancelled."""
        while True:
            await asyncio.sleep(FOLLOWED_EVERY_S)
            with suppress(Unavailable):
                await self.catch_up()

    def _changed(self, scope: str, rev: int) -> None:
        if rev:
            self._revs[scope] = max(rev, self._revs.get(scope, 0))
        else:
            self._revs.pop(scope, None)

    async def _of(self, shop: str | None, conversation: str | None = None) -> Sequence[WordList]:
        scopes = (f"s:{shop}", f"c:{conversation}")
        own = [await self._words(scope) for scope in scopes if scope in self._revs]
        return [*self._site, *own]

    async def _words(self, scope: str) -> WordList:
        rev, words = self._ready.get(scope, (0, None))
        if words is None or rev < self._revs.get(scope, 0):
            kept = await self._filters.get(scope)
            words = await asyncio.to_thread(WordList, kept.rules)  # of many words takes a while
            self._ready[scope] = (kept.rev, words)
            if len(self._ready) > KEPT_READY:
                self._ready.popitem(last=False)
        self._ready.move_to_end(scope)
        return words

    async def _scope(self, caller: Caller, conversation: str | None) -> str:
        if conversation is not None:
            (await self._access.here(caller.user, conversation)).require("update")
            return f"c:{conversation}"
        if caller.role not in {"manager", "admin"} or caller.shop is None:
            raise Forbidden("Only a shop's managers look after its filter")
        return f"s:{caller.shop}"


class _SiteRule(Struct, frozen=True, forbid_unknown_fields=True):
    name: RuleName
    action: FilterAction
    words: tuple[str, ...] = ()
    file: str | None = None  # beside this one, with a word in each line


class _SiteFilter(Struct, frozen=True, forbid_unknown_fields=True):
    rule: tuple[_SiteRule, ...] = ()


def load_rules(file: str) -> tuple[WordList, ...]:
    """The filter of the whole site; none without a file.

    Raises:
        SettingsError: the file cannot be read, and why.
    """
    if not file:
        return ()
    path = Path(file)
    try:
        read: Any = tomllib.loads(path.read_text(encoding="utf-8"))
        rules = msgspec.convert(read, _SiteFilter).rule
        return (WordList([_whole(each, path.parent) for each in rules]),)
    except (OSError, ValueError) as error:
        raise SettingsError(f"CHAT_FILTER_FILE={file}: {error}") from None


def _whole(rule: _SiteRule, folder: Path) -> WordRule:
    lines = (folder / rule.file).read_text(encoding="utf-8").splitlines() if rule.file else ()
    words = (*rule.words, *(line.strip() for line in lines))
    return WordRule(name=rule.name, action=rule.action, words=tuple(filter(None, words)))
