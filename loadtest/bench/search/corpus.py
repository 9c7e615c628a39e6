"""Made-up messages of a shop, with words as common and as rare as they are in talk."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from chatserver.domain.message import Draft
from chatserver.store.messages import to_document

PERSON = "lin"  # who is in all conversations
COMMON = "大衣"
RARE = "驼色斗篷"  # in one message of so many:
RARE_IN = 10_000
FIRST_MS = 1_700_000_000_000
STEP_MS = 1000

# the earlier, the more often
_PARTS = (
    "好的", "您好", "请问", "这件", COMMON, "有", "吗", "谢谢", "我想", "买", "一件",
    "尺码", "什么", "时候", "发货", "可以", "试穿", "颜色", "多少钱", "优惠", "会员",
    "宝宝", "羽绒服", "妈妈", "店里", "明天", "下午", "三点", "预约", "退货", "换货",
    "地址", "收到", "了", "质量", "很好", "喜欢", "羊毛", "围巾", "毛衣", "新款", "ok",
    "XL", "M码", "iPhone", "微信", "支付", "订单", "SF1024", "快递", "👍", "身高", "体重",
    "建议", "偏大", "偏小", "正好", "积分", "活动", "周末", "包邮",
)  # fmt: skip
_WEIGHTS = [1 / (at + 2) for at in range(len(_PARTS))]
_NOISE = "".join(chr(code) for code in range(0x4E00, 0x4E00 + 3000))


def place(number: int) -> str:
    """The id of a conversation."""
    return f"d{number:030x}"


def customer(number: int) -> str:
    """Who talks with the person there."""
    return f"customer-{number}"


def documents(messages: int, conversations: int, seed: int = 1) -> Iterator[dict[str, Any]]:
    """Messages as they are stored, turn by turn in all conversations."""
    chance = random.Random(seed)
    for number in range(messages):
        at, turn = number % conversations, number // conversations
        draft = Draft(
            conversation=place(at),
            client_id=f"c{number}",
            sender=PERSON if turn % 2 else customer(at),
            kind="text",
            body={"text": _text(chance, number)},
        )
        yield to_document(draft, turn + 1, FIRST_MS + number * STEP_MS, b"0" * 16)


def _text(chance: random.Random, number: int) -> str:
    parts = chance.choices(_PARTS, _WEIGHTS, k=chance.randint(1, 6))
    parts += chance.choices(_NOISE, k=chance.randint(0, 4))  # names, places, slips
    if number % RARE_IN == RARE_IN // 2:
        parts.append(RARE)
    return "".join(parts)
