"""Notifications while databases fail: nobody who does not look stays untold."""

from __future__ import annotations

import secrets
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest

from loadtest.faults import strokes
from loadtest.faults.people import Person, eventually, text
from loadtest.faults.stage import GENEROUS, PROMPT, Databases, Scene, on_stage, working
from loadtest.faults.strokes import Stroke
from loadtest.push.base import Service
from loadtest.push.services import file_for, serving
from tests.acceptance.conftest import Cast

PHONES = 6
STROKES = {"stepped-down": strokes.primary_steps_down, "killed": strokes.primary_killed}


async def asleep(cast: Cast, who: str, node: Any, service: Service) -> Person:
    """Somebody whose phone can be notified, and who is gone."""
    person = await cast.join(who, node)
    address = msgspec.to_builtins(service.address(person.user))
    await person.ask("device.update", push=address, foreground=False)
    await person.close()
    return person


async def said_at_last(person: Person, place: str) -> int:
    """The number of a message, sent again until it is acknowledged."""
    sent = {"conversation": place, "client_id": secrets.token_hex(8), "kind": "text"}

    async def once() -> int:
        ack = await person.call("message.send", {**sent, "body": text("在吗"), "retry": True})
        return int(ack["seq"]) if ack["ok"] else 0

    found: int = await eventually(once, "a message is stored")
    return found


def told(service: Service) -> Counter[tuple[str, int]]:
    """How often whose phone was told of which message."""
    return Counter((each.token, int(each.data["seq"])) for each in service.arrived if each.shows)


@pytest.mark.asyncio
@pytest.mark.parametrize("stroke", STROKES.values(), ids=STROKES)
async def test_while_mongodb_changes_its_primary_nobody_is_left_untold_or_told_thrice(
    stroke: Stroke, found: Databases, cast: Cast, tmp_path: Path
) -> None:
    async with serving("webhook") as service:
        settings = {
            **GENEROUS, **PROMPT,
            "CHAT_PUSH_FILE": str(file_for(service, tmp_path)), "CHAT_PUSH_GATHER_MS": "1",
        }  # fmt: skip
        scene = Scene(tmp_path, nodes=1, settings=settings)
        async with on_stage(found, scene) as stage, working(found, scene) as worker:
            (node,) = stage.nodes
            lin = await cast.join("lin", node)
            phones = [await asleep(cast, f"mei{number}", node, service) for number in range(PHONES)]
            places = {phone.user: await lin.open(phone.user) for phone in phones}
            last: dict[str, int] = {}

            async def say_to_all() -> None:
                for user, place in places.items():
                    last[user] = await said_at_last(lin, place)

            await say_to_all()
            async with stroke(stage):
                await say_to_all()
            await say_to_all()
            await eventually(
                lambda: all(told(service)[place] for place in last.items()), "all are told"
            )
            assert max(told(service).values()) <= 2
            assert worker.exit_status is None
