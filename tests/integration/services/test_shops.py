"""What a customer sees of a shop: whether somebody is there, and how soon answers come."""

from __future__ import annotations

import secrets
from typing import Any

import pytest
from msgspec import structs

from chatserver.clock import now_ms
from chatserver.domain import wire
from chatserver.domain.answers import MINUTE_MS, Answer
from chatserver.domain.message import Draft
from chatserver.domain.person import Identity
from chatserver.errors import Unavailable
from chatserver.services import shops as module

pytestmark = pytest.mark.asyncio

NOON = 1_900_000_000_000
SHOP = "nuanya-renmin"


@pytest.fixture(autouse=True)
def _asked_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """A node goes by what it learned a moment ago; most tests want it as it is."""
    monkeypatch.setattr(module, "FRESH_MS", 0)


async def serve(node: Any, user: str, role: str = "consultant", shop: str = SHOP) -> Any:
    """Somebody who serves in a shop connects."""
    device = await node.arrive(user, role=role)
    identity = Identity(
        user=user, role=role, shop=shop, token_id="t", issued_at=0, expires_at=2**50
    )  # fmt: skip
    await node.kept.users.ensure(identity, now_ms())
    device.connection.caller = structs.replace(device.caller, shop=shop)
    device.caller = device.connection.caller
    node.services.shops.meet(device.caller)
    node.services.presence.came(user)
    await node.services.presence.flush(NOON)
    return device


async def go(node: Any, *devices: Any) -> None:
    """They leave for good."""
    presence = node.services.presence
    for device in devices:
        device.leave()
        presence.went(device.caller.user)
        presence._leaving[device.caller.user] = 0.0
    await presence.flush(NOON)


async def is_online(device: Any, shop: str = SHOP) -> bool:
    answer = await device.call("shop.status", {"shop": shop})
    return bool(answer["online"])


async def test_a_shop_is_online_while_somebody_serves_there_on_any_node(start_node: Any) -> None:
    one, other = await start_node(), await start_node()
    mei = await one.arrive("mei")
    assert not await is_online(mei)
    lin, wang = await serve(one, "lin"), await serve(other, "wang", role="manager")
    assert await is_online(mei)
    await go(one, lin)
    assert await is_online(mei)
    await go(other, wang)
    assert not await is_online(mei)


async def test_the_last_of_several_at_one_node_closes_the_shop(node: Any) -> None:
    mei = await node.arrive("mei")
    lin, wang = await serve(node, "lin"), await serve(node, "wang")
    await go(node, lin)
    assert await is_online(mei)
    assert not await is_online(mei, "another shop")
    await go(node, wang)
    assert not await is_online(mei)


async def test_customers_and_those_with_the_app_in_the_background_serve_nobody(node: Any) -> None:
    mei = await serve(node, "mei", role="customer")
    lin = await serve(node, "lin")
    lin.connection.foreground = False
    node.services.presence.came("lin", "away")
    await node.services.presence.flush(NOON)
    assert not await is_online(mei)
    node.services.presence.came("lin")
    await node.services.presence.flush(NOON)
    assert await is_online(mei)


async def test_a_shop_stays_online_by_being_refreshed(node: Any) -> None:
    mei = await node.arrive("mei")
    await serve(node, "lin")
    await node.board.left("shop " + SHOP, at_ms=NOON)
    assert not await is_online(mei)
    await node.services.presence.refresh()
    assert await is_online(mei)


async def test_who_begins_to_serve_without_leaving_is_at_work_soon(node: Any) -> None:
    mei = await node.arrive("mei")
    node.services.presence.came("lin")
    await node.services.presence.flush(NOON)
    lin = await serve(node, "lin")  # came already, so nothing is noted
    assert not await is_online(mei)
    await node.services.presence.refresh()
    assert await is_online(mei)
    node.services.shops.meet(structs.replace(lin.caller, shop="another shop"))
    await go(node, lin)
    assert not await is_online(mei)


