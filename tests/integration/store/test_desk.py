"""The lists of a desk come out of an index, in its order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chatserver.domain.conversation import Conversation, Room, Service
from chatserver.domain.scene import Ruling
from chatserver.store.desk import Desks
from chatserver.store.rooms import Rooms
from tests.integration.store.conftest import Node

pytestmark = pytest.mark.asyncio


class Finds:
    """The lists' queries as they are sent, and how MongoDB would carry them out."""

    def __init__(self, collection: Any) -> None:
        self._collection = collection
        self.plans: list[Any] = []

    def find(self, query: Any, **options: Any) -> Any:
        cursor = self._collection.find(query, **options)
        self.plans.append(cursor)
        return cursor

    async def find_one(self, query: Any) -> Any:
        return await self._collection.find_one(query)


def stages(plan: Any) -> list[str]:
    """The steps of a plan."""
    inner = [plan[name] for name in ("inputStage", "queryPlan") if name in plan]
    inner += plan.get("inputStages", [])
    return [*filter(None, [plan.get("stage")]), *(step for each in inner for step in stages(each))]


async def begin(node: Node, number: int) -> str:
    service = Service(customer=f"c{number}", assignee="lin" if number % 2 else None, since=number)
    room = Room(title="暖芽", owner="", shop="renmin", service=service)
    id_ = f"s{number}"
    talk = Conversation(id=id_, kind="service", created_at=1, room=room)
    await Rooms(node.database).begin(talk, Ruling(room=room), 1)
    return id_


async def test_a_page_of_a_list_is_read_in_the_order_of_an_index(
    start: Callable[..., Node],
) -> None:
    node = start()
    await node.database.prepare()
    for number in range(1, 9):
        await begin(node, number)
    desks = Desks(node.database)
    finds = Finds(desks._collection)
    desks._collection = finds
    for _ in range(2):  # a first page, and one behind it
        after = None if not finds.plans else "s2"
        assert await desks.waiting("renmin", after, 2)
        assert await desks.served_by("lin", after and "s1", 2)
        assert await desks.of_shop("renmin", after, 2)
    for cursor in finds.plans:
        explained = await cursor.clone().explain()
        steps = stages(explained["queryPlanner"]["winningPlan"])
        assert "COLLSCAN" not in steps, steps
        assert "SORT" not in steps, (steps, explained["queryPlanner"]["parsedQuery"])
