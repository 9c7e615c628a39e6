"""Who may do how much how often: of messages on all nodes together, of all else on this node.

Every node hears of a message that it has listeners for, and spends it on its own buckets. So a
person with devices at many nodes, or a room busy at many, has one rate, at no message more.
"""

from __future__ import annotations

from chatserver.config import Settings
from chatserver.domain.limits import Limiter
from chatserver.errors import RateLimited
from chatserver.services.delivery import Sent, is_room, of_user

BURST = 3  # times the rate


class Limits:
    """The rates of the settings."""

    def __init__(self, settings: Settings) -> None:
        self._calls = _limiter(settings.calls_per_s)
        self._sends = _limiter(settings.sends_per_s)
        self._room_sends = _limiter(settings.room_sends_per_s)
        self._read_marks = _limiter(settings.read_marks_per_s)
        self._profile_changes = _limiter(settings.profile_changes_per_s)
        self._contexts = _limiter(settings.contexts_per_s)
        self._link_previews = _limiter(settings.link_previews_per_s)
        self._reports = _limiter(settings.reports_per_s)
        self._uploads = _limiter(settings.media_uploads_per_s)
        self._searches = _limiter(settings.searches_per_s)

    def call(self, user: str, now_ms: int) -> None:
        """A call of any kind.

        Raises:
            RateLimited: with the time after which to try again; so do the others.
        """
        _spend(self._calls, user, now_ms)

    def send(self, user: str, conversation: str, now_ms: int) -> None:
        """A message or a change of one."""
        _spend(self._sends, user, now_ms)
        _spend(self._room_sends, conversation, now_ms)

    def heard(self, topic: str, sent: Sent, now_ms: int) -> None:
        """Another node let somebody send: heard on each of its topics, to be spent once.

        In a direct conversation nodes without a device of the sender hear it too; there it counts
        for nothing, as nobody sends for that person there.
        """
        if sent.sender and (is_room(topic) or topic == of_user(sent.sender)):
            self._sends.owe(sent.sender, now_ms)
            self._room_sends.owe(sent.conversation, now_ms)

    def read_mark(self, user: str, now_ms: int) -> None:
        """A read mark."""
        _spend(self._read_marks, user, now_ms)

    def context(self, user: str, now_ms: int) -> None:
        """What this customer looks at is another thing now."""
        _spend(self._contexts, user, now_ms)

    def link_preview(self, user: str, now_ms: int) -> None:
        """A page is fetched for this person."""
        _spend(self._link_previews, user, now_ms)

    def report(self, user: str, now_ms: int) -> None:
        """This person reports a message."""
        _spend(self._reports, user, now_ms)

    def upload(self, user: str, now_ms: int) -> None:
        """Somebody begins to upload something."""
        _spend(self._uploads, user, now_ms)

    def search(self, user: str, now_ms: int) -> None:
        """A search of any kind, or a further page of one."""
        _spend(self._searches, user, now_ms)

    def profile_change(self, user: str, now_ms: int) -> None:
        """A change of somebody's profile or consent by this person."""
        _spend(self._profile_changes, user, now_ms)


def _limiter(per_s: int) -> Limiter:
    return Limiter(per_s, burst=BURST * per_s)


def _spend(limiter: Limiter, key: str, now_ms: int) -> None:
    wait_ms = limiter.spend(key, now_ms)
    if wait_ms:
        raise RateLimited(retry_after_ms=wait_ms)
