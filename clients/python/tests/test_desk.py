"""Service conversations in the client's picture, one rule after the other."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from chatclient.model import (
    ConversationView,
    Head,
    Member,
    Person,
    Ready,
    SyncedConversation,
    SyncPage,
)
from chatclient.room import Me, Room, Service
from chatclient.state import State

ME, TALK = "lin", "s1"


def view(revision: int = 1, state: str = "in", **fields: Any) -> ConversationView:
    service = None if state == "released" else Service(customer="mei", names={"mei": "陈小美"})
    room = Room(title="暖芽", revision=revision, service=service)
    me = Me(role="admin", state=state)
    return ConversationView(id=TALK, kind="service", room=room, me=me, **fields)


def synced(state: State, *views: ConversationView) -> None:
    state.begin_sync()
    told = tuple(SyncedConversation(**msgspec.structs.asdict(each)) for each in views)
    state.on_sync(SyncPage(conversations=told, token="t"))


def describe(state: State, told: ConversationView) -> None:
    state.on_event("conversation", {"conversation": msgspec.to_builtins(told)}, 0)


@pytest.fixture
def state() -> State:
    state = State()
    state.on_ready(Ready(me=Person(user=ME), device="d", time=0))
    synced(state, view())
    return state


def test_the_customer_has_a_name_before_they_said_anything(state: State) -> None:
    assert state.conversations[TALK].name("mei") == "陈小美"


def test_what_i_released_is_forgotten_also_what_is_told_late_of_it(state: State) -> None:
    describe(state, view(3, "released"))
    assert TALK not in state.conversations
    describe(state, view(2))
    assert TALK not in state.conversations
    describe(state, view(4))
    assert state.conversations[TALK].is_in


def test_a_late_release_takes_away_nothing_that_is_mine_again(state: State) -> None:
    describe(state, view(4))
    describe(state, view(3, "released"))
    assert state.conversations[TALK].is_in


def test_a_device_that_was_away_forgets_it_by_the_sync(state: State) -> None:
    state.on_disconnected()
    synced(state, view(2, "released"))
    assert TALK not in state.conversations


def test_who_is_in_it_is_not_told_back_by_a_late_description(state: State) -> None:
    mei, ting = Member(user="mei", read=1), Member(user="ting")
    describe(state, view(3, members=(mei,)))
    describe(state, view(2, members=(msgspec.structs.replace(mei, read=2), ting)))
    known = state.conversations[TALK].members
    assert {user: member.read for user, member in known.items()} == {"mei": 2}


def test_what_i_only_look_at_is_known_while_i_am_connected() -> None:
    state = State()
    state.on_ready(Ready(me=Person(user=ME), device="d", time=0))
    synced(state)
    state.on_view(view(1, "viewing", head=Head(2, 0)))
    assert state.conversations[TALK].unread == 0
    state.on_disconnected()
    assert TALK not in state.conversations
