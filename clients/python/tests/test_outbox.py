from __future__ import annotations

from pathlib import Path

import pytest

from chatclient.errors import ChatCallError, ChatStopped
from chatclient.model import Draft, Sent
from chatclient.outbox import Outbox, Pending


def draft(number: int, conversation: str = "c1") -> Draft:
    return Draft(
        conversation=conversation, client_id=f"id-{number}", body={"text": f"{number}"}, at=number
    )


def busy(retry_after_ms: int | None = None) -> ChatCallError:
    return ChatCallError("busy", "Busy", retry_after_ms)


FORBIDDEN = ChatCallError("forbidden", "You may not do this.")


def ids(pending: list[Pending]) -> list[str]:
    return [each.draft.client_id for each in pending]


def test_one_message_of_a_conversation_is_in_flight_and_the_next_follows_its_ack() -> None:
    box = Outbox()
    first, second = box.add(draft(1)), box.add(draft(2))
    other = box.add(draft(3, "c2"))
    assert box.due(0) == [first, other]
    assert box.due(0) == []
    box.acked(first, Sent(1, 1))
    assert box.due(0) == [second]


def test_a_refusal_that_passes_holds_back_the_whole_conversation() -> None:
    box = Outbox()
    first = box.add(draft(1))
    box.add(draft(2))
    box.due(0)
    box.refused(first, busy(retry_after_ms=3000), now=10)
    assert box.due(12.9) == []
    assert box.wake_at() == pytest.approx(13.0)
    assert box.due(13.0) == [first]


def test_a_retry_has_the_same_client_id_and_says_so() -> None:
    box = Outbox()
    pending = box.add(draft(1))
    before = pending.payload()
    assert "retry" not in before
    box.due(0)
    box.unknown(pending, 0, lost=True)
    assert pending.payload() == {**before, "retry": True}


def test_after_a_lost_connection_it_leaves_again_at_once() -> None:
    box = Outbox()
    pending = box.add(draft(1))
    box.due(0)
    box.unknown(pending, 5, lost=True)
    assert box.due(5) == [pending]


def test_after_a_timeout_it_waits_longer_each_time() -> None:
    box = Outbox()
    pending = box.add(draft(1))
    waits = []
    for _ in range(6):
        box.due(1e9)
        box.unknown(pending, 0, lost=False)
        waits.append(pending.not_before)
    assert 0.2 < waits[0] <= 0.5
    assert 7 < waits[-1] <= 15


def test_a_final_refusal_lets_the_next_one_go() -> None:
    box = Outbox()
    first, second = box.add(draft(1)), box.add(draft(2))
    box.due(0)
    box.refused(first, FORBIDDEN, 0)
    assert (first.state, first.error) == ("failed", FORBIDDEN)
    assert box.due(0) == [second]
    assert ids(box.of("c1")) == ["id-1", "id-2"]


def test_a_failed_message_may_be_tried_again_behind_the_others() -> None:
    box = Outbox()
    first = box.add(draft(1))
    box.due(0)
    box.refused(first, FORBIDDEN, 0)
    second = box.add(draft(2))
    box.retry(first)
    assert box.due(0) == [second]
    box.acked(second, Sent(1, 1))
    assert box.due(0) == [first]
    assert first.payload()["retry"] is True


def test_a_failed_message_may_be_given_up() -> None:
    box = Outbox()
    first = box.add(draft(1))
    box.discard(first)
    assert first.state == "sending"
    box.due(0)
    box.refused(first, FORBIDDEN, 0)
    box.discard(first)
    assert box.of("c1") == []


def test_what_a_killed_client_left_is_sent_by_the_next_in_order(tmp_path: Path) -> None:
    file = tmp_path / "sub" / "outbox.json"
    box = Outbox(file)
    for number in (1, 2, 3):
        box.add(draft(number))
    box.acked(box.due(0)[0], Sent(1, 1))
    again = Outbox(file)
    assert ids(again.of("c1")) == ["id-2", "id-3"]
    (second,) = again.due(0)
    assert second.payload()["retry"] is True


def test_a_failed_message_stays_failed_over_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "outbox.json"
    box = Outbox(file)
    box.refused(box.add(draft(1)), FORBIDDEN, 0)
    (failed,) = Outbox(file).of("c1")
    assert failed.state == "failed"
    assert failed.error is not None
    assert failed.error.code == "forbidden"


def test_a_file_that_cannot_be_read_is_put_aside(tmp_path: Path) -> None:
    file = tmp_path / "outbox.json"
    file.write_text("{half")
    assert len(Outbox(file)) == 0
    assert (tmp_path / "outbox.json.unreadable").read_text() == "{half"


@pytest.mark.asyncio
async def test_awaiting_gives_the_number_or_the_reason() -> None:
    box = Outbox()
    stored, refused, left = box.add(draft(1)), box.add(draft(2)), box.add(draft(3))
    box.acked(stored, Sent(7, 1))
    box.refused(refused, FORBIDDEN, 0)
    assert (await stored).seq == 7
    with pytest.raises(ChatCallError):
        await refused
    box.abandon(ChatStopped("closed", "closed"))
    with pytest.raises(ChatStopped):
        await left
    assert len(box) == 1
