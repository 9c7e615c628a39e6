"""WeChat, and carriers of short messages."""

from __future__ import annotations

import base64
import hashlib
import hmac
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from chatserver.domain.push.notification import Address, Notification
from loadtest.push.base import (
    Arrived,
    Fault,
    Reply,
    Seen,
    Service,
    Wrong,
    as_json,
    retry_after,
    secret,
)

SECRET = "a-secret-of-the-carriers"  # noqa: S105 - of a fake
TEMPLATE = "tmpl-1"


class WechatService(Service):
    """WeChat's servers, as a mini program uses them."""

    kind = "wechat"
    has_tokens = True
    closes = False
    says_when = False

    def config(self, folder: Path) -> dict[str, Any]:
        """With the secret in the folder."""
        fields = {"thing1": "title", "thing2": "text", "time3": "time"}
        template = {"id": TEMPLATE, "fields": fields, "constants": {"phrase4": "待查看"}}
        return {
            "kind": "wechat", "url": self.url, "app_id": "wx1",
            "secret": secret(folder, "wechat", SECRET), "templates": {"chat": template},
            "page": "pages/chat?to={conversation}",
        }  # fmt: skip

    def link(self, said: Notification) -> str:
        """A page of the mini program."""
        return f"pages/chat?to={said.conversation}"

    def is_push(self, seen: Seen) -> bool:
        """One call of several."""
        return seen.path == "/cgi-bin/message/subscribe/send"

    def other(self, seen: Seen) -> Reply:
        """Grant a token."""
        asked = seen.json
        if seen.path != "/cgi-bin/stable_token" or asked["secret"] != SECRET:
            return as_json({"errcode": 40125, "errmsg": "invalid appsecret"})
        return as_json({"access_token": self.grant(), "expires_in": 7200})

    def take(self, seen: Seen) -> tuple[Arrived, Reply]:
        """A message, checked as WeChat does."""
        if not self.is_good(seen.query["access_token"]):
            raise _wechat(42001)
        message = seen.json
        if message["touser"] in self.dead:
            raise _wechat(40003)
        if message["touser"] in self.refused:
            raise _wechat(43101)
        if message["template_id"] != TEMPLATE:
            raise _wechat(40037)
        words = {name: field["value"] for name, field in message["data"].items()}
        if any(not 0 < len(words[name]) <= 20 for name in ("thing1", "thing2")):
            raise _wechat(47003)
        arrived = Arrived(
            token=message["touser"],
            title=words["thing1"],
            text=words["thing2"],
            link=message["page"],
        )
        return arrived, as_json({"errcode": 0, "errmsg": "ok", "msgid": self.pushes})

    def fail(self, fault: Fault) -> Reply:
        """The quota of the day, or a busy system."""
        return _wechat(45009 if fault.kind == "limited" else -1).reply


