"""The rules of the client's picture, one by one; `test_convergence` mixes them all."""

from __future__ import annotations

from typing import Any

import pytest

from chatclient.effects import FetchChanges, FetchConversation, FetchHistory, SyncAgain
from chatclient.events import BadgeChanged, MessageAdded, TypingChanged
from chatclient.model import (
    Change,
    Draft,
    HistoryPage,
    Message,
    Person,
    Prefs,
    Ready,
    Sent,
    SyncPage,
    apply,
)
from chatclient.state import State

from .model_server import CONVERSATION, ME, OTHER, ModelServer

READY = Ready(me=Person(user=ME), device="d", time=0)


@pytest.fixture
def server() -> ModelServer:
    return ModelServer(page=50)


@pytest.fixture
def state(server: ModelServer) -> State:
    for _ in range(3):
        server.append(OTHER)
    return synced(server)


def synced(server: ModelServer) -> State:
    state = State()
    state.on_ready(READY)
    sync(state, server)
    return state


def sync(state: State, server: ModelServer) -> list[Any]:
    return state.on_sync(server.sync(state.begin_sync()["have"]))


def shown(effects: list[Any]) -> list[int]:
    return [effect.message.seq for effect in effects if isinstance(effect, MessageAdded)]


def fetches(effects: list[Any]) -> list[Any]:
    kinds = (FetchHistory, FetchChanges, FetchConversation, SyncAgain)
    return [effect for effect in effects if isinstance(effect, kinds)]


def conversation(state: State) -> Any:
    return state.conversations[CONVERSATION]


def test_the_next_message_is_shown_at_once(server: ModelServer, state: State) -> None:
    effects = state.on_event(*server.append(OTHER), 0)
    assert shown(effects) == [4]
    assert fetches(effects) == []
    assert conversation(state).unread == 4


def test_a_message_after_a_gap_waits_for_the_fetch(server: ModelServer, state: State) -> None:
    server.append(OTHER)
    effects = state.on_event(*server.append(OTHER), 0)
    assert shown(effects) == []
    (asked,) = fetches(effects)
    assert asked == FetchHistory(CONVERSATION, 0, after=3)
    assert fetches(state.on_event(*server.append(OTHER), 0)) == []
    assert shown(state.on_history(asked, server.answer(asked))) == [4, 5, 6]


def test_a_message_told_twice_counts_once(server: ModelServer, state: State) -> None:
    event = server.append(OTHER)
    state.on_event(*event, 0)
    assert shown(state.on_event(*event, 0)) == []
    assert conversation(state).unread == 4


def test_a_change_after_a_gap_waits_for_the_fetch(server: ModelServer, state: State) -> None:
    server.change(1, "edit")
    effects = state.on_event(*server.change(2, "react"), 0)
    (asked,) = fetches(effects)
    assert asked == FetchChanges(CONVERSATION, 0, 0)
    state.on_changes(asked, server.answer(asked))
    assert list(conversation(state).log) == server.messages


def test_a_change_that_the_message_already_holds_is_passed_over(server: ModelServer) -> None:
    server.append(OTHER)
    late = server.change(1, "edit")
    state = synced(server)
    conversation(state).log.mod = 0
    state.on_event(*late, 0)
    assert conversation(state).log.get(1).edits == 1
    assert conversation(state).log.mod == 1


def test_a_change_that_overtook_its_message_is_applied_when_that_comes(
    server: ModelServer, state: State
) -> None:
    message = server.append(OTHER)
    state.on_event(*server.change(4, "edit"), 0)
    state.on_event(*message, 0)
    assert conversation(state).log.get(4).text == "edited 1"


def test_an_older_page_from_before_a_change_does_not_undo_it(server: ModelServer) -> None:
    for _ in range(80):
        server.append(OTHER)
    state = synced(server)
    (asked,) = conversation(state).older()
    page = server.answer(asked)
    state.on_event(*server.change(20, "recall"), 0)
    state.on_history(asked, page)
    assert conversation(state).log.get(20).recalled
    assert conversation(state).complete


def test_unread_counts_as_the_server_counts(server: ModelServer, state: State) -> None:
    for event in (
        server.append(OTHER, mentions=(ME,)),
        server.append(OTHER, kind="system"),
        server.append(OTHER, kind="void"),
    ):
        state.on_event(*event, 0)
    assert (conversation(state).unread, conversation(state).mentions) == (4, 1)
    state.on_event(*server.change(4, "recall"), 0)
    assert (conversation(state).unread, conversation(state).mentions) == (3, 0)
    state.on_event(*server.mark_read(ME, 2), 0)
    assert conversation(state).unread == 1


def test_my_message_moves_my_read_position(server: ModelServer, state: State) -> None:
    draft = Draft(conversation=CONVERSATION, client_id="x", body={"text": "hi"}, at=0)
    effects = state.on_acked(draft, Sent(4, 1))
    assert shown(effects) == [4]
    assert (conversation(state).read, conversation(state).unread) == (4, 0)


