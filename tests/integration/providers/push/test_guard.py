"""Endpoints come from clients: they lead to the public internet, and nowhere else."""

from __future__ import annotations

import pytest

from chatserver.providers.guard import Guard
from chatserver.providers.push.base import Request
from chatserver.providers.push.encryption import new_private_key
from chatserver.providers.push.poster import ANSWER_BYTES, OverHttp1, Unreachable
from chatserver.providers.push.web import WebPush
from loadtest.push.base import Reply, Seen, Service, example
from loadtest.push.fronts import over_http1
from loadtest.push.web import WebService
from tests.integration.providers.push.conftest import Open

pytestmark = pytest.mark.asyncio


class Chatter(Service):
    """Says more than anybody wants to hear."""

    async def answer(self, seen: Seen) -> Reply:
        return Reply(body=b"x" * 10_000_000)


async def test_a_name_that_leads_inside_is_not_connected_to() -> None:
    async with over_http1(Chatter()) as service:
        inside = OverHttp1(60, Guard(addresses=lambda _name: ("127.0.0.1",)))
        port = service.url.rpartition(":")[2]
        for host in ("push.example", "127.0.0.1", "localhost", "[::1]", "2130706433"):
            with pytest.raises(Unreachable, match="not_public"):
                await inside.post(Request(url=f"http://{host}:{port}/x", content=b""))
        assert not service.connections
        await inside.close()


async def test_the_address_that_was_looked_at_is_the_one_connected_to() -> None:
    looked_up = []

    def addresses(name: str) -> tuple[str, ...]:
        looked_up.append(name)
        return ("127.0.0.1",)

    async with over_http1(Chatter()) as service:
        guard = Guard(addresses=addresses, is_allowed=lambda address: address == "127.0.0.1")
        poster = OverHttp1(60, guard)
        port = service.url.rpartition(":")[2]
        answer = await poster.post(Request(url=f"http://push.example:{port}/x", content=b""))
        assert looked_up == ["push.example"]
        assert len(answer.content) == ANSWER_BYTES, "and only so much of an answer is read"
        await poster.close()


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://push.example/x", "https://push.example:8443/x", "https://a:b@push.example/x",
        "x", "", "https://", "https://push.example:99999/x", "https://[::1/x", "https://\ud800.a/x",
        "javascript:alert(1)", "//push.example/x", "https:push.example",
    ],
)  # fmt: skip
async def test_browsers_endpoints_are_https_at_the_usual_port(endpoint: str) -> None:
    vendor = WebPush(new_private_key(), "mailto:a@example.com")
    address = WebService().address(endpoint)
    assert isinstance(vendor.lane(address), str)
    verdict = await vendor.request(address, example(), 0)
    assert getattr(verdict, "finding", None) == "refused"


async def test_a_private_endpoint_is_refused_without_a_connection(providers_of: Open) -> None:
    async with over_http1(WebService()) as service:
        providers = providers_of(service, allow_private=False)
        outcome = await providers.send(
            service.address(service.token("a").replace("http:", "https:")), example()
        )
        assert outcome.state == "refused"
        assert not service.connections
