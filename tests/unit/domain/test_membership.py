"""What one person sees of a conversation."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from chatserver.domain.conversation import Announcement, RoomSettings
from chatserver.domain.membership import RANK, Head, Membership, Prefs, Sign, State
from chatserver.domain.message import Change, Forwarded, Message
from tests.unit.domain.scenes import ID, NOW, conversation

HEAD = Head(20, 8)
numbers = st.integers(0, 30)


def member(**fields: Any) -> Membership:
    return Membership(conversation=ID, user="mei", **fields)


def message(seq: int = 5, **fields: Any) -> Message:
    given: dict[str, Any] = {
        "body": {"text": "secret"}, "client_id": "c", "sender": "lin", "kind": "text", "at": NOW,
        "mentions": ("mei",), "mention_all": True, "reactions": {"👍": ("mei",)},
        "forwarded": Forwarded(sender="wu", name="Wu", at=NOW),
    }  # fmt: skip
    return Message(conversation=ID, seq=seq, **{**given, **fields})


def nothing_is_said(shown: Message) -> bool:
    return (
        shown.body, shown.mentions, shown.mention_all, shown.reactions, shown.forwarded,
    ) == ({}, (), False, {}, None)  # fmt: skip


def test_a_member_sees_everything_to_the_end() -> None:
    sight = member().sight(HEAD)
    assert (sight.first, sight.head, sight.is_over) == (1, HEAD, False)
    assert sight.message(message(mod=8)) == message(mod=8)


def test_a_newcomer_sees_nothing_from_before() -> None:
    sight = member(since=10).sight(HEAD)
    assert [seq for seq in range(22) if sight.shows(seq)] == list(range(10, 21))


@pytest.mark.parametrize("state", ["left", "removed", "banned"])
def test_who_went_sees_nothing_beyond_the_going(state: State) -> None:
    sight = member(state=state, until=Head(12, 3)).sight(HEAD)
    assert (sight.head, sight.is_over) == (Head(12, 3), True)
    assert sight.shows(12)
    assert not sight.shows(13)


def test_what_was_changed_after_the_going_is_empty_and_says_nothing_of_it() -> None:
    sight = member(state="removed", until=Head(12, 3)).sight(HEAD)
    before = message(mod=3, edited_at=NOW, edits=1, pinned=True)
    assert sight.message(before) == before
    shown = sight.message(message(mod=4, edited_at=NOW, edits=2, pinned=True))
    assert nothing_is_said(shown)
    assert (shown.recalled, shown.edited_at, shown.edits, shown.pinned) == (True, None, 0, False)
    assert shown.mod == 3


@pytest.mark.parametrize("state", ["invited", "asked"])
def test_who_is_not_in_yet_sees_no_message(state: State) -> None:
    sight = member(state=state).sight(HEAD)
    assert sight.head == Head(0, 0)
    assert not any(sight.shows(seq) for seq in range(30))


def test_who_is_invited_again_sees_what_was_before_the_going() -> None:
    sight = member(state="invited", until=Head(12, 3)).sight(HEAD)
    assert sight.head == Head(12, 3)


def test_a_going_noted_ahead_of_the_log_shows_no_more_than_there_is() -> None:
    assert member(state="left", until=Head(50, 50)).sight(HEAD).head == HEAD


def test_what_i_deleted_for_myself_is_empty_for_me() -> None:
    sight = member(prefs=Prefs(cleared=3, hidden=(7,))).sight(HEAD)
    for seq, gone in ((3, True), (4, False), (7, True), (8, False)):
        shown = sight.message(message(seq))
        assert shown.deleted is gone
        assert nothing_is_said(shown) is gone
        assert (shown.seq, shown.sender, shown.recalled) == (seq, "lin", False)


def test_a_change_about_what_i_do_not_see_says_nothing() -> None:
    sight = member(since=10).sight(HEAD)
    change = Change(
        conversation=ID, mod=4, type="edit", seq=9, by="lin", at=NOW, body={"text": "secret"}
    )
    shown = sight.change(change)
    assert (shown.type, shown.mod, shown.by, shown.body) == ("void", 4, "", None)
    seen = structs.replace(change, seq=10)
    assert sight.change(seen) == seen


@given(
    state=st.sampled_from(["in", "invited", "asked", "left", "removed", "banned"]),
    since=st.integers(1, 30),
    until=st.none() | st.builds(Head, numbers, numbers),
    head=st.builds(Head, numbers, numbers),
)
def test_nobody_sees_beyond_the_end_nor_before_the_beginning(
    state: Any, since: int, until: Head | None, head: Head
) -> None:
    sight = member(state=state, since=since, until=until).sight(head)
    assert sight.head.seq <= head.seq
    assert sight.head.mod <= head.mod
    if state != "in":
        assert sight.is_over
        assert sight.head.seq <= (until or Head()).seq
    assert not any(sight.shows(seq) for seq in range(since))


def test_only_a_higher_role_is_above() -> None:
    above = {
        (one, other)
        for one in RANK
        for other in RANK
        if member(role=one).outranks(member(role=other))
    }
    assert above == {("owner", "admin"), ("owner", "member"), ("admin", "member")}


# --- the room itself --------------------------------------------------------------------------

ROOM = conversation(
    announcement=Announcement("inside", "lin", NOW),
    settings=RoomSettings(join="approval"),
    speakers=("wu",),
    muted_until=NOW,
    asked=3,
    count=12,
    avatar="https://example.org/new.png",
).the_room


def test_members_see_all_of_their_room() -> None:
    assert ROOM.shown_to(member()) == ROOM


@pytest.mark.parametrize("state", ["invited", "asked"])
def test_who_stands_at_the_door_sees_what_the_room_is_and_not_what_is_said_in_it(
    state: State,
) -> None:
    shown = ROOM.shown_to(member(state=state))
    assert (shown.title, shown.avatar, shown.count) == (ROOM.title, ROOM.avatar, 12)
    assert shown.settings.join == "approval"
    assert (shown.announcement, shown.speakers, shown.muted_until, shown.asked) == (None, (), 0, 0)


@pytest.mark.parametrize("state", ["left", "removed", "banned"])
def test_who_went_sees_the_room_by_the_name_it_had(state: State) -> None:
    sign = Sign("old name", "https://example.org/old.png")
    shown = ROOM.shown_to(member(state=state, until=HEAD, sign=sign))
    assert (shown.title, shown.avatar) == ("old name", "https://example.org/old.png")
    assert (shown.owner, shown.announcement, shown.count, shown.speakers) == ("", None, 0, ())
    assert shown.settings == RoomSettings()
