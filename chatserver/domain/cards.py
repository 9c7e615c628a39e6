"""Cards: what a shop shows in a conversation, each type with fields of its own.

Prices are whole minor units (cents, fen) with their currency, times are milliseconds since 1970
UTC, pictures and links are https addresses or media of this server. Nothing in a card is markup.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from chatserver.domain.links import check_url, host_of, is_among
from chatserver.domain.person import STAFF, Role, UserId
from chatserver.domain.refusals import convert
from chatserver.errors import Forbidden, Invalid, TooLarge

BUTTONS_MAX = 4
ITEMS_MAX = 20

# one line with something to read in it, and no mark that turns the direction of writing
LINE = (
    r"^[^\x00-\x1f\x7f\u2028-\u202e\u2066-\u2069]*"
    r"[^\s\x00-\x1f\x7f\u2028-\u202e\u2066-\u2069]"
    r"[^\x00-\x1f\x7f\u2028-\u202e\u2066-\u2069]*\Z"
)
_ID = r"^[\x21-\x7e]+\Z"
Line = Annotated[str, Meta(min_length=1, max_length=100, pattern=LINE)]
Label = Annotated[str, Meta(min_length=1, max_length=24, pattern=LINE)]
Words = Annotated[str, Meta(min_length=1, max_length=500)]
Id = Annotated[str, Meta(min_length=1, max_length=64, pattern=_ID)]
ButtonId = Annotated[str, Meta(min_length=1, max_length=32, pattern=_ID)]
Time = Annotated[int, Meta(ge=0, le=2**53)]
Link = Annotated[str, Meta(min_length=1, max_length=2000)]


class Money(Struct, frozen=True, kw_only=True):
    """A sum in the smallest unit of its currency: 7900 in CNY is ¥79.00, in JPY ¥7900."""

    amount: Annotated[int, Meta(ge=0, le=10**12)]
    currency: Annotated[str, Meta(min_length=3, max_length=3, pattern=r"^[A-Z]{3}\Z")]


class Picture(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A picture: one of `media` of this server, or at an https `url`.

    Pages show one by its address only from hosts that the server's operator named.
    """

    media: Id | None = None
    url: Link | None = None


