"""What a notification says, in the reader's language and as much as a locked screen may show."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from chatserver.domain.bodies import plain_text
from chatserver.domain.message import Message
from chatserver.domain.push.notification import Language, Preview

TEXT_MAX = 120  # characters
TITLE_MAX = 60


class Said(Struct, frozen=True, kw_only=True):
    """What there is to tell: the last message and who sent it, how many are unread, and the room's
    title by language, empty between two people."""

    message: Message
    sender: str
    count: int = 1
    is_mentioned: bool = False
    titles: dict[Language, str] = {}


class _Words(Struct, frozen=True):
    """The words of one language."""

    some: str
    look: str
    new: Callable[[int], str]
    mentioned: str
    kinds: dict[str, str]
    cards: dict[str, str]


_ZH = _Words(
    some="新消息",
    look="点击查看",
    new=lambda count: f"{count}条新消息",
    mentioned="[有人@你] ",
    kinds={
        "image": "图片", "voice": "语音", "video": "视频", "file": "文件", "location": "位置",
        "link": "链接", "card": "卡片", "custom": "消息",
    },
    cards={
        "product": "商品", "order": "订单", "coupon": "优惠券", "appointment": "预约",
        "rating": "评价", "contact": "名片", "forward": "聊天记录",
    },
)  # fmt: skip
_EN = _Words(
    some="New message",
    look="Tap to read",
    new=lambda count: "New message" if count == 1 else f"{count} new messages",
    mentioned="[You were mentioned] ",
    kinds={
        "image": "Photo", "voice": "Voice message", "video": "Video", "file": "File",
        "location": "Location", "link": "Link", "card": "Card", "custom": "Message",
    },
    cards={
        "product": "Product", "order": "Order", "coupon": "Coupon", "appointment": "Appointment",
        "rating": "Rating", "contact": "Contact", "forward": "Chat history",
    },
)  # fmt: skip
_WORDS: dict[Language, _Words] = {"zh": _ZH, "en": _EN}


def render(said: Said, preview: Preview, language: Language) -> tuple[str, str]:
    """Title and text of a notification."""
    words = _WORDS[language]
    if preview == "none":
        return words.some, words.look
    room = said.titles.get(language, "")
    title = _cut(room or said.sender, TITLE_MAX)
    if preview == "name":
        return title, words.new(said.count)
    text = summary(said.message, language)
    if room and said.sender:
        text = f"{said.sender}: {text}"
    if said.count > 1:
        text = f"{words.new(said.count)} · {text}"
    if said.is_mentioned:
        text = words.mentioned + text
    return title, _cut(text, TEXT_MAX)


def of_test(language: Language) -> tuple[str, str]:
    """Title and text of a notification that an operator sends as a test."""
    if language == "zh":
        return "测试通知", "推送已接通。"
    return "Test notification", "Push works."


def summary(message: Message, language: Language) -> str:
    """What a message says in one line: its words, and what kind of thing it is."""
    words = _WORDS[language]
    line = " ".join(plain_text(message.kind, message.body).partition("\n")[0].split())
    label = _label(message.kind, message.body, words)
    return " ".join(part for part in (label, line) if part) or words.some


def _label(kind: str, body: dict[str, Any], words: _Words) -> str:
    if kind == "custom" and body.get("text"):
        return ""
    found = words.cards.get(str(body.get("type"))) if kind == "card" else None
    found = found or words.kinds.get(kind)
    return f"[{found}]" if found else ""


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"
