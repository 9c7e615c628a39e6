"""A place on the map."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, to_builtins

from chatserver.domain.refusals import convert


class LocationBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The body of a `location` message: degrees, north and east of zero.

    `datum` says by which map they were read: `gcj02` is that of maps in mainland China, which lies
    some hundred metres beside `wgs84`.
    """

    latitude: Annotated[float, Meta(ge=-90, le=90)]
    longitude: Annotated[float, Meta(ge=-180, le=180)]
    datum: Literal["wgs84", "gcj02"] = "wgs84"
    name: Annotated[str, Meta(max_length=100)] = ""
    address: Annotated[str, Meta(max_length=200)] = ""


def check_location(body: dict[str, Any]) -> dict[str, Any]:
    """The body of a location, cleared of unknown fields.

    Raises:
        Invalid: with the path of the bad field.
    """
    place: dict[str, Any] = to_builtins(convert(body, LocationBody, within="body"))
    return place
