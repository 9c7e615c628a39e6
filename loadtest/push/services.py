"""All fake push services, each served as its vendor does."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from loadtest.push.apns import ApnsService
from loadtest.push.base import Service
from loadtest.push.carriers import AliyunService, TwilioService, WechatService
from loadtest.push.fcm import FcmService
from loadtest.push.fronts import over_http1, over_http2
from loadtest.push.huawei import HonorService, HuaweiService
from loadtest.push.jpush import JpushService
from loadtest.push.oppo import OppoService
from loadtest.push.vivo import VivoService
from loadtest.push.web import WebService
from loadtest.push.webhook import WebhookService
from loadtest.push.xiaomi import XiaomiService

SERVICES: dict[str, type[Service]] = {
    "fcm": FcmService,
    "apns": ApnsService,
    "web": WebService,
    "webhook": WebhookService,
    "huawei": HuaweiService,
    "honor": HonorService,
    "xiaomi": XiaomiService,
    "oppo": OppoService,
    "vivo": VivoService,
    "jpush": JpushService,
    "wechat": WechatService,
    "aliyun": AliyunService,
    "twilio": TwilioService,
}


def file_for(service: Service, folder: Path) -> Path:
    """A push file that names the service, and has people told at once."""
    lines = [
        "[[provider]]",
        *(f"{name} = {_toml(value)}" for name, value in service.config(folder).items()),
        "[ladder]",
        'chat = [{channel = "push", after_s = 0}]',
    ]
    path = folder / "push.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {_toml(each)}" for name, each in value.items()) + "}"
    return json.dumps(value)  # strings, numbers and booleans are the same there


@asynccontextmanager
async def serving(name: str) -> AsyncIterator[Service]:
    """A service of this name, at an address of this machine."""
    front = over_http2 if name == "apns" else over_http1
    async with front(SERVICES[name]()) as service:
        yield service
