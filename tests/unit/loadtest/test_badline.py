"""A bad line delays and never reorders; a letter flies again until somebody confirms it."""

from __future__ import annotations

import asyncio
import random

import pytest

from loadtest.rehearsal.badline import Lane
from loadtest.rehearsal.letter import Letter
from loadtest.rehearsal.scenario import Phones

pytestmark = pytest.mark.asyncio


def phones(**more: object) -> Phones:
    given = {"delay_s": {"kind": "uniform", "least": 0.001, "most": 0.02}, **more}
    return Phones.model_validate(given)


@pytest.mark.parametrize("loss", [0, 0.5])
async def test_what_goes_in_comes_out_whole_in_its_order_and_late(loss: float) -> None:
    pieces = [bytes([number]) for number in range(50)]
    out: list[bytes] = []
    whole = asyncio.Event()

    def comes(piece: bytes) -> None:
        out.append(piece)
        if len(out) == len(pieces):
            whole.set()

    lane = Lane(comes, phones(loss=loss, again_s=0.03), random.Random(5))
    for piece in pieces:
        lane.put(piece)
    assert out == []
    await whole.wait()
    assert out == pieces


async def test_a_letter_says_that_it_is_a_retry_from_its_second_flight_on() -> None:
    letter = Letter("c", "id", {"text": "hi"}, due=0)
    answer: asyncio.Future[object] = asyncio.get_running_loop().create_future()
    letter.fly(answer, at=10)
    assert letter.flies
    assert "retry" not in letter.payload
    letter.expire(before=9)
    assert not answer.cancelled()
    letter.expire(before=11)
    assert answer.cancelled()
    letter.land()
    assert not letter.flies
    assert letter.payload["retry"] is True
