"""Log-ins of the demo shop: on one's own machine anybody may be any of its people.

Only browsers that opened the server under `localhost` or a bare address get in. A site that lets
its own name lead to this machine (DNS rebinding) comes with that name, others with their origin.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import msgspec
from aiohttp import web
from msgspec import Struct

from chatserver import clock
from chatserver.config import Settings
from chatserver.domain.person import Person
from chatserver.errors import ChatError, Forbidden, Invalid, NotFound
from chatserver.services.auth import mint

TOKEN_LIVES_S = 600
_NO_STORE = {"Cache-Control": "no-store"}


class DemoLogin(Struct, frozen=True):
    """Somebody of the demo shop, and what there is to say of them."""

    person: Person
    about: str


class _AsksToken(Struct, frozen=True, forbid_unknown_fields=True):
    user: str


class DemoLogins:
    """`/demo/people` and `/demo/token`."""

    def __init__(self, settings: Settings, logins: Sequence[DemoLogin]) -> None:
        self._settings = settings
        self._logins = {each.person.user: each for each in logins}

    def routes(self) -> list[web.RouteDef]:
        """The routes; none where there is nobody to be."""
        if not self._logins:
            return []
        return [web.get("/demo/people", self.people), web.post("/demo/token", self.token)]

    async def people(self, request: web.Request) -> web.Response:
        """Everybody whom one can be."""
        try:
            _require_own(request)
        except ChatError as error:
            return _refused(error)
        people = [_shown(each) for each in self._logins.values()]
        return web.json_response({"people": people}, headers=_NO_STORE)

    async def token(self, request: web.Request) -> web.Response:
        """A token of `{"user"}`, valid for ten minutes."""
        try:
            _require_own(request)
            login = self._login(await request.read())
        except ChatError as error:
            return _refused(error)
        person = login.person
        token = mint(self._settings, person, ttl_s=TOKEN_LIVES_S, now_ms=clock.now_ms())
        return web.json_response({"token": token, "user": person.user}, headers=_NO_STORE)

    def _login(self, body: bytes) -> DemoLogin:
        try:
            asked = msgspec.json.decode(body, type=_AsksToken)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise Invalid from None
        try:
            return self._logins[asked.user]
        except KeyError:
            raise NotFound from None


def _require_own(request: web.Request) -> None:
    host = request.headers.get("Host", "")
    origin = request.headers.get("Origin")
    own = (f"http://{host}", f"https://{host}")
    if not _is_this_machine(host) or (origin is not None and origin not in own):
        raise Forbidden


def _is_this_machine(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or bool(ip_address(name))
    except ValueError:
        return False


def _shown(login: DemoLogin) -> dict[str, Any]:
    person = login.person
    page = "customer" if person.role == "customer" else "workbench"
    return {**msgspec.to_builtins(person), "about": login.about, "page": page}


def _refused(error: ChatError) -> web.Response:
    return web.json_response(error.to_wire(), status=error.http_status, headers=_NO_STORE)
