"""The plan of the demo shop: believable at whatever moment it is made."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta, timezone

import msgspec
import pytest

from chatserver.dev.story import (
    Announces,
    Dialogue,
    Edits,
    Line,
    Pins,
    Reacts,
    Reads,
    Recalls,
    Says,
    Then,
    enrolments,
    load,
    plan,
    times,
)
from chatserver.domain.calls import (
    EditMessage,
    GiveConsent,
    MarkRead,
    OpenConversation,
    PinMessage,
    ReactToMessage,
    SendMessage,
    UpdateConversation,
    UpdateProfile,
)
from chatserver.domain.person import UserId

SHANGHAI = timezone(timedelta(hours=8))
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=SHANGHAI)
AT_ANY_HOUR = [NOON + timedelta(minutes=47 * n) for n in range(31)]


def said(*when: str) -> list[str]:
    lines = tuple(Line(each, "mei", "…") for each in when)
    return [at.strftime("%m-%d %H:%M") for at in times(lines, NOON)]


def test_days_ago_with_a_time_of_day() -> None:
    assert said("3d 02:13") == ["11-18 02:13"]


def test_minutes_after_the_line_before() -> None:
    assert said("3d 23:50", "+4m", "+10m") == ["11-18 23:50", "11-18 23:54", "11-19 00:04"]


def test_minutes_before_now() -> None:
    assert said("-90m", "+2m") == ["11-21 10:30", "11-21 10:32"]


def test_in_the_small_hours_yesterday_is_the_day_before() -> None:
    lines = (Line("1d 23:50", "mei", "…"), Line("-150m", "mei", "…"))
    first, second = times(lines, NOON.replace(hour=1))
    assert first.day == 19
    assert second.day == 20


def test_an_unknown_way_to_say_when_is_an_error() -> None:
    with pytest.raises(ValueError, match="tomorrow"):
        said("tomorrow")


@pytest.mark.parametrize("now", AT_ANY_HOUR, ids=str)
def test_every_talk_runs_forward_and_ends_before_now(now: datetime) -> None:
    for talk in load().talks:
        moments = times(talk.lines, now)
        assert moments == sorted(set(moments)), talk.name
        assert moments[-1] < now - timedelta(minutes=5), talk.name


@pytest.mark.parametrize("now", AT_ANY_HOUR, ids=str)
def test_the_plan_is_in_order_and_within_three_weeks(now: datetime) -> None:
    at = [step.at for step in plan(load().talks, now)]
    assert at == sorted(at)
    assert at[-1] <= now.timestamp() * 1000
    assert at[0] > (now - timedelta(days=22)).timestamp() * 1000


def test_the_same_moment_gives_the_same_plan() -> None:
    assert plan(load().talks, NOON) == plan(load().talks, NOON)


def test_what_follows_a_line_comes_after_it() -> None:
    line = Line("-90m", "mei", "错字", Then(edit="没有错字", react=(("lin", "👍"),)))
    talk = Dialogue(people=("lin", "mei"), lines=(line,), unread=("mei",))
    steps = plan([talk], NOON)
    assert [type(step) for step in steps] == [Says, Edits, Reacts, Reads]
    assert [step.who for step in steps] == ["mei", "mei", "lin", "lin"]


def test_the_shop_has_a_manager_three_consultants_and_eight_customers() -> None:
    roles = Counter(person.role for person in load().people)
    assert roles == {"manager": 1, "consultant": 3, "customer": 8}
    assert len({person.user for person in load().people}) == 12
    for person in load().people:
        assert msgspec.convert(person.user, UserId)
        assert person.shop


def test_everybody_named_is_of_the_shop_and_of_the_talk() -> None:
    people = {person.user for person in load().people}
    for talk in load().talks:
        here = set(talk.people)
        assert here <= people
        assert set(talk.unread) <= here
        for line in talk.lines:
            assert line.who in here
            assert {who for who, _ in line.then.react} <= here


def test_a_dialogue_of_two_people_is_there_once() -> None:
    pairs = Counter(frozenset(dialogue.people) for dialogue in load().dialogues)
    assert set(pairs.values()) == {1}


def test_every_talk_has_a_name_of_its_own() -> None:
    names = Counter(talk.name for talk in load().talks)
    assert set(names.values()) == {1}


def test_only_staff_pins_and_announces() -> None:
    staff = {person.user for person in load().people if person.role == "consultant"}
    for talk in load().talks:
        honoured = [line for line in talk.lines if line.then.pin or line.then.announce]
        assert {line.who for line in honoured} <= staff
        assert not honoured or talk not in load().dialogues


def test_customers_have_no_part_in_what_staff_opened() -> None:
    staff = {person.user for person in load().people if person.role == "consultant"}
    (team,) = load().groups
    assert set(team.people) == staff


def test_of_the_inquiries_some_wait_some_are_served_and_one_is_settled() -> None:
    roles = {person.user: person.role for person in load().people}
    served = [talk for talk in load().inquiries if any(line.then.claim for line in talk.lines)]
    assert 2 <= len(served) < len(load().inquiries)
    assert len([talk for talk in served if talk.lines[-1].then.resolve]) == 1
    for talk in load().inquiries:
        assert roles[talk.people[0]] == "customer"
        claims = [line.who for line in talk.lines if line.then.claim]
        assert claims == [who for who in talk.people[1:] if roles[who] == "consultant"]


def test_notes_are_among_staff_about_a_customer_who_asked() -> None:
    roles = {person.user: person.role for person in load().people}
    asked = {talk.people[0] for talk in load().inquiries}
    for notes in load().notes:
        assert notes.about in asked
        assert {roles[who] for who in notes.people} <= {"consultant", "manager"}


def birth_months(now: datetime) -> dict[str, set[str]]:
    """By month, the customers with a baby born in it."""
    found: dict[str, set[str]] = {}
    for each in enrolments(load(), now):
        for born in each.born.values():
            found.setdefault(born.isoformat()[:7], set()).add(each.person.user)
    return found


@pytest.mark.parametrize("days_on", range(0, 400, 13))
def test_three_babies_are_of_one_month_and_no_other_two(days_on: int) -> None:
    months = birth_months(NOON + timedelta(days=days_on))
    shared = [users for users in months.values() if len(users) > 1]
    assert shared == [{"mei", "zhoumin", "anqi"}]
    assert set.union(*months.values()) == {
        person.user for person in load().people if person.role == "customer"
    }


@pytest.mark.parametrize("now", AT_ANY_HOUR, ids=str)
def test_customers_enrol_with_children_who_are_born_before_their_community_talks(
    now: datetime,
) -> None:
    enrolled = enrolments(load(), now)
    assert [each.at for each in enrolled] == sorted({each.at for each in enrolled})
    first_said = min(step.at for step in plan(load().communities, now))
    assert enrolled[-1].at < first_said
    for each in enrolled:
        then = datetime.fromtimestamp(each.at / 1000, SHANGHAI)
        assert all(born < then.date() for born in each.born.values())


def test_answers_name_an_earlier_line() -> None:
    for talk in load().talks:
        for number, line in enumerate(talk.lines, 1):
            if line.then.reply is not None:
                assert talk.number_of(line.then.reply) < number


def test_who_has_not_read_the_end_was_not_the_last_to_write() -> None:
    for talk in load().talks:
        assert talk.lines[-1].who not in talk.unread


def test_in_rooms_who_has_not_read_the_last_sitting_has_no_part_in_it() -> None:
    for talk in (*load().groups, *load().communities):
        for line in talk.lines[talk.before_last_sitting :]:
            assert {line.who, *(who for who, _ in line.then.react)}.isdisjoint(talk.unread)


def test_the_history_shows_what_the_product_can_do() -> None:
    kinds = Counter(type(step) for step in plan(load().talks, NOON))
    assert kinds[Announces] == 1
    assert kinds[Pins] >= 1
    assert kinds[Says] >= 150
    assert kinds[Edits] >= 3
    assert kinds[Recalls] >= 1
    assert kinds[Reacts] >= 10
    replies = [line for d in load().talks for line in d.lines if line.then.reply]
    assert len(replies) >= 4
    waiting = [d for d in load().talks if "xiaolin" in d.unread]
    assert 2 <= len(waiting) < len([d for d in load().talks if "xiaolin" in d.people])


def test_somebody_writes_at_two_in_the_morning() -> None:
    hours = {at.hour for d in load().talks for at in times(d.lines, NOON)}
    assert 2 in hours


def test_every_step_is_a_call_that_clients_could_make() -> None:
    for step in plan(load().talks, NOON):
        fields = {"conversation": "d1", "seq": step.number}
        if isinstance(step, Says):
            body = {"text": step.line.text}
            client_id = step.talk.client_id(step.number)
            call = {"conversation": "d1", "client_id": client_id, "kind": "text", "body": body}
            assert msgspec.convert(call, SendMessage)
        elif isinstance(step, Reacts):
            assert msgspec.convert({**fields, "reaction": step.reaction}, ReactToMessage)
        elif isinstance(step, Edits):
            assert msgspec.convert({**fields, "body": {"text": step.text}}, EditMessage)
        elif isinstance(step, Announces):
            call = {"conversation": "r1", "announcement": step.text}
            assert msgspec.convert(call, UpdateConversation)
        elif isinstance(step, Pins):
            assert msgspec.convert(fields, PinMessage)
        elif isinstance(step, Reads):
            assert msgspec.convert(fields, MarkRead)


def test_beginning_a_group_and_enrolling_are_calls_that_clients_could_make() -> None:
    for group in load().groups:
        call = {"kind": "group", "title": group.title, "client_id": group.client_id(0)}
        assert msgspec.convert({**call, "members": group.people[1:]}, OpenConversation)
    consent = {"purpose": "child_birth_date", "version": "demo"}
    assert msgspec.convert(consent, GiveConsent)
    for each in enrolments(load(), NOON):
        profile = {"attributes": each.person.attributes, "children": each.born}
        assert msgspec.convert(profile, UpdateProfile)
