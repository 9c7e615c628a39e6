"""Access tokens of OAuth (RFC 6749), as several vendors grant them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import urlencode

from msgspec import Struct

from chatserver import clock
from chatserver.providers.push.base import (
    Answer,
    House,
    Request,
    Verdict,
    Withheld,
    by_status,
    failing,
    unauthorized,
)
from chatserver.providers.push.credentials import Credential, Token
from chatserver.providers.push.poster import Unreachable

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json; charset=utf-8"}
LIVES_S = 3600.0  # where the vendor says nothing

Ask = Callable[[Request], Awaitable[Answer]]
"""Posts a request for a token; Unreachable where no answer comes."""


class WithToken(House):
    """A vendor whose requests carry a token that its server grants for a while."""

    def __init__(self, ask_token: Callable[[], Awaitable[Token]]) -> None:
        """`ask_token` gets one, or raises Withheld."""
        self._credential = Credential(ask_token)

    async def token(self) -> str:
        """One that is good now.

        Raises:
            Withheld: there is none to be had.
        """
        return await self._credential.get()

    def forget(self, credential: str) -> None:
        """Get a new one for the next request."""
        self._credential.forget(credential)

    async def prove(self) -> bool:
        """Get one from the vendor's server."""
        await self._credential.get()
        return True


class Grant(Struct, frozen=True):
    """What a token server answers."""

    access_token: str = ""
    expires_in: float = LIVES_S
    error: str | int = ""
    errcode: int = 0


async def granted(ask: Ask, request: Request) -> Token:
    """The token that a server grants.

    Raises:
        Withheld: it grants none, or does not answer.
    """
    answer = await asked(ask, request)
    grant = answer.read(Grant)
    if answer.status == 200 and grant.access_token:
        return Token(grant.access_token, grant.expires_in)
    raise Withheld(denied(answer, grant.error or grant.errcode))


async def by_client_credentials(ask: Ask, url: str, client: str, secret: str) -> Token:
    """The token for a client's id and secret.

    Raises:
        Withheld: there is none.
    """
    form = {"grant_type": "client_credentials", "client_id": client, "client_secret": secret}
    return await granted(ask, Request(url=url, content=urlencode(form).encode(), headers=FORM))


async def asked(ask: Ask, request: Request) -> Answer:
    """What a token server answers.

    Raises:
        Withheld: nothing.
    """
    try:
        return await ask(request)
    except Unreachable as error:
        raise Withheld(failing(error.reason)) from None


def denied(answer: Answer, error: object) -> Verdict:
    """What an answer without a token comes to; `error` is the vendor's own word."""
    verdict = by_status(answer, clock.now_ms(), error)
    if verdict.blames_vendor or verdict.finding == "busy":
        return verdict
    return unauthorized(error or answer.status)