def test_an_ack_of_a_retry_fetches_what_the_message_became(
    server: ModelServer, state: State
) -> None:
    server.append(ME)
    server.change(4, "edit")
    draft = Draft(conversation=CONVERSATION, client_id="c-4", body={"text": "text 4"}, at=0)
    (asked,) = fetches(state.on_acked(draft, Sent(4, 4, duplicate=True)))
    state.on_history(asked, server.answer(asked))
    assert conversation(state).log.get(4).text == "edited 1"


def test_events_during_a_sync_are_applied_after_it(server: ModelServer, state: State) -> None:
    have = state.begin_sync()["have"]
    inside = server.append(OTHER)
    answer = server.sync(have)
    beyond = server.append(OTHER)
    assert state.on_event(*inside, 0) == []
    assert state.on_event(*beyond, 0) == []
    assert shown(state.on_sync(answer)) == [4, 5]


def test_too_many_events_during_a_sync_lead_to_another(
    server: ModelServer, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatclient.state.WAITING_MAX", 2)
    answer = server.sync(state.begin_sync()["have"])
    for _ in range(4):
        state.on_event(*server.append(OTHER), 0)
    assert SyncAgain() in state.on_sync(answer)


def test_reset_drops_the_history_of_the_conversation(server: ModelServer, state: State) -> None:
    for _ in range(100):
        server.append(OTHER)
    sync(state, server)
    log = conversation(state).log
    assert (log.first, log.last) == (54, 103)
    assert list(log) == server.messages[53:]
    assert conversation(state).unread == 103


def test_an_answer_from_before_a_reset_is_thrown_away(server: ModelServer, state: State) -> None:
    server.append(OTHER)
    (asked,) = fetches(state.on_event(*server.append(OTHER), 0))
    page = server.answer(asked)
    for _ in range(100):
        server.append(OTHER)
    sync(state, server)
    assert state.on_history(asked, page) == []
    assert list(conversation(state).log) == server.messages[55:]


def test_an_event_of_an_unknown_conversation_waits_for_its_description(
    server: ModelServer,
) -> None:
    state = State()
    state.on_ready(READY)
    state.begin_sync()
    state.on_sync(SyncPage())
    effects = state.on_event(*server.append(OTHER), 0)
    assert fetches(effects) == [FetchConversation(CONVERSATION)]
    view = server.view()
    late = server.append(OTHER)
    state.on_event(*late, 0)
    assert shown(state.on_view(view)) == [2]


def test_ticks_follow_the_others_cursors(server: ModelServer, state: State) -> None:
    state.on_event(*server.append(ME), 0)
    mine = conversation(state).log.get(4)
    assert conversation(state).tick(mine) == "sent"
    cursor = {"conversation": CONVERSATION, "user": OTHER, "seq": 4}
    state.on_event("delivered", cursor, 0)
    assert conversation(state).tick(mine) == "delivered"
    state.on_event("read", cursor, 0)
    assert conversation(state).tick(mine) == "read"
    state.on_event("read", {**cursor, "seq": 2}, 0)
    assert conversation(state).tick(mine) == "read"


def test_typing_ends_by_itself_after_eight_seconds(state: State) -> None:
    typing = {"conversation": CONVERSATION, "user": OTHER, "on": True}
    assert state.on_event("typing", typing, 1000) == [TypingChanged(CONVERSATION, OTHER, on=True)]
    assert state.on_event("typing", typing, 3000) == []
    assert state.wake_at() == 11_000
    assert state.expire(10_999) == []
    assert state.expire(11_000) == [TypingChanged(CONVERSATION, OTHER, on=False)]


def test_a_message_ends_its_senders_typing(server: ModelServer, state: State) -> None:
    state.on_event("typing", {"conversation": CONVERSATION, "user": OTHER, "on": True}, 0)
    effects = state.on_event(*server.append(OTHER), 0)
    assert TypingChanged(CONVERSATION, OTHER, on=False) in effects
    assert state.typing(CONVERSATION) == []


def test_muted_conversations_stay_off_the_badge(server: ModelServer, state: State) -> None:
    assert state.count_badge() == [BadgeChanged(3, 0)]
    conversation(state).my = Prefs(mode="silent")
    assert state.count_badge() == [BadgeChanged(0, 0)]


def test_unknown_events_and_fields_are_passed_over(state: State) -> None:
    assert state.on_event("weather", {"sunny": True}, 0) == []
    presence = {"user": OTHER, "state": "online", "last_seen": None, "mood": "good"}
    state.on_event("presence", presence, 0)
    assert state.presence[OTHER].state == "online"


def test_a_history_answer_without_progress_is_not_asked_for_again(
    server: ModelServer, state: State
) -> None:
    server.append(OTHER)
    (asked,) = fetches(state.on_event(*server.append(OTHER), 0))
    assert fetches(state.on_history(asked, HistoryPage(()))) == []


@pytest.mark.parametrize("kind", ["edit", "recall", "react", "something-new"])
def test_applying_a_change_twice_is_applying_it_once(kind: str) -> None:
    message = Message(
        conversation="c", seq=1, client_id="x", sender=ME, kind="text", body={"text": "a"}, at=0
    )
    change = Change(
        conversation="c", mod=1, type=kind, seq=1, by=ME, at=1,
        body={"text": "b"}, reaction="👍", on=True,
    )  # fmt: skip
    once = apply(message, change)
    assert once.mod == 1
    assert apply(once, change) is once
