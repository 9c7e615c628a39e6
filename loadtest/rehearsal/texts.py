"""What people write: Chinese of the trade, as long as the scenario says."""

from __future__ import annotations

import random

_QUESTIONS = (
    "您好，请问这款奶粉三段还有货吗？",
    "宝宝四个月了，用几号的奶嘴合适？",
    "今晚的满减可以和会员券一起用吗？",
    "我预约的周六美发能改到下午三点吗？",
    "这支口红和上次的色号一样吗？",
    "积分什么时候到账呀？",
    "大衣有没有M码，黑色的。",
    "敏感肌能用这款精华吗？",
    "纸尿裤买二送一还有名额吗？",
)
_ANSWERS = (
    "您好，有货的，我给您留一件。",
    "这款四个月可以用，先从小流量开始哦。",
    "可以叠加，结算时会自动减。",
    "已经帮您改好了，周六下午三点见。",
    "是同一个色号，这批新到的。",
    "订单完成后二十四小时内到账。",
    "敏感肌建议先在手腕内侧试一下。",
    "还有最后三十份，您尽快下单。",
)
_NOTICES = (
    "【开抢】爆款奶粉第二件半价，限量五百份。",
    "【补货】纸尿裤L码已补货，先到先得。",
    "【订单】您关注的商品已开始发货。",
    "【提醒】距离本场结束还有十分钟。",
    "【售罄】粉底液自然色已售罄，可预约下一批。",
)

KINDS = {"ask": _QUESTIONS, "answer": _ANSWERS, "talk": _QUESTIONS + _ANSWERS, "notice": _NOTICES}


def text(kind: str, characters: int, chance: random.Random) -> str:
    """So many characters, of phrases of a kind."""
    phrases = KINDS[kind]
    made = chance.choice(phrases)
    while len(made) < characters:
        made += chance.choice(phrases)
    return made[: max(characters, 1)]
