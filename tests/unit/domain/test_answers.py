"""How long customers wait, from the messages themselves."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from chatserver.domain.answers import (
    COUNT_FOR_MS,
    MINUTE_MS,
    Answer,
    Turn,
    answer,
    answers_in_ms,
    question_before,
)
from chatserver.domain.message import Message

NOW = 1_900_000_000_000


def spoken(senders: Sequence[str]) -> list[Message]:
    """Messages 1, 2, … of these senders, a minute apart."""
    return [
        Message(
            conversation="d1", seq=seq, client_id=f"c-{seq}", sender=sender, kind="text", body={},
            at=NOW + seq * MINUTE_MS,
        )
        for seq, sender in enumerate(senders, 1)
    ]  # fmt: skip


def took(*minutes: float, at: int = NOW) -> list[Answer]:
    return [Answer(f"d1:{n}", at, int(each * MINUTE_MS)) for n, each in enumerate(minutes)]


@pytest.mark.parametrize(
    ("before", "question"),
    [
        (["mei"], 1),
        (["lin", "mei", "mei"], 2),
        (["mei", "lin", "mei"], 3),
        (["mei", "lin"], None),
        (["", "mei", ""], 2),  # the server's own words ask nothing
        (["mei", "lin", ""], None),
        ([], None),
    ],
)
def test_a_reply_answers_all_that_was_said_since_the_one_before(
    before: list[str], question: int | None
) -> None:
    reply = Turn("d1", "lin", len(before) + 1, NOW)
    found = question_before(reply, spoken(before))
    assert (found and found.seq) == question


def test_an_answer_took_from_the_first_of_the_question_and_never_less_than_nothing() -> None:
    question = Turn("d1", "mei", 4, NOW)
    assert answer(question, Turn("d1", "lin", 6, NOW + 90_000)) == Answer(
        "d1:4", NOW + 90_000, 90_000
    )
    assert answer(question, Turn("d1", "lin", 6, NOW - 3)).ms == 0  # the clock of another node


@pytest.mark.parametrize(
    ("minutes", "says"),
    [
        ((1, 2, 3, 4), None),
        ((1, 2, 3, 4, 600), 3),
        ((0.1, 0.1, 0.2, 0.2, 0.3), 1),
        ((2.4,) * 9, 2),
        ((2.6,) * 9, 3),
    ],
)
def test_it_says_the_middle_in_whole_minutes_once_there_are_a_few(
    minutes: tuple[float, ...], says: int | None
) -> None:
    assert answers_in_ms(took(*minutes), NOW) == (says and says * MINUTE_MS)


def test_old_answers_do_not_count() -> None:
    old, new = took(*[60] * 20, at=NOW), took(*[2] * 5, at=NOW + 1)
    later = NOW + 1 + COUNT_FOR_MS
    assert answers_in_ms([*old, *new], later) == 2 * MINUTE_MS
    assert answers_in_ms([*old, *new], later + 1) is None
