"""How the built pages are served."""

from __future__ import annotations

import asyncio
import gzip
from pathlib import Path

import pytest
from aiohttp import ClientResponse

from chatserver.api.pages import Pages
from chatserver.config import Settings, SettingsError, load
from tests.unit.api.conftest import Serve

SCRIPT = b"export const answer = 42\n" * 40


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A folder as the build leaves it, with a secret beside it."""
    folder = tmp_path / "pages"
    (folder / "assets").mkdir(parents=True)
    (folder / "demo").mkdir()
    for name in ("index.html", "workbench.html", "widget.html", "demo.html", "demo/shop.html"):
        (folder / name).write_text(f"<!doctype html><title>{name}</title>", "utf-8")
    (folder / "assets" / "main-3f2a.js").write_bytes(SCRIPT)
    (folder / "assets" / "main-3f2a.js.gz").write_bytes(gzip.compress(SCRIPT))
    (folder / "widget.js").write_bytes(SCRIPT)
    (folder / "manifest.webmanifest").write_text("{}")
    (folder / ".stamp").write_text("not for the world")
    (folder / ".vite").mkdir()
    (folder / ".vite" / "manifest.json").write_text("not for the world")
    (tmp_path / "secret.txt").write_text("not for the world")
    return folder


def policy_of(answer: ClientResponse) -> dict[str, str]:
    """The content security policy by directive."""
    rules = answer.headers["Content-Security-Policy"].split("; ")
    return {name: value for name, _, value in (rule.partition(" ") for rule in rules)}


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("path", "file"),
    [("/", "index.html"), ("/workbench", "workbench.html"), ("/widget", "widget.html")],
)
async def test_a_page_runs_only_what_this_server_serves(
    serve: Serve, built: Path, path: str, file: str
) -> None:
    client = await serve(Pages(Settings(), built).routes())
    async with client.get(path) as answer:
        assert answer.status == 200
        assert file in await answer.text()
        assert answer.content_type == "text/html"
        policy = policy_of(answer)
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == "'self'"
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.asyncio
async def test_only_the_widget_may_stand_on_pages_of_origins_that_may_connect(
    serve: Serve, built: Path
) -> None:
    settings = Settings(public_origins=("https://shop.example",))
    client = await serve(Pages(settings, built).routes())
    for path, framed_by in (("/widget", "'self' https://shop.example"), ("/", "'self'")):
        async with client.get(path) as answer:
            assert policy_of(answer)["frame-ancestors"] == framed_by


@pytest.mark.asyncio
async def test_pages_load_pictures_from_named_hosts_alone_once_there_are_some(
    serve: Serve, built: Path
) -> None:
    for hosts, sources in (
        ((), "'self' https: data: blob:"),
        (
            ("img.example", ".cdn.example"),
            "'self' https://img.example https://*.cdn.example data: blob:",
        ),
    ):
        client = await serve(Pages(Settings(picture_hosts=hosts), built).routes())
        async with client.get("/") as answer:
            assert policy_of(answer)["img-src"] == sources


@pytest.mark.asyncio
async def test_pages_may_ask_the_shop_for_a_token(serve: Serve, built: Path) -> None:
    settings = Settings(token_url="https://shop.example:8443/chat-token?v=1")
    client = await serve(Pages(settings, built).routes())
    async with client.get("/") as answer:
        assert "https://shop.example:8443" in policy_of(answer)["connect-src"].split()
    async with client.get("/pages.json") as answer:
        told = await answer.json()
    assert told == {"token_url": settings.token_url, "demo": False}


@pytest.mark.asyncio
async def test_assets_are_kept_for_ever_and_pages_are_asked_for_each_time(
    serve: Serve, built: Path
) -> None:
    client = await serve(Pages(Settings(), built).routes())
    async with client.get("/assets/main-3f2a.js") as answer:
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.content_type == "text/javascript"
    async with client.get("/") as answer:
        assert answer.headers["Cache-Control"] == "no-cache"


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("accepted", "packed"),
    [
        ("gzip, deflate, br", True), ("br;q=1, GZIP;q=0.8", True), ("identity", False),
        ("gzip;q=0", False), ("gzip; q=0.0, br", False), ("xgzips", False),
    ],
)  # fmt: skip
async def test_files_are_packed_for_whoever_takes_that(
    serve: Serve, built: Path, accepted: str, packed: bool
) -> None:
    client = await serve(Pages(Settings(), built).routes())
    headers = {"Accept-Encoding": accepted}
    async with client.get("/assets/main-3f2a.js", headers=headers) as answer:
        assert answer.headers.get("Content-Encoding") == ("gzip" if packed else None)
        assert answer.headers["Vary"] == "Accept-Encoding"
        body = await answer.read()
    assert (gzip.decompress(body) if packed else body) == SCRIPT


@pytest.mark.asyncio
async def test_what_a_browser_has_already_is_not_sent_again(serve: Serve, built: Path) -> None:
    client = await serve(Pages(Settings(), built).routes())
    async with client.get("/") as first:
        etag = first.headers["ETag"]
    async with client.get("/", headers={"If-None-Match": f'"other", {etag}'}) as again:
        assert again.status == 304
        assert await again.read() == b""
        assert again.headers["ETag"] == etag
        assert again.headers["Cache-Control"] == "no-cache"
    async with client.get("/", headers={"If-None-Match": '"other"'}) as other:
        assert other.status == 200


@pytest.mark.asyncio
async def test_a_head_has_the_headers_alone(serve: Serve, built: Path) -> None:
    client = await serve(Pages(Settings(), built).routes())
    headers = {"Accept-Encoding": "identity"}
    async with client.head("/assets/main-3f2a.js", headers=headers) as answer:
        assert answer.headers["Content-Length"] == str(len(SCRIPT))
        assert await answer.read() == b""


@pytest.mark.asyncio
async def test_sites_load_the_loader_and_nothing_else(serve: Serve, built: Path) -> None:
    client = await serve(Pages(Settings(), built).routes())
    for path, whose in (("/widget.js", "cross-origin"), ("/assets/main-3f2a.js", "same-origin")):
        async with client.get(path) as answer:
            assert answer.headers["Cross-Origin-Resource-Policy"] == whose


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt", "/assets/../../secret.txt", "/assets/..%2f..%2fsecret.txt", "/.stamp",
        "/%2e%2e/secret.txt", "/assets/main-3f2a.js.gz", "/assets/", "//etc/passwd", "/index.html",
        "/.vite/manifest.json",
    ],
)  # fmt: skip
async def test_no_other_file_is_served(serve: Serve, built: Path, path: str) -> None:
    client = await serve(Pages(Settings(), built).routes())
    reader, writer = await asyncio.open_connection(client.host, client.port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    assert answer.startswith(b"HTTP/1.1 404")


@pytest.mark.asyncio
@pytest.mark.parametrize("path", ["/demo", "/demo/shop"])
async def test_pages_of_the_demo_are_there_for_demos_only(
    serve: Serve, built: Path, path: str
) -> None:
    client = await serve(Pages(Settings(), built).routes())
    async with client.get(path) as answer:
        assert answer.status == 404
    client = await serve(Pages(Settings(demo_folder=".data"), built).routes())
    async with client.get(path) as answer:
        assert answer.status == 200
        assert policy_of(answer)["frame-src"] == "'self'"


@pytest.mark.asyncio
async def test_without_built_pages_the_server_says_how_to_build_them(
    serve: Serve, tmp_path: Path
) -> None:
    client = await serve(Pages(Settings(), tmp_path / "nothing").routes())
    async with client.get("/") as answer:
        assert "make pages" in await answer.text()


@pytest.mark.parametrize("url", ["shop.example/token", "javascript:alert(1)", "https://", "a b"])
def test_a_token_address_is_one_of_a_site(url: str) -> None:
    with pytest.raises(SettingsError, match="CHAT_TOKEN_URL"):
        load({"CHAT_TOKEN_URL": url})


@pytest.mark.parametrize("injected", ["https://a;script-src *", "https://a, b", "https://a 'x'"])
def test_a_token_address_adds_no_rule_to_the_policy(injected: str) -> None:
    with pytest.raises(SettingsError, match="CHAT_TOKEN_URL"):
        load({"CHAT_TOKEN_URL": injected})
