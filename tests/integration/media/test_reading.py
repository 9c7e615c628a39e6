"""Reading media: only who sees the message does, at the moment of reading."""

from __future__ import annotations

import io
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from PIL import Image

from chatserver.errors import ChatError, Invalid, NotFound
from tests.integration.media.conftest import Door, OpenDoor, links, send
from tests.integration.media.pictures import photo, unique, voice

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def one_message(door: Door) -> tuple[str, int, dict[str, str]]:
    """A conversation of Mei and Lin with a photo of Mei's; what Lin may read of it."""
    mei, lin = await door.node.arrive("mei"), await door.node.arrive("lin", role="consultant")
    conversation = await mei.open("lin")
    media = await door.upload("image", photo(1400, 900))
    seq = await send(mei, conversation, media)
    (urls,) = await links(lin, conversation, seq)
    return conversation, seq, urls


async def test_a_message_says_what_the_server_knows_of_its_medium(door: Door) -> None:
    mei, lin = await door.node.arrive("mei"), await door.node.arrive("lin")
    conversation = await mei.open("lin")
    media = await door.upload("image", photo(600, 400))
    body = {"media": media, "text": "看", "width": 9, "type": "text/html", "size": 1}
    await mei.say(conversation, kind="image", body=body)
    (told,) = lin.told("message")
    assert told["kind"] == "image"
    assert (told["body"]["text"], told["body"]["width"]) == ("看", 600)
    assert told["body"]["type"] == "image/jpeg"


async def test_a_message_refers_to_an_upload_of_its_sender_and_kind(door: Door) -> None:
    mei = await door.node.arrive("mei")
    await door.node.arrive("lin")
    conversation = await mei.open("lin")
    own = {"media": await door.upload("image", photo(60, 40))}
    mistaken: list[tuple[str, dict[str, object], type[ChatError]]] = [
        ("image", {"media": "nothing"}, NotFound),
        ("image", {}, Invalid),
        ("image", {"media": 5}, Invalid),
        ("image", {"media": ""}, Invalid),
        ("voice", dict(own), Invalid),
        ("file", dict(own), Invalid),
    ]
    for kind, body, error in mistaken:
        with pytest.raises(error):
            await mei.say(conversation, kind=kind, body=body)


async def test_somebody_elses_upload_cannot_be_sent(door: Door) -> None:
    await door.node.arrive("mei")
    eve = await door.node.arrive("eve")
    media = await door.upload("image", photo(60, 40), by="mei")
    conversation = await eve.open("mei")
    with pytest.raises(NotFound):
        await send(eve, conversation, media)


async def test_every_size_is_read_by_its_address(door: Door) -> None:
    _, _, urls = await one_message(door)
    assert set(urls) == {"original", "256", "1024"}
    sides = {}
    for size, url in urls.items():
        answer = await door.read(url)
        assert answer.status == 200
        assert answer.headers["Content-Type"] == (
            "image/jpeg" if size == "original" else "image/webp"
        )
        sides[size] = max(Image.open(io.BytesIO(answer.body)).size)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        kept = answer.headers["Cache-Control"]
        assert kept.startswith("private, max-age=")
        assert kept.endswith(", immutable")
        assert 0 < int(kept.split("=")[1].split(",")[0]) <= 600
        assert answer.headers["Content-Disposition"] == "inline"
    assert sides == {"original": 1400, "256": 256, "1024": 1024}