class Button(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What can be done with a card, one of three: go to the address `url`; or by `card.act` say
    `send` as one's own words, or tell the application `action`, with its `value`."""

    id: ButtonId
    label: Label
    url: Link | None = None
    send: Annotated[str, Meta(min_length=1, max_length=200, pattern=LINE)] | None = None
    action: Id | None = None
    value: Annotated[str, Meta(max_length=200)] = ""


class Item(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line of an order."""

    title: Line
    count: Annotated[int, Meta(ge=1, le=9999)] = 1
    price: Money | None = None
    picture: Picture | None = None


class _Card(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type"):
    buttons: Annotated[tuple[Button, ...], Meta(max_length=BUTTONS_MAX)] = ()


class ProductCard(_Card, frozen=True, kw_only=True, tag="product"):
    """A product: `was` is its price before."""

    id: Id
    title: Line
    text: Words | None = None
    price: Money | None = None
    was: Money | None = None
    picture: Picture | None = None
    url: Link | None = None


class OrderCard(_Card, frozen=True, kw_only=True, tag="order"):
    """An order, which an edit by its sender makes follow what becomes of it. `note` says more of
    its status in words."""

    id: Id
    title: Line
    status: Literal[
        "placed", "paid", "packed", "shipped", "delivered", "completed", "cancelled", "refunded"
    ]
    note: Words | None = None
    items: Annotated[tuple[Item, ...], Meta(max_length=ITEMS_MAX)] = ()
    total: Money | None = None
    ordered_at: Time | None = None
    carrier: Label | None = None
    tracking: Id | None = None
    url: Link | None = None


class CouponCard(_Card, frozen=True, kw_only=True, tag="coupon"):
    """A coupon worth `value`, or `percent` off, from a spending of `least` on."""

    id: Id
    title: Line
    text: Words | None = None
    code: Id | None = None
    value: Money | None = None
    percent: Annotated[int, Meta(ge=1, le=100)] | None = None
    least: Money | None = None
    starts_at: Time | None = None
    ends_at: Time | None = None
    url: Link | None = None


class AppointmentCard(_Card, frozen=True, kw_only=True, tag="appointment"):
    """A time that was agreed on, or is proposed; `zone` is where the clock hangs, such as
    Asia/Shanghai, and `who` serves."""

    id: Id
    title: Line
    status: Literal["proposed", "confirmed", "moved", "cancelled", "done", "missed"]
    starts_at: Time
    ends_at: Time | None = None
    zone: Annotated[str, Meta(max_length=64, pattern=r"^[A-Za-z0-9_+/-]*\Z")] = ""
    place: Line | None = None
    who: Line | None = None
    text: Words | None = None


class RatingCard(_Card, frozen=True, kw_only=True, tag="rating"):
    """Asks for a rating from 1 to `best`. Everybody but its sender may give one, once, by
    `card.act` with the button `rating`."""

    id: Id
    title: Line
    text: Words | None = None
    best: Annotated[int, Meta(ge=2, le=10)] = 5


class ContactCard(_Card, frozen=True, kw_only=True, tag="contact"):
    """Somebody to talk to: a `user` of this server, or by `phone`."""

    name: Line
    user: UserId | None = None
    phone: Annotated[str, Meta(max_length=32, pattern=r"^[0-9+(). -]*\Z")] = ""
    text: Words | None = None
    picture: Picture | None = None


Card = ProductCard | OrderCard | CouponCard | AppointmentCard | RatingCard | ContactCard

SHOPS_OWN = (OrderCard, CouponCard, AppointmentCard, RatingCard)  # nobody else may hand these out


def check_card(
    body: dict[str, Any], limit_bytes: int, picture_hosts: tuple[str, ...]
) -> dict[str, Any]:
    """The body of a card, cleared of unknown fields.

    Raises:
        Invalid: with the path of the bad field; `forward` cards the server makes alone.
        TooLarge: it is longer than `limit_bytes` as JSON.
    """
    card: Card = convert(body, Card, within="body")  # type: ignore[arg-type]  # a union is no type
    content = msgspec.json.encode(card)
    if len(content) > limit_bytes:
        raise TooLarge(f"This is longer than {limit_bytes} bytes", path="body")
    made: dict[str, Any] = msgspec.json.decode(content)  # lists as clients write them, no tuples
    _check_buttons(made.get("buttons", ()))
    checked: dict[str, Any] = _with_checked_links(made, picture_hosts, "body")
    return checked


def check_may_hand_out(role: Role, body: dict[str, Any]) -> None:
    """See that a person may send this card: what a shop promises, and buttons that speak for who
    taps them, come from the shop alone.

    Raises:
        Forbidden: it is not theirs to send.
    """
    if role in STAFF or role == "bot":
        return
    if body["type"] in {kind.__struct_config__.tag for kind in SHOPS_OWN} or body.get("buttons"):
        raise Forbidden("Only the shop sends such cards")


def _check_buttons(buttons: list[dict[str, Any]]) -> None:
    seen = set()
    for index, button in enumerate(buttons):
        path = f"body.buttons[{index}]"
        if len({"url", "send", "action"} & button.keys()) != 1:
            raise Invalid("A button has one of url, send and action", path=path)
        if button["id"] in seen or button["id"] == "rating":
            raise Invalid("Every button has an id of its own", path=f"{path}.id")
        seen.add(button["id"])


def _with_checked_links(value: Any, picture_hosts: tuple[str, ...], path: str) -> Any:
    """The same with every address in it as it may be followed."""
    if isinstance(value, list):
        return [
            _with_checked_links(part, picture_hosts, f"{path}[{index}]")
            for index, part in enumerate(value)
        ]
    if not isinstance(value, dict):
        return value
    made: dict[str, Any] = {
        key: check_url(part, f"{path}.url")
        if key == "url"
        else _with_checked_links(part, picture_hosts, f"{path}.{key}")
        for key, part in value.items()
    }
    if "picture" in made:
        _check_picture(made["picture"], picture_hosts, f"{path}.picture")
    return made


def _check_picture(picture: dict[str, Any], hosts: tuple[str, ...], path: str) -> None:
    if len(picture) != 1:
        raise Invalid("A picture has one of media and url", path=path)
    if hosts and "url" in picture and not is_among(host_of(picture["url"]), hosts):
        raise Invalid("Pictures may not come from this host", path=f"{path}.url")
