"""A Socket.IO server with one conversation in memory, to be refused, dropped and lied to by."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Self

import msgspec
import socketio
from aiohttp import web

from chatclient.effects import FetchChanges, FetchHistory

from .model_server import CONVERSATION, ME, OTHER, ModelServer

READY = {
    "me": {"user": ME, "name": "陈小美", "role": "customer"},
    "device": "d1",
    "time": 1,
    "limits": {"text_bytes": 8192},
    "protocol": 1,
}


class SmallServer:
    def __init__(self) -> None:
        self.model = ModelServer(page=50, reset_after=1000)
        self.calls: list[tuple[str, Any]] = []
        self.tokens: list[str] = []
        self.refusals: list[tuple[str, dict[str, Any]]] = []  # for the next connections
        self.answers: dict[str, list[Callable[[], Any]]] = {}  # instead of the usual ones
        self.known: dict[str, int] = {}
        self.url = ""
        self._sids: set[str] = set()

    async def __aenter__(self) -> Self:
        self._sio = socketio.AsyncServer(async_mode="aiohttp")
        self._sio.on("connect", self._connect)
        self._sio.on("disconnect", self._disconnect)
        self._sio.on("*", self._call)
        app = web.Application()
        self._sio.attach(app)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.drop()
        await self._sio.shutdown()
        await self._runner.cleanup()

    async def tell(self, name: str, data: Any) -> None:
        await self._sio.emit(name, data)

    async def other_writes(self, text: str) -> None:
        name, message = self.model.append(OTHER)
        message["body"] = {"text": text}
        stored = self.model.messages[-1]
        self.model.messages[-1] = msgspec.structs.replace(stored, body=message["body"])
        await self.tell(name, message)

    async def drop(self) -> None:
        for sid in list(self._sids):
            # the transport only: Socket.IO's own DISCONNECT would mean not to come back
            await self._sio.eio.disconnect(self._sio.manager.eio_sid_from_sid(sid, "/"))

    async def dismiss(self) -> None:
        for sid in list(self._sids):
            await self._sio.disconnect(sid)

    def made(self, name: str) -> list[Any]:
        return [data for made, data in self.calls if made == name]

    async def _connect(self, sid: str, _environ: Any, auth: Any) -> None:
        self.tokens.append(auth["token"])
        if self.refusals:
            code, data = self.refusals.pop(0)
            raise socketio.exceptions.ConnectionRefusedError(code, {"code": code, **data})
        self._sids.add(sid)
        await self._sio.emit("ready", READY, to=sid)

    async def _disconnect(self, sid: str, _reason: Any = None) -> None:
        self._sids.discard(sid)

    async def _call(self, name: str, _sid: str, data: Any) -> Any:
        self.calls.append((name, data))
        if instead := self.answers.get(name):
            answer = instead.pop(0)()
            return await answer if asyncio.iscoroutine(answer) else answer
        answer = getattr(self, "_" + name.replace(".", "_"))(data)
        return {"ok": True, **msgspec.to_builtins(answer)}

    def store(self, data: Any) -> Any:
        if data["client_id"] in self.known:
            return {"seq": self.known[data["client_id"]], "at": 1, "duplicate": True}
        self.model.append(ME)
        seq = self.known[data["client_id"]] = len(self.model.messages)
        stored = msgspec.structs.replace(
            self.model.messages[-1], body=data["body"], client_id=data["client_id"], at=1
        )
        self.model.messages[-1] = stored
        return {"seq": seq, "at": 1}

    def _sync(self, data: Any) -> Any:
        return self.model.sync(data["have"])

    def _message_send(self, data: Any) -> Any:
        return self.store(data)

    def _history_get(self, data: Any) -> Any:
        place = {name: data.get(name) for name in ("after", "before")}
        return self.model.answer(FetchHistory(CONVERSATION, 0, **place))

    def _changes_get(self, data: Any) -> Any:
        return self.model.answer(FetchChanges(CONVERSATION, 0, data["after"]))

    def _conversation_get(self, _data: Any) -> Any:
        return {"conversation": self.model.view()}

    _conversation_open = _conversation_add = _conversation_join = _conversation_get
    _conversation_leave = _conversation_remove = _conversation_get

    def _conversation_members(self, data: Any) -> Any:
        return {"members": [{"user": user, "name": user.title()} for user in data["users"]]}

    def _read_mark(self, data: Any) -> Any:
        self.model.mark_read(ME, data["seq"])
        return {"read": self.model.read[ME], "unread": len(self.model.unread())}

    def _message_edit(self, data: Any) -> Any:
        self.model.change(data["seq"], "edit")
        return {"mod": self.model.head.mod}

    def _message_recall(self, data: Any) -> Any:
        self.model.change(data["seq"], "recall")
        return {"mod": self.model.head.mod}

    def _message_react(self, data: Any) -> Any:
        self.model.change(data["seq"], "react")
        return {"mod": self.model.head.mod}

    def _presence_watch(self, data: Any) -> Any:
        return {"presence": {user: {"state": "online"} for user in data["users"]}}

    def _shop_status(self, data: Any) -> Any:
        is_busy = data["shop"] == "busy"
        return {"online": is_busy, "answers_in_ms": 180_000 if is_busy else None}

    def _typing(self, _data: Any) -> Any:
        return {}

    _device_update = _typing

    _auth_renew = lambda self, _data: {"exp": 1}  # noqa: E731


def refuse(code: str, **fields: Any) -> Callable[[], Any]:
    return lambda: {"ok": False, "code": code, "message": f"refused: {code}", **fields}


async def until(condition: Callable[[], Any], seconds: float = 60.0) -> None:
    """Wait until something holds; the longer it does not, the less often it is looked at."""
    pause = 0.005
    async with asyncio.timeout(seconds):
        while not condition():  # anything may make it hold
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, 0.1)
