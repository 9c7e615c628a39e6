"""What is not mine and what does not exist are refused alike."""

from __future__ import annotations

from typing import Any

import pytest

from chatserver.errors import ChatError, NotFound

pytestmark = pytest.mark.asyncio

BODY = {"text": "hi"}
CALLS: dict[str, Any] = {
    "conversation.get": {},
    "conversation.prefs": {"mode": "none"},
    "conversation.list": None,
    "message.send": {"client_id": "c", "kind": "text", "body": BODY},
    "message.edit": {"seq": 1, "body": BODY},
    "message.recall": {"seq": 1},
    "message.react": {"seq": 1, "reaction": "👍"},
    "history.get": {},
    "changes.get": {"after": 0},
    "read.mark": {"seq": 1},
    "read.who": {"seq": 1},
    "typing": {"on": True},
}


async def refusal(device: Any, name: str, payload: Any) -> dict[str, Any]:
    with pytest.raises(ChatError) as refused:
        await device.call(name, payload)
    return refused.value.to_wire()


@pytest.mark.parametrize("name", CALLS)
async def test_absent_and_forbidden_answer_alike(node: Any, name: str) -> None:
    mei, lin, eve = [await node.arrive(user) for user in ("mei", "lin", "eve")]
    talk = await mei.open("lin")
    await mei.say(talk, "secret")
    await eve.open("mei")
    fields = CALLS[name]
    place = "after" if fields is None else "conversation"
    answers = [await refusal(eve, name, {place: id_, **(fields or {})}) for id_ in (talk, "d-none")]
    assert answers[0] == answers[1] == NotFound().to_wire()
    for device in (mei, lin):
        assert not [data for _, data in device.events if "eve" in str(data) and talk in str(data)]
    assert (await lin.view(talk))["unread"] == 1


async def test_nobody_gets_anothers_conversations_by_saying_they_have_them(node: Any) -> None:
    mei, _lin, eve = [await node.arrive(user) for user in ("mei", "lin", "eve")]
    talk = await mei.open("lin")
    await mei.say(talk, "secret")
    answer = await eve.call("sync", {"have": {talk: [0, 0], "d-none": [0, 0]}})
    assert answer["conversations"] == []
    assert mei.told("delivered") == [{"conversation": talk, "user": "lin", "seq": 1}]
    assert (await eve.call("conversation.list", {}))["conversations"] == []


async def test_only_the_sender_edits_and_recalls(node: Any) -> None:
    mei, lin = await node.arrive("mei"), await node.arrive("lin", role="consultant")
    talk = await mei.open("lin")
    await mei.say(talk, "hi")
    for name, fields in (("message.edit", {"body": {"text": "ho"}}), ("message.recall", {})):
        answer = await refusal(lin, name, {"conversation": talk, "seq": 1, **fields})
        assert answer["code"] == "forbidden"
    page = await lin.call("history.get", {"conversation": talk})
    assert [message["body"] for message in page["messages"]] == [{"text": "hi"}]


async def test_only_members_are_mentioned_and_replies_name_what_exists(node: Any) -> None:
    mei, _lin, _eve = [await node.arrive(user) for user in ("mei", "lin", "eve")]
    talk = await mei.open("lin")
    await mei.say(talk)
    payload = {"conversation": talk, "client_id": "c", "kind": "text", "body": BODY}
    answers = [
        await refusal(mei, "message.send", {**payload, "mentions": ["lin", "eve"]}),
        await refusal(mei, "message.send", {**payload, "reply_to": 2}),
    ]
    assert [answer["path"] for answer in answers] == ["mentions[1]", "reply_to"]
    assert await mei.say(talk, reply_to=1, mentions=["lin"]) == 2


async def test_there_is_nothing_to_change_beyond_the_end(node: Any) -> None:
    mei, _lin = await node.arrive("mei"), await node.arrive("lin")
    talk = await mei.open("lin")
    answer = await refusal(mei, "message.recall", {"conversation": talk, "seq": 1})
    assert answer["code"] == "not_found"


async def test_a_person_who_was_never_here_cannot_be_written_to(node: Any) -> None:
    mei = await node.arrive("mei")
    answer = await refusal(mei, "conversation.open", {"kind": "direct", "with": "nobody"})
    assert answer["code"] == "not_found"
    answer = await refusal(mei, "conversation.open", {"kind": "direct", "with": "mei"})
    assert (answer["code"], answer["path"]) == ("invalid", "with")
