"""Who is let in, who is not, and who is shown out."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Any

import pytest

from loadtest.faults.nodes import ChatServer
from loadtest.faults.people import PATIENCE_S, Person, RefusedError, eventually, text, token
from tests.acceptance.conftest import Cast, Start
from tests.acceptance.javascript import JavaScriptPerson

BAD_TOKENS: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "somebody"},
    "another audience": {"aud": "elsewhere"},
    "another type": {"typ": "refresh"},
    "no role": {"role": None},
    "an invented role": {"role": "king"},
    "no subject": {"sub": None},
    "no id": {"jti": None},
    "no end": {"exp": None},
    "from the future": {"iat": time.time() + 3600, "exp": time.time() + 7200},
}


async def refusal(person: Person) -> dict[str, Any]:
    with pytest.raises(RefusedError) as refused:
        await person.connect()
    return dict(refused.value.data)


@pytest.mark.asyncio
@pytest.mark.parametrize("why", BAD_TOKENS)
async def test_a_token_with_a_wrong_claim_is_refused(
    house: ChatServer, cast: Cast, why: str
) -> None:
    mei = cast.person("mei", house)
    mei.token = token(mei.user, **BAD_TOKENS[why])
    refused = await refusal(mei)
    assert refused["message"] == refused["data"]["code"] == "unauthorized"


@pytest.mark.asyncio
@pytest.mark.parametrize("bad", ["", "nonsense", None, 7, {"a": 1}, "a.b.c", "x" * 5000])
async def test_what_is_no_token_is_refused(house: ChatServer, cast: Cast, bad: Any) -> None:
    mei = cast.person("mei", house)
    mei.token = bad
    assert (await refusal(mei))["data"]["code"] in ("unauthorized", "protocol")


@pytest.mark.asyncio
async def test_a_token_signed_with_another_key_is_refused(house: ChatServer, cast: Cast) -> None:
    mei = cast.person("mei", house)
    head, claims, signature = mei.token.split(".")
    turned = signature[:5] + ("A" if signature[5] != "A" else "B") + signature[6:]
    mei.token = f"{head}.{claims}.{turned}"
    assert (await refusal(mei))["data"]["code"] == "unauthorized"


NO_DEVICES: list[Any] = [
    None,
    {},
    {"id": "x"},
    {"id": "", "platform": "web"},
    {"id": "x", "platform": "fridge"},
    {"id": {"$ne": 1}, "platform": "web"},
]


@pytest.mark.asyncio
@pytest.mark.parametrize("device", NO_DEVICES)
async def test_a_device_that_does_not_say_what_it_is_is_refused(
    house: ChatServer, cast: Cast, device: Any
) -> None:
    mei = cast.person("mei", house)
    auth = {"token": mei.token, "device": device}
    mei._auth = lambda: auth  # type: ignore[method-assign]
    assert (await refusal(mei))["data"]["code"] in ("protocol", "invalid", "unauthorized")


@pytest.mark.asyncio
async def test_an_expired_token_says_so(house: ChatServer, cast: Cast) -> None:
    mei = cast.person("mei", house)
    mei.token = token(mei.user, iat=int(time.time()) - 100, exp=int(time.time()) - 50)
    refused = await refusal(mei)
    assert refused["message"] == refused["data"]["code"] == "token_expired"
    assert refused["data"]["message"]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("claims", "code"),
    [({"iss": "somebody"}, "unauthorized"), ({"iat": 1000, "exp": 2000}, "token_expired")],
)
async def test_javascript_gets_a_refusal_as_an_error_with_its_code(
    house: ChatServer, cast: Cast, claims: dict[str, Any], code: str
) -> None:
    mei = cast.person("mei", house, client=JavaScriptPerson)
    mei.token = token(mei.user, **claims)
    await mei.connect()
    error = await mei.sees("connect_error")
    assert error["isError"] is True
    assert error["message"] == code
    assert error["data"]["code"] == code


@pytest.mark.asyncio
async def test_an_unknown_namespace_is_refused_as_javascript_expects(
    house: ChatServer, cast: Cast
) -> None:
    mei = cast.person("mei", house, client=JavaScriptPerson)
    assert isinstance(mei, JavaScriptPerson)
    await mei.connect(namespace="/elsewhere")
    assert (await mei.sees("connect_error"))["message"] == "Invalid namespace"


@pytest.mark.asyncio
@pytest.mark.parametrize("transports", [("polling",), ("polling", "websocket")])
async def test_javascript_can_poll_and_upgrade(
    house: ChatServer, cast: Cast, transports: tuple[str, ...]
) -> None:
    lin = await cast.join("lin", house)
    mei = cast.person("mei", house, client=JavaScriptPerson)
    assert isinstance(mei, JavaScriptPerson)
    await mei.connect(transports=transports)
    room = await mei.open(lin.user)
    await mei.say(room, "through the poll")
    await lin.sees("message", conversation=room, seq=1)

    async def as_wanted() -> bool:
        return await mei.transport() == transports[-1]

    await eventually(as_wanted, f"the transport is {transports[-1]}")
    await lin.say(room, "back again")
    await mei.sees("message", conversation=room, seq=2)
    await mei.say(room, "and once more")
    await lin.sees("message", conversation=room, seq=3)


@pytest.mark.asyncio
async def test_logging_out_cuts_off_all_sockets_of_the_token(house: ChatServer, cast: Cast) -> None:
    mei = await cast.join("mei", house, device="phone")
    shared = cast.person("mei", house, device="tablet")
    shared.token = mei.token
    await shared.connect()
    own_token = await cast.join("mei", house, device="desk")
    lin = await cast.join("lin", house)
    await own_token.ask("device.logout", device="phone")
    await mei.gone()
    await shared.gone()
    assert mei.seen("notice", type="kicked")
    assert (await refusal(mei))["data"]["code"] == "unauthorized"
    await own_token.settled()
    await lin.settled()
    assert not lin.seen("notice")


@pytest.mark.asyncio
async def test_logging_out_everywhere_revokes_every_token(house: ChatServer, cast: Cast) -> None:
    devices = [await cast.join("mei", house, device=f"d{number}") for number in range(3)]
    lin = await cast.join("lin", house)
    answer = await devices[0].begin("device.logout", {"all": True})
    for device in devices:
        await device.gone()
    await asyncio.wait([answer], timeout=PATIENCE_S)
    assert answer.done()
    for device in devices:
        assert (await refusal(device))["data"]["code"] == "unauthorized"
    await lin.settled()
    assert lin.connected


@pytest.mark.asyncio
async def test_the_fifth_device_of_a_platform_takes_over_from_the_oldest(
    house: ChatServer, cast: Cast
) -> None:
    four = [
        await cast.join("mei", house, device=f"ios-{number}", platform="ios") for number in range(4)
    ]
    other = await cast.join("mei", house, device="a-browser", platform="web")
    fifth = await cast.join("mei", house, device="ios-4", platform="ios")
    await four[0].gone()
    assert four[0].seen("notice", type="kicked")[0]["reason"]
    for device in (*four[1:], other, fifth):
        await device.settled()
        assert not device.seen("notice", type="kicked")
    listed = await fifth.ask("device.list")
    assert len(listed["devices"]) == 5


@pytest.mark.asyncio
async def test_a_device_that_comes_again_replaces_its_old_socket_without_a_kick(
    house: ChatServer, cast: Cast
) -> None:
    old = await cast.join("mei", house, device="phone")
    new = await cast.join("mei", house, device="phone")
    await old.gone()
    assert not old.seen("notice", type="kicked")
    await new.settled()


@pytest.mark.asyncio
async def test_a_renewed_token_goes_on_and_one_not_renewed_ends(start: Start, cast: Cast) -> None:
    server = await start(jwt_leeway_ms=0)
    mei = cast.person("mei", server)
    lin = cast.person("lin", server)
    for person in (mei, lin):
        person.token = token(person.user, ttl=8)
    await asyncio.gather(mei.connect(), lin.connect())
    renewed = await mei.ask("auth.renew", token=token(mei.user, ttl=3600))
    assert renewed["exp"] > (time.time() + 3000) * 1000
    await lin.gone()
    await mei.settled()
    assert (await refusal(lin))["data"]["code"] == "token_expired"


@pytest.mark.asyncio
async def test_a_token_of_somebody_else_does_not_renew(house: ChatServer, cast: Cast) -> None:
    mei = await cast.join("mei", house)
    assert await mei.refused("auth.renew", token=token(cast.name("lin"))) == "forbidden"
    assert await mei.refused("auth.renew", token="nonsense") == "unauthorized"
    expired = token(mei.user, iat=1000, exp=2000)
    assert await mei.refused("auth.renew", token=expired) == "token_expired"
    await mei.settled()


@pytest.mark.asyncio
async def test_senders_beyond_their_limit_are_told_when_to_come_again(
    start: Start, cast: Cast
) -> None:
    server = await start(sends_per_s=1)
    mei = await cast.join("mei", server)
    lin = await cast.join("lin", server)
    room = await mei.open(lin.user)
    payloads = [
        {"conversation": room, "client_id": f"c{n}", "kind": "text", "body": text(str(n))}
        for n in range(8)
    ]
    answers = await asyncio.gather(*[await mei.begin("message.send", p) for p in payloads])
    refused = [ack for ack in answers if not ack["ok"]]
    assert refused
    assert all(ack["code"] == "rate_limited" and ack["retry_after_ms"] > 0 for ack in refused)
    assert (await lin.say(room, "my own limit"))["ok"]
    await mei.settled()


@pytest.mark.asyncio
async def test_a_person_has_at_most_so_many_sockets(start: Start, cast: Cast) -> None:
    server = await start(sockets_per_user=2, devices_per_platform=10)
    devices = [await cast.join("mei", server, device=f"d{number}") for number in range(2)]
    third = cast.person("mei", server, device="d2")
    with contextlib.suppress(RefusedError):  # turned away, or the oldest has to go
        await third.connect()
    await eventually(
        lambda: sum(person.connected for person in (*devices, third)) <= 2, "two sockets at most"
    )
