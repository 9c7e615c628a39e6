"""What fakes of phones' makers have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from chatserver.domain.push.notification import Notification
from loadtest.push.base import Reply, Seen, Service, Wrong, secret

SECRET = "a-secret-of-the-vendors"  # noqa: S105 - of a fake
LINK = "shopchat://open{url}"


class Phones(Service):
    """What these have in common: codes in the body, and links into the app."""

    push_path: ClassVar[str]

    def is_push(self, seen: Seen) -> bool:
        """There is one call for it."""
        return seen.path == self.push_path

    def link(self, said: Notification) -> str:
        """The operator's link."""
        return LINK.replace("{url}", said.url)

    def common(self, folder: Path) -> dict[str, Any]:
        """What the push file says of all of them."""
        named = secret(folder, self.kind, SECRET)
        return {"kind": self.kind, "url": self.url, "secret": named, "link": LINK}

    def wrong(self, code: object, status: int = 200, **headers: str) -> Wrong:
        """A code of the vendor's, in its shape."""
        return Wrong(self.said(code, status, **headers))

    def said(self, code: object, status: int = 200, **headers: str) -> Reply:
        """An answer with a code."""
        raise NotImplementedError

    def check(self, token: str, dead: object, refused: object) -> None:
        """Whether the address is good."""
        if token in self.dead:
            raise self.wrong(dead)
        if token in self.refused:
            raise self.wrong(refused)
