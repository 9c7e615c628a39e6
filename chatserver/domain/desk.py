"""A shop's desk: service conversations, whoever takes them on, and who may look at them."""

from __future__ import annotations

from msgspec import Struct

from chatserver.domain.conversation import Room
from chatserver.domain.membership import Head
from chatserver.domain.message import Message


class DeskView(Struct, frozen=True, kw_only=True):
    """A service conversation as it lies on the desk, the same for all who may look at it.

    `last` is the latest message, also where it was recalled.
    """

    id: str
    created_at: int
    room: Room
    head: Head
    last: Message | None