async def test_ranges_and_conditions(door: Door) -> None:
    _, _, urls = await one_message(door)
    whole = await door.read(urls["original"])
    size, etag = len(whole.body), whole.headers["ETag"]
    for said, first, last in (
        ("bytes=0-0", 0, 0), ("bytes=10-99", 10, 99), ("bytes=100-", 100, size - 1),
        ("bytes=-10", size - 10, size - 1), (f"bytes=5-{size + 99}", 5, size - 1),
    ):  # fmt: skip
        part = await door.read(urls["original"], Range=said)
        assert (part.status, part.body) == (206, whole.body[first : last + 1]), said
        assert part.headers["Content-Range"] == f"bytes {first}-{last}/{size}"
    beyond = await door.read(urls["original"], Range=f"bytes={size}-")
    assert (beyond.status, beyond.headers["Content-Range"]) == (416, f"bytes */{size}")
    same = await door.read(urls["original"], Range="bytes=0-1", If_Range=etag)
    assert same.status == 206
    other = await door.read(urls["original"], Range="bytes=0-1", If_Range='"other"')
    assert (other.status, other.body) == (200, whole.body)
    several = await door.read(urls["original"], Range="bytes=0-1,3-4")
    assert several.status == 200
    known = await door.read(urls["original"], If_None_Match=etag)
    assert (known.status, known.body) == (304, b"")
    head = await door.ask("HEAD", urls["original"], by=None)
    assert (head.status, head.headers["Content-Length"], head.body) == (200, str(size), b"")


async def test_nothing_of_an_address_can_be_changed(door: Door) -> None:
    _, seq, urls = await one_message(door)
    parts = urlsplit(urls["256"])
    query = dict(parse_qsl(parts.query))
    changed = [
        {"u": "eve"}, {"e": str(int(query["e"]) + 600)}, {"s": str(seq + 1)}, {"c": "x"},
        {"h": query["h"][::-1]}, {"h": ""}, {"h": "早"}, {"e": "x"}, {"s": "-1"}, {"c": ""},
        {"e": "9" * 30}, {"e": "²"},
    ]  # fmt: skip
    for each in changed:
        answer = await door.read(f"{parts.path}?{urlencode(query | each)}")
        assert (answer.status, answer.code) == (404, "not_found"), each
    for path in (parts.path.replace("/256", "/original"), parts.path.replace("/256", "/poster")):
        assert (await door.read(f"{path}?{parts.query}")).status == 404
    assert (await door.read(parts.path)).status == 404
    assert (await door.read(urls["256"])).status == 200


