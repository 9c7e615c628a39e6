"""Providers out of what the push file says of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chatserver.config import SettingsError
from chatserver.providers.guard import Guard
from chatserver.providers.push import config as push_file
from chatserver.providers.push.aliyun import SERVER as ALIYUN
from chatserver.providers.push.aliyun import AliyunSms
from chatserver.providers.push.apns import SANDBOX, Apns
from chatserver.providers.push.apns import SERVER as APNS
from chatserver.providers.push.base import Vendor
from chatserver.providers.push.config import Common, ProviderConfig
from chatserver.providers.push.courier import Courier
from chatserver.providers.push.fcm import SERVER as FCM
from chatserver.providers.push.fcm import Fcm, service_account
from chatserver.providers.push.gate import Gates
from chatserver.providers.push.honor import Honor
from chatserver.providers.push.huawei import Huawei
from chatserver.providers.push.jpush import Jpush
from chatserver.providers.push.oppo import Oppo
from chatserver.providers.push.poster import OverHttp1, OverHttp2, Poster
from chatserver.providers.push.signing import Signer
from chatserver.providers.push.twilio import SERVER as TWILIO
from chatserver.providers.push.twilio import TwilioSms
from chatserver.providers.push.vivo import Vivo
from chatserver.providers.push.web import WebPush
from chatserver.providers.push.webhook import Webhook
from chatserver.providers.push.wechat import Wechat
from chatserver.providers.push.xiaomi import Xiaomi


def make(config: ProviderConfig) -> Courier:
    """The provider that a part of the push file describes; nothing is connected to yet.

    Raises:
        SettingsError: a secret cannot be read or used; the message says of which provider.
    """
    poster = _poster(config)
    try:
        vendor = MAKERS[type(config)](config, poster)
    except SettingsError as error:
        app = f" ({config.app})" if config.app else ""
        raise SettingsError(f"provider {config.kind}{app}: {error}") from None
    gates = Gates(config.rate_per_s, config.concurrency)
    return Courier(vendor, poster, gates)


def _poster(config: Common) -> Poster:
    timeout_s = config.timeout_ms / 1000
    if isinstance(config, push_file.Apns):
        return OverHttp2(timeout_s)
    guarded = isinstance(config, push_file.Web | push_file.Webhook) and not config.allow_private
    return OverHttp1(timeout_s, Guard() if guarded else None)


def _fcm(config: push_file.Fcm, poster: Poster) -> Vendor:
    account = service_account(config.service_account.read())
    return Fcm(account, poster.post, server=config.url or FCM, channel=config.channel)


def _apns(config: push_file.Apns, _poster: Poster) -> Vendor:
    signer = Signer(config.key.read(), "ES256", {"kid": config.key_id})
    server = config.url or (SANDBOX if config.sandbox else APNS)
    return Apns(signer, config.team, config.topic, server=server)


def _web(config: push_file.Web, _poster: Poster) -> Vendor:
    return WebPush(config.key.read(), config.subject, allow_private=config.allow_private)


def _webhook(config: push_file.Webhook, _poster: Poster) -> Vendor:
    return Webhook(config.url, config.secret.read())


def _huawei(config: push_file.Huawei, poster: Poster) -> Vendor:
    return Huawei(config, config.secret.read(), poster.post)


def _honor(config: push_file.Honor, poster: Poster) -> Vendor:
    return Honor(config, config.secret.read(), poster.post)


def _xiaomi(config: push_file.Xiaomi, _poster: Poster) -> Vendor:
    return Xiaomi(config, config.secret.read())


def _oppo(config: push_file.Oppo, poster: Poster) -> Vendor:
    return Oppo(config, config.secret.read(), poster.post)


def _vivo(config: push_file.Vivo, poster: Poster) -> Vendor:
    return Vivo(config, config.secret.read(), poster.post)


def _jpush(config: push_file.Jpush, _poster: Poster) -> Vendor:
    return Jpush(config, config.secret.read())


def _wechat(config: push_file.Wechat, poster: Poster) -> Vendor:
    return Wechat(config, config.secret.read(), poster.post)


def _sms(config: push_file.Sms, _poster: Poster) -> Vendor:
    if config.aliyun is not None:
        return AliyunSms(config.aliyun, config.aliyun.secret.read(), config.url or ALIYUN)
    if config.twilio is not None:
        token = config.twilio.token.read()
        return TwilioSms(config.twilio, token, config.link, config.url or TWILIO)
    raise SettingsError("short messages go by either aliyun or twilio")


MAKERS: dict[type[Common], Callable[[Any, Poster], Vendor]] = {
    push_file.Fcm: _fcm,
    push_file.Apns: _apns,
    push_file.Web: _web,
    push_file.Webhook: _webhook,
    push_file.Huawei: _huawei,
    push_file.Honor: _honor,
    push_file.Xiaomi: _xiaomi,
    push_file.Oppo: _oppo,
    push_file.Vivo: _vivo,
    push_file.Jpush: _jpush,
    push_file.Wechat: _wechat,
    push_file.Sms: _sms,
}
