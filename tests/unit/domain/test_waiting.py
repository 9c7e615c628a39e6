"""Who may wait to be stored when many do: direct messages before the chatter of rooms."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chatserver.domain.waiting import JITTER, WaitingRoom


def test_rooms_get_a_share_of_the_places_and_direct_messages_all() -> None:
    room = WaitingRoom(100, chatter_percent=50)
    assert [bool(room.enter(n, is_chatter=True)) for n in (0, 49, 50, 99)] == [
        False,
        False,
        True,
        True,
    ]
    assert [bool(room.enter(n, is_chatter=False)) for n in (0, 50, 99, 100)] == [False] * 3 + [True]


def test_the_time_to_try_again_grows_with_the_queue() -> None:
    room = WaitingRoom(100, chatter_percent=50, chance=lambda: 0.0)
    waits = [room.enter(n, is_chatter=True) for n in (50, 75, 100)]
    assert waits == [1500, 2000, 2500]
    assert room.enter(100, is_chatter=False) == 2500


@given(chance=st.floats(0, 1, exclude_max=True))
def test_those_refused_together_are_spread(chance: float) -> None:
    wait = WaitingRoom(100, chance=lambda: chance).enter(100, is_chatter=False)
    assert 2500 <= wait <= 2500 * (1 + JITTER)
    assert wait == int(2500 * (1 + JITTER * chance))
