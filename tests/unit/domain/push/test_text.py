"""What notifications say."""

from __future__ import annotations

from typing import Any

import pytest

from chatserver.domain.message import Message
from chatserver.domain.push.text import TEXT_MAX, Said, of_test, render, summary


def message(kind: Any = "text", **body: Any) -> Message:
    return Message(
        conversation="d1", seq=1, client_id="c", sender="lin", kind=kind, body=body, at=1
    )


@pytest.mark.parametrize(
    ("said", "zh", "en"),
    [
        (message(text="你好\n世界"), "你好", "你好"),
        (message("image"), "[图片]", "[Photo]"),
        (message("voice"), "[语音]", "[Voice message]"),
        (message("file", name="价目表.pdf"), "[文件] 价目表.pdf", "[File] 价目表.pdf"),
        (message("card", type="order", title="奶瓶"), "[订单] 奶瓶", "[Order] 奶瓶"),
        (message("card", type="new"), "[卡片]", "[Card]"),
        (message("custom", text="抽奖"), "抽奖", "抽奖"),
        (message("custom"), "[消息]", "[Message]"),
        (message("location", name="人民广场店"), "[位置] 人民广场店", "[Location] 人民广场店"),
    ],
)
def test_every_kind_says_what_it_is(said: Message, zh: str, en: str) -> None:
    assert (summary(said, "zh"), summary(said, "en")) == (zh, en)


def test_a_room_is_its_title_and_who_speaks() -> None:
    titles: Any = {"zh": "三月宝宝", "en": "March babies"}
    said = Said(message=message(text="hi"), sender="Lin", count=3, is_mentioned=True, titles=titles)
    assert render(said, "full", "zh") == ("三月宝宝", "[有人@你] 3条新消息 · Lin: hi")
    assert render(said, "full", "en") == (
        "March babies",
        "[You were mentioned] 3 new messages · Lin: hi",
    )
    assert render(said, "name", "en") == ("March babies", "3 new messages")
    assert render(said, "none", "en") == ("New message", "Tap to read")


def test_long_texts_are_cut() -> None:
    said = Said(message=message(text="字" * 5000), sender="名" * 500)
    title, text = render(said, "full", "zh")
    assert len(text) == TEXT_MAX
    assert text.endswith("…")
    assert len(title) == 60


def test_a_test_says_so() -> None:
    assert of_test("zh") != of_test("en")
