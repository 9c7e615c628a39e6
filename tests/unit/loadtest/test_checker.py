"""Every rule lets a good history pass and rejects a bad one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from msgspec import structs

from loadtest.checker import RULES, SHOWN_PER_RULE, check
from loadtest.history import (
    Fail,
    Final,
    Info,
    Ok,
    Page,
    Record,
    Saw,
    SawChange,
    SawRead,
    StoredChange,
    StoredConversation,
    StoredMessage,
)
from tests.unit.loadtest.story import LOST, STORED_BUT_LOST, Story, a_good_story, message

Bad = Callable[[], list[Record]]
BAD: dict[str, list[Bad]] = {}


def breaks(*rules: str) -> Callable[[Bad], Bad]:
    def enter(bad: Bad) -> Bad:
        for rule in rules:
            BAD.setdefault(rule, []).append(bad)
        return bad

    return enter


def cases() -> Iterator[Any]:
    for rule, histories in BAD.items():
        for bad in histories:
            yield pytest.param(rule, bad, id=f"{rule}:{bad.__name__}")


def replace(records: list[Record], kind: type[Any], which: int = 0, **fields: Any) -> list[Record]:
    """The records with the n-th of a kind changed."""
    index = [i for i, record in enumerate(records) if isinstance(record, kind)][which]
    return [*records[:index], structs.replace(records[index], **fields), *records[index + 1 :]]


def without(records: list[Record], kind: type[Any], which: int = 0) -> list[Record]:
    index = [i for i, record in enumerate(records) if isinstance(record, kind)][which]
    return records[:index] + records[index + 1 :]


def good() -> list[Record]:
    return a_good_story().end()


def stored_seqs(records: list[Record], *numbers: int) -> list[Record]:
    """The log of mei-lin with other numbers."""
    for which, seq in enumerate(numbers):
        found = [record for record in records if isinstance(record, StoredMessage)][which]
        renumbered = structs.replace(found.message, seq=seq)
        records = replace(records, StoredMessage, which, message=renumbered)
    return records


def final_of(records: list[Record], which: int) -> Final:
    return [record for record in records if isinstance(record, Final)][which]


@breaks("something_was_proved")
def nobody_sent_anything() -> list[Record]:
    return Story({"r": ("mei", "lin")}, {"mei": ("phone",), "lin": ("desk",)}).end()


@breaks("something_was_proved")
def the_database_was_not_looked_at() -> list[Record]:
    return [record for record in good() if not isinstance(record, StoredConversation)]


@breaks("something_was_proved")
def no_device_was_looked_at() -> list[Record]:
    return [record for record in good() if not isinstance(record, Final)]


@breaks("acknowledged_is_stored", "numbers_have_no_holes", "shown_is_stored")
def an_acknowledged_message_is_lost() -> list[Record]:
    return without(good(), StoredMessage, 1)


@breaks("acknowledged_is_stored", "nothing_comes_from_nowhere")
def a_stored_message_has_another_body() -> list[Record]:
    found = [record for record in good() if isinstance(record, StoredMessage)][1]
    return replace(good(), StoredMessage, 1, message=structs.replace(found.message, body="other"))


@breaks("acknowledged_is_stored", "nothing_comes_from_nowhere")
def a_stored_message_has_another_sender() -> list[Record]:
    found = [record for record in good() if isinstance(record, StoredMessage)][1]
    return replace(good(), StoredMessage, 1, message=structs.replace(found.message, sender="lin"))


@breaks("acknowledged_is_stored")
def the_acknowledgement_names_another_time() -> list[Record]:
    return replace(good(), Ok, 0, time=5)


@breaks("acknowledged_change_is_stored", "numbers_have_no_holes")
def an_acknowledged_change_is_lost() -> list[Record]:
    return without(good(), StoredChange, 2)


@breaks("acknowledged_change_is_stored")
def a_reaction_is_stored_under_another_name() -> list[Record]:
    return replace(good(), StoredChange, 1, reaction="👎")


@breaks("a_message_is_stored_once")
def a_retry_made_a_second_message() -> list[Record]:
    found = [record for record in good() if isinstance(record, StoredMessage)][1]
    return [*good(), structs.replace(found, message=structs.replace(found.message, seq=5))]


@breaks("a_retry_gets_the_first_answer")
def a_retry_got_another_number() -> list[Record]:
    story = a_good_story()
    story.send("mei", "phone", "mei-lin", "m1")
    last = sum(isinstance(record, Ok) for record in story.records) - 1
    return replace(story.end(), Ok, last, seq=4)


@breaks("a_retry_gets_the_first_answer")
def a_retry_was_taken_for_new() -> list[Record]:
    story = a_good_story()
    story.send("mei", "phone", "mei-lin", "m1")
    last = sum(isinstance(record, Ok) for record in story.records) - 1
    return replace(story.end(), Ok, last, duplicate=False)


@breaks("a_retry_gets_the_first_answer")
def another_body_under_the_same_id_was_acknowledged() -> list[Record]:
    story = a_good_story()
    story.send("mei", "phone", "mei-lin", "m1")
    sends = [i for i, r in enumerate(story.records) if getattr(r, "client_id", "") == "m1"]
    story.records[sends[-1]] = structs.replace(story.records[sends[-1]], body="other")
    return story.end()


@breaks("numbers_have_no_holes")
def a_number_was_left_out() -> list[Record]:
    return stored_seqs(good(), 1, 2, 3, 5)


@breaks("numbers_have_no_holes")
def the_head_is_behind_its_log() -> list[Record]:
    return replace(good(), StoredConversation, 0, seq=3)


@breaks("sending_order_is_kept")
def a_later_message_overtook_an_earlier_one() -> list[Record]:
    story = Story({"r": ("mei", "lin")}, {"mei": ("phone",), "lin": ("desk",)})
    story.send("mei", "phone", "r", "a")
    story.send("mei", "phone", "r", "b")
    records = replace(story.end(), Ok, 0, seq=2)
    return replace(records, Ok, 1, seq=1)


@breaks("sending_order_is_kept")
def the_order_turned_over_at_a_reconnect() -> list[Record]:
    story = Story({"r": ("mei", "lin")}, {"mei": ("phone",), "lin": ("desk",)})
    story.send("mei", "phone", "r", "a", LOST)
    story.send("mei", "phone", "r", "b", STORED_BUT_LOST)
    story.send("mei", "phone", "r", "a")
    story.send("mei", "phone", "r", "b")
    return story.end()


@breaks("nothing_comes_from_nowhere")
def the_log_holds_what_nobody_sent() -> list[Record]:
    return [*good(), StoredMessage(at=999, conversation="mei-lin", message=message(5))]


@breaks("refused_is_not_stored")
def a_refused_message_is_in_the_log() -> list[Record]:
    found = message(5, client_id="never")
    return [*good(), StoredMessage(at=999, conversation="mei-lin", message=found)]


@breaks("what_was_shown_stays")
def a_number_showed_two_messages() -> list[Record]:
    return replace(good(), Saw, 0, message=message(1, client_id="other"))


@breaks("what_was_shown_stays")
def a_message_changed_without_a_change() -> list[Record]:
    saw = next(record for record in good() if isinstance(record, Saw))
    return replace(good(), Saw, 0, message=structs.replace(saw.message, body="other"))


@breaks("shown_is_stored")
def an_event_told_of_a_message_that_was_never_stored() -> list[Record]:
    ghost = Saw(at=998, user="mei", conversation="mei-lin", message=message(9))
    return [*good(), ghost]


@breaks("shown_is_stored")
def an_event_told_of_a_change_that_was_never_stored() -> list[Record]:
    return replace(good(), SawChange, 0, by="yu")


@breaks("nothing_appears_below")
def history_missed_what_somebody_had_seen() -> list[Record]:
    page = [record for record in good() if isinstance(record, Page)][-1]
    return replace(good(), Page, 1, messages=page.messages[:-1])


@breaks("nothing_appears_below")
def history_had_a_hole() -> list[Record]:
    page = next(record for record in good() if isinstance(record, Page))
    return replace(good(), Page, 0, messages=(page.messages[0], page.messages[2]))


@breaks("nothing_appears_below")
def history_was_out_of_order() -> list[Record]:
    page = next(record for record in good() if isinstance(record, Page))
    return replace(good(), Page, 0, messages=page.messages[::-1])


@breaks("cursors_only_rise")
def a_read_mark_was_answered_with_less() -> list[Record]:
    answers = [i for i, r in enumerate(r for r in good() if isinstance(r, Ok)) if r.read]
    return replace(good(), Ok, answers[-1], read=1)


@breaks("cursors_only_rise")
def a_later_read_mark_was_answered_with_less_than_an_earlier_one() -> list[Record]:
    story = a_good_story()
    story.mark_read("mei", "tablet", "mei-lin", 4)
    story.mark_read("mei", "phone", "mei-lin", 2)
    answers = [i for i, r in enumerate(r for r in story.end() if isinstance(r, Ok)) if r.read]
    return replace(story.end(), Ok, answers[-1], read=2)


@breaks("cursors_only_rise")
def a_read_event_told_more_than_was_stored() -> list[Record]:
    return replace(good(), SawRead, 0, seq=99)


@breaks("cursors_agree")
def a_device_shows_another_read_position() -> list[Record]:
    return replace(good(), Final, 0, reads={"mei": 4, "lin": 1})


@breaks("cursors_agree")
def an_acknowledged_read_mark_is_lost() -> list[Record]:
    return replace(good(), StoredConversation, 0, reads={"mei": 2, "lin": 3})


@breaks("devices_converge")
def a_device_did_not_hear_of_an_edit() -> list[Record]:
    final = final_of(good(), 1)
    stale = structs.replace(final.messages[0], body="before the edit", edits=0, mod=0)
    return replace(good(), Final, 1, messages=(stale, *final.messages[1:]))


@breaks("devices_converge")
def a_device_is_behind_in_changes() -> list[Record]:
    return replace(good(), Final, 2, mod=2)


@breaks("devices_converge")
def a_device_counts_unread_wrongly() -> list[Record]:
    return replace(good(), Final, 2, unread=final_of(good(), 2).unread + 1)


@breaks("a_device_has_no_holes")
def a_device_lacks_a_message() -> list[Record]:
    final = final_of(good(), 0)
    return replace(good(), Final, 0, messages=final.messages[:1] + final.messages[2:])


@breaks("a_device_has_no_holes")
def a_device_shows_a_message_twice() -> list[Record]:
    final = final_of(good(), 0)
    return replace(good(), Final, 0, messages=(*final.messages, final.messages[-1]))


@breaks("a_device_has_no_holes")
def a_device_shows_messages_out_of_order() -> list[Record]:
    final = final_of(good(), 0)
    return replace(good(), Final, 0, messages=final.messages[::-1])


@breaks("nobody_sees_others")
def a_neighbour_got_a_message() -> list[Record]:
    return replace(good(), Saw, 0, user="yu")


@breaks("nobody_sees_others")
def a_neighbour_was_told_of_reading() -> list[Record]:
    return replace(good(), SawRead, 0, user="yu")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_good_history_passes(rule: Any) -> None:
    verdict = check(good())
    assert rule.__name__ not in verdict.broken, str(verdict)


@pytest.mark.parametrize(("rule", "bad"), list(cases()))
def test_a_bad_history_is_rejected(rule: str, bad: Bad) -> None:
    verdict = check(bad())
    assert not verdict.ok
    assert rule in verdict.broken, str(verdict)


def test_every_rule_has_a_bad_history() -> None:
    assert set(BAD) == {rule.__name__ for rule in RULES}


def test_every_rule_says_its_promise() -> None:
    assert all(rule.__doc__ for rule in RULES)


def test_a_call_whose_end_nobody_recorded_is_unknown() -> None:
    story = a_good_story()
    story.send("mei", "phone", "mei-lin", "m4", STORED_BUT_LOST)
    last = sum(isinstance(record, Info) for record in story.records) - 1
    assert check(without(story.end(), Info, last)).ok


def test_an_unknown_message_may_be_absent() -> None:
    story = a_good_story()
    story.send("mei", "phone", "mei-lin", "m4", LOST)
    assert check(story.end()).ok


def test_a_message_sent_again_after_a_refusal_may_be_late() -> None:
    story = Story({"r": ("mei", "lin")}, {"mei": ("phone",), "lin": ("desk",)})
    story.send("mei", "phone", "r", "a", "refused")
    story.send("mei", "phone", "r", "b")
    story.send("mei", "phone", "r", "a")
    assert check(story.end()).ok


def test_a_reset_device_need_not_hold_what_is_below() -> None:
    final = final_of(good(), 0)
    assert check(replace(good(), Final, 0, above=2, messages=final.messages[2:])).ok


def test_a_filled_number_needs_no_sender() -> None:
    story = a_good_story()
    story.rooms["mei-lin"].messages.append(
        {"seq": 5, "sender": "", "client_id": "", "kind": "void", "body": {}, "at": 1}
    )
    assert check(story.end()).ok


def test_a_refused_call_has_no_outcome_but_refusal() -> None:
    records = [record for record in good() if isinstance(record, Fail)]
    assert [record.code for record in records] == ["rate_limited"]


def test_the_verdict_tells_what_was_broken_and_how_much_was_looked_at() -> None:
    verdict = check(an_acknowledged_message_is_lost())
    assert "message 2 of mei-lin, acknowledged to mei, is not in the log" in str(verdict)
    assert "5 acknowledged messages" in str(verdict)


def test_the_verdict_stays_readable_when_everything_is_lost() -> None:
    story = Story({"r": ("mei", "lin")}, {"mei": ("phone",), "lin": ("desk",)})
    for number in range(50):
        story.send("mei", "phone", "r", f"c{number}")
    lost = [record for record in story.end() if not isinstance(record, StoredMessage)]
    told = [v for v in check(lost).violations if v.rule == "acknowledged_is_stored"]
    assert len(told) == SHOWN_PER_RULE
