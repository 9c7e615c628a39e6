"""What all calls share."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from chatserver.domain.person import UserId

Limit = Annotated[int, Meta(ge=1)]
Number = Annotated[int, Meta(ge=0, le=2**53)]
Users = Annotated[tuple[UserId, ...], Meta(max_length=100)]
Time = Annotated[int, Meta(ge=0, le=2**53)]  # ms since 1970 UTC


class Call(Struct, frozen=True, kw_only=True):
    """Something a client asks for; `name` is the Socket.IO event."""

    name: ClassVar[str]
    ack: ClassVar[str]  # the acknowledgement's fields beside `ok`
