"""A shop with a desk: its customers, who serves them, and those whom it does not concern."""

from __future__ import annotations

from typing import Any

import pytest_asyncio

from tests.integration.services.conftest import StartNode

SHOP = "renmin"


class Shop:
    """Mei and Fang are customers; Lin, Ting and the manager Wang serve, on two nodes.

    Zhou serves elsewhere, where Hua manages. None of them has heard anything yet.
    """

    def __init__(self, nodes: list[Any], devices: dict[str, Any]) -> None:
        self.nodes = nodes
        self.devices = devices

    def __getattr__(self, name: str) -> Any:
        return self.devices[name]

    async def asked(self, customer: Any, text: str = "几点关门？") -> str:
        """The conversation in which a customer asked the shop something."""
        id_ = await self.opened(customer)
        await customer.say(id_, text)
        await self.settled()
        return id_

    async def opened(self, customer: Any) -> str:
        """A customer's conversation with the shop."""
        answer = await customer.call("conversation.open", {"kind": "service"})
        id_: str = answer["conversation"]["id"]
        return id_

    async def settled(self) -> None:
        """What is told a moment later is told now."""
        for node in self.nodes:
            await node.services.overview.flush()

    def hush(self) -> None:
        """Forget what was told so far."""
        for device in self.devices.values():
            device.frames.clear()


CAST = {
    "mei": ("customer", SHOP), "fang": ("customer", SHOP), "lin": ("consultant", SHOP),
    "ting": ("consultant", SHOP), "wang": ("manager", SHOP), "zhou": ("consultant", "elsewhere"),
    "hua": ("manager", "elsewhere"), "bot": ("bot", SHOP), "boss": ("admin", SHOP),
}  # fmt: skip


async def make_shop(start_node: StartNode, **settings: Any) -> Shop:
    """The shop on two nodes."""
    settings = {"shop_names": ("renmin=暖芽·人民路店",), "contexts_per_s": 10_000, **settings}
    nodes = [await start_node(**settings) for _ in range(2)]
    devices = {
        name: await nodes[number % 2].arrive(name, role=role, shop=where)  # type: ignore[arg-type]
        for number, (name, (role, where)) in enumerate(CAST.items())
    }
    return Shop(nodes, devices)


@pytest_asyncio.fixture
async def shop(start_node: StartNode) -> Shop:
    """The shop as it usually is."""
    return await make_shop(start_node, profile_changes_per_s=10_000)


async def desk(device: Any, act: str, conversation: str, **fields: Any) -> Any:
    """An act on a service conversation; the caller's view of it afterwards."""
    payload = {"conversation": conversation, **fields}
    return (await device.call(f"desk.{act}", payload))["conversation"]


async def listed(device: Any, view: str, **fields: Any) -> list[Any]:
    """A list of the desk."""
    found: list[Any] = (await device.call("desk.list", {"view": view, **fields}))["conversations"]
    return found


async def ids(device: Any, view: str, **fields: Any) -> list[str]:
    """The conversations of a list of the desk."""
    return [each["id"] for each in await listed(device, view, **fields)]
