"""Canned replies: each of the staff keeps their own, the same on all their devices."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from chatserver.errors import ChatError
from chatserver.store import snippets as module
from tests.integration.services.rooms import refused

pytestmark = pytest.mark.asyncio


async def save(device: Any, id_: str, shortcut: str, text: str = "您好{customer}") -> Any:
    fields = {"id": id_, "shortcut": shortcut, "title": "问候", "text": text}
    return await device.call("snippet.save", fields)


async def shortcuts(device: Any, **fields: Any) -> list[str]:
    found = (await device.call("snippet.list", fields))["snippets"]
    return [each["shortcut"] for each in found]


async def test_what_is_saved_is_there_until_it_is_removed(node: Any) -> None:
    lin = await node.arrive("lin", role="consultant")
    answer = await save(lin, "a", "你好")
    assert answer["snippet"] == {
        "id": "a", "shortcut": "你好", "title": "问候", "text": "您好{customer}",
    }  # fmt: skip
    await save(lin, "b", "bye")
    assert await shortcuts(lin) == ["bye", "你好"]
    await save(lin, "a", "hi", "changed")
    assert await shortcuts(lin) == ["bye", "hi"]
    await lin.call("snippet.remove", {"id": "a"})
    assert await shortcuts(lin) == ["bye"]


async def test_other_devices_are_told_and_doing_it_again_is_no_news(start_node: Any) -> None:
    one, other = await start_node(), await start_node()
    phone = await one.arrive("lin", "phone", role="consultant")
    till = await other.arrive("lin", "till", role="consultant")
    ting = await other.arrive("ting", role="consultant")
    first, again = await save(phone, "a", "hi"), await save(phone, "a", "hi")
    assert first["rev"] == again["rev"] == 1
    for _ in range(2):
        assert (await phone.call("snippet.remove", {"id": "a"}))["rev"] == 2
    assert till.told("snippets") == [{"rev": 1}, {"rev": 2}]
    assert phone.events == ting.events == []
    assert (await till.call("snippet.list", {}))["rev"] == 2


async def test_a_shortcut_is_one_persons_only_once(node: Any) -> None:
    lin, ting = [await node.arrive(name, role="consultant") for name in ("lin", "ting")]
    await save(lin, "a", "hi")
    with pytest.raises(ChatError) as refusal:
        await save(lin, "b", "hi")
    assert (refusal.value.code, refusal.value.path) == ("conflict", "shortcut")
    await save(ting, "b", "hi")
    outcomes = await asyncio.gather(
        *(save(lin, f"c{n}", "same") for n in range(5)), return_exceptions=True
    )
    assert len([each for each in outcomes if isinstance(each, dict)]) == 1
    assert await shortcuts(lin) == ["hi", "same"]


async def test_there_are_so_many_and_no_more(node: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SNIPPETS_MAX", 3)
    lin = await node.arrive("lin", role="consultant")
    for number in range(3):
        await save(lin, f"s{number}", f"{number}")
    with pytest.raises(ChatError, match="3 at most"):
        await save(lin, "s3", "3")
    await save(lin, "s0", "zero")
    await lin.call("snippet.remove", {"id": "s1"})
    assert (await save(lin, "s3", "3"))["rev"] == 6


async def test_they_come_by_pages(node: Any) -> None:
    lin = await node.arrive("lin", role="manager")
    for name in "dbac":
        await save(lin, name, name)
    page = await lin.call("snippet.list", {"limit": 3})
    assert ([each["id"] for each in page["snippets"]], page["more"]) == (["a", "b", "c"], True)
    page = await lin.call("snippet.list", {"limit": 3, "after": "c"})
    assert ([each["id"] for each in page["snippets"]], page["more"]) == (["d"], False)


@pytest.mark.parametrize("role", ["customer", "bot"])
async def test_only_staff_keep_canned_replies(node: Any, role: Any) -> None:
    device = await node.arrive("mei", role=role)
    for name, fields in (
        ("snippet.list", {}),
        ("snippet.save", {"id": "a", "shortcut": "a", "text": "a"}),
        ("snippet.remove", {"id": "a"}),
    ):
        assert (await refused(device, name, **fields))["code"] == "forbidden"
