"""Firebase Cloud Messaging, HTTP v1.

https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages/send,
https://firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode and, for the access token,
https://developers.google.com/identity/protocols/oauth2/service-account#httprest
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from chatserver.config import SettingsError
from chatserver.domain.push.notification import Address, Notification, ProviderKind
from chatserver.providers.push.base import (
    Answer,
    Request,
    Verdict,
    by_status,
    dead,
    later,
    refused,
    sent,
    unauthorized,
)
from chatserver.providers.push.credentials import Token
from chatserver.providers.push.fields import collapse_key, cut, data, ttl_s
from chatserver.providers.push.signing import Signer
from chatserver.providers.push.tokens import FORM, Ask, WithToken, granted

SERVER = "https://fcm.googleapis.com"
SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
TTL_MAX_S = 2_419_200
ASSERTION_S = 3600
TITLE_MAX, TEXT_MAX = 200, 1000  # of 4,000 bytes in all
DEAD = frozenset({"UNREGISTERED", "NOT_FOUND"})


class ServiceAccount(Struct, frozen=True):
    """What is needed of the JSON file that Google gives."""

    project_id: str
    client_email: str
    private_key: str
    private_key_id: str = ""
    token_uri: str = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address

    def __repr__(self) -> str:
        return f"ServiceAccount({self.project_id})"


class _Violation(Struct, frozen=True):
    field: str = ""


class _Detail(Struct, frozen=True):
    code: str = msgspec.field(default="", name="errorCode")
    violations: tuple[_Violation, ...] = msgspec.field(default=(), name="fieldViolations")


class _Error(Struct, frozen=True):
    status: str = ""
    details: tuple[_Detail, ...] = ()


class _Said(Struct, frozen=True):
    name: str = ""
    error: _Error = _Error()

    @property
    def word(self) -> str:
        """FCM's own word for what is wrong, else that of Google's servers in general."""
        return next((each.code for each in self.error.details if each.code), self.error.status)

    @property
    def blames_token(self) -> bool:
        """Whether it is the registration token that has the wrong form."""
        return any(
            violation.field == "message.token"
            for detail in self.error.details
            for violation in detail.violations
        )


class Fcm(WithToken):
    """Notifications for apps with Firebase's library, on Android and elsewhere."""

    kind: ProviderKind = "fcm"

    def __init__(
        self,
        account: ServiceAccount,
        ask: Ask,
        *,
        server: str = SERVER,
        channel: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`ask` posts to Google's token server; `channel` is Android's channel of the app.

        Raises:
            SettingsError: the account's key is none.
        """
        super().__init__(self._renew)
        self._account = account
        self._signer = Signer(account.private_key, "RS256", _key_id(account))
        self._ask = ask
        self._clock = clock
        self._channel = channel
        self._url = f"{server}/v1/projects/{account.project_id}/messages:send"

    async def request(
        self, address: Address, notification: Notification, now_ms: int
    ) -> Request | Verdict:
        """The notification as a message; without words where it only takes one away."""
        token = await self.token()
        message = {
            "token": address.token,
            "data": data(notification),
            "android": self._android(notification, now_ms),
            "apns": _apns(notification, now_ms),
        }
        if notification.shows:
            message["notification"] = {
                "title": cut(notification.title, TITLE_MAX),
                "body": cut(notification.text, TEXT_MAX),
            }
        return Request(
            url=self._url,
            content=msgspec.json.encode({"message": message}),
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
            credential=token,
        )

    def verdict(self, answer: Answer, now_ms: int) -> Verdict:
        """What FCM's error code comes to."""
        said = answer.read(_Said)
        if answer.status == 200:
            return sent(said.name.rpartition("/")[2])
        if said.word in DEAD or said.blames_token:
            return dead(said.word)
        if said.word == "SENDER_ID_MISMATCH":
            return refused(said.word)  # our configuration, not the address: those must not go
        if said.word == "THIRD_PARTY_AUTH_ERROR":
            return later(said.word)  # the project's key for Apple; Android's go on
        if answer.status == 401:
            return unauthorized(said.word or 401)
        return by_status(answer, now_ms, said.word)

    def _android(self, notification: Notification, now_ms: int) -> dict[str, Any]:
        key = collapse_key(notification)
        android: dict[str, Any] = {
            "collapse_key": key,
            "priority": "HIGH" if notification.shows and notification.urgent else "NORMAL",
            "ttl": f"{ttl_s(notification, now_ms, TTL_MAX_S)}s",
        }
        if not notification.shows:
            return android
        shown: dict[str, Any] = {"tag": key, "notification_count": notification.badge}
        if notification.sounds:
            shown["sound"] = "default"
        if self._channel:
            shown["channel_id"] = self._channel
        return {**android, "notification": shown}

    async def _renew(self) -> Token:
        now = int(self._clock())
        assertion = self._signer.sign(
            {
                "iss": self._account.client_email,
                "scope": SCOPE,
                "aud": self._account.token_uri,
                "iat": now,
                "exp": now + ASSERTION_S,
            }
        )
        form = {
            "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
            "assertion": assertion,
        }
        content = urlencode(form).encode()
        return await granted(
            self._ask, Request(url=self._account.token_uri, content=content, headers=FORM)
        )


def service_account(text: str) -> ServiceAccount:
    """The account in the text of Google's file.

    Raises:
        SettingsError: it is no such file; nothing of it is repeated.
    """
    try:
        return msgspec.json.decode(text, type=ServiceAccount)
    except msgspec.MsgspecError:
        raise SettingsError("that is no JSON file of a Google service account") from None


def _key_id(account: ServiceAccount) -> dict[str, str]:
    return {"kid": account.private_key_id} if account.private_key_id else {}


def _apns(notification: Notification, now_ms: int) -> dict[str, Any]:
    """The same for those of the app's installations that FCM reaches through Apple."""
    aps: dict[str, Any] = {"thread-id": collapse_key(notification), "badge": notification.badge}
    if not notification.shows:
        aps = {"content-available": 1}
    elif notification.sounds:
        aps["sound"] = "default"
    headers = {
        "apns-collapse-id": collapse_key(notification),
        "apns-expiration": str(now_ms // 1000 + ttl_s(notification, now_ms, TTL_MAX_S)),
        "apns-priority": "10" if notification.shows else "5",
        "apns-push-type": "alert" if notification.shows else "background",
    }
    return {"headers": headers, "payload": {"aps": aps}}
