"""PROTOCOL.md: the words of protocol.md with tables made from the calls, events and errors."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from importlib import resources
from typing import Any

import msgspec
from msgspec import inspect

from chatserver import errors
from chatserver.config import Settings, describe
from chatserver.domain.calls import CALLS, Call
from chatserver.domain.cards import (
    LINE,
    AppointmentCard,
    Button,
    ContactCard,
    CouponCard,
    Item,
    Money,
    OrderCard,
    Picture,
    ProductCard,
    RatingCard,
)
from chatserver.domain.conversation import (
    Announcement,
    ConversationView,
    Me,
    Member,
    Room,
    RoomMember,
    RoomSettings,
    RoomView,
    Service,
    SyncedConversation,
)
from chatserver.domain.custom import CustomBody
from chatserver.domain.customer import Context, Customer, Product, ViewedPage
from chatserver.domain.desk import DeskView
from chatserver.domain.device import Device
from chatserver.domain.events import EVENTS, PROTOCOL_VERSION, Event
from chatserver.domain.links import LinkBody, LinkPreview
from chatserver.domain.location import LocationBody
from chatserver.domain.media import MediaBody, MediaLink
from chatserver.domain.membership import Head, Prefs
from chatserver.domain.message import Change, Forwarded, Message, TextBody
from chatserver.domain.person import DeviceInfo, Person
from chatserver.domain.profile import Child, Consent, Profile
from chatserver.domain.push.notification import Address, Notification, WebKeys
from chatserver.domain.push.prefs import Channels, PushPrefs, QuietHours
from chatserver.domain.report import Complaint, Report, ReportPlace, Resolution
from chatserver.domain.search import Hit
from chatserver.domain.snippet import Snippet
from chatserver.domain.word_filter import FilterRule
from chatserver.errors import ChatError

SHAPES: tuple[type[msgspec.Struct], ...] = (
    Message, Forwarded, MediaBody, MediaLink, Change, ConversationView, SyncedConversation, Member,
    Me, Head, Prefs,
    RoomView, Room, RoomSettings, Announcement, Service, RoomMember, Person, Device,
    Profile, Child, Consent, DeskView, Snippet, Customer, Context, ViewedPage, Product,
    TextBody, LocationBody, LinkBody, CustomBody, ProductCard, OrderCard, CouponCard,
    AppointmentCard, RatingCard, ContactCard, Button, Item, Money, Picture, LinkPreview,
    FilterRule, Report, ReportPlace, Complaint, Resolution,
    Hit, Address, WebKeys, PushPrefs, QuietHours, Channels, Notification,
)  # fmt: skip
REFUSALS = (
    errors.Unauthorized, errors.TokenExpired, errors.OriginRefused, errors.Busy,
    errors.ProtocolBroken,
)  # fmt: skip
LIMITS = (
    "text_bytes", "card_bytes", "frame_bytes", "page_default", "page_max", "reset_after_messages",
    "sends_per_s", "room_sends_per_s", "calls_per_s", "read_marks_per_s", "profile_changes_per_s",
    "contexts_per_s", "searches_per_s", "edit_window_ms", "card_edit_window_ms", "edits_max",
    "recall_window_ms", "staff_recall_window_ms", "room_members_max", "link_previews_per_s",
    "reports_per_s",
    "forward_bytes", "media_image_bytes", "media_image_pixels", "media_voice_bytes",
    "media_voice_ms", "media_video_bytes", "media_video_ms", "media_file_bytes",
    "media_unfinished_max", "media_upload_expires_ms",
    "typing_interval_ms", "typing_expires_ms", "leaves_after_ms",
    "sockets_per_user", "devices_per_platform", "auth_deadline_ms", "ping_interval_ms",
    "ping_timeout_ms", "jwt_lifetime_max_ms",
)  # fmt: skip

_PATTERNS = {
    LINE: "one line, not blank, without marks that turn the direction of writing",
    r"^[A-Z]{3}\Z": "three capital letters",
    r"^[A-Za-z0-9_+/-]*\Z": "letters, digits, `_+/-`",
    r"^[A-Za-z0-9._-]*\Z": "letters, digits, `._-`",
    r"^[A-Za-z0-9_-]+=*\Z": "base64url",
    r"^([01][0-9]|2[0-3]):[0-5][0-9]\Z": "as `22:30`",
    r"^\+[1-9][0-9]{6,14}\Z": "`+`, then 7 to 15 digits",
    r"^[0-9+(). -]*\Z": "digits, blanks, `+().-`",
    r"^[a-z0-9._-]+\Z": "small letters, digits, `._-`",
    r"^[^\x00-\x20\x7f]+\Z": "without blanks",
    r"^[\x21-\x7e]+\Z": "visible ASCII",
    r"^https://[\x21-\x7e]+\Z": "an https address",
    r"^https?://[\x21-\x7e]+\Z": "an http or https address",
    r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*\Z": "one line, not blank",
}


def markdown() -> str:
    """The text of PROTOCOL.md."""
    words = resources.files("chatserver.reference").joinpath("protocol.md")
    settings = Settings()
    return words.read_text(encoding="utf-8").format(
        version=PROTOCOL_VERSION,
        auth=_auth(),
        refusals=_code_table(REFUSALS),
        calls="\n\n".join(_call(call) for call in CALLS.values()),
        events="\n\n".join(_event(event) for event in EVENTS),
        shapes="\n\n".join(_shape(shape) for shape in SHAPES),
        codes=_code_table(ChatError.__subclasses__()),
        limits=_limits(settings),
        frame_bytes=settings.frame_bytes,
        typing_interval_s=settings.typing_interval_ms // 1000,
        leaves_after_s=settings.leaves_after_ms // 1000,
        typing_expires_s=settings.typing_expires_ms // 1000,
    )


def _auth() -> str:
    rows = [("`token`", "text", "the JWT")]
    rows += [(f"`device.{name}`", kind, "") for name, kind in _fields(DeviceInfo)]
    return _table(("field", "type", ""), rows)


def _call(call: type[Call]) -> str:
    fields = [(f"`{name}`", kind) for name, kind in _fields(call)]
    table = _table(("field", "type"), fields) + "\n\n" if fields else ""
    return f"### `{call.name}`\n\n{prose(call)}\n\n{table}Acknowledged with: {_ack(call.ack)}"


def _ack(names: str) -> str:
    return ", ".join(f"`{name}`" for name in names.split(", ")) if names else "`ok` alone"


def _event(event: type[Event]) -> str:
    example = json.dumps(event.example, ensure_ascii=False, indent=1)
    return f"### `{event.name}`\n\n{prose(event)}\n\n```json\n{example}\n```"


def _shape(shape: type[msgspec.Struct]) -> str:
    rows = [(f"`{name}`", kind) for name, kind in _fields(shape)]
    return f"### {shape.__name__}\n\n{prose(shape)}\n\n{_table(('field', 'type'), rows)}"


def _code_table(kinds: Iterable[type[ChatError]]) -> str:
    rows = [
        (f"`{kind.code}`", " ".join((kind.__doc__ or "").split()), "yes" if kind.retryable else "")
        for kind in kinds
    ]
    return _table(("code", "meaning", "retry helps"), rows)


def _limits(settings: Settings) -> str:
    rows = {row.name: row for row in describe(settings)}
    return _table(
        ("limit", "default", "meaning"),
        [(f"`{name}`", rows[name].default, rows[name].meaning) for name in LIMITS],
    )


def _fields(struct: type[msgspec.Struct]) -> Iterator[tuple[str, str]]:
    """Wire names with their types in words."""
    described = inspect.type_info(struct)
    assert isinstance(described, inspect.StructType)  # noqa: S101 - it was made from a struct
    if described.tag is not None:
        yield described.tag_field or "", f"`{json.dumps(described.tag)}`"
    for field in described.fields:
        words = _in_words(field.type)
        yield field.encode_name, words if field.required else f"{words}; {_absent(field)}"


def _absent(field: inspect.Field) -> str:
    default = field.default
    if default is msgspec.NODEFAULT or default in (None, (), ""):
        return "optional"
    if isinstance(default, msgspec.Struct):
        default = msgspec.to_builtins(default)
    return f"{json.dumps(default)} when absent"


def _in_words(kind: inspect.Type) -> str:
    for type_, words in _WORDS.items():
        if isinstance(kind, type_):
            return words(kind)
    raise TypeError(f"no words for {kind}")


def _text(kind: inspect.StrType) -> str:
    said = ["text"]
    if kind.max_length is not None:
        said.append(f"{kind.min_length or 0} to {kind.max_length} characters")
    if kind.pattern is not None:
        said.append(_PATTERNS[kind.pattern])
    return ", ".join(said)


def _real(kind: inspect.FloatType) -> str:
    return "number" if kind.le is None else f"number from {kind.ge:g} to {kind.le:g}"


def _number(kind: inspect.IntType) -> str:
    most = "2^53" if kind.le == 2**53 else kind.le
    if kind.le is not None:
        return f"integer from {kind.ge} to {most}"
    return "integer" if kind.ge is None else f"integer, at least {kind.ge}"


def _list(kind: inspect.VarTupleType) -> str:
    most = "" if kind.max_length is None else f" of at most {kind.max_length}"
    return f"list{most}: {_in_words(kind.item_type)}"


def _object(kind: inspect.DictType) -> str:
    if isinstance(kind.value_type, inspect.AnyType):
        return "object"
    most = "" if kind.max_length is None else f" of at most {kind.max_length}"
    return f"object{most}, {_in_words(kind.value_type)} by key"


def _literal(kind: inspect.LiteralType) -> str:
    return " or ".join(f"`{json.dumps(value)}`" for value in kind.values)


def _union(kind: inspect.UnionType) -> str:
    return " or ".join(_in_words(member) for member in kind.types)


_WORDS: dict[type[inspect.Type], Callable[[Any], str]] = {
    inspect.StrType: _text,
    inspect.IntType: _number,
    inspect.FloatType: _real,
    inspect.BoolType: lambda _: "true or false",
    inspect.DateType: lambda _: "date as `2026-08-31`",
    inspect.NoneType: lambda _: "null",
    inspect.AnyType: lambda _: "anything",
    inspect.LiteralType: _literal,
    inspect.UnionType: _union,
    inspect.VarTupleType: _list,
    inspect.TupleType: lambda kind: f"[{', '.join(map(_in_words, kind.item_types))}]",
    inspect.DictType: _object,
    inspect.StructType: lambda kind: kind.cls.__name__,
}


def prose(described: type[Any]) -> str:
    """What the docstring of a call, event, shape or error says."""
    return "\n".join(line.strip() for line in (described.__doc__ or "").strip().splitlines())


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
