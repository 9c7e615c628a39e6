"""What every fake push service is: it checks what it gets, keeps it, and fails on command."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct

from chatserver.domain.push.notification import Address, Notification, ProviderKind

FaultKind = Literal["slow", "limited", "broken", "dropped"]


class Seen(Struct, frozen=True, kw_only=True):
    """A request as it came in."""

    method: str
    path: str
    query: Mapping[str, str] = {}
    headers: Mapping[str, str] = {}
    body: bytes = b""

    @property
    def form(self) -> dict[str, str]:
        """The body as a form."""
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return msgspec.json.decode(self.body)

    @property
    def bearer(self) -> str:
        """The token of the header Authorization."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token if scheme.lower() == "bearer" else ""


class Reply(Struct, frozen=True, kw_only=True):
    """An answer."""

    status: int = 200
    headers: Mapping[str, str] = {}
    body: bytes = b""


class Fault(Struct, frozen=True):
    """What goes wrong with one push; `retry_after` is the header's text."""

    kind: FaultKind
    retry_after: str = ""


class Arrived(Struct, frozen=True, kw_only=True):
    """A push that was taken, in words that are the same for all vendors.

    None where a vendor has no place for it.
    """

    token: str
    title: str = ""
    text: str = ""
    collapse: str | None = None
    badge: int | None = None
    ttl_s: int | None = None
    link: str = ""
    sounds: bool | None = None
    urgent: bool | None = None
    shows: bool = True
    data: Mapping[str, str] = {}


class Wrong(Exception):
    """A request that the service would not take; `reply` is what it says to it."""

    def __init__(self, reply: Reply) -> None:
        """`reply` in the vendor's own shape."""
        self.reply = reply
        super().__init__(reply.status)


class Service:
    """A fake push service. `path_of_pushes` tells its pushes from its other calls."""

    kind: ClassVar[ProviderKind]
    has_tokens: ClassVar[bool] = False  # whether it grants credentials that can be revoked
    closes: ClassVar[bool] = True  # whether what is shown can be taken away
    says_when: ClassVar[bool] = True  # whether it names a time when it wants a pause

    def __init__(self) -> None:
        self.url = ""
        self.arrived: list[Arrived] = []
        self.keeps = True  # benchmarks do not want to
        self.dead: set[str] = set()
        self.refused: set[str] = set()
        self.faults: deque[Fault] = deque()
        self.always: Fault | None = None
        self.connections: set[Any] = set()
        self.pushes = 0
        self.granted: list[str] = []
        self.revoked: set[str] = set()
        self.released = asyncio.Event()

    def config(self, folder: Path) -> dict[str, Any]:
        """The provider in a push file; secrets are written into the folder."""
        raise NotImplementedError

    def address(self, token: str) -> Address:
        """An address of this service."""
        return Address(provider=self.kind, token=token)

    def token(self, name: str) -> str:
        """What this service calls an address of this name."""
        return name

    def is_push(self, seen: Seen) -> bool:
        """Whether somebody is to be pushed, or else another call is made."""
        raise NotImplementedError

    def other(self, seen: Seen) -> Reply:
        """The answer to another call, such as one for a token."""
        return Reply(status=404)

    def take(self, seen: Seen) -> tuple[Arrived, Reply]:
        """Check a push and say what it was.

        Raises:
            Wrong: it is none that the service takes.
        """
        raise NotImplementedError

    def fail(self, fault: Fault) -> Reply:
        """The vendor's shape of having too much to do, or of being broken."""
        raise NotImplementedError

    def says(self, arrived: Arrived, said: Notification) -> bool:
        """Whether the words and the link of a notification are in what arrived."""
        expected = (said.title, said.text, self.link(said))
        return (arrived.title, arrived.text, arrived.link) == expected

    def link(self, said: Notification) -> str:
        """Where a tap leads, as this service is told."""
        return said.url

    def revoke(self) -> None:
        """No credential that was used so far is good any more."""
        self.revoked.update(self.granted)

    def grant(self) -> str:
        """A new credential."""
        self.granted.append(f"granted-{len(self.granted)}-{id(self)}")
        return self.granted[-1]

    def is_good(self, credential: str) -> bool:
        """Whether it was granted, and not revoked."""
        return credential in self.granted and credential not in self.revoked

    async def answer(self, seen: Seen) -> Reply | None:
        """What to say to a request; None: drop the connection."""
        if not self.is_push(seen):
            return self.other(seen)
        self.pushes += 1
        fault = self.faults.popleft() if self.faults else self.always
        if fault is not None:
            return await self._failed(fault)
        try:
            arrived, reply = self.take(seen)
        except Wrong as wrong:
            return wrong.reply
        if self.keeps:
            self.arrived.append(arrived)
        return reply

    async def _failed(self, fault: Fault) -> Reply | None:
        if fault.kind == "slow":
            await self.released.wait()
        return None if fault.kind in ("slow", "dropped") else self.fail(fault)


def as_json(content: object, status: int = 200, **headers: str) -> Reply:
    """An answer in JSON."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(
        status=status,
        headers={"content-type": "application/json", **named},
        body=msgspec.json.encode(content),
    )


def retry_after(fault: Fault) -> dict[str, str]:
    """The header of a fault, if it has one."""
    return {"retry_after": fault.retry_after} if fault.retry_after else {}


def secret(folder: Path, name: str, content: str) -> dict[str, str]:
    """A secret in a file, as the push file names it."""
    path = folder / name
    path.write_text(content)
    path.chmod(0o600)
    return {"file": str(path)}


def example(**changed: Any) -> Notification:
    """A notification, with what a test wants otherwise."""
    given: dict[str, Any] = {
        "id": "0192f0c0-0000-7000-8000-000000000001",
        "conversation": "c-42",
        "seq": 7,
        "badge": 3,
        "expires_at": 4_102_444_800_000,
        "url": "/#/c/c-42",
        "title": "林晓燕",
        "text": "您的奶瓶到货了",
    }
    return Notification(**{**given, **changed})
