"""Bodies of an application's own: JSON that the server carries and does not read."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from chatserver.domain.refusals import convert
from chatserver.errors import Invalid, TooLarge

DEPTH_MAX = 20
NUMBER_MAX = 2**53
SERVERS_OWN = "card."  # types of messages that the server makes of taps on cards

CustomType = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[a-z0-9._-]+\Z")]


class CustomBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The body of a `custom` message: `data` is any JSON, which applications agree on by `type`.

    `text` is what clients show that do not know the type. Types that begin with `card.` are the
    server's: see `card.act`.
    """

    type: CustomType
    text: Annotated[str, Meta(max_length=500)] = ""
    data: dict[str, Any] = {}


def check_custom(body: dict[str, Any], limit_bytes: int) -> dict[str, Any]:
    """The body of a custom message, cleared of unknown fields beside `data`.

    Raises:
        Invalid: with the path of the bad field; also for numbers that clients would round, and
            lists in lists without end.
        TooLarge: it is longer than `limit_bytes` as JSON.
    """
    custom = convert(body, CustomBody, within="body")
    if custom.type.startswith(SERVERS_OWN):
        raise Invalid("Only the server makes messages of this type", path="body.type")
    if len(msgspec.json.encode(custom)) > limit_bytes:
        raise TooLarge(f"This is longer than {limit_bytes} bytes", path="body")
    _check_json(custom.data, "body.data", DEPTH_MAX)
    made: dict[str, Any] = msgspec.to_builtins(custom)
    return made


def _check_json(value: object, path: str, depth: int) -> None:
    if depth == 0:
        raise Invalid(f"This goes deeper than {DEPTH_MAX} levels", path=path)
    if isinstance(value, dict):
        for key, part in value.items():
            if "\0" in key or key.startswith("$"):
                raise Invalid("No key begins with $ or holds a null character", path=path)
            _check_json(part, f"{path}.{key}", depth - 1)
    elif isinstance(value, list):
        for index, part in enumerate(value):
            _check_json(part, f"{path}[{index}]", depth - 1)
    elif isinstance(value, int) and abs(value) > NUMBER_MAX:
        raise Invalid("Whole numbers go up to 2^53", path=path)
