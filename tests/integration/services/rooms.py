"""People in rooms: Lin of the shop, her customers, and Eve, who has no business there."""

from __future__ import annotations

from typing import Any

import pytest

from chatserver.errors import ChatError


class People:
    """Lin works in the shop; Mei and Fang are customers, on two nodes. Eve is a stranger."""

    def __init__(self, nodes: list[Any], lin: Any, mei: Any, fang: Any, eve: Any) -> None:
        self.nodes = nodes
        self.lin = lin
        self.mei = mei
        self.fang = fang
        self.eve = eve

    def hush(self) -> None:
        """Forget what was told so far."""
        for each in (self.lin, self.mei, self.fang):
            each.frames.clear()


async def begin(owner: Any, *members: str, kind: str = "group", **settings: Any) -> str:
    """A room with its first members."""
    answer = await owner.call(
        "conversation.open",
        {"kind": kind, "title": "三月宝宝", "members": list(members), "settings": settings},
    )
    id_: str = answer["conversation"]["id"]
    return id_


async def act(device: Any, name: str, room: str, **fields: Any) -> Any:
    """Do something with a room; the caller's view of it where there is one."""
    fields = {field.rstrip("_"): value for field, value in fields.items()}
    answer = await device.call(f"conversation.{name}", {"conversation": room, **fields})
    return answer.get("conversation", answer)


async def refused(device: Any, name: str, **fields: Any) -> dict[str, Any]:
    """Make a call that must be refused."""
    fields = {field.rstrip("_"): value for field, value in fields.items()}
    with pytest.raises(ChatError) as refusal:
        await device.call(name, fields)
    return refusal.value.to_wire()


async def history(device: Any, room: str, **fields: Any) -> list[Any]:
    page = await device.call("history.get", {"conversation": room, **fields})
    found: list[Any] = page["messages"]
    return found


def texts(messages: list[Any]) -> list[str]:
    """What people said, without what the server says."""
    return [each["body"]["text"] for each in messages if each["kind"] == "text" and each["body"]]


def notices(device: Any) -> list[str]:
    """What the server said in a room, as this device was told."""
    return [each["body"]["type"] for each in device.told("message") if each["kind"] == "system"]


def heard(device: Any) -> list[str]:
    """What people said in a room, as this device was told."""
    return texts(device.told("message"))
