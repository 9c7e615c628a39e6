"""The push file: which vendors carry notifications, with which credentials, in which order.

TOML, named by `CHAT_PUSH_FILE`. Secrets never stand in it: each is `{file = "…"}` or
`{env = "NAME"}`.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from chatserver.config import SettingsError
from chatserver.domain.push.ladder import Ladder
from chatserver.domain.push.notification import MessageClass, ProviderKind

SECRET_BYTES_MAX = 65_536

Positive = Annotated[int, Meta(ge=1)]
Name = Annotated[str, Meta(min_length=1, max_length=256)]
App = Annotated[str, Meta(max_length=64, pattern=r"^[A-Za-z0-9._-]*\Z")]
Base = Annotated[str, Meta(pattern=r"^(https?://[^\s?#@]+[^\s?#@/])?\Z")]
Field = Literal["title", "text", "badge", "time", "url"]
"""What a template's field is filled with."""


class Secret(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a secret is; never the secret itself."""

    file: str = ""
    env: str = ""

    def __post_init__(self) -> None:
        if bool(self.file) == bool(self.env):
            raise ValueError("a secret is either a file or an env")

    def read(self, environ: Mapping[str, str] | None = None) -> str:
        """The secret, without blanks around it.

        Raises:
            SettingsError: it is not there; the message names the place.
        """
        if self.env:
            value = (os.environ if environ is None else environ).get(self.env, "")
            place = f"the environment variable {self.env}"
        else:
            value, place = _content(self.file), self.file
        if not value.strip():
            raise SettingsError(f"{place} is not set or empty")
        return value.strip()


class Common(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    """What all providers have.

    `app` is the name that addresses carry. `rate_per_s` and `concurrency` are those of one process.
    `url` stands in for the vendor's own server, such as one abroad. `link` is where a tap leads in
    an app, with `{url}`, `{conversation}` and `{id}` filled in; without it the app just opens.
    """

    app: App = ""
    dry_run: bool = False
    rate_per_s: Annotated[int, Meta(ge=1, le=100_000)] = 500
    concurrency: Annotated[int, Meta(ge=1, le=1000)] = 32
    timeout_ms: Annotated[int, Meta(ge=1, le=60_000)] = 10_000
    url: Base = ""
    link: str = ""

    @property
    def kind(self) -> ProviderKind:
        """Which addresses it is for."""
        tag: ProviderKind = type(self).__struct_config__.tag  # type: ignore[assignment]
        return tag


class Fcm(Common, frozen=True, tag="fcm"):
    """Firebase: `service_account` is the JSON file that Google gave. `channel` is Android's."""

    service_account: Secret
    channel: str = ""


class Apns(Common, frozen=True, tag="apns"):
    """Apple: `key` is the .p8 file, `topic` the bundle id; `sandbox` for apps run from Xcode."""

    team: Name
    key_id: Name
    key: Secret
    topic: Name
    sandbox: bool = False


class Web(Common, frozen=True, tag="web"):
    """Browsers: `key` is a PEM of `chatserver push keys`, `subject` mailto: or https: of whom push
    services may turn to. `allow_private` also takes endpoints that are not on the internet."""

    key: Secret
    subject: Annotated[str, Meta(pattern=r"^(mailto:[^\s@]+@[^\s@]+|https://\S+)\Z")]
    allow_private: bool = False


class Webhook(Common, frozen=True, tag="webhook"):
    """A server of the operator's: `secret` is `whsec_` and base64, as Standard Webhooks has it."""

    url: Annotated[str, Meta(pattern=r"^https?://[^\s#@]+\Z")]
    secret: Secret
    allow_private: bool = False


class Huawei(Common, frozen=True, tag="huawei"):
    """Huawei; `category` is what it granted the app, such as IM."""

    app_id: Name
    secret: Secret
    category: str = "IM"
    badge_class: str = ""
    token_url: Base = ""


class Honor(Common, frozen=True, tag="honor"):
    """Honor; `app_id` is in the address of its calls, `client_id` its credential's name."""

    app_id: Name
    client_id: Name
    secret: Secret
    badge_class: str = ""
    token_url: Base = ""


class Xiaomi(Common, frozen=True, tag="xiaomi"):
    """Xiaomi; `channel` is the id it granted for private messages."""

    package: Name
    secret: Secret
    channel: str = ""


class Oppo(Common, frozen=True, tag="oppo"):
    """OPPO, OnePlus and realme."""

    app_key: Name
    secret: Secret
    channel: str = ""
    category: str = "IM"


class Vivo(Common, frozen=True, tag="vivo"):
    """Vivo and iQOO."""

    app_id: Name
    app_key: Name
    secret: Secret
    category: str = "IM"


class Jpush(Common, frozen=True, tag="jpush"):
    """JPush, which carries for many vendors."""

    app_key: Name
    secret: Secret
    channel: str = ""
    apns_production: bool = True


class Template(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A text that the carrier approved, and what its fields are filled with."""

    id: Name
    fields: dict[str, Field] = {}
    constants: dict[str, str] = {}


class Wechat(Common, frozen=True, tag="wechat"):
    """Subscribe messages of a mini program; a class of messages without a template is refused."""

    app_id: Name
    secret: Secret
    templates: dict[MessageClass, Template]
    page: str = ""
    state: Literal["formal", "trial", "developer"] = "formal"


class Aliyun(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Short messages by Aliyun."""

    key_id: Name
    secret: Secret
    sign: Name
    templates: dict[MessageClass, Template]


class Twilio(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Short messages by Twilio; `sender` is a number, or a messaging service by its MG id."""

    account: Annotated[str, Meta(pattern=r"^[A-Za-z0-9]+\Z")]
    token: Secret
    sender: Name
    key_id: str = ""


class Sms(Common, frozen=True, tag="sms"):
    """Short messages, by one of the carriers. `link` stands at the end of Twilio's."""

    aliyun: Aliyun | None = None
    twilio: Twilio | None = None

    def __post_init__(self) -> None:
        if (self.aliyun is None) == (self.twilio is None):
            raise ValueError("short messages go by either aliyun or twilio")


ProviderConfig = (
    Fcm | Apns | Web | Webhook | Huawei | Honor | Xiaomi | Oppo | Vivo | Jpush | Wechat | Sms
)


class PushFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of it. With `dry_run` everything is decided and noted, and nothing leaves."""

    dry_run: bool = False
    provider: tuple[ProviderConfig, ...] = ()
    ladder: Ladder = Ladder()

    def __post_init__(self) -> None:
        seen = set()
        for each in self.provider:
            if (each.kind, each.app) in seen:
                raise ValueError(f"there are two of kind {each.kind!r} for the app {each.app!r}")
            seen.add((each.kind, each.app))


def read(path: str) -> PushFile:
    """The push file of this path.

    Raises:
        SettingsError: it cannot be read, or something in it is unknown or has the wrong form; the
            message names the place, and no value.
    """
    try:
        return parse(tomllib.loads(_content(path)), path)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not valid TOML: {error}") from None


def parse(content: dict[str, Any], path: str = "the push file") -> PushFile:
    """The same of its content.

    Raises:
        SettingsError: as `read`.
    """
    try:
        return msgspec.convert(content, PushFile)
    except msgspec.ValidationError as error:
        reason, _, place = str(error).partition(" - at `$")
        where = f" at {place.strip('`.')}" if place else ""
        raise SettingsError(f"{path}: {reason}{where}") from None


def _content(path: str) -> str:
    try:
        with Path(path).open(encoding="utf-8") as file:
            return file.read(SECRET_BYTES_MAX)
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path} is no text") from None
