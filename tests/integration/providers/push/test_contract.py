"""What every provider promises, each against a service that speaks its vendor's protocol."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from chatserver import clock
from chatserver.domain.push.notification import Outcome
from chatserver.providers.push.fields import DEFAULT_WORDS
from chatserver.providers.push.gate import FAILURES_MAX
from chatserver.providers.push.registry import Providers
from loadtest.push.base import Fault, FaultKind, Service, example
from loadtest.push.services import SERVICES
from tests.examples import ALL
from tests.integration.providers.push.conftest import Open, everything_logged

pytestmark = pytest.mark.asyncio

# What lies in what all of them share: some stand for all in a usual run.
of_some = pytest.mark.parametrize(
    "service", SERVICES if ALL else ("fcm", "apns", "web"), indirect=True
)


async def send(providers: Providers, service: Service, name: str = "a", **changed: Any) -> Outcome:
    address = service.address(service.token(name))
    return await providers.send(address, example(**changed))


def secrets_in(folder: Path) -> list[str]:
    return [file.read_text() for file in folder.iterdir()]


def soon(hours: int = 1) -> int:
    return clock.now_ms() + hours * 3_600_000


async def test_a_notification_arrives_with_all_it_says(
    providers: Providers, service: Service
) -> None:
    said = example(expires_at=soon())
    outcome = await send(providers, service, expires_at=said.expires_at)
    assert outcome.state == "sent", outcome
    (arrived,) = service.arrived
    assert arrived.token == service.token("a")
    assert service.says(arrived, said)
    assert arrived.badge in (said.badge, None)
    assert arrived.ttl_s is None or 0 < arrived.ttl_s <= 3600
    assert arrived.urgent in (False, None)
    assert arrived.sounds in (True, None)
    assert arrived.shows
    for name, value in arrived.data.items():
        if name in ("id", "conversation", "seq"):
            assert value == str(getattr(said, name))


async def test_one_without_sound_makes_none_and_an_urgent_one_says_so(
    providers: Providers, service: Service
) -> None:
    await send(providers, service, sounds=False)
    await send(providers, service, urgent=True)
    silent, urgent = service.arrived
    assert silent.sounds in (False, None)
    assert urgent.urgent in (True, None)


async def test_the_next_one_of_a_conversation_takes_the_place_of_the_one_before(
    providers: Providers, service: Service
) -> None:
    await send(providers, service)
    await send(providers, service, id="another", seq=8)
    await send(providers, service, conversation="c-43")
    first, second, other = (each.collapse for each in service.arrived)
    assert first == second
    assert first is None or first != other


async def test_where_nothing_may_be_told_there_are_words_that_tell_nothing(
    providers: Providers, service: Service
) -> None:
    await send(providers, service, title="", text="")
    (arrived,) = service.arrived
    assert (arrived.title, arrived.text) in (("", ""), DEFAULT_WORDS["zh"])


async def test_what_was_read_elsewhere_is_taken_away(
    providers: Providers, service: Service
) -> None:
    outcome = await send(providers, service, shows=False, title="", text="", badge=0)
    assert outcome.state == "sent", outcome
    if not service.closes:
        assert outcome.reason == "cannot_close"
        assert service.pushes == 0
        return
    (arrived,) = service.arrived
    assert not arrived.shows
    assert (arrived.title, arrived.text, arrived.badge) == ("", "", 0)


async def test_an_address_that_is_none_any_more_is_dead(
    providers: Providers, service: Service
) -> None:
    service.dead.add(service.token("gone"))
    outcome = await send(providers, service, "gone")
    assert outcome.state == "dead", outcome
    assert outcome.reason
    assert (await send(providers, service)).state == "sent"


async def test_what_a_vendor_will_never_take_is_refused(
    providers: Providers, service: Service
) -> None:
    service.refused.add(service.token("odd"))
    outcome = await send(providers, service, "odd")
    assert outcome.state == "refused", outcome
    assert outcome.reason
    assert (await send(providers, service)).state == "sent"


async def test_a_vendor_that_wants_a_pause_gets_it(providers: Providers, service: Service) -> None:
    service.faults.append(Fault("limited", retry_after="300"))
    first = await send(providers, service)
    assert first.state == "later", first
    second = await send(providers, service)
    assert second.state == "later"
    assert service.pushes == 1, "the second was not even asked"
    if service.says_when:
        for outcome in (first, second):
            assert outcome.retry_after_ms is not None
            assert outcome.retry_after_ms > 200_000


@of_some
async def test_a_vendor_that_fails_once_is_asked_again_later(
    providers: Providers, service: Service
) -> None:
    service.faults.append(Fault("broken"))
    outcome = await send(providers, service)
    assert outcome.state == "later", outcome
    assert outcome.retry_after_ms is not None
    assert 0 < outcome.retry_after_ms <= 75_000
    assert (await send(providers, service)).state == "sent"


@of_some
async def test_a_connection_that_drops_loses_nothing_but_this_attempt(
    providers: Providers, service: Service
) -> None:
    assert (await send(providers, service)).state == "sent"
    service.faults.append(Fault("dropped"))
    outcome = await send(providers, service)
    assert (outcome.state, outcome.reason) == ("later", "dropped")
    assert (await send(providers, service)).state == "sent"


@of_some
async def test_a_vendor_that_is_too_slow_is_not_waited_for(
    service: Service, providers_of: Open
) -> None:
    providers = providers_of(service, timeout_ms=100)
    service.always = Fault("slow")
    outcome = await send(providers, service)
    assert (outcome.state, outcome.reason) == ("later", "timeout")


@of_some
async def test_a_dead_vendor_costs_a_few_requests_and_no_more(
    providers: Providers, service: Service
) -> None:
    service.always = Fault("broken")
    many = [send(providers, service) for _ in range(100)]
    outcomes = await asyncio.gather(*many)
    assert {outcome.state for outcome in outcomes} == {"later"}
    assert service.pushes <= FAILURES_MAX + 32, "those under way when it shut, and none after"
    asked = service.pushes
    assert (await send(providers, service)).state == "later"
    assert service.pushes == asked


async def test_credentials_that_ended_are_renewed_once(
    providers: Providers, service: Service
) -> None:
    if not service.has_tokens:
        pytest.skip("its credentials do not end")
    await send(providers, service)
    assert len(service.granted) == 1
    service.revoke()
    outcome = await send(providers, service)
    assert outcome.state == "sent", outcome
    assert len(service.granted) == 2
    await send(providers, service)
    assert len(service.granted) == 2, "and used again"


@of_some
async def test_many_at_once_share_one_credential(providers: Providers, service: Service) -> None:
    outcomes = await asyncio.gather(*(send(providers, service, f"n{n}") for n in range(20)))
    assert {outcome.state for outcome in outcomes} == {"sent"}
    assert len(service.granted) <= 1


@of_some
async def test_connections_are_used_again(providers: Providers, service: Service) -> None:
    for _ in range(5):
        await send(providers, service)
    assert len(service.connections) <= 2, "one for pushes, and one for tokens if that is another"


@of_some
async def test_what_is_of_no_use_any_more_does_not_leave(
    providers: Providers, service: Service
) -> None:
    outcome = await send(providers, service, expires_at=clock.now_ms() - 1)
    assert (outcome.state, outcome.reason) == ("refused", "expired")
    assert service.pushes == 0


@of_some
async def test_a_dry_run_sends_nothing(service: Service, providers_of: Open) -> None:
    outcome = await send(providers_of(service, dry_run=True), service)
    assert (outcome.state, outcome.reason) == ("sent", "dry_run")
    assert service.pushes == 0


async def test_long_words_are_cut_and_never_refused(providers: Providers, service: Service) -> None:
    outcome = await send(providers, service, title="林" * 500, text="\N{BABY}" * 5000)
    assert outcome.state == "sent", outcome


async def test_no_secret_and_no_token_is_in_what_is_printed(
    providers: Providers,
    service: Service,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service.dead.add(service.token("gone"))
    service.refused.add(service.token("odd"))
    kinds: tuple[FaultKind, ...] = ("broken", "limited", "dropped")
    with everything_logged(monkeypatch):
        outcomes = [await send(providers, service, name) for name in ("a", "gone", "odd")]
        for kind in kinds:
            service.faults.append(Fault(kind))
            outcomes.append(await send(providers, service))
    printed = [repr(providers), repr(outcomes), *capsys.readouterr()]
    assert "a carrier of notifications does not take them" in printed[-1]
    hidden = secrets_in(tmp_path)
    hidden += [*service.granted, *(service.token(name) for name in ("gone", "odd"))]
    hidden += [example().title, example().text]
    for secret in hidden:
        assert not any(secret in each for each in printed), "a secret was printed"
