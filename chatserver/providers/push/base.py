"""What every carrier of notifications is: requests it takes, and what its answers come to.

A vendor's module knows two things: how a notification looks as that vendor's request, and which
of our few words each of its answers is. All else (connections, rates, failures, credentials that
end) is the same for all and lies in `courier`, `gate` and `credentials`.
"""

from __future__ import annotations

import email.utils
from collections.abc import Mapping
from typing import Literal, Protocol, TypeVar

import msgspec
from msgspec import Struct

from chatserver.domain.push.notification import Address, Notification, Outcome, ProviderKind

WAIT_MAX_MS = 86_400_000  # whoever asks for longer is asked again after a day
REASON_MAX = 100

Finding = Literal["sent", "dead", "refused", "later", "busy", "failing", "unauthorized"]
"""`sent`, `dead`, `refused` and `later` speak of this one notification or address. The others are
about the vendor: `busy`, it wants fewer of them for a while; `failing`, it does not work;
`unauthorized`, it does not take our credentials."""

T = TypeVar("T", bound=Struct)


class Provider(Protocol):
    """Carries notifications of one kind, for one app."""

    @property
    def kind(self) -> ProviderKind:
        """Which addresses it is for."""

    async def send(self, address: Address, notification: Notification) -> Outcome:
        """Hand over a notification; whatever the vendor or the network does is an outcome."""

    async def close(self) -> None:
        """Let go of all connections."""


class Request(Struct, frozen=True, kw_only=True):
    """What to post, and the credential in it, to know which one was refused."""

    url: str
    content: bytes
    headers: Mapping[str, str] = {}
    credential: str = ""

    def __repr__(self) -> str:
        return "Request(…)"  # addresses, words and credentials are in it


class Answer(Struct, frozen=True, kw_only=True):
    """What a vendor answered."""

    status: int
    headers: Mapping[str, str] = {}
    content: bytes = b""

    def read(self, kind: type[T]) -> T:
        """The body as this kind of thing; one with nothing in it where the body is another."""
        try:
            return msgspec.json.decode(self.content, type=kind, strict=False)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return kind()

    def retry_after_ms(self, now_ms: int) -> int | None:
        """What Retry-After says, in seconds or as a date; None where it says nothing."""
        said = self.headers.get("retry-after", "").strip()
        if said.isdecimal() and len(said) < 10:
            return min(int(said) * 1000, WAIT_MAX_MS)
        try:
            at_ms = int(email.utils.parsedate_to_datetime(said).timestamp() * 1000)
        except (ValueError, OverflowError):
            return None
        return min(max(at_ms - now_ms, 0), WAIT_MAX_MS)


class Verdict(Struct, frozen=True):
    """What an answer comes to; `reason` is the vendor's own word, `receipt` its id."""

    finding: Finding
    reason: str = ""
    receipt: str = ""
    retry_after_ms: int | None = None

    @property
    def blames_vendor(self) -> bool:
        """Whether the vendor as a whole does not work for us."""
        return self.finding in ("failing", "unauthorized")


class Vendor(Protocol):
    """Speaks one vendor's protocol."""

    @property
    def kind(self) -> ProviderKind:
        """Which addresses it is for."""

    def lane(self, address: Address) -> str:
        """Whose health and pace counts for an address; most vendors are one house."""

    async def request(
        self, address: Address, notification: Notification, now_ms: int
    ) -> Request | Verdict:
        """A notification as the vendor wants it; a verdict where there is nothing to ask.

        Raises:
            Withheld: there are no credentials to be had now.
        """

    def verdict(self, answer: Answer, now_ms: int) -> Verdict:
        """What the vendor's answer comes to."""

    def forget(self, credential: str) -> None:
        """This one was refused; the next request is made with a new one where there can be one."""

    async def prove(self) -> bool:
        """Get a token from the vendor's token server, if it has one; whether it has.

        Raises:
            Withheld: it grants none.
        """


class Withheld(Exception):
    """There are no credentials to be had."""

    def __init__(self, verdict: Verdict) -> None:
        """`verdict` is what asking for them came to."""
        self.verdict = verdict
        super().__init__(verdict.reason)


class House:
    """What most vendors share: one house for all addresses, and no credential that ends."""

    def lane(self, address: Address) -> str:
        """One for all."""
        return ""

    def forget(self, credential: str) -> None:
        """There is no other."""

    async def prove(self) -> bool:
        """There is no token server."""
        return False


def sent(receipt: object = "", reason: str = "") -> Verdict:
    """The vendor took it."""
    return Verdict("sent", reason, str(receipt or "")[:REASON_MAX])


def dead(reason: object) -> Verdict:
    """The address is none any more."""
    return Verdict("dead", str(reason)[:REASON_MAX])


def refused(reason: object) -> Verdict:
    """The vendor will not take this one."""
    return Verdict("refused", str(reason)[:REASON_MAX])


def later(reason: object, retry_after_ms: int | None = None) -> Verdict:
    """Not this one now; others may go."""
    return Verdict("later", str(reason)[:REASON_MAX], "", retry_after_ms)


def busy(reason: object, retry_after_ms: int | None = None) -> Verdict:
    """The vendor wants fewer for a while."""
    return Verdict("busy", str(reason)[:REASON_MAX], "", retry_after_ms)


def failing(reason: object, retry_after_ms: int | None = None) -> Verdict:
    """The vendor does not work."""
    return Verdict("failing", str(reason)[:REASON_MAX], "", retry_after_ms)


def unauthorized(reason: object) -> Verdict:
    """The vendor does not take our credentials."""
    return Verdict("unauthorized", str(reason)[:REASON_MAX])


CANNOT_CLOSE = sent(reason="cannot_close")
"""What is shown by this vendor cannot be taken away again: nothing leaves, nothing is amiss."""


def by_code(
    code: object, table: Mapping[str, Finding], retry_after_ms: int | None = None
) -> Verdict:
    """What a vendor's own code comes to; one that the table lacks is about this notification."""
    word = str(code)
    return Verdict(table.get(word, "refused"), word[:REASON_MAX], "", retry_after_ms)


def by_status(answer: Answer, now_ms: int, reason: object = "") -> Verdict:
    """What an answer comes to where its status says all."""
    why = reason or answer.status
    if answer.status < 300:
        return sent()
    if answer.status == 429:
        return busy(why, answer.retry_after_ms(now_ms))
    if answer.status >= 500:
        return failing(why, answer.retry_after_ms(now_ms))
    if answer.status in (401, 403):
        return unauthorized(why)
    return refused(why)