class AliyunService(Service):
    """Aliyun's short messages."""

    kind = "sms"
    closes = False
    says_when = False

    def config(self, folder: Path) -> dict[str, Any]:
        """With the secret in the folder."""
        template = {"id": TEMPLATE, "fields": {"name": "title", "text": "text"}}
        aliyun = {
            "key_id": "LTAI-1", "secret": secret(folder, "aliyun", SECRET), "sign": "小店",
            "templates": {"chat": template},
        }  # fmt: skip
        return {"kind": "sms", "url": self.url, "aliyun": aliyun}

    def token(self, name: str) -> str:
        """A phone number."""
        return _phone(name)

    def link(self, said: Notification) -> str:
        """None: it would have to be approved."""
        return ""

    def is_push(self, seen: Seen) -> bool:
        """It has no other calls here."""
        return seen.headers.get("x-acs-action") == "SendSms"

    def take(self, seen: Seen) -> tuple[Arrived, Reply]:
        """A message, once its signature is checked."""
        self._authorize(seen)
        token = f"+86{seen.query['PhoneNumbers']}"
        if token in self.dead:
            raise _aliyun("isv.MOBILE_NUMBER_ILLEGAL")
        if token in self.refused or seen.query["TemplateCode"] != TEMPLATE:
            raise _aliyun("isv.SMS_TEMPLATE_ILLEGAL")
        words = msgspec.json.decode(seen.query["TemplateParam"])
        if any(len(text) > 35 for text in words.values()):
            raise _aliyun("isv.PARAM_LENGTH_LIMIT")
        return Arrived(token=token, title=words["name"], text=words["text"]), _aliyun("OK").reply

    def fail(self, fault: Fault) -> Reply:
        """Throttled, or broken."""
        if fault.kind == "limited":
            return _aliyun("Throttling.User", 429).reply
        return _aliyun("ServiceUnavailable", 503).reply

    def _authorize(self, seen: Seen) -> None:
        """The signature of version 3, made anew from what came in."""
        parts = dict(
            part.split("=", 1)
            for part in seen.headers["authorization"].partition(" ")[2].split(",")
        )
        names = parts["SignedHeaders"].split(";")
        lines = "".join(f"{name}:{seen.headers[name]}\n" for name in names)
        query = "&".join(
            f"{quote(name, safe='')}={quote(value, safe='')}"
            for name, value in sorted(seen.query.items())
        )
        digest = hashlib.sha256(seen.body).hexdigest()
        canonical = f"{seen.method}\n{seen.path}\n{query}\n{lines}\n{';'.join(names)}\n{digest}"
        signed = "ACS3-HMAC-SHA256\n" + hashlib.sha256(canonical.encode()).hexdigest()
        expected = hmac.new(SECRET.encode(), signed.encode(), hashlib.sha256).hexdigest()
        if parts["Credential"] != "LTAI-1" or parts["Signature"] != expected:
            raise _aliyun("SignatureDoesNotMatch", 400)


class TwilioService(Service):
    """Twilio's short messages."""

    kind = "sms"
    closes = False

    def config(self, folder: Path) -> dict[str, Any]:
        """With the secret in the folder."""
        twilio = {
            "account": "AC1", "token": secret(folder, "twilio", SECRET), "sender": "+15005550006",
        }  # fmt: skip
        link = "https://chat.example.com{url}"
        return {"kind": "sms", "url": self.url, "twilio": twilio, "link": link}

    def address(self, token: str) -> Address:
        """A phone number."""
        return Address(provider="sms", token=token)

    def token(self, name: str) -> str:
        """A phone number."""
        return _phone(name)

    def link(self, said: Notification) -> str:
        """A whole address."""
        return f"https://chat.example.com{said.url}"

    def is_push(self, seen: Seen) -> bool:
        """It has no other calls here."""
        return seen.path == "/2010-04-01/Accounts/AC1/Messages.json"

    def take(self, seen: Seen) -> tuple[Arrived, Reply]:
        """A message, checked as Twilio does."""
        pair = base64.b64encode(f"AC1:{SECRET}".encode()).decode()
        if seen.headers["authorization"] != f"Basic {pair}":
            raise _twilio(20003, 401)
        form = seen.form
        if form["To"] in self.dead:
            raise _twilio(21211)
        if form["To"] in self.refused:
            raise _twilio(21408)
        if len(form["Body"]) > 1600 or not 1 <= int(form["ValidityPeriod"]) <= 14_400:
            raise _twilio(21617)
        body, _, link = form["Body"].rpartition("\n")
        title, _, text = body.partition(": ")
        ttl_s = int(form["ValidityPeriod"])
        arrived = Arrived(token=form["To"], title=title, text=text, link=link, ttl_s=ttl_s)
        return arrived, as_json({"sid": f"SM{self.pushes}", "status": "queued"}, 201)

    def fail(self, fault: Fault) -> Reply:
        """Too many requests, or a broken server."""
        if fault.kind == "limited":
            return as_json({"code": 20429, "status": 429}, 429, **retry_after(fault))
        return as_json({"code": 20500, "status": 500}, 500)


def _wechat(code: int) -> Wrong:
    return Wrong(as_json({"errcode": code, "errmsg": "rid: 1"}))


def _aliyun(code: str, status: int = 200) -> Wrong:
    return Wrong(as_json({"Code": code, "Message": code, "RequestId": "1", "BizId": "9^0"}, status))


def _twilio(code: int, status: int = 400) -> Wrong:
    return Wrong(as_json({"code": code, "message": "", "status": status}, status))


def _phone(name: str) -> str:
    """A number of China's for each name."""
    return f"+8613{int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], 'big') % 10**9:09}"
