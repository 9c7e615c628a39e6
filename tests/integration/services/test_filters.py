"""Word filters of the site, of shops and of rooms: over what, by whom, and on all nodes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chatserver.config import SettingsError
from chatserver.services.filters import load_rules
from tests.integration.services.conftest import StartNode
from tests.integration.services.desk import Shop, make_shop, shop
from tests.integration.services.rooms import begin, heard, history, refused
from tests.integration.services.test_cards import ORDER, put

__all__ = ["shop"]

pytestmark = pytest.mark.asyncio


async def set_rule(device: Any, action: str, *words: str, **fields: Any) -> Any:
    payload = {"rule": "ads", "action": action, "words": list(words), **fields}
    return await device.call("filter.set", payload)


async def everywhere(shop: Shop) -> None:
    """What every node does by itself within seconds."""
    for node in shop.nodes:
        await node.services.filters.catch_up()


async def group(shop: Shop) -> str:
    """A group of Lin's on the other node than Mei's."""
    room = await begin(shop.lin, "mei")
    await shop.mei.call("conversation.join", {"conversation": room})
    shop.hush()
    return room


async def test_a_filter_of_the_shop_holds_in_all_its_rooms_on_every_node(shop: Shop) -> None:
    room = await group(shop)
    service = await shop.opened(shop.mei)
    await set_rule(shop.wang, "refuse", "微信")
    await everywhere(shop)
    for conversation in (room, service):
        fields = {"conversation": conversation, "client_id": "c", "kind": "text"}
        answer = await refused(shop.mei, "message.send", **fields, body={"text": "加我微 信"})
        assert (answer["code"], answer["rule"]) == ("filtered", "ads")
    assert await shop.mei.say(room, "你好") > 0
    elsewhere = await begin(shop.hua)
    assert await shop.hua.say(elsewhere, "加我微信") > 0


async def test_a_filter_of_a_room_holds_in_this_room(shop: Shop) -> None:
    room, other = await group(shop), await group(shop)
    await set_rule(shop.lin, "mask", "竞品", conversation=room)
    await everywhere(shop)
    await shop.mei.say(room, "竞-品好")
    await shop.mei.say(other, "竞品好")
    assert heard(shop.lin) == ["*-*好", "竞品好"]


async def test_what_is_masked_the_sender_gets_back(shop: Shop) -> None:
    room = await group(shop)
    await set_rule(shop.lin, "mask", "竞品", conversation=room)
    await everywhere(shop)
    call = {
        "conversation": room, "client_id": "c", "kind": "text", "body": {"text": "竞品"},
    }  # fmt: skip
    first = await shop.mei.call("message.send", call)
    assert first["body"] == {"text": "**"}
    assert (await history(shop.mei, room))[-1]["body"] == {"text": "**"}
    # the filter is another one when the device tries again: it is the same message all the same
    await set_rule(shop.lin, "refuse", "竞品", conversation=room)
    await everywhere(shop)
    again = await shop.mei.call("message.send", {**call, "retry": True})
    assert again == {**first, "duplicate": True}


async def test_edits_cards_taps_and_what_is_forwarded_go_through_it(shop: Shop) -> None:
    room = await group(shop)
    seq = await shop.mei.say(room, "好")
    secret = await shop.mei.open("fang")
    await shop.mei.say(secret, "竞品便宜")
    await put(shop.lin, room, "card", {**ORDER, "title": "竞 品"})
    await set_rule(shop.lin, "mask", "竞品", "发货", conversation=room)
    await everywhere(shop)
    shop.hush()
    await shop.mei.call(
        "message.edit", {"conversation": room, "seq": seq, "body": {"text": "竞品"}}
    )
    await shop.mei.call(
        "message.forward", {"conversation": room, "client_id": "f", "from": secret, "seqs": [1]}
    )
    await shop.mei.call(
        "card.act", {"conversation": room, "seq": seq + 1, "button": "ask", "client_id": "t"}
    )
    await put(shop.lin, room, "card", {**ORDER, "title": "竞 品"})
    assert shop.lin.told("change")[0]["body"] == {"text": "**"}
    assert heard(shop.lin) == ["**便宜", "请问什么时候**？"]
    card = (await history(shop.mei, room))[-1]["body"]
    assert (card["title"], card["buttons"][0]["send"]) == ("* *", "请问什么时候**？")
    assert card["buttons"][0]["label"] == "催**"


async def test_what_an_application_says_to_itself_stays(shop: Shop) -> None:
    room = await group(shop)
    await set_rule(shop.lin, "mask", "竞品", conversation=room)
    await everywhere(shop)
    await put(shop.mei, room, "custom", {"type": "x", "text": "竞品", "data": {"text": "竞品"}})
    body = shop.lin.told("message")[-1]["body"]
    assert (body["text"], body["data"]) == ("**", {"text": "竞品"})


async def test_the_name_of_a_room_and_what_it_announces_go_through_it(shop: Shop) -> None:
    await set_rule(shop.wang, "refuse", "微信")
    room = await group(shop)
    await everywhere(shop)
    for fields in ({"title": "微信群"}, {"announcement": "加微信"}):
        answer = await refused(shop.lin, "conversation.update", conversation=room, **fields)
        assert answer["code"] == "filtered"
    answer = await refused(shop.lin, "conversation.open", kind="group", title="微.信")
    assert answer["code"] == "filtered"


async def test_notes_among_staff_go_through_none(shop: Shop) -> None:
    await set_rule(shop.wang, "refuse", "微信")
    await everywhere(shop)
    id_ = await shop.asked(shop.mei)
    await shop.lin.call("desk.claim", {"conversation": id_})
    notes = await shop.lin.call("conversation.notes", {"conversation": id_})
    assert await shop.lin.say(notes["conversation"]["id"], "她要加微信") > 0


async def test_flagged_messages_go_out_and_lie_in_the_queue(shop: Shop) -> None:
    room = await group(shop)
    await set_rule(shop.wang, "flag", "差评", rule="mood")
    await everywhere(shop)
    seq = await shop.mei.say(room, "我要给差评")
    assert heard(shop.lin) == ["我要给差评"]
    (report,) = (await shop.wang.call("report.list", {}))["reports"]
    assert (report["conversation"], report["seq"], report["count"]) == (room, seq, 1)
    assert report["complaints"][0]["rule"] == "mood"
    seen = (await shop.lin.call("report.list", {"conversation": room}))["reports"]
    assert [each["copies"][0]["body"] for each in seen] == [{"text": "我要给差评"}]


async def test_the_site_has_a_filter_of_its_own(start_node: StartNode, tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("微信\n\n加我\n", encoding="utf-8")
    file = tmp_path / "filter.toml"
    file.write_text('[[rule]]\nname = "site"\naction = "mask"\nfile = "words.txt"\n')
    shop = await make_shop(start_node, filter_file=str(file))
    id_ = await shop.mei.open("fang")
    await shop.mei.say(id_, "加我微信")
    assert heard(shop.fang) == ["****"]


@pytest.mark.parametrize("text", ["rule = 1", '[[rule]]\nname="x"\naction="burn"', "\x00", None])
async def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "filter.toml"
    if text is not None:
        file.write_text(text)
    with pytest.raises(SettingsError, match="CHAT_FILTER_FILE"):
        load_rules(str(file))


async def test_rules_are_kept_changed_and_dropped_by_name(shop: Shop) -> None:
    await set_rule(shop.wang, "mask", "一", " 二 ", "二")
    answer = await set_rule(shop.boss, "refuse", "三", rule="more")
    shown = [(each["name"], each["action"], each["count"]) for each in answer["rules"]]
    assert shown == [("ads", "mask", 2), ("more", "refuse", 1)]
    assert all(each["words"] == [] for each in answer["rules"])
    (only,) = (await shop.wang.call("filter.get", {"rule": "ads"}))["rules"]
    assert only["words"] == ["一", "二"]
    answer = await set_rule(shop.wang, "mask")
    assert ([each["name"] for each in answer["rules"]], answer["rev"]) == (["more"], 3)


async def test_without_rules_everything_goes_out_again(shop: Shop) -> None:
    room = await group(shop)
    for words in (("微信",), ()):
        await set_rule(shop.wang, "refuse", *words)
        await everywhere(shop)
    assert await shop.mei.say(room, "微信") > 0


@pytest.mark.parametrize("who", ["mei", "lin", "bot", "zhou"])
async def test_only_managers_look_after_a_shops_filter(shop: Shop, who: str) -> None:
    for name, fields in {
        "filter.get": {}, "filter.set": {"rule": "x", "action": "mask", "words": ["x"]},
    }.items():  # fmt: skip
        assert (await refused(shop.devices[who], name, **fields))["code"] == "forbidden"


async def test_only_a_rooms_admins_look_after_its_filter(shop: Shop) -> None:
    room = await group(shop)
    assert (await refused(shop.mei, "filter.get", conversation=room))["code"] == "forbidden"
    assert (await refused(shop.wang, "filter.get", conversation=room))["code"] == "not_found"
    direct = await shop.mei.open("lin")
    assert (await refused(shop.lin, "filter.get", conversation=direct))["code"] == "forbidden"


async def test_a_word_has_a_letter_and_a_filter_an_end(shop: Shop) -> None:
    room = await group(shop)
    fields: dict[str, Any] = {"rule": "x", "action": "mask", "conversation": room}
    answer = await refused(shop.lin, "filter.set", **fields, words=["好", "…"])
    assert (answer["code"], answer["path"]) == ("invalid", "words[1]")
    many = [str(number) for number in range(1000)]
    await set_rule(shop.lin, "mask", *many, conversation=room)
    answer = await refused(shop.lin, "filter.set", **{**fields, "words": ["more"]})
    assert answer["code"] == "forbidden"
