"""Web Push to browsers: RFC 8030 (protocol), 8291 (encryption), 8292 (VAPID).

https://www.rfc-editor.org/rfc/rfc8030, https://www.rfc-editor.org/rfc/rfc8291,
https://www.rfc-editor.org/rfc/rfc8292. The endpoint comes from the client, so it is as little to
be trusted as any address that a client sends: only https and public addresses are connected to.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec
from yarl import URL

from chatserver.domain.push.notification import Address, Notification, ProviderKind
from chatserver.providers.push.base import (
    CANNOT_CLOSE,
    Answer,
    House,
    Request,
    Verdict,
    by_status,
    dead,
    refused,
    sent,
)
from chatserver.providers.push.credentials import SelfSigned, Token
from chatserver.providers.push.encryption import CONTENT_MAX, WrongKeys, encrypt, public_key
from chatserver.providers.push.fields import collapse_key, cut_bytes, ttl_s
from chatserver.providers.push.signing import Signer

TTL_MAX_S = 2_419_200  # four weeks, the most that push services keep anything
VAPID_S = 43_200  # RFC 8292 allows 24 h; half of it forgives clocks
GONE = frozenset({404, 410})
SAFARI = "push.apple.com"  # takes the permission away after a few pushes that show nothing


class WebPush(House):
    """Notifications for service workers: the whole of one as JSON, for the browser's eyes alone."""

    kind: ProviderKind = "web"

    def __init__(
        self,
        pem: str,
        subject: str,
        *,
        allow_private: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`pem` is the VAPID key, `subject` whom push services may turn to.

        Raises:
            SettingsError: the key is none.
        """
        self.public_key = public_key(pem)
        self._signer = Signer(pem, "ES256")
        self._subject = subject
        self._allow_private = allow_private
        self._clock = clock
        self._proofs = SelfSigned(self._prove)

    def lane(self, address: Address) -> str:
        """Each push service has a pace and health of its own."""
        return _parsed(address.token).raw_host or ""

    async def request(
        self, address: Address, notification: Notification, now_ms: int
    ) -> Request | Verdict:
        """The notification, encrypted."""
        endpoint = _parsed(address.token)
        if not self._may_ask(endpoint):
            return refused("endpoint")
        if not notification.shows and _is_safari(endpoint):
            return CANNOT_CLOSE
        if address.keys is None:
            return dead("keys")
        try:
            content = encrypt(_content(notification), address.keys.p256dh, address.keys.auth)
        except WrongKeys:
            return dead("keys")
        proof = self._proofs.get(str(endpoint.origin()))
        return Request(
            url=str(endpoint),
            content=content,
            credential=proof,
            headers={
                "Authorization": f"vapid t={proof}, k={self.public_key}",
                "Content-Encoding": "aes128gcm",
                "Content-Type": "application/octet-stream",
                "TTL": str(ttl_s(notification, now_ms, TTL_MAX_S)),
                "Topic": collapse_key(notification),
                "Urgency": _urgency(notification),
            },
        )

    def verdict(self, answer: Answer, now_ms: int) -> Verdict:
        """What a push service's status comes to."""
        if answer.status < 300:
            return sent(answer.headers.get("location", "").rpartition("/")[2])
        if answer.status in GONE:
            return dead(answer.status)
        if answer.status == 403:  # made for another key than ours: nobody else's fault
            return refused(answer.status)
        return by_status(answer, now_ms)

    def forget(self, credential: str) -> None:
        """The next proof is made anew."""
        self._proofs.forget(credential)

    def _may_ask(self, endpoint: URL) -> bool:
        if endpoint.user is not None or not endpoint.raw_host:
            return False
        if self._allow_private:
            return endpoint.scheme in ("http", "https")
        return endpoint.scheme == "https" and endpoint.port == 443

    def _prove(self, audience: str) -> Token:
        ends = int(self._clock()) + VAPID_S
        return Token(
            self._signer.sign({"aud": audience, "exp": ends, "sub": self._subject}), VAPID_S
        )


def _parsed(endpoint: str) -> URL:
    try:
        return URL(endpoint)
    except ValueError:
        return URL()


def _is_safari(endpoint: URL) -> bool:
    return f".{endpoint.raw_host}".endswith(f".{SAFARI}")


def _content(notification: Notification) -> bytes:
    """The notification as JSON, its text cut where a push service would refuse so much."""
    content = msgspec.json.encode(notification)
    while len(content) > CONTENT_MAX:
        over = len(content) - CONTENT_MAX
        longest = max(0, len(notification.text.encode()) - over - 3)
        shorter = msgspec.structs.replace(notification, text=cut_bytes(notification.text, longest))
        if shorter.text == notification.text:
            return msgspec.json.encode(msgspec.structs.replace(shorter, text="", title=""))
        notification, content = shorter, msgspec.json.encode(shorter)
    return content


def _urgency(notification: Notification) -> str:
    if not notification.shows:
        return "low"
    return "high" if notification.urgent else "normal"
