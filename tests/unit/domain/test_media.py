"""What messages refer to, and what they say of it."""

from __future__ import annotations

import pytest

from chatserver.domain.bodies import BodyLimits, check, plain_text
from chatserver.domain.media import About, Media, body_of, referred_in
from chatserver.errors import Invalid, TooLarge

LIMITS = BodyLimits(text_bytes=10, card_bytes=100)


def test_a_device_says_which_and_a_caption_and_nothing_else() -> None:
    said = {"media": "m", "text": "看", "type": "text/html", "width": 5}
    assert check("image", said, LIMITS) == {"media": "m", "text": "看"}
    assert check("file", {"media": "m", "text": " "}, LIMITS) == {"media": "m"}


@pytest.mark.parametrize("media", [None, "", 5, "x" * 65, "a b", ["x"]])
def test_what_is_no_id_is_refused(media: object) -> None:
    with pytest.raises(Invalid) as refused:
        check("voice", {"media": media}, LIMITS)
    assert refused.value.path == "body.media"


def test_a_caption_is_no_longer_than_a_text() -> None:
    with pytest.raises(TooLarge):
        check("video", {"media": "m", "text": "早" * 4}, LIMITS)


def test_the_server_fills_in_what_it_knows() -> None:
    about = About(type="application/pdf", size=9, name="收据.pdf")
    media = Media(id="m", owner="mei", kind="file", source="x", about=about)
    body = body_of(media, {"media": "m", "text": "see"})
    assert body == {
        "media": "m", "type": "application/pdf", "size": 9, "name": "收据.pdf", "text": "see",
    }  # fmt: skip
    assert plain_text("file", body).split() == ["收据.pdf", "see"]
    assert plain_text("image", {"media": "m"}) == ""
    assert media.sizes == ("original",)


def test_only_media_messages_and_what_they_are_carried_in_refer_to_media() -> None:
    carried = [
        {"kind": "image", "body": {"media": "a"}},
        {"kind": "text", "body": {"text": "x", "media": "no"}},
        {
            "kind": "card",
            "body": {"type": "forward", "messages": [{"kind": "file", "body": {"media": "b"}}]},
        },
    ]
    assert referred_in("card", {"type": "forward", "messages": carried}) == ("a", "b")
    assert referred_in("image", {"media": "a"}) == ("a",)
    assert referred_in("image", {}) == ()
    for kind in ("text", "custom", "link", "system"):
        assert referred_in(kind, {"media": "a", "type": "forward", "messages": carried}) == ()  # type: ignore[arg-type]
    assert referred_in("card", {"type": "order", "messages": carried}) == ()
