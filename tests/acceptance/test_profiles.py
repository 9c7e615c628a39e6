"""A child's birth date between two nodes: who learns what, and what is left of it in the end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from loadtest.faults.nodes import ChatServer
from loadtest.faults.people import Person, token
from tests.acceptance.conftest import Cast, Start

BORN = (datetime.now(UTC) - timedelta(days=100)).date().isoformat()
PURPOSE = "child_birth_date"


async def join(cast: Cast, server: ChatServer, who: str, shop: str, role: str) -> Person:
    person = cast.person(who, server, role=role)
    person.token = token(person.user, role, shop=shop)
    return await person.connect()


@pytest.mark.asyncio
async def test_only_the_mother_has_the_date_and_a_killed_node_loses_nothing(
    start: Start, cast: Cast
) -> None:
    nodes = [await start(log_level="debug") for _ in range(2)]
    mei = await join(cast, nodes[0], "mei", "s1", "customer")
    lin = await join(cast, nodes[1], "lin", "s1", "consultant")
    eve = await join(cast, nodes[1], "eve", "s2", "consultant")
    await mei.ask("consent.give", purpose=PURPOSE, version="2026-11")
    given = await mei.ask("profile.update", children={"a": BORN})
    nodes[0].kill9()

    seen = await lin.ask("profile.get", user=mei.user)
    assert seen["profile"]["children"] == {"a": {"age_months": 3}}
    refused = await eve.call("profile.get", {"user": mei.user})
    assert refused == await eve.call("profile.get", {"user": "nobody"})
    assert refused["code"] == "not_found"

    mei.url = nodes[1].url
    await mei.connect()
    assert (await mei.ask("profile.get"))["profile"] == given["profile"]
    assert given["profile"]["children"]["a"]["birth_date"] == BORN
    left = await lin.ask(
        "consent.withdraw", purpose=PURPOSE, user=mei.user, note="she asked at the till"
    )
    assert left["profile"]["children"] == {}
    assert (await mei.sees("profile"))["rev"] == 3
    assert (await mei.ask("profile.get"))["profile"]["children"] == {}
    assert BORN not in str(lin.events) + str(eve.events)
    assert not [node for node in nodes if BORN in node.log()]
