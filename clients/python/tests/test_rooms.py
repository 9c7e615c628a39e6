"""The rules of a room in the client's picture, one by one."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from chatclient.effects import FetchConversation, FetchHistory, FetchNames
from chatclient.events import ChatEvent, HistoryChanged
from chatclient.model import (
    ConversationView,
    Head,
    Message,
    Person,
    Prefs,
    Ready,
    SyncedConversation,
    SyncPage,
)
from chatclient.room import Me, MembersPage, Room, RoomMember
from chatclient.state import State

ME, ROOM = "mei", "r1"
READY = Ready(me=Person(user=ME), device="d", time=0)


def said(seq: int, sender: str = "lin", **fields: Any) -> Message:
    return Message(
        conversation=ROOM, seq=seq, client_id=f"c{seq}", sender=sender,
        kind=fields.pop("kind", "text"), body=fields.pop("body", {"text": f"text {seq}"}), at=seq,
        **fields,
    )  # fmt: skip


def view(head: tuple[int, int], revision: int = 1, **fields: Any) -> ConversationView:
    room = Room(title="Mothers", owner="lin", count=3, revision=revision)
    return ConversationView(
        id=ROOM, kind="group", room=room, me=Me(**fields.pop("me", {})), head=Head(*head), **fields
    )


def synced(view: ConversationView, *messages: Message, **fields: Any) -> SyncPage:
    known = msgspec.structs.asdict(view)
    told = SyncedConversation(**known, messages=messages, **fields)
    return SyncPage(conversations=(told,), token="t")


def event(name: str, what: Any) -> tuple[str, Any, float]:
    return name, msgspec.to_builtins(what), 0


def described(view: ConversationView) -> tuple[str, Any, float]:
    return event("conversation", {"conversation": view})


@pytest.fixture
def state() -> State:
    """Three messages of a room, all of them here, one of them read."""
    state = State()
    state.on_ready(READY)
    state.begin_sync()
    messages = [said(seq) for seq in (1, 2, 3)]
    state.on_sync(synced(view((3, 0), read=1, unread=2), *messages))
    return state


def room_of(state: State) -> Any:
    return state.conversations[ROOM]


def commands(effects: list[Any]) -> list[Any]:
    return [effect for effect in effects if not isinstance(effect, ChatEvent)]


def shared(revision: int, title: str = "Mothers") -> tuple[str, Any, float]:
    room = Room(title=title, revision=revision)
    return event("conversation", {"conversation": {"id": ROOM, "kind": "group", "room": room}})


def test_what_all_share_of_a_room_is_merged_and_never_goes_back(state: State) -> None:
    state.on_event(*shared(3, "Mothers of March"))
    state.on_event(*shared(2, "older"))
    room = room_of(state)
    assert (room.room.title, room.room.revision) == ("Mothers of March", 3)
    assert (room.place, room.unread) == (Me(), 2)


def test_an_unknown_room_is_fetched(state: State) -> None:
    del state.conversations[ROOM]
    assert commands(state.on_event(*shared(2))) == [FetchConversation(ROOM)]


def test_a_late_description_does_not_move_my_place(state: State) -> None:
    state.on_event(*described(view((3, 0), revision=3, me={"state": "removed"})))
    state.on_event(*described(view((3, 0), revision=2)))
    assert room_of(state).place.state == "removed"


def test_who_is_out_keeps_what_was_there_and_has_nothing_unread(state: State) -> None:
    state.on_event(*described(view((3, 0), revision=2, me={"state": "removed"})))
    room = room_of(state)
    assert [m.seq for m in room.messages] == [1, 2, 3]
    assert room.unread == 0
    state.count_badge()
    assert state.badge.unread == 0


def test_what_is_heard_while_out_is_known_after_coming_in_again(state: State) -> None:
    state.on_event(*described(view((3, 0), revision=2, me={"state": "left"})))
    assert state.on_event(*event("message", said(9))) == []
    effects = state.on_event(*described(view((8, 2), revision=3)))
    assert HistoryChanged(ROOM) in effects
    room = room_of(state)
    assert room.messages == []
    (asked,) = [each for each in effects if isinstance(each, FetchHistory)]
    assert asked == FetchHistory(ROOM, 1, after=8)


def test_coming_in_again_seen_by_a_sync_begins_anew(state: State) -> None:
    state.on_event(*described(view((3, 0), revision=2, me={"state": "left"})))
    state.begin_sync()
    state.on_sync(synced(view((5, 4), revision=3), said(4, mod=4), said(5)))
    room = room_of(state)
    assert (room.log.first, room.log.last, room.log.mod) == (4, 5, 4)
    assert not room.complete


def test_a_device_that_heard_more_than_its_person_may_begins_anew(state: State) -> None:
    for seq in (4, 5):
        state.on_event(*event("message", said(seq)))
    state.on_event(*described(view((4, 0), revision=2, me={"state": "removed"})))
    assert room_of(state).log.last == 4
    assert room_of(state).messages == []


def test_what_waited_beyond_my_time_in_it_never_comes(state: State) -> None:
    state.on_event(*event("message", said(5, ME)))  # beyond a gap
    state.on_event(*described(view((4, 0), revision=2, me={"state": "left"})))
    state.on_event(*event("message", said(4)))
    assert room_of(state).log.last == 4


def test_below_my_first_message_there_is_nothing_to_fetch() -> None:
    state = State()
    state.on_ready(READY)
    state.begin_sync()
    state.on_sync(synced(view((6, 0), me={"first": 5}), said(5), said(6)))
    room = room_of(state)
    assert room.complete
    assert room.older() == []


def test_what_is_not_there_for_me_any_more_is_forgotten(state: State) -> None:
    effects = state.on_event(*described(view((3, 0), revision=2, me={"first": 3})))
    assert HistoryChanged(ROOM) in effects
    assert [m.seq for m in room_of(state).messages] == [3]
    assert room_of(state).complete


def test_a_void_change_is_passed_over(state: State) -> None:
    change = {"conversation": ROOM, "mod": 1, "type": "void", "seq": 2, "by": "", "at": 0}
    state.on_event("change", change, 0)
    assert room_of(state).log.mod == 1
    assert room_of(state).log.get(2).mod == 0


def test_what_i_deleted_is_blank_at_once_and_stays_so(state: State) -> None:
    state.on_event(*described(view((3, 0), read=1, my=Prefs(hidden=(2,)))))
    room = room_of(state)
    assert [(m.deleted, m.text) for m in room.messages] == [
        (False, "text 1"), (True, ""), (False, "text 3"),
    ]  # fmt: skip
    assert room.unread == 1
    edit = {
        "conversation": ROOM, "mod": 1, "type": "edit", "seq": 2, "by": "lin", "at": 0,
        "body": {"text": "again"},
    }  # fmt: skip
    state.on_event("change", edit, 0)
    assert (room.log.get(2).text, room.log.get(2).edits) == ("", 1)
    state.on_event(*described(view((3, 1), read=1, my=Prefs(cleared=3))))
    assert all(m.deleted for m in room.messages)
    state.on_event(*described(view((3, 1), read=1)))  # from before that
    assert room.my == Prefs(cleared=3)


def test_system_messages_are_not_unread_and_all_can_be_mentioned(state: State) -> None:
    state.on_event(*event("message", said(4, "", kind="system", body={"type": "joined"})))
    state.on_event(*event("message", said(5, mention_all=True)))
    assert (room_of(state).unread, room_of(state).mentions) == (3, 1)


def test_pins_come_and_go(state: State) -> None:
    pin = {"conversation": ROOM, "mod": 1, "type": "pin", "seq": 2, "by": "lin", "at": 0}
    state.on_event("change", {**pin, "on": True}, 0)
    assert room_of(state).log.get(2).pinned
    state.on_event("change", {**pin, "mod": 2, "on": False}, 0)
    assert not room_of(state).log.get(2).pinned


def test_unknown_senders_are_asked_for_once(state: State) -> None:
    effects = state.on_event(*event("message", said(4, "fang")))
    assert commands(effects) == [FetchNames(ROOM, ("fang",))]
    assert room_of(state).name("fang") == "fang"
    assert commands(state.on_event(*event("message", said(5, "fang")))) == []
    state.on_names(
        FetchNames(ROOM, ("fang",)), MembersPage(members=(RoomMember(user="fang", name="方方"),))
    )
    assert room_of(state).name("fang") == "方方"


def test_system_messages_name_the_people_they_are_about(state: State) -> None:
    body = {"type": "added", "by": "lin", "users": ["fang"], "names": {"fang": "方方"}}
    state.on_event(*event("message", said(4, "", kind="system", body=body)))
    assert commands(state.on_event(*event("message", said(5, "fang")))) == []
    assert room_of(state).name("fang") == "方方"


def test_who_is_out_asks_for_nobody(state: State) -> None:
    state.on_event(*described(view((4, 0), revision=2, me={"state": "left"})))
    effects = state.on_event(*event("message", said(4, "fang")))
    assert not [each for each in effects if isinstance(each, FetchNames)]
