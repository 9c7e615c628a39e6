"""What a device is missing: decided from what it has and where the logs stand."""

from __future__ import annotations

from msgspec import Struct

from chatserver.domain.membership import Head
from chatserver.errors import Invalid


class Token(Struct, frozen=True):
    """Where a sync stands. Times are milliseconds since 1970 UTC.

    `since`: the device knows everything that moved before. `started`: when this sync began.
    `after`: within it, everything up to this conversation (time of its last message, id) was told.
    """

    since: int
    started: int
    after: tuple[int, str] | None = None

    def text(self) -> str:
        """The form in which devices carry it."""
        place = f"/{self.after[0]}/{self.after[1]}" if self.after else ""
        return f"{self.since}/{self.started}{place}"


def parse_token(text: str | None, now_ms: int) -> Token:
    """The token a device carries; without one everything is new to it.

    Raises:
        Invalid: it is none of ours.
    """
    if text is None:
        return Token(0, now_ms)
    try:
        since, started, *place = text.split("/")
        if not place:
            return Token(int(started), now_ms)
        at, conversation = place
        return Token(int(since), int(started), (int(at), conversation))
    except ValueError:
        raise Invalid("This is no sync token", path="token") from None


class Missing(Struct, frozen=True):
    """The first page of what a device is missing: numbers, both ends included."""

    messages: tuple[int, int]
    changes: tuple[int, int]
    more: bool = False
    reset: bool = False

    @property
    def nothing(self) -> bool:
        """The device has it all."""
        first, last = self.messages
        first_change, last_change = self.changes
        return first > last and first_change > last_change and not self.reset


def missing(
    have: tuple[int, int] | None, head: Head, *, page: int, reset_after: int, first: int = 1
) -> Missing:
    """What to send a device that has `[seq, mod]`, or nothing yet, of a conversation.

    A device that is new, too far behind, or ahead of the log starts with the last page; so does
    one that has nothing up to `first`, the first message its person may see.
    """
    if have is None:
        return _last_page(head, page, first, reset=False)
    seq, mod = have
    behind = max(head.seq - seq, head.mod - mod)
    if behind > reset_after or seq > head.seq or mod > head.mod or seq + 1 < first:
        return _last_page(head, page, first, reset=True)
    last, last_change = min(head.seq, seq + page), min(head.mod, mod + page)
    more = last < head.seq or last_change < head.mod
    return Missing((seq + 1, last), (mod + 1, last_change), more=more)


def _last_page(head: Head, page: int, lowest: int, *, reset: bool) -> Missing:
    first = max(lowest, head.seq - page + 1)
    # messages are sent as they stand now, so earlier changes need not be told
    return Missing((first, head.seq), (head.mod + 1, head.mod), more=first > lowest, reset=reset)
