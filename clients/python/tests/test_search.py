"""Searching with the client: parts of a text that match, and page after page."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from chatclient.model import ConversationView, Message
from chatclient.search import Hit, SearchCalls

MESSAGE = Message(conversation="d", seq=1, client_id="c", sender="mei", kind="text", body={}, at=1)


@pytest.mark.parametrize(
    ("text", "highlights", "pieces"),
    [
        ("大衣", ((0, 2),), [("大衣", True)]),
        ("有大衣吗", ((1, 3),), [("有", False), ("大衣", True), ("吗", False)]),
        ("👍好👍", ((2, 3),), [("👍", False), ("好", True), ("👍", False)]),
        ("好", (), [("好", False)]),
        ("", (), []),
    ],
)
def test_a_text_comes_in_parts_that_match_or_not(
    text: str, highlights: Any, pieces: list[tuple[str, bool]]
) -> None:
    assert Hit(message=MESSAGE, text=text, highlights=highlights).pieces == pieces


class Server(SearchCalls):
    """Answers searches with as many pages as it has."""

    def __init__(self, pages: int) -> None:
        self.pages = pages
        self.asked: list[dict[str, Any]] = []

    def on_described(self, conversation: ConversationView) -> None:
        raise AssertionError("a search describes nothing that the client keeps")

    async def call(self, name: str, /, **fields: Any) -> dict[str, Any]:
        self.asked.append({"name": name, **fields})
        page = len(self.asked)
        hit = msgspec.to_builtins(Hit(message=MESSAGE, text=str(page)))
        return {"ok": True, "hits": [hit], "cursor": str(page) if page < self.pages else None}


@pytest.mark.asyncio
async def test_all_hits_are_those_of_every_page() -> None:
    server = Server(pages=3)
    found = [hit.text async for hit in server.all_hits("大衣", kinds=["text"])]
    assert found == ["1", "2", "3"]
    assert [asked.get("cursor") for asked in server.asked] == [None, "1", "2"]
    assert all(asked["query"] == "大衣" and asked["kinds"] == ["text"] for asked in server.asked)