async def test_addresses_lapse(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    _, _, urls = await one_message(door)
    from chatserver import clock

    now = clock.now_ms()
    monkeypatch.setattr(clock, "now_ms", lambda: now + 600_001)
    assert (await door.read(urls["256"])).status == 404


async def test_any_node_reads_what_another_gave_out(door: Door, open_door: OpenDoor) -> None:
    _, _, urls = await one_message(door)
    assert (await (await open_door()).read(urls["256"])).status == 200


async def test_a_recalled_message_is_read_no_more(door: Door) -> None:
    conversation, seq, urls = await one_message(door)
    mei, lin = await door.node.arrive("mei"), await door.node.arrive("lin")
    await mei.call("message.recall", {"conversation": conversation, "seq": seq})
    assert (await door.read(urls["256"])).status == 404
    assert await links(lin, conversation, seq) == []


async def test_what_i_deleted_for_me_only_others_read(door: Door) -> None:
    conversation, seq, urls = await one_message(door)
    mei, lin = await door.node.arrive("mei"), await door.node.arrive("lin")
    (own,) = await links(mei, conversation, seq)
    await lin.call("message.delete", {"conversation": conversation, "seq": seq})
    assert (await door.read(urls["256"])).status == 404
    assert (await door.read(own["256"])).status == 200


async def test_who_was_removed_or_came_later_does_not_read(door: Door) -> None:
    lin = await door.node.arrive("lin", role="consultant")
    fang = await door.node.arrive("fang", role="consultant")
    eve = await door.node.arrive("eve", role="consultant")
    opened = await lin.call("conversation.open", {"kind": "group", "title": "x"})
    there = opened["conversation"]["id"]
    history = {"conversation": there, "settings": {"history": "joined"}}
    await lin.call("conversation.update", history)
    await lin.call("conversation.add", {"conversation": there, "users": ["fang"]})
    media = await door.upload("image", photo(400, 300), by="lin")
    seq = await send(lin, there, media)
    (urls,) = await links(fang, there, seq)
    assert (await door.read(urls["original"])).status == 200
    await lin.call("conversation.add", {"conversation": there, "users": ["eve"]})
    assert await links(eve, there, seq) == [], "said before she came"
    await lin.call("conversation.remove", {"conversation": there, "user": "fang"})
    later = await send(lin, there, media)
    assert await links(fang, there, later) == []
    assert len(await links(eve, there, later)) == 1
    with pytest.raises(NotFound):
        await links(await door.node.arrive("nobody"), there, seq)


async def test_who_was_removed_reads_on_what_was_said_in_their_time(door: Door) -> None:
    lin = await door.node.arrive("lin", role="consultant")
    fang = await door.node.arrive("fang", role="consultant")
    opened = await lin.call("conversation.open", {"kind": "group", "title": "x"})
    there = opened["conversation"]["id"]
    await lin.call("conversation.add", {"conversation": there, "users": ["fang"]})
    seq = await send(lin, there, await door.upload("image", photo(400, 300), by="lin"))
    await lin.call("conversation.remove", {"conversation": there, "user": "fang"})
    (urls,) = await links(fang, there, seq)
    assert (await door.read(urls["original"])).status == 200
    await lin.call("message.recall", {"conversation": there, "seq": seq})
    assert (await door.read(urls["original"])).status == 404


async def test_what_is_forwarded_is_read_where_it_went(door: Door) -> None:
    conversation, seq, _ = await one_message(door)
    lin, fang = await door.node.arrive("lin", role="consultant"), await door.node.arrive("fang")
    other = await lin.open("fang")
    voiced = await door.upload("voice", voice(0.5), by="mei")
    mei = await door.node.arrive("mei")
    second = await send(mei, conversation, voiced, "voice")
    call = {"conversation": other, "client_id": "f1", "from": conversation}
    one = (await lin.call("message.forward", {**call, "seqs": [seq]}))["seq"]
    both = (await lin.call("message.forward", {**call, "client_id": "f2", "seqs": [seq, second]}))[
        "seq"
    ]
    found = await links(fang, other, one, both)
    assert len(found) == 3
    for urls in found:
        assert (await door.read(urls["original"])).status == 200
    await mei.call("message.recall", {"conversation": conversation, "seq": seq})
    assert (await door.read(found[0]["original"])).status == 200, "it is another message"


async def test_files_always_come_as_downloads_with_their_names(door: Door) -> None:
    mei = await door.node.arrive("mei")
    await door.node.arrive("lin")
    conversation = await mei.open("lin")
    for name, content in (
        ("收据 1.pdf", b"%PDF-1.4\n" + unique()),
        ('a"b.html', b"<html>" + unique()),
    ):
        media = await door.upload("file", content, name=name)
        seq = await send(mei, conversation, media, "file")
        (urls,) = await links(mei, conversation, seq)
        answer = await door.read(urls["original"])
        said = answer.headers["Content-Disposition"]
        assert said.startswith("attachment; filename=")
        assert answer.body == content
        assert "html" not in answer.headers["Content-Type"]
    assert "filename*=UTF-8''a%22b.html" in said


async def test_a_custom_message_refers_to_no_medium_whatever_it_says(door: Door) -> None:
    await door.node.arrive("mei")
    eve = await door.node.arrive("eve")
    media = await door.upload("image", photo(60, 40), by="mei")
    conversation = await eve.open("mei")
    body = {
        "type": "forward",
        "media": media,
        "messages": [{"kind": "image", "body": {"media": media}}],
    }
    seq = await eve.say(conversation, kind="text", body={"text": "x", **body})
    assert await links(eve, conversation, seq) == []
    for kind in ("custom", "card"):
        try:
            seq = await eve.say(conversation, kind=kind, body=body)
        except ChatError:
            continue
        assert await links(eve, conversation, seq) == []
