"""Every field of every call with what does not belong there: always an answer, never a fault."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

from chatserver import errors
from chatserver.config import Settings
from chatserver.domain.calls import CALLS
from loadtest.faults.nodes import ChatServer
from loadtest.faults.people import Person, text, token
from tests.acceptance.conftest import Cast
from tests.acceptance.rawsocket import RawSocket, joined_socket

CODES = {error.code for error in errors.ChatError.__subclasses__()}
NEVER = {"internal", "unavailable"}

STRINGS = [
    *("", " ", "\0", "a\0b", "$where", "$ne", "a.b", ".", "..", "__proto__", "\ud800", "x\udfff"),
    *("\u202e", "\ufeff", "'; drop table x; --", "<script>", "x" * 9000, "早" * 4000, "🙂"),
]
OTHERS: list[Any] = [
    *(None, True, False, 0, -1, 1.5, 2**31, 2**53, 2**53 + 1, 2**63, 2**64, 10**300, 1e308),
    *([], [[]], {}, {"$ne": None}, {"$gt": ""}, {"a.b": 1}, {"": 1}, {"\0": 1}, ["x"], [None]),
]
OF_THE_DESK = ("desk.", "snippet.", "customer.", "conversation.notes")
PAYLOADS: list[Any] = [None, [], [1], "", "x", 0, 1.5, True, {}, {"\0": 1}, {"$where": "1"}]


def examples(room: str, other: str) -> dict[str, dict[str, Any]]:
    """A payload of every call that works, or harmlessly does not."""
    there = {"conversation": room}
    return {
        "conversation.open": {"kind": "direct", "with": other},
        "conversation.list": {"after": room, "limit": 10},
        "conversation.get": there,
        "conversation.join": there,
        "conversation.leave": there,
        "conversation.update": {
            **there, "title": "x", "avatar": None, "announcement": "x",
            "settings": {"join": "open", "history": "last", "history_last": 5, "slow_mode_s": 1},
        },
        "conversation.members": {
            **there, "state": "in", "users": [other], "after": other, "limit": 10,
        },
        "conversation.add": {**there, "users": [other]},
        "conversation.remove": {**there, "user": other},
        "conversation.ban": {**there, "user": other, "until": 1},
        "conversation.role": {**there, "user": other, "role": "admin"},
        "conversation.mute": {**there, "user": other, "until": 1, "except": [other]},
        "conversation.prefs": {**there, "mode": "all", "pinned": True, "archived": False},
        "message.send": {
            **there, "client_id": "c", "kind": "text", "body": text("x"), "reply_to": 1,
            "mentions": [other], "class": "chat", "retry": True,
        },
        "message.edit": {**there, "seq": 1, "body": text("y")},
        "message.recall": {**there, "seq": 10**6},
        "message.forward": {**there, "client_id": "f", "from": room, "seqs": [1], "retry": True},
        "message.pin": {**there, "seq": 1, "on": True},
        "message.delete": {**there, "seq": 1},
        "message.react": {**there, "seq": 1, "reaction": "👍", "on": True},
        "history.get": {**there, "before": 5, "after": None, "around": None, "limit": 10},
        "changes.get": {**there, "after": 0, "limit": 10},
        "sync": {"have": {room: [0, 0]}, "token": None},
        "read.mark": {**there, "seq": 1},
        "read.who": {**there, "seq": 1, "limit": 10},
        "typing": {**there, "on": True},
        "presence.watch": {"users": [other]},
        "presence.unwatch": {"users": [other]},
        "shop.status": {"shop": "nuanya-renmin"},
        "device.update": {
            "foreground": True, "name": "x",
            "push": {
                "provider": "web", "token": "https://push.example/x", "app": "a", "language": "en",
                "keys": {"p256dh": "BPk", "auth": "aa"},
            },
        },
        "device.list": {},
        "device.logout": {"device": "nobody's", "all": False},
        "auth.renew": {"token": "x"},
        "profile.get": {"user": "nobody"},
        "profile.update": {
            "user": None, "attributes": {"size": "M", "hair": None},
            "children": {"a": "2026-08-31", "b": None},
        },
        "consent.give": {
            "purpose": "child_birth_date", "version": "1", "user": None, "note": "x",
        },
        "consent.withdraw": {"purpose": "child_birth_date", "user": "nobody", "note": None},
        "conversation.notes": there,
        "desk.list": {"view": "unassigned", "after": room, "limit": 10},
        "desk.claim": there,
        "desk.release": there,
        "desk.assign": {**there, "user": "nobody"},
        "desk.resolve": there,
        "desk.reopen": there,
        "snippet.list": {"after": "hi", "limit": 10},
        "snippet.save": {"id": "s", "shortcut": "hi", "title": "x", "text": "y {customer}"},
        "snippet.remove": {"id": "s"},
        "customer.get": {"user": other},
        "search.messages": {
            **there, "query": "x", "sender": other, "kinds": ["text"], "after": 1, "before": 2**50,
            "limit": 10, "cursor": None,
        },
        "search.conversations": {"query": "x", "limit": 10},
        "search.people": {"query": "x", "limit": 10},
        "customer.tag": {"user": other, "tags": ["VIP"]},
        "media.links": {**there, "seqs": [1, 2]},
        "card.act": {
            **there, "seq": 1, "button": "b", "client_id": "k", "rating": 5, "text": "x",
            "retry": True,
        },
        "link.preview": {"url": "https://shop.example/p"},
        "filter.get": {**there, "rule": "ads"},
        "filter.set": {**there, "rule": "ads", "action": "mask", "words": ["微信"]},
        "push.get": {},
        "push.set": {
            "preview": "name", "quiet": {"from": "22:00", "to": "08:00", "zone": "Asia/Shanghai"},
            "paused_until": None, "desktop": "also", "phone": "+8613812340000",
            "channels": {"push": True, "wechat": True, "sms": False},
        },
        "push.opened": {**there, "id": "p"},
        "report.create": {**there, "seq": 1, "reason": "spam", "note": "x"},
        "report.list": {**there, "state": "open", "after": [room, 1], "limit": 10},
        "report.get": {**there, "seq": 1},
        "report.resolve": {
            **there, "seq": 1, "revision": 1, "verdict": "dismiss", "until": 1, "note": "x",
        },
        "context.update": {
            "page": {"url": "https://shop.example/p", "title": "x"},
            "product": {
                "id": "p", "title": "x", "price": "¥1", "url": "https://shop.example/p",
                "image": "https://shop.example/p.jpg",
            },
        },
    }  # fmt: skip


def spoilt(payload: Any, values: list[Any]) -> Iterator[Any]:
    """The payload with each of its parts, at any depth, replaced by each of the values."""
    if isinstance(payload, dict):
        for name, part in payload.items():
            for other in [*spoilt(part, values), *values]:
                yield {**payload, name: other}
        for key in ("\0", "$set", "a.b", "\ud800", "__proto__"):
            yield {**payload, key: 1}
            yield {key: payload}
    elif isinstance(payload, list):
        for index, part in enumerate(payload):
            for other in [*spoilt(part, values), *values]:
                yield [*payload[:index], other, *payload[index + 1 :]]


def logs_out(event: str, payload: Any) -> bool:
    """Whether this would be a proper call to log this very device out."""
    if event != "device.logout":
        return False
    if not isinstance(payload, dict):
        return payload is None
    return payload.get("all") is True or payload.get("device") is None


def assert_proper(ack: Any, event: str, payload: Any) -> None:
    about = f"{event} {str(payload)[:300]!a}: {ack}"
    assert isinstance(ack, dict), about
    if ack.get("ok") is True:
        return
    assert ack.get("ok") is False, about
    assert ack.get("code") in CODES - NEVER, about
    assert ack.get("message"), about


async def try_all(raw: RawSocket, event: str, payloads: list[Any], first: int) -> None:
    """Make the calls a few at a time, and look at every answer."""
    for start in range(0, len(payloads), 20):
        batch = list(enumerate(payloads[start : start + 20], first + start))
        for number, payload in batch:
            await raw.send(f"42{number}" + json.dumps([event, payload]))
        for number, payload in batch:
            assert_proper(await raw.ack(number), event, payload)


def test_every_call_has_an_example() -> None:
    assert set(examples("room", "lin")) == set(CALLS)


@pytest.mark.asyncio
@pytest.mark.parametrize("event", CALLS)
async def test_every_part_of_a_call_may_be_anything(
    house: ChatServer, cast: Cast, event: str
) -> None:
    other, room, caller = await (a_desk if event.startswith(OF_THE_DESK) else a_chat)(cast, house)
    await other.say(room, "hello")
    example = examples(room, other.user)[event]
    payloads = [example, *spoilt(example, STRINGS + OTHERS), *PAYLOADS]
    kept = [payload for payload in payloads if not logs_out(event, payload)]
    async with joined_socket(house.url, *caller) as raw:
        await try_all(raw, event, kept, first=1)
    page = await other.ask("history.get", conversation=room)
    said = [message for message in page["messages"] if message["kind"] == "text"]
    assert all(set(message["body"]) <= {"text"} for message in said)


async def a_chat(cast: Cast, house: ChatServer) -> tuple[Person, str, tuple[str, ...]]:
    """Lin, a conversation with Mei, and who calls: Mei."""
    lin = await cast.join("lin", house)
    room = await lin.open((await cast.join("mei", house)).user)
    return lin, room, (cast.name("mei"),)


async def a_desk(cast: Cast, house: ChatServer) -> tuple[Person, str, tuple[str, ...]]:
    """A customer, her conversation with a shop, and who calls: a consultant of that shop."""
    mei = cast.person("mei", house)
    mei.token = token(mei.user, shop=cast.name("shop"))
    await mei.connect()
    room = (await mei.ask("conversation.open", kind="service"))["conversation"]["id"]
    lin = cast.name("lin")
    return mei, room, (lin, token(lin, "consultant", shop=cast.name("shop")))


@pytest.mark.asyncio
@pytest.mark.parametrize("arguments", ["", ",{},{}", ',"x",1,[]', ",null"])
async def test_a_call_may_have_any_number_of_arguments(
    house: ChatServer, cast: Cast, arguments: str
) -> None:
    async with joined_socket(house.url, cast.name("mei")) as raw:
        for number, event in enumerate(CALLS, 1):
            if event != "device.logout":
                await raw.send(f'42{number}["{event}"{arguments}]')
                assert_proper(await raw.ack(number), event, arguments)


@pytest.mark.asyncio
async def test_a_token_may_be_anything_on_renewal(house: ChatServer, cast: Cast) -> None:
    good = token(cast.name("mei"))
    head, claims, signature = good.split(".")
    bad = [
        good[:-1], f"{head}.{claims}.", f"{claims}.{head}.{signature}", good + "=", f" {good}",
        f"eyJhbGciOiJub25lIn0.{claims}.", token(cast.name("mei"), sub={"$ne": 1}),
        token(cast.name("mei"), exp="soon"), token(cast.name("mei"), exp=10**400),
        token(cast.name("mei"), iat=-1), token(cast.name("mei"), jti=["x"]),
    ]  # fmt: skip
    async with joined_socket(house.url, cast.name("mei")) as raw:
        for number, one in enumerate(bad, 1):
            ack = await raw.call(number, "auth.renew", {"token": one})
            assert_proper(ack, "auth.renew", one)
            assert ack["ok"] is False, one
        assert (await raw.call(99, "auth.renew", {"token": good}))["ok"] is True


@pytest.mark.asyncio
@pytest.mark.parametrize("seed", range(3))
async def test_any_json_gets_an_answer(house: ChatServer, cast: Cast, seed: int) -> None:
    chance = random.Random(seed)
    lin = await cast.join("lin", house)
    room = await lin.open((await cast.join("mei", house)).user)
    known = [name for call in examples(room, lin.user).values() for name in call]

    def anything(depth: int) -> Any:
        kind = chance.randrange(6 if depth else 4)
        if kind < 2:
            return chance.choice(STRINGS)
        if kind < 4:
            return chance.choice([*OTHERS, room, lin.user, 1])
        if kind == 4:
            return [anything(depth - 1) for _ in range(chance.randrange(4))]
        return {chance.choice(known): anything(depth - 1) for _ in range(chance.randrange(6))}

    async with joined_socket(house.url, cast.name("mei")) as raw:
        for number in range(1, 300):
            event = chance.choice(list(CALLS))
            payload = anything(3)
            frame = f"42{number}" + json.dumps([event, payload])
            if not logs_out(event, payload) and len(frame) <= Settings().frame_bytes:
                await raw.send(frame)
                assert_proper(await raw.ack(number), event, payload)


@pytest.mark.asyncio
async def test_a_reaction_may_look_like_an_operator(house: ChatServer, cast: Cast) -> None:
    mei = await cast.join("mei", house)
    lin = await cast.join("lin", house)
    room = await mei.open(lin.user)
    await mei.say(room, "hello")
    reactions = ["$set", "a.b", "$", ".", "__proto__", "👨‍👩‍👧"]
    for reaction in reactions:
        await lin.ask("message.react", conversation=room, seq=1, reaction=reaction)
    page = await mei.ask("history.get", conversation=room)
    assert page["messages"][0]["reactions"] == {name: [lin.user] for name in reactions}
