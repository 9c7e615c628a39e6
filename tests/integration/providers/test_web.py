"""Pages are fetched from the public web and from nowhere else: against real servers, with names
that lead where the test says."""

from __future__ import annotations

import asyncio
import gzip
import socket
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from chatserver.domain.addresses import is_public
from chatserver.providers import web as fetching
from chatserver.providers.web import PAGE_BYTES, NotFetched, Web

pytestmark = pytest.mark.asyncio

HERE = "127.0.0.1"
BACK = "127.0.0.2"  # what must not be reached
HTML = {"Content-Type": "text/html; charset=utf-8"}
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Site:
    """A site on this machine that stands for the public web; beside it one that nobody may see."""

    def __init__(self) -> None:
        self.names: dict[str, Sequence[str]] = {"shop.example": [HERE], "back.example": [BACK]}
        self.asked: list[str] = []
        self.requests: list[web.Request] = []
        self.secrets = 0
        self.answers: dict[str, Answer] = {}
        self.port = 0

    def web(self, **changed: Any) -> Web:
        """What fetches: only this site's address counts as public."""
        given: dict[str, Any] = {
            "addresses": self.look_up, "is_allowed": lambda address: address == HERE,
            "ports": frozenset({self.port}),
        }  # fmt: skip
        return Web(**{**given, **changed})

    def url(self, path: str = "/", host: str = "shop.example") -> str:
        return f"http://{host}:{self.port}{path}"

    def look_up(self, host: str) -> Sequence[str]:
        self.asked.append(host)
        if host not in self.names:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return self.names[host]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        if request.transport is None or request.transport.get_extra_info("sockname")[0] != HERE:
            self.secrets += 1
        return await self.answers[request.path](request)

    def says(self, path: str, *, status: int = 200, body: bytes = b"hi", **headers: str) -> None:
        """What the site answers to a path."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}

        async def answer(_request: web.Request) -> web.Response:
            return web.Response(status=status, body=body, headers={**HTML, **named})

        self.answers[path] = answer

    def leads(self, path: str, to: str, status: int = 302) -> None:
        self.says(path, status=status, Location=to)


@pytest_asyncio.fixture
async def site() -> AsyncIterator[Site]:
    """The site, on one port of both addresses."""
    made = Site()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", made.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    first = web.TCPSite(runner, HERE, 0)
    await first.start()
    made.port = runner.addresses[0][1]
    await web.TCPSite(runner, BACK, made.port).start()
    yield made
    await runner.cleanup()


async def refused(web: Web, url: str) -> None:
    with pytest.raises(NotFetched):
        await web.page(url)


async def test_a_page_is_fetched_without_anything_that_tells_who_asks(site: Site) -> None:
    site.says("/", body="<title>霜</title>".encode(), Set_Cookie="a=b")
    fetcher = site.web()
    for _ in range(2):
        page = await fetcher.page(site.url())
    assert (page.content.decode(), page.charset) == ("<title>霜</title>", "utf-8")
    headers = site.requests[-1].headers
    assert not {"Cookie", "Referer", "Authorization", "Origin"} & headers.keys()
    assert headers["User-Agent"].startswith("chatserver")


@pytest.mark.parametrize(
    "addresses",
    [[BACK], [HERE, BACK], [BACK, HERE], ["::1"], ["::ffff:127.0.0.1"], ["169.254.169.254"], []],
)
async def test_a_name_with_any_private_address_is_not_asked(
    site: Site, addresses: list[str]
) -> None:
    site.names["evil.example"] = addresses
    await refused(site.web(), site.url(host="evil.example"))
    assert site.requests == []


async def test_nothing_of_this_machine_is_reached_by_the_usual_rules(site: Site) -> None:
    fetcher = site.web(is_allowed=is_public)
    await refused(fetcher, site.url())
    assert (site.asked, site.requests) == (["shop.example"], [])


async def test_the_address_that_was_looked_at_is_the_one_connected_to(site: Site) -> None:
    site.says("/")
    answers = iter([[HERE], [BACK], [BACK]])  # the name leads elsewhere as soon as it was asked
    await site.web(addresses=lambda _host: next(answers)).page(site.url())
    assert (len(site.requests), site.secrets) == (1, 0)
    assert next(answers) == [BACK]


@pytest.mark.parametrize(
    "to",
    ["http://back.example:{port}/secret", "//back.example:{port}/secret", "http://127.0.0.2:{port}/",
     "http://127.0.0.1:{port}/secret", "http://[::1]:{port}/", "http://2130706433:{port}/",
     "http://localhost:{port}/", "http://0x7f.1:{port}/", "http://shop.example:1/",
     "http://u:p@shop.example:{port}/secret", "file:///etc/passwd", "gopher://shop.example:{port}/",
     "ftp://shop.example:{port}/", "javascript:alert(1)", "", "http://", "http://nowhere.example/"],
)  # fmt: skip
async def test_no_redirect_leads_where_it_may_not(site: Site, to: str) -> None:
    site.says("/secret")
    site.leads("/go", to.format(port=site.port))
    await refused(site.web(), site.url("/go"))
    assert {each.path for each in site.requests} == {"/go"}
    assert site.secrets == 0


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_followed_three_times(site: Site, status: int) -> None:
    site.says("/3", body=b"there")
    for step in range(4):
        site.leads(f"/{step - 1}", f"/{step}", status)
    assert (await site.web().page(site.url("/0"))).content == b"there"
    await refused(site.web(), site.url("/-1"))


async def test_a_loop_of_redirects_ends(site: Site) -> None:
    site.leads("/", "/")
    await refused(site.web(), site.url())
    assert len(site.requests) == fetching.REDIRECTS + 1


@pytest.mark.parametrize(
    ("status", "type_"),
    [(200, "application/json"), (200, "image/png"), (200, "text/plain"), (404, "text/html"),
     (500, "text/html"), (204, "text/html"), (206, "text/html"), (200, "text/html,image/png")],
)  # fmt: skip
async def test_only_pages_that_are_there_count(site: Site, status: int, type_: str) -> None:
    site.says("/", status=status, Content_Type=type_)
    await refused(site.web(), site.url())


async def test_a_page_without_end_is_cut(site: Site) -> None:
    sent = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse(headers=HTML)
        await response.prepare(request)
        while True:
            await response.write(b"x" * 65_536)
            sent += 65_536

    site.answers["/"] = endless
    page = await site.web().page(site.url())
    assert len(page.content) == PAGE_BYTES


@pytest.mark.parametrize("packing", ["gzip", "deflate"])
async def test_a_bomb_is_not_unpacked(site: Site, packing: str) -> None:
    plain = b"<title>x</title>" + b"\0" * 100_000_000
    packed = gzip.compress(plain, 9) if packing == "gzip" else zlib.compress(plain, 9)
    assert len(packed) < 200_000
    site.says("/", body=packed, Content_Encoding=packing)
    page = await site.web().page(site.url())
    assert len(page.content) == PAGE_BYTES
    assert page.content.startswith(b"<title>x</title>")


@pytest.mark.parametrize("packing", ["br", "zstd", "gzip, gzip", "compress"])
async def test_other_packings_are_refused(site: Site, packing: str) -> None:
    site.says("/", Content_Encoding=packing)
    await refused(site.web(), site.url())


async def test_what_is_said_to_be_packed_and_is_not_is_refused(site: Site) -> None:
    site.says("/", body=b"plain", Content_Encoding="gzip")
    await refused(site.web(), site.url())


@pytest.mark.parametrize("stage", ["headers", "body", "name"])
async def test_a_slow_site_is_given_up(
    site: Site, stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "WITHIN_S", 0.3)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()

    async def slow(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers=HTML)
        if stage == "body":
            await response.prepare(request)
            await response.write(b"<title>")
        await ended.wait()
        return response

    def look_up(_host: str) -> Sequence[str]:
        if stage == "name":
            asyncio.run_coroutine_threadsafe(ended.wait(), loop).result()
        return [HERE]

    site.answers["/"] = slow
    await refused(site.web(addresses=look_up), site.url())
    ended.set()


async def test_only_so_many_are_fetched_at_once(site: Site) -> None:
    at_once = most = 0
    full = asyncio.Event()

    async def busy(_request: web.Request) -> web.Response:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        if most == fetching.AT_ONCE:
            full.set()
        await full.wait()
        await asyncio.sleep(0)
        at_once -= 1
        return web.Response(body=b"hi", headers=HTML)

    site.answers["/"] = busy
    fetcher = site.web()
    await asyncio.gather(*(fetcher.page(site.url()) for _ in range(2 * fetching.AT_ONCE)))
    assert most == fetching.AT_ONCE


async def test_what_breaks_off_or_is_no_http_is_refused(site: Site) -> None:
    async def garbage(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.write(b"\0\xff garbage\r\n\r\n")
        request.transport.close()
        return web.Response()

    site.answers["/"] = garbage
    await refused(site.web(), site.url())
    await refused(site.web(), "http://nobody.example/")
    await refused(site.web(ports=frozenset({1})), "http://shop.example:1/")
    await refused(site.web(), "https://shop.example:x/")


async def test_proxies_of_the_environment_are_not_used(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://{BACK}:{site.port}")
    site.says("/")
    await site.web().page(site.url())
    assert site.secrets == 0