async def test_nobody_can_watch_a_shop_as_a_person(node: Any) -> None:
    mei = await node.arrive("mei")
    with pytest.raises(Exception, match="not allowed here"):
        await mei.call("presence.watch", {"users": ["shop " + SHOP]})


async def test_what_a_node_learned_is_good_for_a_moment(
    node: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FRESH_MS", 3000)
    await serve(node, "lin")
    shops = node.services.shops
    assert (await shops.status(SHOP, NOON)).online
    await node.board.left("shop " + SHOP, at_ms=NOON)
    assert (await shops.status(SHOP, NOON + 2999)).online
    assert not (await shops.status(SHOP, NOON + 3000)).online


async def say(device: Any, talk: str, at: int) -> int:
    """Send at a time of the server's clock; the number."""
    payload = {
        "conversation": talk, "client_id": secrets.token_hex(6), "kind": "text",
        "body": {"text": "hi"},
    }  # fmt: skip
    call = wire.parse_call("message.send", payload)
    stored = await device.node.services.messages.send(device.caller, call, at)
    return int(stored.seq)


async def estimate(node: Any, at: int = NOON) -> int | None:
    """What the shop's answers took, in minutes, once all nodes have worked off what they saw."""
    status = await node.services.shops.status(SHOP, at)
    return status.answers_in_ms and status.answers_in_ms // MINUTE_MS


async def kept(node: Any) -> list[float]:
    """The answers of the shop, in minutes."""
    while node.services.answers._replies:
        await node.services.answers.flush()
    times = (await node.kept.response_times.of([SHOP])).get(SHOP, ())
    return [each.ms / MINUTE_MS for each in times]


async def test_a_customer_sees_how_soon_answers_come(node: Any) -> None:
    mei, lin = await node.arrive("mei"), await serve(node, "lin")
    talk, at = await mei.open("lin"), NOON
    for minutes in (3, 3, 60, 2, 3):
        assert (await mei.call("shop.status", {"shop": SHOP}))["answers_in_ms"] is None
        await say(mei, talk, at)
        await say(mei, talk, at + 30_000)  # waited since the first of them
        at += minutes * MINUTE_MS
        await say(lin, talk, at)
        await say(lin, talk, at + 1000)  # no answer to anything
    assert await kept(node) == [3, 3, 60, 2, 3]
    assert await estimate(node, at) == 3
    assert await estimate(node, at + 15 * 86_400_000) is None


async def test_answers_at_the_desk_count_since_the_question_whoever_serves(node: Any) -> None:
    mei = await node.arrive("mei", shop=SHOP)
    lin, ting = await serve(node, "lin"), await serve(node, "ting")
    opened = await mei.call("conversation.open", {"kind": "service"})
    talk = {"conversation": opened["conversation"]["id"]}
    await say(mei, talk["conversation"], NOON)
    await node.services.desk.said(mei.caller, talk["conversation"], NOON)
    await lin.call("desk.claim", talk)
    await say(lin, talk["conversation"], NOON + 4 * MINUTE_MS)
    assert await kept(node) == [4]
    await say(mei, talk["conversation"], NOON + 5 * MINUTE_MS)
    await say(lin, talk["conversation"], NOON + 7 * MINUTE_MS)
    await lin.call("desk.assign", {**talk, "user": "ting"})
    await say(ting, talk["conversation"], NOON + 8 * MINUTE_MS)
    assert await kept(node) == [4, 2]


async def test_only_answers_of_staff_to_customers_count(node: Any) -> None:
    mei, lin, wang = await node.arrive("mei"), await serve(node, "lin"), await serve(node, "wang")
    for asker, replier in ((lin, mei), (lin, wang)):
        talk = await asker.open(replier.caller.user)
        await say(asker, talk, NOON)
        await say(replier, talk, NOON + MINUTE_MS)
    group = await lin.call("conversation.open", {"kind": "group", "title": "x"})
    await say(lin, group["conversation"]["id"], NOON)
    assert await kept(node) == []


async def test_what_the_server_says_between_two_hides_no_question(node: Any) -> None:
    mei, lin = await node.arrive("mei"), await serve(node, "lin")
    talk = await mei.open("lin")
    await say(mei, talk, NOON)
    draft = Draft(conversation=talk, client_id="s", sender="", kind="system", body={})
    stored = await node.kept.log.append(draft, NOON)
    conversation = await node.kept.conversations.get(talk)
    node.services.answers.said(conversation, draft.numbered(stored.seq, stored.at))
    await say(lin, talk, NOON + 5 * MINUTE_MS)
    assert await kept(node) == [5]


async def test_two_nodes_count_an_answer_once_and_from_the_same_moment(start_node: Any) -> None:
    one, other = await start_node(), await start_node()
    mei, lin = await one.arrive("mei"), await serve(other, "lin")
    till = await serve(one, "lin")
    talk, now = await mei.open("lin"), now_ms()
    await say(mei, talk, now)
    await say(lin, talk, now + 2 * MINUTE_MS)
    await say(till, talk, now + 3 * MINUTE_MS)
    await say(mei, talk, now + 4 * MINUTE_MS)
    await say(till, talk, now + 9 * MINUTE_MS)
    assert all(reply.question for reply in other.services.answers._replies)  # heard of the question
    assert [round(minutes) for minutes in await kept(other)] == [2]
    assert [round(minutes) for minutes in await kept(one)] == [2, 5]


async def test_what_a_node_has_not_seen_it_looks_up_in_the_log(start_node: Any) -> None:
    one = await start_node()
    mei, lin = await one.arrive("mei"), await serve(one, "lin")
    talk = await mei.open("lin")
    await say(lin, talk, NOON - MINUTE_MS)
    for minute in range(3):
        await say(mei, talk, NOON + minute * MINUTE_MS)
    fresh = await start_node()
    lin = await serve(fresh, "lin")
    await say(lin, talk, NOON + 7 * MINUTE_MS)
    await say(lin, talk, NOON + 8 * MINUTE_MS)
    assert await kept(fresh) == [7]


async def test_an_answer_seen_by_two_nodes_at_once_counts_once(start_node: Any) -> None:
    """Each of two nodes stores a reply before it hears of the other's."""
    one, other = await start_node(), await start_node()
    mei, lin, till = await one.arrive("mei"), await serve(one, "lin"), await serve(other, "lin")
    talk = await mei.open("lin")
    await say(mei, talk, NOON)
    one.bus.cut = True
    await say(lin, talk, NOON + 2 * MINUTE_MS)
    other.services.answers._runs.clear()
    await say(till, talk, NOON + 3 * MINUTE_MS)
    assert len(await kept(other)) == 0  # behind a reply there is no question
    assert await kept(one) == [2]
    one.services.answers._replies.clear()
    for _ in range(2):
        answers = (await one.kept.response_times.of([SHOP]))[SHOP]
        await other.kept.response_times.add([(SHOP, each) for each in answers])
    assert await kept(one) == [2]


async def test_the_latest_fifty_answers_are_kept(node: Any) -> None:
    many = [(SHOP, Answer(f"$d:{n}", NOON + n, n)) for n in range(60)]
    await node.kept.response_times.add(many)
    answers = (await node.kept.response_times.of([SHOP]))[SHOP]
    assert sorted(each.ms for each in answers) == list(range(10, 60))


async def test_without_mongodb_answers_wait_and_sending_is_not_held_up(node: Any) -> None:
    mei, lin = await node.arrive("mei"), await serve(node, "lin")
    talk = await mei.open("lin")
    await say(mei, talk, NOON)
    await say(lin, talk, NOON + MINUTE_MS)
    answers = node.services.answers

    async def fails(_users: Any) -> Any:
        raise Unavailable

    whole, answers._users = answers._users, type("Away", (), {"people": staticmethod(fails)})()
    with pytest.raises(Unavailable):
        await answers.flush()
    answers._users = whole
    assert await kept(node) == [1]
