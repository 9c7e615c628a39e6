"""What vendors' answers come to, code by code, and their own examples of signatures."""

from __future__ import annotations

import base64
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from chatserver.domain.push.notification import Address, Notification
from chatserver.providers.push.aliyun import AliyunSms, canonical_query
from chatserver.providers.push.aliyun import sign as sign_acs
from chatserver.providers.push.apns import Apns
from chatserver.providers.push.base import Answer, Request, Vendor
from chatserver.providers.push.config import (
    Aliyun,
    Honor,
    Huawei,
    Jpush,
    Oppo,
    Secret,
    Template,
    Twilio,
    Vivo,
    Wechat,
    Xiaomi,
)
from chatserver.providers.push.encryption import new_private_key
from chatserver.providers.push.fcm import Fcm
from chatserver.providers.push.fields import cut, cut_bytes, cut_wide
from chatserver.providers.push.honor import Honor as HonorVendor
from chatserver.providers.push.huawei import Huawei as HuaweiVendor
from chatserver.providers.push.jpush import Jpush as JpushVendor
from chatserver.providers.push.oppo import Oppo as OppoVendor
from chatserver.providers.push.signing import Signer
from chatserver.providers.push.twilio import TwilioSms
from chatserver.providers.push.vivo import Vivo as VivoVendor
from chatserver.providers.push.web import WebPush
from chatserver.providers.push.webhook import Webhook, sign, signing_key
from chatserver.providers.push.wechat import Wechat as WechatVendor
from chatserver.providers.push.xiaomi import Xiaomi as XiaomiVendor
from loadtest.push.keys import Browser
from tests.examples import examples

NOW = 1_790_000_000_000
NAMED = Secret(env="UNUSED")
HOOK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


async def nobody(_request: object) -> Answer:
    return Answer(status=500)


def vendors() -> dict[str, Vendor]:
    template = Template(id="t")
    aliyun = Aliyun(key_id="k", secret=NAMED, sign="s", templates={"chat": template})
    return {
        "fcm": Fcm.__new__(Fcm),
        "apns": Apns(Signer(new_private_key(), "ES256"), "T", "t"),
        "web": WebPush(new_private_key(), "mailto:a@example.com"),
        "webhook": Webhook("https://a.example/x", HOOK_SECRET),
        "huawei": HuaweiVendor(Huawei(app_id="a", secret=NAMED), "s", nobody),
        "honor": HonorVendor(Honor(app_id="a", client_id="c", secret=NAMED), "s", nobody),
        "xiaomi": XiaomiVendor(Xiaomi(package="p", secret=NAMED), "s"),
        "oppo": OppoVendor(Oppo(app_key="k", secret=NAMED), "s", nobody),
        "vivo": VivoVendor(Vivo(app_id="1", app_key="k", secret=NAMED), "s", nobody),
        "jpush": JpushVendor(Jpush(app_key="k", secret=NAMED), "s"),
        "wechat": WechatVendor(Wechat(app_id="a", secret=NAMED, templates={}), "s", nobody),
        "aliyun": AliyunSms(aliyun, "s"),
        "twilio": TwilioSms(Twilio(account="A", token=NAMED, sender="+1"), "t", ""),
    }


VENDORS = vendors()


def fcm(status: int, code: str, **detail: Any) -> tuple[int, Any]:
    return status, {"error": {"status": code, "details": [{"errorCode": code, **detail}]}}


