"""Sees how long customers wait for an answer, beside the sending and never in its way."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import suppress

from msgspec import Struct

from chatserver.domain.answers import Turn, answer, question_before
from chatserver.domain.conversation import Conversation
from chatserver.domain.message import Message
from chatserver.domain.person import STAFF
from chatserver.errors import Unavailable
from chatserver.services.delivery import Sent, is_room
from chatserver.store.stores import Stores

REMEMBERED = 100_000  # conversations
WAITING_MAX = 10_000  # replies; an estimate may leave some out
EVERY_S = 1.0
AT_ONCE = 200  # replies each time, which bounds what this costs
LOOKED_BACK = 10  # messages before a reply among which its question is looked for


class _Run(Struct):
    """What one of the two has said since the other one; `first` is None where unknown."""

    user: str
    last: int
    first: Turn | None


_UNKNOWN = _Run("", 0, None)


class _Reply(Struct, frozen=True):
    """Somebody spoke after the other one; or perhaps so, where the question is unknown."""

    turn: Turn
    other: str
    question: Turn | None


class Answers:
    """Follows conversations of two, and keeps what the answers of their shops took.

    What a node stores and what it hears of other nodes tells it who spoke last and since when.
    Where that has a gap the log is asked, behind the sending.
    """

    def __init__(self, stores: Stores) -> None:
        self._messages = stores.messages
        self._users = stores.users
        self._times = stores.response_times
        self._runs: OrderedDict[str, _Run] = OrderedDict()
        self._replies: list[_Reply] = []

    def said(self, conversation: Conversation, message: Message) -> None:
        """This node stored a message of a direct conversation, or of a service conversation."""
        others = conversation.others(message.sender)
        if len(others) != 1:  # the server's own, or nobody serves: what follows is looked up
            return
        turn = Turn(conversation.id, message.sender, message.seq, message.at)
        before = self._follow(turn)
        if before is None or before.user not in {_UNKNOWN.user, others[0]}:
            return  # whoever served before spoke last, say
        if len(self._replies) < WAITING_MAX:
            self._replies.append(_Reply(turn, others[0], before.first))

    def heard(self, topic: str, sent: Sent, now_ms: int) -> None:
        """Another node stored a message: it sees to the answer, this one to what comes next."""
        if sent.is_new and sent.sender and not is_room(topic):
            self._follow(Turn(sent.conversation, sent.sender, sent.seq, now_ms))

    async def run(self) -> None:
        """Work off what waits until cancelled."""
        while True:
            await asyncio.sleep(EVERY_S)
            with suppress(Unavailable):  # again with the next
                await self.flush()

    async def flush(self) -> None:
        """Keep the answers among the replies that waited longest.

        Raises:
            Unavailable: MongoDB does not answer; they go on waiting.
        """
        replies = self._replies[:AT_ONCE]
        if not replies:
            return
        shops = await self._shops(replies)
        served = [
            (shops[r.turn.user, r.other], r) for r in replies if (r.turn.user, r.other) in shops
        ]
        found = await self._questions([reply for _, reply in served])
        answers = [(shop, answer(found[r.turn], r.turn)) for shop, r in served if r.turn in found]
        if answers:
            await self._times.add(answers)
        del self._replies[: len(replies)]

    def _follow(self, turn: Turn) -> _Run | None:
        """Learn of a message; the run that it ends, or None where it ends none."""
        run = self._runs.get(turn.conversation)
        if run is not None and turn.seq <= run.last:
            return None  # heard late, or on two topics
        is_next = turn.seq == (run.last if run else 0) + 1
        if run is not None and is_next and run.user == turn.user:
            run.last = turn.seq
            return None
        first = turn if is_next else None
        self._remember(turn.conversation, _Run(turn.user, turn.seq, first))
        return run if is_next else _UNKNOWN

    def _remember(self, conversation: str, run: _Run) -> None:
        self._runs[conversation] = run
        self._runs.move_to_end(conversation)
        if len(self._runs) > REMEMBERED:
            self._runs.popitem(last=False)

    async def _shops(self, replies: Sequence[_Reply]) -> dict[tuple[str, str], str]:
        """The shops for which somebody replied to a customer, by the two of them."""
        pairs = {(reply.turn.user, reply.other) for reply in replies}
        people = await self._users.people({user for pair in pairs for user in pair})
        shops = {}
        for pair in pairs:
            replier, asker = (people.get(user) for user in pair)
            if replier and asker and replier.role in STAFF and asker.role == "customer":
                shops[pair] = replier.shop
        return {pair: shop for pair, shop in shops.items() if shop}

    async def _questions(self, replies: Sequence[_Reply]) -> dict[Turn, Turn]:
        """What was replied to, by the reply; one query for all that this node does not know."""
        known = {reply.turn: reply.question for reply in replies if reply.question}
        unknown = [reply.turn for reply in replies if not reply.question]
        messages = await self._messages.ranges(dict(_ranges(unknown))) if unknown else {}
        for turn in unknown:
            before = [each for each in messages.get(turn.conversation, ()) if each.seq < turn.seq]
            question = question_before(turn, before)
            if question is not None:
                known[turn] = question
        return known


def _ranges(turns: Sequence[Turn]) -> Iterator[tuple[str, tuple[int, int]]]:
    for turn in turns:
        yield turn.conversation, (max(1, turn.seq - LOOKED_BACK), turn.seq - 1)
