"""The table of rights: what is not in it nobody may."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from chatserver.domain.conversation import Conversation, ConversationKind
from chatserver.domain.membership import RANK, Membership, RoomRole, State
from chatserver.domain.rights import RIGHTS, Action, check_may_carry, may, require
from chatserver.errors import Forbidden
from tests.unit.domain.scenes import ID, NOW, conversation

KINDS: tuple[ConversationKind, ...] = get_args(ConversationKind)
ROLES: tuple[RoomRole, ...] = get_args(RoomRole)
ACTIONS: tuple[Action, ...] = get_args(Action)


def place(kind: ConversationKind) -> Conversation:
    if kind == "direct":
        return Conversation(id=ID, kind=kind, created_at=NOW, members=("lin", "mei"))
    return conversation(kind)


def member(role: RoomRole = "member", state: State = "in") -> Membership:
    return Membership(conversation=ID, user="mei", role=role, state=state)


# what an owner may, what an admin may, what a member may, by the initials of those who may
EXPECTED = {
    #                     direct, group, channel, service, notes
    "write":             ("m", "m", "a", "m", "m"),
    "react":             ("m", "m", "m", "m", "m"),
    "type":              ("m", "m", "", "m", "m"),
    "mention_all":       ("", "a", "a", "", ""),
    "pin":               ("m", "a", "a", "m", "m"),
    "recall_others":     ("", "a", "a", "", ""),
    "see_members":       ("m", "m", "a", "m", "m"),
    "see_readers":       ("m", "a", "a", "m", "m"),
    "leave":             ("", "m", "m", "", ""),
    "update":            ("", "a", "a", "", ""),
    "invite":            ("", "m", "a", "", ""),
    "add":               ("", "a", "a", "", ""),
    "remove":            ("", "a", "a", "", ""),
    "ban":               ("", "a", "a", "", ""),
    "mute":              ("", "a", "a", "", ""),
    "mute_all":          ("", "a", "a", "", ""),
    "set_role":          ("", "o", "o", "", ""),
    "write_at_any_time": ("", "a", "a", "", ""),
}  # fmt: skip
MAY = {"": "", "m": "moa", "a": "ao", "o": "o"}


def test_every_action_has_a_row() -> None:
    assert set(RIGHTS) == set(EXPECTED) == set(ACTIONS)


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_what_the_table_says(kind: Any, role: Any, action: Any) -> None:
    least = EXPECTED[action][KINDS.index(kind)]
    assert may(place(kind), member(role), action) is (role[0] in MAY[least])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("state", [state for state in get_args(State) if state != "in"])
def test_who_is_not_in_it_may_nothing_whatever_the_role(kind: Any, state: Any) -> None:
    for action in ACTIONS:
        for role in ROLES:
            assert not may(place(kind), member(role, state), action)
            with pytest.raises(Forbidden):
                require(place(kind), member(role, state), action)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("action", ACTIONS)
def test_a_higher_role_may_whatever_a_lower_one_may(kind: Any, action: Any) -> None:
    ranked = sorted(ROLES, key=RANK.__getitem__)
    allowed = [may(place(kind), member(role), action) for role in ranked]
    assert allowed == sorted(allowed)


@pytest.mark.parametrize("kind", KINDS)
def test_what_stands_in_notes_goes_to_other_notes_and_nowhere_else(kind: Any) -> None:
    for source in KINDS:
        try:
            check_may_carry(place(source), place(kind))
        except Forbidden:
            assert source == "notes" != kind
        else:
            assert source != "notes" or kind == "notes"
