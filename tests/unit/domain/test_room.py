"""What happens to a room: every act, who may not, and what holds whatever people do."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from chatserver.domain import room as rules
from chatserver.domain.calls import UpdateConversation
from chatserver.domain.conversation import LARGE_FROM, RoomSettings
from chatserver.domain.membership import FOREVER, RANK, Head, Membership
from chatserver.domain.places import first_seen
from chatserver.domain.rights import check_may_write, slow_mode_ms
from chatserver.domain.room import ADMINS_MAX, ASKED_MAX, INVITED_MAX
from chatserver.errors import ChatError, Forbidden, NotFound
from tests.examples import examples
from tests.unit.domain.scenes import HOUR, ID, NOW, Table, conversation, told


def update(**fields: Any) -> UpdateConversation:
    return msgspec.convert({"conversation": ID, **fields}, UpdateConversation)


# --- beginning and coming in ------------------------------------------------------------------


def test_a_new_room_has_its_owner_in_it() -> None:
    table = Table()
    assert (table.room.count, table.room.owner) == (1, "lin")
    assert (table.state("lin"), table.role("lin")) == ("in", "owner")


def test_an_open_room_takes_in_whoever_comes() -> None:
    table = Table(join="open")
    assert told(table.act(rules.join, "mei")) == ["joined"]
    assert (table.state("mei"), table.role("mei"), table.room.count) == ("in", "member", 2)


def test_a_room_by_approval_notes_who_asks_and_an_admin_lets_them_in() -> None:
    table = Table(join="approval").let_in("fang").promote("fang")
    assert told(table.act(rules.join, "mei")) == []
    assert (table.state("mei"), table.room.asked, table.room.count) == ("asked", 1, 2)
    assert table.act(rules.join, "mei") is None
    assert told(table.act(rules.add, "fang", ("mei",))) == ["added"]  # a customer, but admin
    assert (table.state("mei"), table.room.asked, table.room.count) == ("in", 0, 3)


def test_a_member_cannot_let_in_who_asked() -> None:
    table = Table(join="approval").let_in("fang")
    table.act(rules.join, "mei")
    with pytest.raises(Forbidden):
        table.act(rules.add, "fang", ("mei",))
    assert (table.state("mei"), table.room.count) == ("asked", 2)


@pytest.mark.parametrize("join", ["approval", "staff"])
def test_an_invitation_by_a_member_is_no_way_past_the_admins(join: str) -> None:
    table = Table(join=join).let_in("fang")
    with pytest.raises(Forbidden):
        table.act(rules.add, "fang", ("mei",))
    table.promote("fang").act(rules.add, "fang", ("mei",))
    table.act(rules.join, "mei")
    assert table.state("mei") == "in"


def test_only_so_many_wait_to_be_let_in() -> None:
    table = Table(join="approval")
    table.conversation = conversation(
        settings=RoomSettings(join="approval"), count=1, asked=ASKED_MAX
    )
    with pytest.raises(Forbidden):
        table.act(rules.join, "mei")


def test_only_so_many_invitations_are_open() -> None:
    table = Table().let_in("fang")
    table.conversation = conversation(count=2, invited=INVITED_MAX - 1)
    table.act(rules.add, "fang", ("mei",))
    with pytest.raises(Forbidden):
        table.act(rules.add, "fang", ("wang",))
    table.act(rules.leave, "mei")
    table.act(rules.add, "fang", ("wang",))
    assert (table.state("mei"), table.state("wang")) == ("left", "invited")


def test_a_room_by_invitation_is_not_there_for_others() -> None:
    table = Table(join="invitation")
    with pytest.raises(NotFound):
        table.act(rules.join, "eve")
    table.let_in("fang")
    assert told(table.act(rules.add, "fang", ("mei",))) == []
    assert (table.state("mei"), table.room.count) == ("invited", 2)
    assert told(table.act(rules.join, "mei")) == ["joined"]
    assert table.state("mei") == "in"


def test_a_room_of_staff_takes_in_colleagues_of_its_shop() -> None:
    table = Table(join="staff")
    table.roles |= {"he": "consultant"}
    table.shops |= {"he": "another"}
    for stranger in ("mei", "he"):
        with pytest.raises(NotFound):
            table.act(rules.join, stranger)
    table.act(rules.join, "wu")
    assert table.state("wu") == "in"


def test_staff_brings_people_in_and_customers_invite_them() -> None:
    table = Table().let_in("fang").promote("fang")
    table.act(rules.add, "fang", ("mei",))
    assert table.state("mei") == "invited"
    table.act(rules.add, "lin", ("mei",))
    assert table.state("mei") == "in"


def test_who_is_named_twice_comes_in_once() -> None:
    table = Table().let_in("mei", "mei", "mei")
    assert table.room.count == len(table.inside) == 2
    table = Table(join="approval")
    table.act(rules.join, "mei")
    table.let_in("mei", "mei")
    assert (table.room.count, table.room.asked) == (2, 0)


def test_a_full_room_takes_in_nobody_and_keeps_who_is_there() -> None:
    table = Table(capacity=2, join="open").let_in("mei")
    with pytest.raises(Forbidden):
        table.act(rules.join, "fang")
    with pytest.raises(Forbidden):
        table.act(rules.add, "lin", ("fang", "eve"))
    assert (table.room.count, table.state("fang")) == (2, None)


def test_in_a_channel_only_admins_invite() -> None:
    table = Table("channel", join="open")
    table.act(rules.join, "mei")
    with pytest.raises(Forbidden):
        table.act(rules.add, "mei", ("fang",))


def test_who_comes_again_begins_as_a_member_with_nothing_unread() -> None:
    table = Table(join="open").let_in("mei").promote("mei")
    table.head = Head(7, 2)
    table.act(rules.leave, "mei")
    table.head = Head(20, 5)
    table.act(rules.join, "mei")
    mei = table.members["mei"]
    assert (mei.role, mei.until, mei.read) == ("member", None, 20)


@pytest.mark.parametrize(("history", "first"), [("all", 1), ("joined", 101), ("last", 51)], ids=str)
def test_a_newcomer_sees_what_the_room_shows_newcomers(history: Any, first: int) -> None:
    settings = RoomSettings(history=history, history_last=50)
    assert first_seen(settings, Head(100, 0)) == first
    assert first_seen(settings, Head()) == 1


def test_a_room_shorter_than_what_newcomers_see_is_seen_from_its_beginning() -> None:
    assert first_seen(RoomSettings(history="last", history_last=50), Head(20, 0)) == 1


# --- going ------------------------------------------------------------------------------------


def test_who_leaves_keeps_what_was_until_then() -> None:
    table = Table().let_in("mei")
    table.head = Head(7, 2)
    assert told(table.act(rules.leave, "mei")) == ["left"]
    assert (table.state("mei"), table.members["mei"].until) == ("left", Head(7, 2))
    assert table.room.count == 1
    assert table.act(rules.leave, "mei") is None


def test_an_invitation_is_declined_and_a_request_withdrawn_by_leaving() -> None:
    table = Table(join="approval").let_in("fang").promote("fang")
    table.act(rules.add, "fang", ("mei",))
    table.act(rules.join, "eve")
    for user in ("mei", "eve"):
        assert told(table.act(rules.leave, user)) == []
        assert table.state(user) == "left"
    assert (table.room.count, table.room.asked) == (2, 0)


def test_who_never_was_there_cannot_leave() -> None:
    with pytest.raises(NotFound):
        Table().act(rules.leave, "eve")


def test_an_owner_hands_the_room_over_before_leaving_others() -> None:
    table = Table().let_in("mei")
    with pytest.raises(Forbidden):
        table.act(rules.leave, "lin")
    table.act(rules.set_role, "lin", "mei", "owner")
    table.act(rules.leave, "lin")
    assert (table.room.owner, table.role("mei"), table.state("lin")) == ("mei", "owner", "left")


def test_an_empty_room_waits_for_its_owner_and_takes_in_nobody_else() -> None:
    table = Table(join="open")
    table.act(rules.add, "lin", ())
    table.act(rules.leave, "lin")
    assert table.room.count == 0
    with pytest.raises(NotFound):
        table.act(rules.join, "mei")
    table.act(rules.join, "lin")
    assert (table.role("lin"), table.state("lin")) == ("owner", "in")


def test_an_invitation_into_a_room_that_everybody_left_leads_nowhere() -> None:
    table = Table(join="invitation").let_in("fang")
    table.act(rules.add, "fang", ("mei",))
    table.act(rules.leave, "fang")
    table.act(rules.leave, "lin")
    with pytest.raises(NotFound):
        table.act(rules.join, "mei")
    table.act(rules.join, "lin")  # by invitation, but it is her room
    assert table.role("lin") == "owner"


def test_a_member_is_removed_and_whoever_asked_or_was_invited_is_refused() -> None:
    table = Table(join="approval").let_in("fang", "mei").promote("fang")
    table.act(rules.add, "fang", ("wang",))
    table.act(rules.join, "eve")
    assert told(table.act(rules.remove, "lin", "mei")) == ["removed"]
    for user in ("wang", "eve"):
        assert told(table.act(rules.remove, "lin", user)) == []
    assert [table.state(user) for user in ("mei", "wang", "eve")] == ["removed"] * 3
    assert (table.room.count, table.room.asked) == (2, 0)


@pytest.mark.parametrize("act", ["remove", "ban"])
def test_nobody_sends_themselves_away(act: str) -> None:
    with pytest.raises(NotFound):
        Table().act(getattr(rules, act), "lin", "lin", *([None] if act == "ban" else []))


@pytest.mark.parametrize("act", ["remove", "ban"])
def test_nobody_sends_a_stranger_away(act: str) -> None:
    with pytest.raises(NotFound):
        Table().act(getattr(rules, act), "lin", "eve", *([None] if act == "ban" else []))


def test_who_is_gone_is_not_removed_again() -> None:
    table = Table().let_in("mei")
    table.act(rules.remove, "lin", "mei")
    with pytest.raises(NotFound):
        table.act(rules.remove, "lin", "mei")


def test_who_is_banned_does_not_come_in_by_any_way_until_the_time_is_over() -> None:
    table = Table(join="open").let_in("mei")
    assert told(table.act(rules.ban, "lin", "mei", NOW + HOUR)) == ["removed"]
    assert table.act(rules.leave, "mei") is None
    with pytest.raises(NotFound):
        table.act(rules.join, "mei")
    with pytest.raises(Forbidden):
        table.act(rules.add, "lin", ("mei",))
    table.now = NOW + HOUR
    table.act(rules.join, "mei")
    assert (table.state("mei"), table.members["mei"].banned_until) == ("in", None)


def test_a_ban_is_for_ever_and_a_past_time_lifts_it() -> None:
    table = Table(join="open").let_in("mei")
    table.act(rules.ban, "lin", "mei", None)
    assert table.members["mei"].banned_until == FOREVER
    table.now += 10_000 * HOUR
    with pytest.raises(NotFound):
        table.act(rules.join, "mei")
    table.act(rules.ban, "lin", "mei", 0)
    assert table.state("mei") == "removed"
    assert table.act(rules.ban, "lin", "mei", 0) is None
    table.act(rules.join, "mei")
    assert table.state("mei") == "in"


def test_who_left_or_asked_is_banned_too_and_is_told_to_nobody() -> None:
    table = Table(join="approval").let_in("mei")
    table.act(rules.leave, "mei")
    table.act(rules.join, "eve")
    for user in ("mei", "eve"):
        assert told(table.act(rules.ban, "lin", user, None)) == []
        assert table.state(user) == "banned"
    assert table.room.asked == 0
    assert table.act(rules.ban, "lin", "eve", None) is None


# --- roles ------------------------------------------------------------------------------------


def test_only_the_owner_gives_roles() -> None:
    table = Table().let_in("mei", "fang").promote("mei")
    for by in ("mei", "fang"):
        with pytest.raises(Forbidden):
            table.act(rules.set_role, by, "fang", "admin")
    table.act(rules.set_role, "lin", "mei", "member")
    assert table.role("mei") == "member"


def test_a_role_is_for_members() -> None:
    with pytest.raises(NotFound):
        Table().act(rules.set_role, "lin", "eve", "admin")


def test_handing_over_makes_one_owner_of_another() -> None:
    table = Table().let_in("mei")
    assert told(table.act(rules.set_role, "lin", "mei", "owner")) == ["role"]
    assert (table.role("mei"), table.role("lin"), table.room.owner) == ("owner", "admin", "mei")
    with pytest.raises(Forbidden):
        table.act(rules.set_role, "lin", "lin", "owner")


def test_an_owner_cannot_step_down_without_an_heir() -> None:
    assert Table().act(rules.set_role, "lin", "lin", "member") is None


def test_a_room_has_so_many_admins_and_no_more() -> None:
    table = Table().let_in("mei", "fang").promote("fang")
    for number in range(1, ADMINS_MAX):
        table.let_in(f"admin{number}").promote(f"admin{number}")
    with pytest.raises(Forbidden):
        table.act(rules.set_role, "lin", "mei", "admin")
    with pytest.raises(Forbidden):  # the old owner would be one more
        table.act(rules.set_role, "lin", "mei", "owner")
    table.act(rules.set_role, "lin", "fang", "owner")
    assert (table.role("fang"), table.role("lin")) == ("owner", "admin")


def test_admins_act_on_members_alone() -> None:
    table = Table().let_in("mei", "fang").promote("mei", "fang")
    for rule, more in ((rules.remove, ()), (rules.ban, (None,)), (rules.mute, (NOW + HOUR,))):
        for target in ("fang", "lin"):
            with pytest.raises(Forbidden):
                table.act(rule, "mei", target, *more)


# --- silence ----------------------------------------------------------------------------------


def may_write(table: Table, user: str, now: int = NOW) -> bool:
    try:
        check_may_write(table.conversation, table.members[user], now)
    except Forbidden:
        return False
    return True


def test_a_muted_member_is_silent_until_the_time_is_over() -> None:
    table = Table().let_in("mei")
    assert told(table.act(rules.mute, "lin", "mei", NOW + HOUR)) == ["muted"]
    assert [may_write(table, "mei", now) for now in (NOW, NOW + HOUR)] == [False, True]
    with pytest.raises(Forbidden) as refused:
        check_may_write(table.conversation, table.members["mei"], NOW)
    assert refused.value.retry_after_ms == HOUR
    assert told(table.act(rules.mute, "lin", "mei", 0)) == ["unmuted"]
    assert may_write(table, "mei")
    assert table.act(rules.mute, "lin", "mei", 5) is None


def test_an_admin_whom_the_owner_muted_is_silent_too() -> None:
    table = Table().let_in("mei").promote("mei")
    table.act(rules.mute, "lin", "mei", NOW + HOUR)
    assert not may_write(table, "mei")


def test_leaving_does_not_end_silence() -> None:
    table = Table(join="open").let_in("mei")
    table.act(rules.mute, "lin", "mei", NOW + HOUR)
    table.act(rules.leave, "mei")
    table.act(rules.join, "mei")
    assert not may_write(table, "mei")


def test_a_new_owner_may_speak() -> None:
    table = Table().let_in("mei")
    table.act(rules.mute, "lin", "mei", FOREVER)
    table.act(rules.set_role, "lin", "mei", "owner")
    assert may_write(table, "mei")


def test_nobody_mutes_whoever_is_not_there() -> None:
    table = Table(join="approval")
    table.act(rules.join, "mei")
    for user in ("mei", "eve"):
        with pytest.raises(NotFound):
            table.act(rules.mute, "lin", user, NOW + HOUR)


def test_when_all_are_muted_admins_and_speakers_write() -> None:
    table = Table().let_in("mei", "fang", "wang").promote("wang")
    assert told(table.act(rules.mute_all, "lin", NOW + HOUR, ("fang",))) == ["all_muted"]
    assert [may_write(table, user) for user in ("lin", "wang", "fang", "mei")] == [
        True, True, True, False,
    ]  # fmt: skip
    assert may_write(table, "mei", NOW + HOUR)
    assert table.act(rules.mute_all, "lin", NOW + HOUR, ("fang",)) is None
    assert told(table.act(rules.mute_all, "lin", 0, ("mei",))) == ["all_unmuted"]
    assert (table.room.speakers, table.room.muted_until) == ((), 0)


def test_only_members_are_speakers() -> None:
    table = Table(join="open").let_in("mei", "fang")
    table.act(rules.leave, "fang")
    table.act(rules.mute_all, "lin", NOW + HOUR, ("fang", "mei", "eve"))
    assert table.room.speakers == ("mei",)


def test_a_speaker_who_went_is_none_any_more() -> None:
    table = Table(join="open").let_in("mei")
    table.act(rules.mute_all, "lin", NOW + HOUR, ("mei",))
    table.act(rules.remove, "lin", "mei")
    table.act(rules.join, "mei")
    assert not may_write(table, "mei")


@pytest.mark.parametrize("rule", ["mute", "mute_all"])
def test_members_mute_nobody(rule: str) -> None:
    table = Table().let_in("mei", "fang")
    given = ("fang", NOW + HOUR) if rule == "mute" else (NOW + HOUR, ())
    with pytest.raises(Forbidden):
        table.act(getattr(rules, rule), "mei", *given)


def test_in_a_channel_only_admins_write() -> None:
    table = Table("channel", join="open").let_in("mei", "fang").promote("fang")
    assert [may_write(table, user) for user in ("lin", "fang", "mei")] == [True, True, False]


def test_slow_mode_is_for_members() -> None:
    table = Table(slow_mode_s=30).let_in("mei", "fang").promote("fang")
    waits = [slow_mode_ms(table.conversation, table.members[u]) for u in ("mei", "fang")]
    assert waits == [30_000, 0]
    assert slow_mode_ms(Table().let_in("mei").conversation, table.members["mei"]) == 0


# --- what a room shows ------------------------------------------------------------------------


def test_what_is_left_out_of_an_update_stays() -> None:
    table = Table(join="open")
    ruling = table.act(rules.update, "lin", update(title="四月宝宝"))
    assert told(ruling) == ["title"]
    ruling = table.act(rules.update, "lin", update(settings={"slow_mode_s": 5}))
    assert told(ruling) == ["settings"]
    assert (table.room.title, table.room.settings.join) == ("四月宝宝", "open")
    assert table.room.settings.slow_mode_s == 5


def test_an_announcement_says_who_made_it_and_when() -> None:
    table = Table().let_in("mei").promote("mei")
    table.act(rules.update, "lin", update(announcement="周六抚触课"))
    made = table.room.announcement
    assert made is not None
    assert (made.text, made.by, made.at) == ("周六抚触课", "lin", NOW)
    table.now += HOUR
    assert table.act(rules.update, "mei", update(announcement="周六抚触课")) is None
    assert told(table.act(rules.update, "mei", update(announcement=None))) == ["announcement"]
    assert table.room.announcement is None
    assert table.act(rules.update, "mei", update(announcement=None)) is None


def test_saying_what_is_so_changes_nothing() -> None:
    table = Table()
    same = update(title=table.room.title, avatar=None, settings={"join": "invitation"})
    assert table.act(rules.update, "lin", same) is None


@pytest.mark.parametrize("by", ["mei", "eve"])
def test_members_and_strangers_change_nothing(by: str) -> None:
    table = Table().let_in("mei")
    with pytest.raises((Forbidden, NotFound)):
        table.act(rules.update, by, update(title="mine"))


@pytest.mark.parametrize("title", ["", "  ", "\n", "a\0b", "a\nb", "\u2003", "x" * 101])
def test_a_title_is_a_line_of_text(title: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        update(title=title)


@pytest.mark.parametrize("title", ["三月宝宝 妈妈群", "$set", "a.b", "👶"])
def test_any_other_line_is_a_title(title: str) -> None:
    assert update(title=title).title == title


# --- large rooms ------------------------------------------------------------------------------


def test_in_a_large_room_nobody_is_told_who_comes_and_goes() -> None:
    table = Table(join="open", capacity=5000).let_in("mei")
    table.conversation = structs.replace(
        table.conversation, room=structs.replace(table.room, count=LARGE_FROM)
    )
    assert told(table.act(rules.join, "fang")) == []
    assert told(table.act(rules.leave, "fang")) == []
    assert told(table.act(rules.remove, "lin", "mei")) == ["removed"]  # now it is small again


# --- whatever people do -----------------------------------------------------------------------

PEOPLE = ("lin", "mei", "fang", "wu", "eve")
someone = st.sampled_from(PEOPLE)
until = st.sampled_from([0, NOW + HOUR, FOREVER])
ACTS = st.one_of(
    st.tuples(st.just(rules.join), someone),
    st.tuples(st.just(rules.leave), someone),
    st.tuples(st.just(rules.add), someone, st.lists(someone, max_size=4).map(tuple)),
    st.tuples(st.just(rules.remove), someone, someone),
    st.tuples(st.just(rules.ban), someone, someone, st.none() | until),
    st.tuples(st.just(rules.set_role), someone, someone, st.sampled_from(list(RANK))),
    st.tuples(st.just(rules.mute), someone, someone, until),
    st.tuples(st.just(rules.mute_all), someone, until, st.lists(someone, max_size=2).map(tuple)),
    st.tuples(
        st.just(rules.update),
        someone,
        st.sampled_from(["open", "approval", "invitation", "staff"]).map(
            lambda join: update(settings={"join": join})
        ),
    ),
)
# time goes by between acts, so that bans and silences end
STORIES = st.lists(st.tuples(ACTS, st.sampled_from([0, 1, HOUR])), max_size=40)


def holds(table: Table) -> None:
    inside, room = table.inside, table.room
    assert room.count == len(inside) <= room.capacity
    assert room.asked == sum(m.state == "asked" for m in table.members.values())
    assert room.invited == sum(m.state == "invited" for m in table.members.values())
    owners = [member.user for member in inside if member.role == "owner"]
    assert owners == ([room.owner] if inside else [])
    for member in table.members.values():
        assert member.is_in or member.role == "member"
        assert not (member.is_in and (member.until or member.sign))
        assert (member.sign is not None) is (member.state in rules.GONE)
        assert (member.banned_until is not None) is (member.state == "banned")
    assert not {user for user in room.speakers if table.state(user) in rules.GONE}


def fair(before: dict[str, Membership], table: Table, act: tuple[Any, ...]) -> None:
    """Nobody acts on somebody of equal or higher role, and no ban is got round."""
    rule, by = act[:2]
    for user, member in table.members.items():
        was = before.get(user)
        if was == member:
            continue
        if was is not None and was.is_in and user != by:
            above = RANK[before[by].role] > RANK[was.role]
            assert above or rule is rules.set_role, (by, user)
        if member.is_in and was is not None and was.state == "banned":
            assert (was.banned_until or FOREVER) <= table.now


@settings(max_examples=examples(300))
@given(story=STORIES, capacity=st.integers(1, 5))
def test_whatever_people_do_the_room_stays_in_order(story: Any, capacity: int) -> None:
    table = Table(join="open", capacity=capacity)
    for act, passed in story:
        table.now += passed
        before = dict(table.members)
        try:
            table.act(*act)
        except ChatError:
            assert table.members == before
            continue
        holds(table)
        fair(before, table, act)


@settings(max_examples=examples(200))
@given(story=STORIES)
def test_repeating_an_act_changes_nothing(story: Any) -> None:
    table = Table(join="open")
    for act, _ in story:
        try:
            table.act(*act)
            again = table.act(*act)
        except (Forbidden, NotFound):
            continue  # there is nobody left to act on, or to act
        assert again is None


def test_the_last_to_come_in_at_once_are_as_many_as_there_is_room_for() -> None:
    table = Table(capacity=101)
    table.let_in(*(f"user{n}" for n in range(100)))
    assert table.room.count == len(table.inside) == 101
    with pytest.raises(Forbidden):
        table.let_in("eve")


STRANGER: list[tuple[Any, ...]] = [
    (rules.leave,),
    (rules.add, ("mei",)),
    (rules.remove, "mei"),
    (rules.ban, "mei", None),
    (rules.ban, "mei", 0),
    (rules.set_role, "mei", "admin"),
    (rules.mute, "mei", NOW + HOUR),
    (rules.mute_all, NOW + HOUR, ()),
    (rules.update, update(title="mine")),
]


@pytest.mark.parametrize("act", STRANGER, ids=lambda act: act[0].__name__)
def test_to_a_stranger_the_room_is_not_there(act: tuple[Any, ...]) -> None:
    rule, *given = act
    with pytest.raises(NotFound):
        Table().let_in("mei").act(rule, "eve", *given)


@pytest.mark.parametrize("act", STRANGER[1:], ids=lambda act: act[0].__name__)
@pytest.mark.parametrize("state", ["invited", "asked", "left", "removed", "banned"])
def test_who_is_not_in_it_does_nothing_in_it(state: Any, act: tuple[Any, ...]) -> None:
    table = Table().let_in("mei", "fang").promote("fang")
    table.members["fang"] = structs.replace(table.members["fang"], state=state, role="member")
    rule, *given = act
    with pytest.raises(Forbidden):
        table.act(rule, "fang", *given)
