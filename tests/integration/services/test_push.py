"""Plays: who is told of what, when, and what is taken away again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from chatserver.config import Settings
from chatserver.domain.push.ladder import Ladder
from chatserver.domain.push.notification import Outcome
from chatserver.domain.push.prefs import Channels, Quiet
from tests.integration.services.pushing import Day
from tests.integration.services.rooms import act, begin

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def day(node: Any, settings: Settings) -> Day:
    return Day(node, settings)


@pytest_asyncio.fixture
async def lin(node: Any) -> Any:
    return await node.arrive("lin", role="manager", shop="renmin")


@pytest_asyncio.fixture
async def mei(day: Day) -> Any:
    """A customer whose phone can be notified."""
    await day.phone("mei")
    return await day.node.arrive("mei")


TOKEN = "mei-phone"


async def test_a_phone_that_sleeps_is_told_once_after_the_grace(
    day: Day, lin: Any, mei: Any
) -> None:
    place = await lin.open("mei")
    await lin.say(place, "新款到了")
    assert await day.passes(2) == 0
    await day.passes(4)
    (told,) = day.post.handed[TOKEN]
    assert (told.title, told.text, told.badge, told.seq) == ("Lin", "新款到了", 1, 1)
    assert (told.url, told.sounds, told.shows) == (f"/#/c/{place}", True, True)
    for _ in range(3):
        await day.passes(3600)
    assert len(day.post.handed[TOKEN]) == 1
    _, decisions = await day.burst("mei", place)
    assert [each.action for each in decisions] == ["send"]
    assert decisions[0].results[0].receipt == "r1"


async def test_what_comes_soon_after_is_gathered_into_one(day: Day, lin: Any, mei: Any) -> None:
    place = await lin.open("mei")
    await lin.say(place, "一")
    await day.passes(6)
    for text in ("二", "三"):
        await lin.say(place, text)
        await day.passes(6)
    assert len(day.post.handed[TOKEN]) == 1
    await day.passes(30)
    assert day.post.texts(TOKEN) == ["一", "3条新消息 · 三"]
    assert day.post.handed[TOKEN][1].badge == 3


async def test_what_is_read_elsewhere_is_not_told_and_goes_from_other_devices(
    day: Day, lin: Any, mei: Any
) -> None:
    tablet = await day.phone("mei", "tablet")
    place = await lin.open("mei")
    seq = await lin.say(place)
    await day.passes(6)
    assert len(day.post.shown(tablet)) == len(day.post.shown(TOKEN)) == 1
    await mei.call("read.mark", {"conversation": place, "seq": seq})
    await day.passes()
    for token in (tablet, TOKEN):
        closing = day.post.handed[token][-1]
        assert (closing.shows, closing.badge, closing.seq) == (False, 0, seq)
        assert len(day.post.handed[token]) == 2
    await lin.say(place, "read at once")
    await mei.call("read.mark", {"conversation": place, "seq": seq + 1})
    await day.passes(60)
    assert len(day.post.handed[TOKEN]) == 2
    assert await day.why("mei", place) == "read"


async def test_after_reading_the_next_message_is_told_without_waiting(
    day: Day, lin: Any, mei: Any
) -> None:
    place = await lin.open("mei")
    seq = await lin.say(place, "一")
    await day.passes(6)
    await mei.call("read.mark", {"conversation": place, "seq": seq})
    await day.passes()
    await lin.say(place, "二")
    await day.passes(6)
    assert day.post.texts(TOKEN) == ["一", "二"]


async def test_what_is_recalled_before_is_never_told(day: Day, lin: Any, mei: Any) -> None:
    place = await lin.open("mei")
    seq = await lin.say(place, "secret")
    await day.passes(1)
    await lin.call("message.recall", {"conversation": place, "seq": seq})
    await day.passes(10)
    assert not day.post.handed
    assert await day.why("mei", place) == "recalled"


async def test_who_left_is_told_nothing_more(day: Day, lin: Any, mei: Any) -> None:
    room = await begin(lin, "mei")
    await lin.say(room)
    await day.passes(1)
    await act(lin, "remove", room, user="mei")
    await day.passes(10)
    assert not day.post.handed
    assert await day.why("mei", room) == "left"


async def test_an_open_desk_app_holds_it_back_for_a_minute_unless_wanted_at_once(
    day: Day, lin: Any, mei: Any
) -> None:
    place = await lin.open("mei")
    day.fronts["mei"] = "desktop"
    await lin.say(place, "一")
    await day.passes(10)
    assert await day.why("mei", place) == "desktop_open"
    assert not day.post.handed
    await day.passes(51)
    assert len(day.post.handed[TOKEN]) == 1
    await day.phone("fang")
    other = await lin.open("fang")
    day.fronts["fang"] = "desktop"
    await day.stores.push_prefs.change("fang", {"desktop": "also"})
    await lin.say(other)
    await day.passes(6)
    assert len(day.post.handed["fang-phone"]) == 1


@pytest.mark.parametrize("front", ["away", None])
async def test_who_is_away_or_not_known_is_told(day: Day, lin: Any, mei: Any, front: Any) -> None:
    day.fronts["mei"] = front
    await lin.say(await lin.open("mei"))
    await day.passes(6)
    assert len(day.post.handed[TOKEN]) == 1


async def test_who_puts_the_app_away_unread_is_told_then(day: Day, lin: Any, mei: Any) -> None:
    place = await lin.open("mei")
    day.fronts["mei"] = "handheld"
    await lin.say(place)
    assert await day.passes(6) == 0  # of a crowd that looks on most will have read it
    await day.passes(10)
    assert await day.why("mei", place) == "in_foreground"
    await day.passes(20)
    assert not day.post.handed
    day.fronts["mei"] = "away"
    await day.passes(20)
    assert len(day.post.handed[TOKEN]) == 1


async def test_a_critical_message_does_not_wait_for_who_looks_on(
    day: Day, lin: Any, mei: Any
) -> None:
    day.fronts["mei"] = "handheld"
    await lin.say(await lin.open("mei"), "召回通知", **{"class": "critical"})
    await day.passes(0)
    assert len(day.post.handed[TOKEN]) == 1


def hours(day: Day, before: int, after: int) -> Quiet:
    """Quiet hours around this moment."""
    now = datetime.fromtimestamp(day.now() / 1000, UTC)
    minute = now.hour * 60 + now.minute
    return Quiet((minute - before * 60) % 1440, (minute + after * 60) % 1440, "UTC")


async def test_a_night_ends_with_one_notification_for_all_but_critical_ones_come_through(
    day: Day, lin: Any, mei: Any
) -> None:
    await day.stores.push_prefs.change("mei", {"quiet": hours(day, 1, 2)})
    place, other = await lin.open("mei"), await begin(lin, "mei")
    for kind in ("chat", "marketing", "service"):
        await lin.say(place, kind, **{"class": kind})
        await day.passes(10)
    assert not day.post.handed
    assert await day.why("mei", place) == "quiet_hours"
    await lin.say(other, "召回通知", **{"class": "critical"})
    await day.passes(1)
    assert day.post.texts(TOKEN) == ["Lin: 召回通知"]
    await day.passes(2 * 3600)
    assert day.post.texts(TOKEN)[1:] == ["3条新消息 · service"]


async def test_a_critical_message_after_others_at_night_comes_through(
    day: Day, lin: Any, mei: Any
) -> None:
    await day.stores.push_prefs.change("mei", {"quiet": hours(day, 1, 2)})
    place = await lin.open("mei")
    await lin.say(place, "chat")
    await day.passes(10)
    await lin.say(place, "now", **{"class": "critical"})
    await lin.say(place, "chat again")
    await day.passes(1)
    assert len(day.post.handed[TOKEN]) == 1
    assert day.post.handed[TOKEN][0].kind == "critical"


async def test_modes_of_a_conversation_decide_who_is_told(day: Day, lin: Any, mei: Any) -> None:
    room = await begin(lin, "mei")

    async def says(mode: str, **fields: Any) -> int:
        before = len(day.post.handed[TOKEN])
        await mei.call("conversation.prefs", {"conversation": room, "mode": mode})
        seq = await lin.say(room, mode, **fields)
        await day.passes(40)
        told = len(day.post.handed[TOKEN]) - before
        await mei.call("read.mark", {"conversation": room, "seq": seq})
        await day.passes(40)
        return told

    assert await says("mentions") == 0
    assert await says("mentions", mentions=["mei"]) == 1
    assert await says("mentions", mention_all=True) == 1
    assert await says("none", mentions=["mei"]) == 0
    assert await says("none", **{"class": "critical"}) == 1
    assert await says("silent") == 1
    silent = day.post.shown(TOKEN)[-1]
    assert (silent.sounds, silent.badge) == (False, 0)


async def test_previews_say_as_much_as_the_person_wants(day: Day, lin: Any, mei: Any) -> None:
    english = await day.phone("mei", "tablet", language="en")
    shown = []
    for preview in ("full", "name", "none"):
        await day.stores.push_prefs.change("mei", {"preview": preview})
        place = await lin.open("mei")
        seq = await lin.say(place, "秘密")
        await day.passes(60)
        await mei.call("read.mark", {"conversation": place, "seq": seq})
        await day.passes(60)
        shown.append(
            [
                (each.title, each.text)
                for each in (day.post.shown(TOKEN)[-1], day.post.shown(english)[-1])
            ]
        )
    assert shown == [
        [("Lin", "秘密"), ("Lin", "秘密")],
        [("Lin", "1条新消息"), ("Lin", "New message")],
        [("新消息", "点击查看"), ("New message", "Tap to read")],
    ]  # fmt: skip


async def test_a_dead_address_is_removed_and_the_others_are_told(
    day: Day, lin: Any, mei: Any
) -> None:
    tablet = await day.phone("mei", "tablet")
    day.post.answers[tablet] = Outcome(state="dead", reason="Unregistered")
    place = await lin.open("mei")
    await lin.say(place)
    await day.passes(6)
    assert len(day.post.handed[TOKEN]) == len(day.post.handed[tablet]) == 1
    addresses = (await day.stores.devices.addresses_of(["mei"]))["mei"]
    assert [each.device for each in addresses] == ["phone"]
    await lin.say(place)
    await day.passes(60)
    assert len(day.post.handed[tablet]) == 1


async def test_a_provider_that_asks_for_patience_gets_it_and_the_others_nothing_twice(
    day: Day, lin: Any, mei: Any
) -> None:
    tablet = await day.phone("mei", "tablet")
    day.post.answers[tablet] = Outcome(state="later", retry_after_ms=120_000)
    place = await lin.open("mei")
    await lin.say(place)
    await day.passes(6)
    await day.passes(100)
    assert len(day.post.handed[tablet]) == 1
    await day.passes(100)
    assert len(day.post.handed[tablet]) == 2
    del day.post.answers[tablet]
    await day.passes(130)
    assert len(day.post.handed[tablet]) == 3
    assert len(day.post.handed[TOKEN]) == 1
    assert len({each.id for each in day.post.handed[tablet]}) == 1
    await day.passes(3600)
    assert len(day.post.handed[tablet]) == 3


async def test_nobody_is_told_what_is_older_than_a_day(day: Day, lin: Any, mei: Any) -> None:
    day.post.answers[TOKEN] = Outcome(state="later")
    place = await lin.open("mei")
    await lin.say(place)
    for _ in range(30):
        await day.passes(3600)
    tries = len(day.post.handed[TOKEN])
    assert 10 < tries < 60
    assert await day.why("mei", place) == "expired"
    assert await day.passes(86_400) == 0


async def test_the_ladder_goes_on_to_who_does_not_read(day: Day, lin: Any, mei: Any) -> None:
    mini = await day.phone("mei", "mini", provider="wechat")
    place = await lin.open("mei")
    await lin.say(place, "您的订单已发货", **{"class": "service"})
    await day.passes(6)
    assert (len(day.post.handed[TOKEN]), len(day.post.handed[mini])) == (1, 0)
    await day.passes(500)
    assert len(day.post.handed[mini]) == 0
    await day.passes(100)
    assert len(day.post.handed[mini]) == 1
    await lin.say(place, "还有一件", **{"class": "service"})
    for _ in range(4):
        await day.passes(700)
    assert (len(day.post.handed[TOKEN]), len(day.post.handed[mini])) == (2, 1)


async def test_a_step_that_cannot_be_taken_leaves_the_next_one_its_time(day: Day, lin: Any) -> None:
    mini = await day.phone("mei", "mini", provider="wechat")
    place = await lin.open("mei")
    await lin.say(place, "您的订单已发货", **{"class": "service"})
    await day.passes(6)
    assert await day.why("mei", place) == "no_device"
    await day.passes(500)
    assert not day.post.handed
    await day.passes(100)
    assert len(day.post.handed[mini]) == 1


async def test_a_channel_that_is_off_is_left_out(day: Day, lin: Any, mei: Any) -> None:
    channels = Channels(push=False, wechat=True, sms=False)
    await day.stores.push_prefs.change("mei", {"channels": channels})
    place = await lin.open("mei")
    await lin.say(place)
    await day.passes(3600)
    assert not day.post.handed
    assert await day.why("mei", place) == "channel_off"


async def test_who_reads_is_spared_the_next_step(day: Day, lin: Any, mei: Any) -> None:
    mini = await day.phone("mei", "mini", provider="wechat")
    place = await lin.open("mei")
    seq = await lin.say(place, "您的订单已发货", **{"class": "service"})
    await day.passes(6)
    await mei.call("read.mark", {"conversation": place, "seq": seq})
    await day.passes(3600)
    assert not day.post.handed[mini]


async def test_without_a_ladder_nobody_is_told(node: Any, settings: Settings, lin: Any) -> None:
    day = Day(node, settings, Ladder(chat=()))
    await day.phone("mei")
    await lin.say(await lin.open("mei"))
    await day.passes(3600)
    assert not day.post.handed


async def test_a_tap_is_noted_with_its_notification(day: Day, lin: Any, mei: Any) -> None:
    place = await lin.open("mei")
    await lin.say(place)
    await day.passes(6)
    (told,) = day.post.handed[TOKEN]
    assert await day.stores.pushes.opened("mei", place, told.id, 5)
    assert not await day.stores.pushes.opened("mei", place, "other", 5)
    _, (decision,) = await day.burst("mei", place)
    assert decision.opened_at == 5


async def test_staff_are_led_to_the_workbench_and_nobody_hears_of_their_own(
    day: Day, lin: Any, mei: Any
) -> None:
    await day.phone("lin")
    await day.node.arrive("lin", role="manager", shop="renmin")
    place = await mei.open("lin")
    await mei.say(place, "在吗")
    await day.passes(6)
    (told,) = day.post.handed["lin-phone"]
    assert told.url == f"/workbench#/c/{place}"
    assert not day.post.handed[TOKEN]


async def test_what_is_read_while_it_is_handed_over_goes_again(
    day: Day, lin: Any, mei: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = await lin.open("mei")
    seq = await lin.say(place)
    send = day.post.send

    async def slowly(*given: Any) -> Outcome:
        monkeypatch.setattr(day.post, "send", send)
        await mei.call("read.mark", {"conversation": place, "seq": seq})
        await day.tell()
        return await send(*given)

    monkeypatch.setattr(day.post, "send", slowly)
    await day.passes(6)
    assert [each.shows for each in day.post.handed[TOKEN]] == [True, False]


async def test_a_text_message_goes_to_the_number_of_who_reads_nothing(
    start_node: Any, settings: Settings
) -> None:
    keys = {"data_keys": ("main:" + "A" * 43 + "=",)}
    node = await start_node(**keys)
    day, lin = Day(node, settings), await node.arrive("lin", role="manager")
    mei = await node.arrive("mei")
    place = await lin.open("mei")
    seq = await lin.say(place, "请立即停用", **{"class": "critical"})
    assert await day.passes(1) == 0  # there is no way to her
    await mei.call("read.mark", {"conversation": place, "seq": seq})
    await day.stores.push_prefs.change("mei", {}, "+8613800000000")
    await lin.say(place, "批号 7", **{"class": "critical"})
    await day.passes(1)
    assert await day.why("mei", place) == "no_device"
    await day.passes(250)
    assert not day.post.handed
    await day.passes(60)
    assert [each.seq for each in day.post.handed["+8613800000000"]] == [2]
    await day.passes(3600)
    assert len(day.post.handed["+8613800000000"]) == 1


async def test_a_defect_puts_a_notification_off_and_holds_up_no_other(
    day: Day, lin: Any, mei: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, room = await lin.open("mei"), await begin(lin, "mei")
    await lin.say(place)
    await lin.say(room)
    send = day.post.send

    async def breaks(address: Any, notification: Any) -> Outcome:
        if notification.conversation == place:
            raise ZeroDivisionError
        return await send(address, notification)

    with monkeypatch.context() as patch:
        patch.setattr(day.post, "send", breaks)
        with capture_logs() as logs:
            await day.passes(6)
    assert [each.conversation for each in day.post.handed[TOKEN]] == [room]
    assert [each["event"] for each in logs] == ["a notification failed"]
    assert await day.why("mei", place) == "failed"
    await day.passes(10)
    assert len(day.post.handed[TOKEN]) == 2


async def test_what_is_recalled_goes_from_the_screens_that_show_it(
    day: Day, lin: Any, mei: Any
) -> None:
    place = await lin.open("mei")
    first = await lin.say(place, "一")
    second = await lin.say(place, "secret")
    await day.passes(6)
    for seq in (second, first):
        await lin.call("message.recall", {"conversation": place, "seq": seq})
        (recalled,) = (await day.stores.messages.by_id([(place, seq)])).values()
        await day.worker.recipients.recalled([recalled], day.now())
        await day.passes()
    shown, mended, closed = day.post.handed[TOKEN]
    assert (shown.text, shown.sounds, shown.badge) == ("2条新消息 · secret", True, 2)
    assert (mended.text, mended.sounds, mended.badge) == ("一", False, 1)
    assert (closed.shows, closed.badge) == (False, 0)
    assert await day.passes(3600) == 0


async def test_a_recall_is_made_good_also_where_a_provider_asks_for_patience(
    day: Day, lin: Any, mei: Any
) -> None:
    place = await lin.open("mei")
    seq = await lin.say(place, "secret")
    await day.passes(6)
    await lin.call("message.recall", {"conversation": place, "seq": seq})
    (recalled,) = (await day.stores.messages.by_id([(place, seq)])).values()
    day.post.answers[TOKEN] = Outcome(state="later")
    await day.worker.recipients.recalled([recalled], day.now())
    await day.passes()
    del day.post.answers[TOKEN]
    await day.passes(10)
    assert [each.shows for each in day.post.handed[TOKEN]] == [True, False, False]
    assert await day.passes(3600) == 0