@pytest.mark.parametrize(
    ("vendor", "answer", "finding"),
    [
        ("fcm", fcm(404, "UNREGISTERED"), "dead"),
        ("fcm", fcm(403, "SENDER_ID_MISMATCH"), "refused"),
        ("fcm", fcm(400, "INVALID_ARGUMENT"), "refused"),
        ("fcm", (400, {"error": {"details": [
            {"errorCode": "INVALID_ARGUMENT"},
            {"fieldViolations": [{"field": "message.token"}]}]}}), "dead"),
        ("fcm", fcm(429, "QUOTA_EXCEEDED"), "busy"),
        ("fcm", fcm(500, "INTERNAL"), "failing"),
        ("fcm", fcm(401, "THIRD_PARTY_AUTH_ERROR"), "later"),
        ("fcm", (401, {"error": {"status": "UNAUTHENTICATED"}}), "unauthorized"),
        ("apns", (400, {"reason": "BadDeviceToken"}), "dead"),
        ("apns", (400, {"reason": "DeviceTokenNotForTopic"}), "dead"),
        ("apns", (410, {"reason": "ExpiredToken", "timestamp": 1}), "dead"),
        ("apns", (400, {"reason": "BadTopic"}), "refused"),
        ("apns", (413, {"reason": "PayloadTooLarge"}), "refused"),
        ("apns", (403, {"reason": "InvalidProviderToken"}), "unauthorized"),
        ("apns", (429, {"reason": "TooManyRequests"}), "later"),
        ("apns", (429, {"reason": "TooManyProviderTokenUpdates"}), "busy"),
        ("apns", (503, {"reason": "Shutdown"}), "failing"),
        ("web", (404, {}), "dead"),
        ("web", (410, {}), "dead"),
        ("web", (413, {}), "refused"),
        ("web", (401, {}), "unauthorized"),
        ("web", (403, {}), "refused"),
        ("web", (429, {}), "busy"),
        ("huawei", (200, {"code": "80100000", "msg": "…"}), "dead"),
        ("huawei", (401, {"code": "80200001"}), "unauthorized"),
        ("huawei", (400, {"code": "80100003"}), "refused"),
        ("huawei", (200, {"code": "80300008"}), "refused"),
        ("huawei", (503, {}), "busy"),
        ("huawei", (502, {}), "failing"),
        ("honor", (200, {"code": 200, "data": {"expireTokens": ["x"]}}), "dead"),
        ("honor", (200, {"code": 80300007}), "dead"),
        ("honor", (200, {"code": 200, "data": {"requestId": "1"}}), "sent"),
        ("xiaomi", (200, {"code": 0, "data": {"id": "1", "bad_regids": "x"}}), "dead"),
        ("xiaomi", (200, {"code": 20301}), "dead"),
        ("xiaomi", (401, {"code": 21301}), "unauthorized"),
        ("xiaomi", (200, {"code": 200001}), "busy"),
        ("oppo", (200, {"code": 33, "message": "…", "data": None}), "busy"),
        ("oppo", (200, {"code": 41}), "refused"),
        ("oppo", (200, {"code": 29}), "unauthorized"),
        ("vivo", (200, {"result": 0, "invalidUser": {"userid": "x", "status": 1}}), "dead"),
        ("vivo", (200, {"result": 0, "invalidUser": {"userid": "x", "status": 4}}), "refused"),
        ("vivo", (200, {"result": 10071}), "later"),
        ("vivo", (200, {"result": 10302}), "dead"),
        ("jpush", (400, {"error": {"code": 1011, "message": "…"}, "msg_id": 7}), "dead"),
        ("jpush", (401, {"error": {"code": 1004}}), "unauthorized"),
        ("jpush", (429, {"error": {"code": 2002}}), "busy"),
        ("wechat", (200, {"errcode": 43101}), "refused"),
        ("wechat", (200, {"errcode": 40003}), "dead"),
        ("wechat", (200, {"errcode": 45009}), "busy"),
        ("wechat", (200, {"errcode": 42001}), "unauthorized"),
        ("aliyun", (200, {"Code": "isv.BUSINESS_LIMIT_CONTROL"}), "later"),
        ("aliyun", (200, {"Code": "isv.BLACK_KEY_CONTROL_LIMIT"}), "refused"),
        ("aliyun", (404, {"Code": "InvalidAccessKeyId.NotFound"}), "unauthorized"),
        ("aliyun", (503, {"Code": "ServiceUnavailable"}), "failing"),
        ("twilio", (400, {"code": 21610}), "dead"),
        ("twilio", (401, {"code": 20003}), "unauthorized"),
        ("twilio", (429, {"code": 20429}), "busy"),
        ("twilio", (400, {"code": 21408}), "refused"),
        ("webhook", (410, {}), "dead"),
        ("webhook", (409, {}), "failing"),
    ],
)  # fmt: skip
def test_each_code_means_what_its_vendor_says(
    vendor: str, answer: tuple[int, Any], finding: str
) -> None:
    status, content = answer
    said = Answer(status=status, content=msgspec.json.encode(content))
    assert VENDORS[vendor].verdict(said, 0).finding == finding


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(("code", "data", "error", "details", "result", "errcode", "reason")),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@settings(max_examples=examples(50))
@given(
    status=st.sampled_from((200, 201, 204, 302, 400, 401, 404, 429, 500, 503)),
    content=JSON.map(msgspec.json.encode) | st.binary(max_size=20),
)
def test_whatever_a_vendor_says_is_one_of_our_words(status: int, content: bytes) -> None:
    for name, vendor in VENDORS.items():
        verdict = vendor.verdict(Answer(status=status, content=content), 0)
        assert len(verdict.reason) <= 100, name


def test_the_signature_is_that_of_aliyuns_own_example() -> None:
    query = canonical_query(
        {
            "RegionId": "cn-shanghai",
            "ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd",
        }
    )
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    headers = {
        "host": "ecs.cn-shanghai.aliyuncs.com",
        "x-acs-action": "RunInstances",
        "x-acs-content-sha256": empty,
        "x-acs-date": "2023-10-26T10:22:32Z",
        "x-acs-signature-nonce": "3156853299f313e23d1673dc12e1703d",
        "x-acs-version": "2014-05-26",
    }
    expected = "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
    assert sign_acs(b"YourAccessKeySecret", query, headers) == expected
    assert canonical_query({"b": "空 格", "a": "~*+/"}) == "a=~%2A%2B%2F&b=%E7%A9%BA%20%E6%A0%BC"


def test_the_signature_is_that_of_standard_webhooks_own_example() -> None:
    signature = sign(
        signing_key(HOOK_SECRET),
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "1614265330",
        b'{"test": 2432232314}',
    )
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert base64.b64decode(signature.removeprefix("v1,"))


@settings(max_examples=examples(100))
@given(text=st.text(max_size=60), longest=st.integers(4, 40))
def test_what_is_cut_fits_and_begins_as_it_did(text: str, longest: int) -> None:
    characters, columns = cut(text, longest), cut_wide(text, longest)
    assert len(characters) <= longest
    assert sum(1 if each.isascii() else 2 for each in columns) <= longest
    for short in (characters, columns):
        assert short == text or text.startswith(short[:-1])
    assert len(cut_bytes(text, longest).encode()) <= longest


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("host", "is_asked"),
    [("web.push.apple.com", False), ("push.example.com", True), ("xpush.apple.com", True)],
)
async def test_safari_gets_no_push_that_shows_nothing(host: str, is_asked: bool) -> None:
    address = Address(provider="web", token=f"https://{host}/1", keys=Browser().keys)
    closing = Notification(
        id="n", conversation="c", seq=1, badge=0, expires_at=NOW, url="/", shows=False
    )
    for notification in (closing, structs.replace(closing, shows=True)):
        asked = await VENDORS["web"].request(address, notification, NOW)
        assert isinstance(asked, Request) is (is_asked or notification.shows)
