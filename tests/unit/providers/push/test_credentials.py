"""Credentials that end."""

from __future__ import annotations

import asyncio

import pytest

from chatserver.providers.push import credentials
from chatserver.providers.push.base import Withheld, failing
from chatserver.providers.push.credentials import Credential, SelfSigned, Token

pytestmark = pytest.mark.asyncio


class TokenServer:
    def __init__(self) -> None:
        self.now = 0.0
        self.asked = 0
        self.works = True

    def clock(self) -> float:
        return self.now

    async def ask(self) -> Token:
        self.asked += 1
        await asyncio.sleep(0)
        if not self.works:
            raise Withheld(failing("503"))
        return Token(f"t{self.asked}", 3600)


async def test_one_is_asked_for_once_however_many_need_it() -> None:
    server = TokenServer()
    credential = Credential(server.ask, server.clock)
    assert set(await asyncio.gather(*(credential.get() for _ in range(20)))) == {"t1"}
    assert server.asked == 1


async def test_it_is_renewed_before_it_ends_and_the_old_one_serves_while_that_fails() -> None:
    server = TokenServer()
    credential = Credential(server.ask, server.clock)
    await credential.get()
    server.now = 3239
    assert await credential.get() == "t1"
    server.now, server.works = 3241, False
    assert await credential.get() == "t1"
    server.now = 3601
    with pytest.raises(Withheld):
        await credential.get()
    server.works = True
    assert await credential.get() == f"t{server.asked}"


async def test_one_that_was_refused_is_renewed_once_though_many_were_sent_with_it() -> None:
    server = TokenServer()
    credential = Credential(server.ask, server.clock)
    old = await credential.get()
    credential.forget(old)
    assert await credential.get() == "t2"
    credential.forget(old)
    assert await credential.get() == "t2"


async def test_proofs_are_kept_for_so_many_audiences(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "KEPT_MAX", 2)
    server = TokenServer()
    made: list[str] = []

    def make(audience: str) -> Token:
        made.append(audience)
        return Token(f"{audience}{len(made)}", 100)

    proofs = SelfSigned(make, server.clock)
    assert [proofs.get("a"), proofs.get("a"), proofs.get("b"), proofs.get("c")] == [
        "a1", "a1", "b2", "c3",
    ]  # fmt: skip
    assert proofs.get("a") == "a4", "dropped for the third"
    server.now = 91
    assert proofs.get("c") == "c5", "renewed before it ends"


async def test_a_token_does_not_show_itself() -> None:
    assert "t1" not in repr(Token("t1", 3600))
