"""A person with many conversations, as a database has them."""

from __future__ import annotations

from loadtest.bench.rooms.plan import Plan
from loadtest.bench.seed import Seed


def acquaint(seed: Seed, user: str, plan: Plan, *, history: int, unread: int = 0) -> list[str]:
    """The ids of the conversations, direct ones and rooms; of the `unread` one mentions the person.

    Others have sent what is there; the person has been handed all of it.
    """
    others = [f"{user}-{number}" for number in range(plan.directs)]
    seed.people([user, *others])
    made = []
    for other in others:
        made.append(seed.direct(other, user, history=history, unread=unread))
        _mention(seed, made[-1], user, history, unread)
    for number in range(plan.rooms):
        made.append(f"r-{user}-{number}")
        members = [*others[: plan.room_members - 1], user]
        seed.room(made[-1], members, history=history, unread=unread)
        _mention(seed, made[-1], user, history, unread)
    return made


def _mention(seed: Seed, conversation: str, user: str, history: int, unread: int) -> None:
    if unread:
        seed.mention(conversation, history, user)
