"""Whatever people do, a history that keeps the promises passes; one thing wrong in it does not."""

from __future__ import annotations

from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec import structs

from loadtest.checker import check
from loadtest.history import Final, Record, StoredMessage
from tests.examples import examples
from tests.unit.loadtest.story import LOST, REFUSED, STORED_BUT_LOST, Story

ROOMS = {"mei-lin": ("mei", "lin"), "yu-lin": ("yu", "lin")}
DEVICES = {"mei": ("phone", "tablet"), "lin": ("desk", "lin-phone"), "yu": ("yu-phone",)}


class Teller:
    """Tells a story as hypothesis draws it."""

    def __init__(self, draw: Any) -> None:
        self._draw = draw
        self._waiting: dict[str, tuple[str, str]] = {}
        self._sent = 0
        self.story = Story(ROOMS, DEVICES)

    def tell(self) -> Story:
        self.story.send("mei", "phone", "mei-lin", "first")
        self.story.send("lin", "desk", "mei-lin", "second")
        for _ in range(self._draw(st.integers(0, 20))):
            self._one_step()
        return self.story

    def _one_step(self) -> None:
        room = self._draw(st.sampled_from(sorted(ROOMS)))
        user = self._draw(st.sampled_from(ROOMS[room]))
        device = self._draw(st.sampled_from(DEVICES[user]))
        step = self._draw(st.sampled_from([self._send, self._change, self._read, self._page]))
        step(user, device, room)

    def _send(self, user: str, device: str, room: str) -> None:
        """A device whose message is open tries that one again before it sends another."""
        client_id, where = self._waiting.pop(device, ("", room))
        if not client_id:
            self._sent += 1
            client_id = f"c{self._sent}"
        outcome = self._draw(st.sampled_from(["ok", "ok", LOST, REFUSED, STORED_BUT_LOST]))
        self.story.send(user, device, where, client_id, outcome)
        if outcome in (LOST, STORED_BUT_LOST):
            self._waiting[device] = (client_id, where)

    def _change(self, user: str, device: str, room: str) -> None:
        messages = self.story.rooms[room].messages
        own = [m["seq"] for m in messages if m["sender"] == user and not m.get("recalled")]
        if own:
            kind = self._draw(st.sampled_from(["edit", "recall", "react"]))
            self.story.change(user, device, room, self._draw(st.sampled_from(own)), kind)

    def _read(self, user: str, device: str, room: str) -> None:
        head = len(self.story.rooms[room].messages)
        if head:
            self.story.mark_read(user, device, room, self._draw(st.integers(1, head)))

    def _page(self, user: str, device: str, room: str) -> None:
        head = len(self.story.rooms[room].messages)
        self.story.page(user, device, room, self._draw(st.integers(0, head)))


@st.composite
def stories(draw: Any) -> list[Record]:
    return Teller(draw).tell().end()


def drop(items: list[Any], index: int) -> list[Any]:
    return items[:index] + items[index + 1 :]


def duplicate(items: list[Any], index: int) -> list[Any]:
    return [*items[: index + 1], *items[index:]]


def swap(items: list[Any], index: int) -> list[Any]:
    other = (index + 1) % len(items)
    items = list(items)
    items[index], items[other] = items[other], items[index]
    return items


WAYS = st.sampled_from([drop, duplicate, swap])


@settings(max_examples=examples(150))
@given(records=stories())
def test_a_history_that_keeps_the_promises_passes(records: list[Record]) -> None:
    verdict = check(records)
    assert verdict.ok, str(verdict)


@settings(max_examples=examples(80))
@given(records=stories(), way=WAYS, data=st.data())
def test_one_thing_wrong_in_the_log_is_rejected(
    records: list[Record], way: Any, data: st.DataObject
) -> None:
    log = [r for r in records if isinstance(r, StoredMessage) and r.conversation == "mei-lin"]
    content = [record.message for record in log]
    wrong = way(content, data.draw(st.integers(0, len(content) - 1)))
    assume(wrong != content)
    spoilt = [structs.replace(m, seq=number) for number, m in enumerate(wrong, start=1)]
    others = [record for record in records if record not in log]
    told = [StoredMessage(at=9999, conversation="mei-lin", message=message) for message in spoilt]
    assert not check([*others, *told]).ok


@settings(max_examples=examples(80))
@given(records=stories(), way=WAYS, data=st.data())
def test_one_thing_wrong_on_a_device_is_rejected(
    records: list[Record], way: Any, data: st.DataObject
) -> None:
    finals = [r for r in records if isinstance(r, Final) and len(r.messages) > 1]
    final = data.draw(st.sampled_from(finals))
    index = data.draw(st.integers(0, len(final.messages) - 1))
    spoilt = structs.replace(final, messages=tuple(way(list(final.messages), index)))
    assert not check([spoilt if record is final else record for record in records]).ok


@settings(max_examples=examples(80))
@given(records=stories(), data=st.data())
def test_one_showing_that_differs_is_rejected(records: list[Record], data: st.DataObject) -> None:
    shown = [record for record in records if hasattr(record, "message")]
    record: Any = data.draw(st.sampled_from(shown))
    lie = structs.replace(record, message=structs.replace(record.message, client_id="lie"))
    assert not check([lie if other is record else other for other in records]).ok
