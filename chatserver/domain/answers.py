"""How long customers wait for an answer, from the messages themselves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median

from msgspec import Struct

from chatserver.domain.message import Message

KEPT = 50  # the latest answers of a shop
COUNT_FOR_MS = 14 * 86_400_000
FEWEST = 5  # of fewer nothing is said
MINUTE_MS = 60_000


class Turn(Struct, frozen=True):
    """The first message of somebody after the other one's in a direct conversation."""

    conversation: str
    user: str
    seq: int
    at: int


class Answer(Struct, frozen=True):
    """A customer's question waited `ms` until somebody of the shop answered `at` a time.

    `question` names its first message, so that an answer seen twice counts once.
    """

    question: str
    at: int
    ms: int


def answer(question: Turn, reply: Turn) -> Answer:
    """The answer that `reply` is to `question`; clocks of two nodes may differ a little."""
    name = f"{question.conversation}:{question.seq}"
    return Answer(name, reply.at, max(0, reply.at - question.at))


def question_before(reply: Turn, messages: Sequence[Message]) -> Turn | None:
    """The first of the messages that `reply` answers; `messages` are those just before it.

    None where nobody else said anything since the replier spoke last.
    """
    question: Message | None = None
    for message in reversed(messages):
        if message.sender == reply.user:
            break
        if message.sender:  # the server's own words ask nothing
            question = message
    if question is None:
        return None
    return Turn(question.conversation, question.sender, question.seq, question.at)


def answers_in_ms(answers: Iterable[Answer], now_ms: int) -> int | None:
    """The time in which half of the latest answers came, in whole minutes; None for too few."""
    times = [each.ms for each in answers if now_ms - each.at <= COUNT_FOR_MS]
    if len(times) < FEWEST:
        return None
    return max(1, round(median(times) / MINUTE_MS)) * MINUTE_MS
