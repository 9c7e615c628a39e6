"""Media: pictures, voice, short videos and files that messages refer to by id.

The server says of a medium what it found in it itself; of what the sender's device claims only the
name, the caption and, where the server cannot look into a recording, its length are believed.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeGuard

import msgspec
from msgspec import Meta, Struct

from chatserver.domain.message import ConversationId, Kind, Message, Seq
from chatserver.domain.person import UserId
from chatserver.domain.refusals import convert
from chatserver.errors import TooLarge

MediaKind = Literal["image", "voice", "video", "file"]
MediaId = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[\x21-\x7e]+\Z")]
Size = Literal["original", "256", "1024", "poster"]
"""What can be read of a medium; numbers are the longer side of a thumbnail, in pixels."""

MEDIA_KINDS: tuple[MediaKind, ...] = ("image", "voice", "video", "file")
SIZES: tuple[Size, ...] = ("original", "256", "1024", "poster")
THUMBS = (256, 1024)
THUMB_TYPE = "image/webp"
WAVEFORM_MAX = 64
NAME_MAX = 255


class About(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the server knows of a medium.

    `type` and `size` (bytes) are those of the original as it can be read; `width` and `height` are
    pixels as it is shown, `duration_ms` how long it plays, `waveform` its loudness from 0 to 100,
    `placeholder` a ThumbHash in base64 to be shown until it is loaded, `thumbs` the thumbnails
    there are (longer side in pixels), `poster` whether there is a picture of a video.
    """

    type: str
    size: int
    name: str | None = None
    width: int | None = None
    height: int | None = None
    placeholder: str | None = None
    duration_ms: int | None = None
    waveform: tuple[int, ...] = ()
    thumbs: tuple[int, ...] = ()
    poster: bool = False


class MediaBody(About, frozen=True, kw_only=True, omit_defaults=True):
    """The body of a message of the kind `image`, `voice`, `video` or `file`.

    A device sends `media`, the id that its upload got, and perhaps `text`, the caption; the server
    fills in the rest. `type` and `size` (bytes) are those of the original as it can be read;
    `width` and `height` are pixels as it is shown, `duration_ms` how long it plays, `waveform` its
    loudness from 0 to 100, `placeholder` a ThumbHash in base64 to be shown until it is loaded,
    `thumbs` the thumbnails there are (longer side in pixels, WebP), `poster` whether there is a
    picture of a video (WebP).
    """

    media: str
    text: str | None = None


class Media(Struct, frozen=True, kw_only=True):
    """A finished upload. `source` is the SHA-256 of what was uploaded, in hex."""

    id: str
    owner: str
    kind: MediaKind
    source: str
    about: About

    @property
    def sizes(self) -> tuple[Size, ...]:
        """What there is to be read of it."""
        made = {str(each) for each in self.about.thumbs}
        if self.about.poster:
            made.add("poster")
        return tuple(size for size in SIZES if size == "original" or size in made)

    def type_of(self, size: Size) -> str:
        """The type of what is read."""
        return self.about.type if size == "original" else THUMB_TYPE


class Claims(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a device says of its recording, believed only where nobody here can look into it."""

    duration_ms: Annotated[int, Meta(ge=0, le=86_400_000)] | None = None
    waveform: Annotated[
        tuple[Annotated[int, Meta(ge=0, le=100)], ...], Meta(max_length=WAVEFORM_MAX)
    ] = ()


class Upload(Struct, frozen=True, kw_only=True):
    """Something that is being uploaded; `offset` bytes of `length` are kept so far.

    `media` is what became of it; until then `offset` is below `length`. `expires_at` is ms since
    1970 UTC.
    """

    id: str
    owner: str
    kind: MediaKind
    length: int
    expires_at: int
    name: str | None = None
    claims: Claims = Claims()
    offset: int = 0
    pieces: tuple[tuple[str, int], ...] = ()
    media: str | None = None


class MediaLink(Struct, frozen=True, kw_only=True):
    """Addresses of what can be read of a medium of message `seq`: `original`, and `256`, `1024`
    and `poster` where there are such. They begin with `/` and are read from the server itself."""

    seq: int
    media: str
    urls: dict[str, str]


class Link(Struct, frozen=True, kw_only=True):
    """What an address of a medium says: who may read what, as part of which message, until when
    (seconds since 1970 UTC); with `report` as a moderator, of the report about that message."""

    media: MediaId
    size: Size
    conversation: ConversationId
    seq: Seq
    user: UserId
    expires: Annotated[int, Meta(ge=0, le=2**53)]
    report: Seq | None = None

    def words(self) -> bytes:
        """What is signed."""
        return msgspec.json.encode(msgspec.structs.astuple(self))


class _Sent(Struct, frozen=True):
    media: MediaId
    text: str = ""


def check_media(body: dict[str, Any], text_bytes: int) -> dict[str, Any]:
    """The body of a media message as a device sends it, cleared of all that the server fills in.

    Raises:
        Invalid: there is no id, or a field is of the wrong form, with its path.
        TooLarge: the caption is longer than `text_bytes` in UTF-8.
    """
    sent = convert(body, _Sent, within="body")
    if len(sent.text.encode()) > text_bytes:
        raise TooLarge(f"The caption is longer than {text_bytes} bytes", path="body.text")
    return {"media": sent.media, **({"text": sent.text} if sent.text.strip() else {})}


def body_of(media: Media, sent: dict[str, Any]) -> dict[str, Any]:
    """The body as it is stored, from what the device sent and what the server knows."""
    caption = {"text": sent["text"]} if "text" in sent else {}
    about: dict[str, Any] = msgspec.to_builtins(media.about)
    return {"media": media.id, **about, **caption}


def media_words(body: dict[str, Any]) -> tuple[object, ...]:
    """What a media message says in words: the name of a file, and the caption."""
    return body.get("name"), body.get("text")


def is_media(kind: Kind) -> TypeGuard[MediaKind]:
    """Whether messages of a kind refer to a medium."""
    return kind in MEDIA_KINDS


def referred(message: Message) -> tuple[str, ...]:
    """The media that a message refers to itself, or in the messages that it carries on."""
    return referred_in(message.kind, message.body)


def referred_in(kind: Kind, body: dict[str, Any]) -> tuple[str, ...]:
    """The same of a body. Other kinds may say `media` too, and mean nothing by it."""
    if is_media(kind):
        return (body["media"],) if "media" in body else ()
    if kind != "card" or body.get("type") != "forward":
        return ()
    carried = (referred_in(each["kind"], each["body"]) for each in body["messages"])
    return tuple(dict.fromkeys(id_ for ids in carried for id_ in ids))
