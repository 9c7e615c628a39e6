"""Who listens to what on this node."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from chatserver.domain import wire as wire_format
from chatserver.domain.device import Cut
from chatserver.domain.events import Badge, Notice, PresenceChanged, Typing
from chatserver.gateway import hub as module
from chatserver.gateway.engine.frames import Frame
from chatserver.gateway.hub import Connection, Hub

Connect = Callable[..., tuple[Connection, Any]]


@pytest.fixture
def hub(topics: Any) -> Hub:
    return Hub(topics)


def test_the_node_hears_a_topic_from_its_first_listener_to_its_last(
    hub: Hub, topics: Any, connect: Connect
) -> None:
    (phone, _), (tablet, _) = connect("k1"), connect("k2", device="tablet")
    hub.join(phone, "u:mei")
    hub.join(tablet, "u:mei")
    hub.join(phone, "u:mei")
    hub.leave(phone, "u:mei")
    hub.leave(phone, "u:mei")
    assert topics.heard == ["+u:mei"]
    hub.leave(tablet, "u:mei")
    assert topics.heard == ["+u:mei", "-u:mei"]
    assert not hub.here("u:mei")
    hub.join(phone, "u:mei")
    assert topics.heard == ["+u:mei", "-u:mei", "+u:mei"]


def test_topics_and_connections_know_each_other(hub: Hub, connect: Connect) -> None:
    (mei, _), (lin, _) = connect("k1", "mei"), connect("k2", "lin")
    hub.join(mei, "u:mei")
    hub.join(mei, "p:lin")
    hub.join(mei, "p:lin")
    hub.join(lin, "u:lin")
    assert sorted(mei.topics) == ["p:lin", "u:mei"]
    assert hub.of_user("mei") == [mei]
    assert {c.caller.connection for c in hub} == {"k1", "k2"}
    hub.remove(mei)
    assert list(mei.topics) == []
    assert list(hub) == [lin]
    assert not hub.here("p:lin")


def test_leaving_what_one_never_joined_is_harmless(hub: Hub, topics: Any, connect: Connect) -> None:
    (mei, _), (lin, _) = connect("k1", "mei"), connect("k2", "lin")
    hub.join(mei, "p:lin")
    hub.leave(lin, "p:lin")
    hub.leave(lin, "p:nobody")
    assert topics.heard == ["+p:lin"]
    assert hub.here("p:lin")


def test_people_are_listed_the_oldest_connection_first(hub: Hub, connect: Connect) -> None:
    made = [connect(f"k{n}")[0] for n in (3, 1, 2)]
    for connection in made:
        hub.join(connection, "u:mei")
    assert hub.of_user("mei") == made
    assert hub.of_user("lin") == []


def test_only_listeners_get_a_frame_and_the_skipped_one_does_not(
    hub: Hub, connect: Connect
) -> None:
    (phone, phone_wire), (tablet, tablet_wire) = connect("k1"), connect("k2")
    eve, eve_wire = connect("k3", "eve")
    for connection, topic in ((phone, "u:mei"), (tablet, "u:mei"), (eve, "u:eve")):
        hub.join(connection, topic)
    assert hub.deliver("u:mei", "hello", skip="k1") == 1
    assert (phone_wire.sent, tablet_wire.sent, eve_wire.sent) == ([], ["hello"], [])
    assert hub.deliver("u:mei", "again") == 2
    assert hub.deliver("u:nobody", "again") == 0
    assert eve_wire.sent == []


def test_whoever_is_told_the_same_gets_the_same_frame(hub: Hub, connect: Connect) -> None:
    (phone, phone_wire), (tablet, tablet_wire) = connect("k1"), connect("k2")
    for connection in (phone, tablet):
        hub.join(connection, "u:mei")
    hub.deliver("u:mei", "hello")
    assert phone_wire.frames[0] is tablet_wire.frames[0]


def test_typing_and_presence_may_be_dropped_and_nothing_else(hub: Hub, connect: Connect) -> None:
    phone, wire = connect("k1")
    hub.join(phone, "u:mei")
    typing = Typing(conversation="c", user="lin", on=True)
    presence = PresenceChanged(user="lin", state="online", last_seen=None)
    for event in (typing, presence, Badge(unread=1, mentions=0), Notice(type="resync")):
        hub.deliver("u:mei", wire_format.encode_event(event))
    assert [frame.droppable for frame in wire.frames] == [True, True, False, False]


def test_a_connection_that_leaves_while_a_frame_is_delivered_harms_nobody(
    hub: Hub, connect: Connect
) -> None:
    (first, wire), (second, _) = connect("k1"), connect("k2")
    hub.join(first, "u:mei")
    hub.join(second, "u:mei")
    wire.push = lambda _packet: hub.remove(second)
    assert hub.deliver("u:mei", "hello") == 2
    assert hub.deliver("u:mei", "hello") == 1


CUTS = {
    "the person": (Cut(user="mei"), {"old phone", "phone", "tablet"}),
    "one device": (Cut(user="mei", device="phone"), {"old phone", "phone"}),
    "all but one": (Cut(user="mei", device="phone", spare="phone"), {"old phone"}),
    "one token": (Cut(user="mei", token_id="t2"), {"tablet"}),
    "old tokens": (Cut(user="mei", issued_by=5), {"old phone"}),
    "nobody": (Cut(user="mei", device="watch"), set()),
}


@pytest.mark.parametrize(("cut", "ended"), CUTS.values(), ids=CUTS)
def test_a_cut_ends_those_it_means(hub: Hub, connect: Connect, cut: Cut, ended: set[str]) -> None:
    wires = {}
    for id_, user, device, token, issued_at in (
        ("old phone", "mei", "phone", "t1", 5),
        ("phone", "mei", "phone", "t1", 6),
        ("tablet", "mei", "tablet", "t2", 7),
        ("eve", "eve", "phone", "t1", 5),
    ):
        connection, wires[id_] = connect(id_, user, device, token, issued_at)
        hub.join(connection, f"u:{user}")
    hub.cut(cut)
    assert {id_ for id_, wire in wires.items() if "closed" in wire.sent} == ended


def test_a_cut_with_a_reason_is_told_before_the_end(hub: Hub, connect: Connect) -> None:
    phone, wire = connect("k1")
    hub.join(phone, "u:mei")
    hub.cut(Cut(user="mei", reason="logged_out"))
    hub.cut(Cut(user="mei", reason="logged_out"))
    told, goodbye, closed = wire.sent
    assert json.loads(told[1:]) == ["notice", {"type": "kicked", "reason": "logged_out"}]
    assert (goodbye, closed) == ("1", "closed")  # a client so dismissed does not come back


def test_who_was_cut_off_hears_nothing_more(hub: Hub, connect: Connect) -> None:
    phone, wire = connect("k1")
    hub.join(phone, "u:mei")
    hub.cut(Cut(user="mei"))
    hub.deliver("u:mei", "secret")
    assert wire.sent == ["1", "closed"]


def test_everybody_can_be_told_something_of_their_own(hub: Hub, connect: Connect) -> None:
    (mei, mei_wire), (lin, lin_wire) = connect("k1", "mei"), connect("k2", "lin")
    for topic in ("u:mei", "p:lin"):
        hub.join(mei, topic)
    hub.join(lin, "u:lin")
    waits = iter([1, 2])
    hub.tell_all(lambda: Notice(type="draining", reconnect_in_ms=next(waits)))
    told = [json.loads(sent[1:])[1]["reconnect_in_ms"] for sent in mei_wire.sent + lin_wire.sent]
    assert sorted(told) == [1, 2]


# --- holding ----------------------------------------------------------------------------------


def test_held_events_flow_after_the_answer_in_their_order(connect: Connect) -> None:
    phone, wire = connect("k1")
    phone.deliver(Frame.message("before"))
    phone.hold()
    phone.deliver(Frame.message("one"))
    phone.tell(Badge(unread=1, mentions=0))
    phone.deliver(Frame.message("two"))
    assert wire.sent == ["before"]
    phone.answer(Frame.message("ack"))
    phone.deliver(Frame.message("after"))
    assert wire.sent == [
        "before",
        "ack",
        "one",
        '2["badge",{"unread":1,"mentions":0}]',
        "two",
        "after",
    ]


def test_holding_twice_loses_nothing(connect: Connect) -> None:
    phone, wire = connect("k1")
    phone.hold()
    phone.deliver(Frame.message("one"))
    phone.hold()
    phone.deliver(Frame.message("two"))
    phone.answer(Frame.message("ack"))
    assert wire.sent == ["ack", "one", "two"]


def test_an_answer_that_nobody_asked_for_lets_held_events_flow(connect: Connect) -> None:
    phone, wire = connect("k1")
    phone.hold()
    phone.deliver(Frame.message("one"))
    phone.answer(None)
    assert wire.sent == ["one"]


@pytest.mark.asyncio
async def test_who_is_cut_off_during_a_call_still_gets_the_answer(connect: Connect) -> None:
    phone, wire = connect("k1")
    phone.begin()
    phone.hold()
    phone.deliver(Frame.message("one"))
    phone.dismiss(Notice(type="kicked", reason="logged_out"))
    phone.deliver(Frame.message("secret"))
    notice, goodbye = wire.sent
    assert ("kicked" in notice, goodbye) == (True, "1")
    phone.answer(Frame.message("ack"))
    assert wire.sent[2] == "ack"
    assert wire.sent[-1] == "closed"
    assert "secret" not in wire.sent


@pytest.mark.asyncio
async def test_a_cut_does_not_wait_long_for_an_answer(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ANSWER_WITHIN_S", 0.01)
    phone, wire = connect("k1")
    closed = asyncio.Event()
    wire.close = closed.set
    phone.begin()
    phone.close()
    assert not closed.is_set()
    await asyncio.wait_for(closed.wait(), 60)


def test_who_is_gone_joins_nothing_any_more(hub: Hub, topics: Any, connect: Connect) -> None:
    phone, _ = connect("k1")
    hub.join(phone, "u:mei")
    hub.remove(phone)
    hub.join(phone, "p:lin")
    assert topics.heard == ["+u:mei", "-u:mei"]
    assert list(hub) == []
