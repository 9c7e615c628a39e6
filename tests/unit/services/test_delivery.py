"""What nodes tell each other of a message beside its frame."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatserver.config import Settings
from chatserver.domain.events import Typing
from chatserver.errors import RateLimited
from chatserver.services.delivery import Delivery, Sent, of_room, of_user
from chatserver.services.limits import Limits

NOW = 1_900_000_000_000
EVENT = Typing(conversation="d1", user="美", on=True)

names = st.text(st.characters(exclude_categories=["Cs"]), max_size=128)


class Ends:
    """A hub and a bus that note what they get."""

    def __init__(self) -> None:
        self.delivered: list[tuple[Any, ...]] = []
        self.published: list[tuple[str, bytes]] = []

    def deliver(self, *given: Any, **named: Any) -> int:
        self.delivered.append((*given, *named.values()))
        return 1

    def publish(self, topic: str, payload: bytes) -> None:
        self.published.append((topic, payload))


def node() -> tuple[Any, Delivery]:
    ends: Any = Ends()
    return ends, Delivery(ends, ends)


@given(names, names, st.integers(1, 2**53), st.booleans(), st.booleans())
def test_what_was_sent_arrives_as_it_was_and_the_frame_too(
    conversation: str, sender: str, seq: int, is_new: bool, has_arrived: bool
) -> None:
    (here, one), (there, other) = node(), node()
    heard: list[tuple[str, Sent]] = []
    other.when_sent(lambda topic, sent: heard.append((topic, sent)))
    sent = Sent(conversation, sender, seq, is_new, has_arrived)
    one.tell_sent([of_room("r1")], EVENT, sent)
    for topic, payload in here.published:
        other.heard(topic, payload)
    assert heard == [("c:r1", sent)]
    assert there.delivered == [("c:r1", here.delivered[0][1], seq)]


def test_what_nobody_sent_has_no_envelope() -> None:
    (here, one), (there, other) = node(), node()
    other.when_sent(lambda *_: pytest.fail("nobody sent anything"))
    one.tell_topics(["u:mei"], EVENT)
    other.heard(*here.published[0])
    assert len(there.delivered) == 1


def limits() -> Limits:
    return Limits(Settings(sends_per_s=1, room_sends_per_s=1))


def test_what_was_sent_elsewhere_is_spent_by_the_sender_and_in_the_room() -> None:
    both = limits()
    for _ in range(3):
        both.heard(of_room("r1"), Sent("r1", "mei", 1, is_new=True), NOW)
    with pytest.raises(RateLimited):
        both.send("mei", "r2", NOW)
    with pytest.raises(RateLimited):
        both.send("lin", "r1", NOW)
    both.send("lin", "r2", NOW)


def test_a_message_heard_on_the_topics_of_both_is_spent_once() -> None:
    both = limits()
    for topic in (of_user("mei"), of_user("lin")):
        both.heard(topic, Sent("d1", "mei", 1, is_new=True), NOW)
    for _ in range(2):
        both.send("mei", "d1", NOW)
    with pytest.raises(RateLimited):
        both.send("mei", "d1", NOW)


def test_what_the_server_says_is_spent_by_nobody() -> None:
    both = limits()
    for seq in range(9):
        both.heard(of_room("r1"), Sent("r1", "", seq, is_new=True), NOW)
    both.send("mei", "r1", NOW)
