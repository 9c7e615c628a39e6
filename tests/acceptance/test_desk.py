"""A shop's desk over two nodes, real processes and sockets; who serves elsewhere sees nothing."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from loadtest.faults.nodes import CANARY, ChatServer
from loadtest.faults.people import Person, eventually, token
from tests.acceptance.conftest import Cast, Start

pytestmark = pytest.mark.asyncio


async def join(cast: Cast, who: str, server: ChatServer, role: str, shop: str) -> Person:
    """Somebody of a shop, who looks at its desk where they may."""
    person = cast.person(who, server, role=role)
    person.token = token(person.user, role, name=who.title(), shop=shop)
    await person.connect()
    if role != "customer":
        await person.ask("desk.list", view="unassigned")
    return person


def waits(person: Person, conversation: str, words: str) -> bool:
    """Whether somebody was told that this was said and waits for an answer."""
    told = [each["conversation"] for each in person.seen("desk", id=conversation)]
    return any(each and words in each["last"]["body"]["text"] for each in told)


async def claim(talk: str, *rivals: Person) -> tuple[Person, Person]:
    """Two claim at once: who got it, and who was told who has it."""
    calls = (each.call("desk.claim", {"conversation": talk}) for each in rivals)
    outcomes: list[Any] = await asyncio.gather(*calls)
    one, other = rivals
    winner, loser = (one, other) if outcomes[0]["ok"] else (other, one)
    (lost,) = [each for each in outcomes if not each["ok"]]
    assert (lost["code"], lost["by"]["user"]) == ("taken", winner.user)
    return winner, loser


async def test_a_question_is_claimed_answered_and_settled(start: Start, cast: Cast) -> None:
    one, two = await asyncio.gather(start(), start())
    shop = f"the shop of {cast.name('lin')}"
    mei = await join(cast, "mei", one, "customer", shop)
    lin = await join(cast, "lin", one, "consultant", shop)
    ting = await join(cast, "ting", two, "consultant", shop)
    zhou = await join(cast, "zhou", two, "consultant", "elsewhere")

    talk = (await mei.ask("conversation.open", kind="service"))["conversation"]["id"]
    await mei.say(talk, "first")
    for each in (lin, ting):
        await eventually(lambda each=each: waits(each, talk, "first"), "the question is seen")
    winner, loser = await claim(talk, lin, ting)
    await loser.sees("desk", id=talk, conversation=None)
    await mei.sees("message", kind="system", conversation=talk)

    notes = (await winner.ask("conversation.notes", conversation=talk))["conversation"]["id"]
    await winner.say(notes, "confidential")
    said = await winner.say(talk, "answer")
    await mei.sees("message", seq=said["seq"], conversation=talk)
    before = len(loser.events)
    thanks = await mei.say(talk, "thanks")
    await winner.sees("message", seq=thanks["seq"], conversation=talk)
    await winner.ask("desk.resolve", conversation=talk)
    for each in (mei, loser, zhou):
        assert await each.refused("history.get", conversation=notes) == "not_found"
    assert await loser.refused("history.get", conversation=talk) == "not_found"
    assert CANARY not in str(loser.events[before:])
    for word in ("confidential", notes):
        assert word not in str(mei.events)
    assert CANARY not in str(zhou.events)
