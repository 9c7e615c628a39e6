"""Who may log in as whom on a demo server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chatserver import clock
from chatserver.api.demo import TOKEN_LIVES_S, DemoLogin, DemoLogins
from chatserver.config import Settings, StartError
from chatserver.dev.folder import DataFolder
from chatserver.dev.logins import logins
from chatserver.domain.person import Person
from chatserver.services.auth import Verifier
from tests.unit.api.conftest import Client, Serve

SETTINGS = Settings(jwt_key="a key of a demo shop, long enough")
MEI = DemoLogin(Person(user="mei", name="陈小美", role="customer", shop="s1"), "asks at night")
LIN = DemoLogin(Person(user="lin", name="林晓燕", role="consultant", shop="s1"), "answers")


async def demo(serve: Serve) -> Client:
    return await serve(DemoLogins(SETTINGS, [MEI, LIN]).routes())


async def ask(client: Client, body: bytes, **headers: str) -> tuple[int, dict[str, Any]]:
    async with client.post("/demo/token", data=body, headers=headers) as answer:
        assert answer.headers["Cache-Control"] == "no-store"
        return answer.status, await answer.json()


@pytest.mark.asyncio
async def test_everybody_is_listed_with_the_page_for_their_work(serve: Serve) -> None:
    client = await demo(serve)
    async with client.get("/demo/people") as answer:
        mei, lin = (await answer.json())["people"]
    assert mei == {
        "user": "mei", "name": "陈小美", "role": "customer", "shop": "s1",
        "about": "asks at night", "page": "customer",
    }  # fmt: skip
    assert lin["page"] == "workbench"


@pytest.mark.asyncio
async def test_a_token_is_of_whom_was_asked_for_and_short_lived(serve: Serve) -> None:
    status, answer = await ask(await demo(serve), b'{"user": "lin"}')
    assert (status, answer["user"]) == (200, "lin")
    now = clock.now_ms()
    identity = Verifier(SETTINGS).verify(answer["token"], now)
    assert (identity.user, identity.role, identity.shop) == ("lin", "consultant", "s1")
    assert identity.expires_at <= now + TOKEN_LIVES_S * 1000


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"user": "boss"}', 404), (b"{}", 400), (b'{"user": 1}', 400), (b"\xff", 400),
        (b'{"user": "lin", "role": "admin"}', 400),
    ],
)  # fmt: skip
async def test_nobody_else_gets_one(serve: Serve, body: bytes, status: int) -> None:
    assert (await ask(await demo(serve), body))[0] == status


@pytest.mark.asyncio
@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "", "[::1", "127.1"])
async def test_a_name_that_leads_here_does_not_get_in(serve: Serve, host: str) -> None:
    client = await demo(serve)
    assert (await ask(client, b'{"user": "lin"}', Host=host))[0] == 403
    async with client.get("/demo/people", headers={"Host": host}) as answer:
        assert answer.status == 403


@pytest.mark.asyncio
@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1", "192.168.1.9:8080", "[::1]:80"])
async def test_this_machine_and_bare_addresses_do(serve: Serve, host: str) -> None:
    client = await demo(serve)
    own = {"Host": host, "Origin": f"http://{host}"}
    assert (await ask(client, b'{"user": "lin"}', **own))[0] == 200


@pytest.mark.asyncio
@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:1"])
async def test_pages_of_other_origins_do_not(serve: Serve, origin: str) -> None:
    client = await demo(serve)
    assert (await ask(client, b'{"user": "lin"}', Origin=origin))[0] == 403


@pytest.mark.asyncio
async def test_without_a_demo_there_are_no_log_ins(serve: Serve) -> None:
    client = await serve(DemoLogins(SETTINGS, []).routes())
    async with client.post("/demo/token", data=b'{"user": "lin"}') as answer:
        assert answer.status == 404


def test_a_server_of_the_data_folder_knows_the_people_of_the_shop(tmp_path: Path) -> None:
    key = DataFolder(tmp_path).key()
    known = logins(Settings(jwt_key=key, demo_folder=str(tmp_path)))
    assert {"mei", "xiaolin"} <= {each.person.user for each in known}


@pytest.mark.parametrize("key", ["", "the key of a server that people rely on"])
def test_no_other_server_starts_with_demo_log_ins(tmp_path: Path, key: str) -> None:
    DataFolder(tmp_path).key()
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(StartError, match=r"CHAT_DEMO_FOLDER.*only `chatserver dev`"):
            logins(Settings(jwt_key=key, demo_folder=str(folder)))
    assert not (tmp_path / "nowhere").exists()
