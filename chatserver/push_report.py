"""What an operator asks of notifications: whether they arrive, and why somebody got one or not."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from msgspec import Struct

from chatserver import clock
from chatserver.bus.presence import PresenceBoard
from chatserver.config import Settings, SettingsError
from chatserver.domain.message import Message
from chatserver.domain.push.burst import Burst, Decision
from chatserver.domain.push.notification import Notification, Outcome
from chatserver.domain.push.policy import SAYS, decide
from chatserver.domain.push.text import of_test
from chatserver.errors import Unavailable
from chatserver.providers.push.registry import Providers
from chatserver.services.notifying.outlook import Outlook
from chatserver.store.stores import Stores, open_stores
from chatserver.tasks import Tasks
from chatserver.worker import limits_of

TEST_LIFETIME_MS = 600_000
AWAY = "MongoDB does not answer; `chatserver doctor` says more"


class Desk(Struct, frozen=True):
    """What a question is answered from."""

    settings: Settings
    stores: Stores
    providers: Providers
    board: PresenceBoard


async def send_test(settings: Settings, user: str) -> int:
    """Send a test notification to all devices of a person, and print what came of each; 0 where
    any was taken.

    Raises:
        SettingsError: no push file is named, or it cannot be used.
    """
    async with _open(settings) as desk:
        try:
            outcomes = [each async for each in _tested(desk, user)]
        except Unavailable:
            print(AWAY)
            return 1
    for device, provider, outcome in outcomes:
        print(_line(device, provider, outcome.state, outcome.reason, outcome.receipt))
    if not outcomes:
        print("no device of this person has an address for notifications")
    return 0 if any(outcome.state == "sent" for *_, outcome in outcomes) else 1


async def explain(settings: Settings, user: str, conversation: str, seq: int) -> int:
    """Print what was decided about a message for a person, and what would be decided now; 1 where
    there is no such message.

    Raises:
        SettingsError: no push file is named, or it cannot be used.
    """
    async with _open(settings) as desk:
        try:
            message = await _message(desk, conversation, seq)
            if message is None:
                print("there is no such message")
                return 1
            known = await desk.stores.pushes.look(user, conversation)
            for line in _history(known[1] if known else [], seq):
                print(line)
            print(await _now(desk, user, message, known[0] if known else None))
        except Unavailable:
            print(AWAY)
            return 1
    return 0


@asynccontextmanager
async def _open(settings: Settings) -> AsyncIterator[Desk]:
    providers = Providers.open(settings)
    if providers is None:
        raise SettingsError("no push file is named, so nobody is notified; set CHAT_PUSH_FILE")
    stores = open_stores(settings, Tasks(lambda _error: None))
    name = f"report-{secrets.token_hex(4)}"
    board = PresenceBoard(settings.redis_url, name, space=settings.mongo_database)
    try:
        yield Desk(settings, stores, providers, board)
    finally:
        await providers.close()
        await board.close()
        await stores.database.close()


async def _tested(desk: Desk, user: str) -> AsyncIterator[tuple[str, str, Outcome]]:
    expires_at = clock.now_ms() + TEST_LIFETIME_MS
    for each in (await desk.stores.devices.addresses_of([user])).get(user, ()):
        title, text = of_test(each.address.language)
        notification = Notification(
            id=secrets.token_hex(12),
            conversation="test",
            seq=0,
            badge=0,
            expires_at=expires_at,
            url="/",
            title=title,
            text=text,
            language=each.address.language,
        )
        outcome = await desk.providers.send(each.address, notification)
        yield each.device, each.address.provider, outcome


async def _message(desk: Desk, conversation: str, seq: int) -> Message | None:
    return (await desk.stores.messages.by_id([(conversation, seq)])).get((conversation, seq))


def _history(decisions: list[Decision], seq: int) -> Iterator[str]:
    """What was decided about this message, the oldest first."""
    for each in decisions:
        if not each.first <= seq <= each.last:
            continue
        which = f"{each.first}" if each.first == each.last else f"{each.first} to {each.last}"
        until = f" until {_time(each.until)}" if each.until else ""
        way = f" by {each.channel}, notification {each.id}" if each.channel else ""
        tapped = f", tapped {_time(each.opened_at)}" if each.opened_at else ""
        yield f"{_time(each.at)}  {which}: {each.action}{until}, {each.why}{way}{tapped}"
        yield f"    {SAYS.get(each.why, each.why)}"
        for result in each.results:
            state = (result.device, result.provider, result.state, result.reason, result.receipt)
            yield f"    {_line(*state)}"


async def _now(desk: Desk, user: str, message: Message, burst: Burst | None) -> str:
    """What would be decided now."""
    if message.kind in {"system", "void"}:
        return "now: nobody is notified of messages of the server itself"
    if burst is None or burst.last < message.seq:
        burst = Burst(
            user=user, conversation=message.conversation, first=message.seq, last=message.seq,
            since=message.at, at=message.at,
        )  # fmt: skip
        before = "it was not noted for this person. "
    else:
        before = ""
    providers = desk.providers
    outlook = Outlook(desk.stores, desk.board, providers.ladder, providers.kinds)
    (known,) = await outlook.of([burst])
    if not known.has_step:
        why = "read" if known.read >= message.seq else "all steps of the ladder are done"
        return f"now: {before}nothing is left to do, {why}"
    verdict = decide(known.facts, limits_of(desk.settings), clock.now_ms())
    until = f" until {_time(verdict.until)}" if verdict.until else ""
    return f"now: {before}{verdict.turn}{until}, {verdict.why}: {SAYS[verdict.why]}"


def _line(*parts: str) -> str:
    return "  ".join(part for part in parts if part)


def _time(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
