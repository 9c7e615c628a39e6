"""What a play measures, and when it takes everybody for alike."""

from __future__ import annotations

from typing import Any

import pytest

from loadtest.__main__ import main
from loadtest.faults.alike import all_alike
from loadtest.faults.figures import figures_of
from loadtest.faults.recorded import Shelf
from loadtest.history import Info, Invoke, Ok

SECOND = 1_000_000_000


class Device:
    """As much of one as is compared."""

    def __init__(self) -> None:
        self.user = "mei"
        self.connected = True
        shelf = Shelf()
        for seq in (1, 2):
            shelf.put({"conversation": "c", "seq": seq, "sender": "lin"})
        shelf.read("mei", 1)
        self.shelves = {"c": shelf}


def documents(**more: Any) -> dict[str, list[dict[str, Any]]]:
    return {
        "conversations": [{"_id": "c", "members": ["lin", "mei"]}],
        "memberships": [
            {"conversation": "c", "user": "lin", "read": 2},
            {"conversation": "c", "user": "mei", "read": 1},
        ],
        "messages": [{"_id": {"c": "c", "s": 1}}, {"_id": {"c": "c", "s": 2}}],
        "changes": [],
        **more,
    }


def alike(device: Any, stored: Any) -> bool:
    return all_alike([device], stored)


def test_who_shows_what_is_stored_is_alike() -> None:
    assert alike(Device(), documents())


@pytest.mark.parametrize(
    "stored",
    [
        documents(messages=[{"_id": {"c": "c", "s": 1}}]),
        documents(changes=[{"_id": {"c": "c", "m": 1}}]),
        documents(memberships=[{"conversation": "c", "user": "lin", "read": 2}]),
        documents(conversations=[], memberships=[], messages=[]),
    ],
)
def test_who_shows_anything_else_is_not(stored: Any) -> None:
    assert not alike(Device(), stored)


def test_who_is_not_here_shows_nothing() -> None:
    device = Device()
    device.connected = False
    assert not alike(device, documents())


def test_a_conversation_of_others_needs_not_be_shown() -> None:
    device = Device()
    device.user, device.shelves = "yu", {}
    assert alike(device, documents())


def test_a_shelf_knows_that_it_lacks_something_once_a_later_number_was_named() -> None:
    shelf = Shelf()
    shelf.put({"seq": 1, "sender": "lin"})
    assert not shelf.lacks
    shelf.put({"seq": 3, "sender": "lin"})
    assert shelf.lacks
    shelf.put({"seq": 2, "sender": "lin"})
    assert not shelf.lacks
    shelf.change({"type": "recall", "seq": 1, "mod": 2})
    assert shelf.lacks


def test_a_change_that_comes_before_its_message_is_made_when_it_comes() -> None:
    shelf = Shelf()
    shelf.change({"type": "recall", "seq": 2, "mod": 1})
    shelf.change({"type": "void", "seq": 1, "mod": 2})
    for seq in (1, 2):
        shelf.put({"seq": seq, "sender": "lin"})
    assert "recalled" not in shelf.messages[1]
    assert (shelf.messages[2]["recalled"], shelf.messages[2]["mod"]) == (True, 1)
    later = {"seq": 2, "sender": "lin", "mod": 3, "recalled": True}
    shelf.put(later)  # a page: that change is in it already
    assert shelf.messages[2] == later
    shelf.forget(2)
    shelf.change({"type": "recall", "seq": 2, "mod": 3})  # older than all it holds
    shelf.put({"seq": 2, "sender": "lin", "mod": 3})
    assert "recalled" not in shelf.messages[2]


def test_a_gap_is_one_in_talk() -> None:
    acks = [
        record
        for number, at in enumerate((1, 2, 9))
        for record in (
            Invoke(at=0, id=str(number), name="message.send", client_id=str(number)),
            Ok(at=at * SECOND, id=str(number), seq=number + 1),
        )
    ]
    assert figures_of(acks).longest_gap_s == 7
    assert figures_of(acks, until=3 * SECOND).longest_gap_s == 1


def test_figures_count_messages_and_the_calls_that_sent_them() -> None:
    def sent(id_: str, client_id: str, at: int) -> Invoke:
        where = {"user": "mei", "conversation": "c"}
        return Invoke(at=at, id=id_, name="message.send", client_id=client_id, **where)

    figures = figures_of(
        [
            *(sent("1", "a", 0), Ok(at=1 * SECOND, id="1", seq=1)),
            *(sent("2", "b", 0), Info(at=2 * SECOND, id="2", reason="lost")),
            *(sent("3", "b", 3 * SECOND), Ok(at=4 * SECOND, id="3", seq=2)),
            sent("4", "c", 4 * SECOND),  # nobody recorded its end
        ]
    )
    assert (figures.messages, figures.acknowledged) == (3, 2)
    assert (figures.unknown, figures.retried) == (2, 1)
    assert figures.longest_gap_s == 3


def test_a_play_that_does_not_exist_is_said_in_a_sentence(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["faults", "--only", "rain"]) == 1
    assert "node-killed" in capsys.readouterr().err
