from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chatclient.pacing import Backoff, ReadMarks, TypingNotes


def test_waits_double_up_to_the_top_and_spread() -> None:
    backoff = Backoff(base=1.0, top=8.0)
    waits = [backoff.next() for _ in range(5)]
    for wait, longest in zip(waits, (1, 2, 4, 8, 8), strict=True):
        assert longest / 2 <= wait <= longest
    backoff.reset()
    assert backoff.next() <= 1


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 50), st.floats(0, 0.3)), max_size=60)
)
def test_marks_rise_and_are_at_most_three_a_second(wants: list[tuple[str, int, float]]) -> None:
    marks, now = ReadMarks(), 100.0
    sent: list[tuple[float, str, int]] = []
    for conversation, seq, pause in wants:
        marks.want(conversation, seq)
        sent += [(now, *mark) for mark in marks.due(now)]
        now += pause
    while (wake := marks.wake_at()) is not None:
        now = max(now, wake)
        sent += [(now, *mark) for mark in marks.due(now)]
    for conversation in "ab":
        told = [seq for _, name, seq in sent if name == conversation]
        assert told == sorted(set(told))
        assert max(told, default=0) == max((s for c, s, _ in wants if c == conversation), default=0)
    for at, *_ in sent:
        assert sum(at <= other < at + 1.0 for other, *_ in sent) <= 3


def test_a_lost_mark_is_told_again_unless_a_later_one_was() -> None:
    marks = ReadMarks()
    marks.want("a", 5)
    assert marks.due(0) == [("a", 5)]
    marks.again("a", 5)
    assert marks.due(0) == [("a", 5)]
    marks.want("a", 6)
    assert marks.due(0) == [("a", 6)]
    marks.again("a", 5)
    assert marks.due(10) == []


def test_typing_is_renewed_at_most_every_two_seconds() -> None:
    notes = TypingNotes()
    told = [now for now in range(50) if notes.note("c", now / 10, on=True)]
    assert told == [0, 20, 40]


def test_a_stop_that_comes_too_soon_is_told_later() -> None:
    notes = TypingNotes()
    assert notes.note("c", 10.0, on=True)
    assert not notes.note("c", 10.5, on=False)
    assert notes.due(11.9) == []
    assert notes.wake_at() == 12.0
    assert notes.due(12.0) == ["c"]
    assert notes.due(15.0) == []


def test_going_on_or_sending_takes_the_stop_back() -> None:
    notes = TypingNotes()
    notes.note("c", 10.0, on=True)
    notes.note("c", 10.5, on=False)
    assert not notes.note("c", 11.0, on=True)
    assert notes.due(20.0) == []
    notes.note("c", 21.0, on=False)
    notes.note("c", 30.0, on=True)
    notes.note("c", 30.5, on=False)
    notes.sent("c")
    assert notes.wake_at() is None
