"""A server that is only pretended: the page talks to this test, about very many messages."""

from __future__ import annotations

import json
from typing import Any

from playwright.async_api import Page, WebSocketRoute

ME = "mei"
OTHER = "lin"
CONVERSATION = "c1"
_BEGAN = 1_790_000_000_000
_MINUTE_MS = 60_000


class Pretended:
    """Speaks as much of the protocol as a page needs to show one long conversation."""

    def __init__(self, messages: int, *, first_page: int | None = None) -> None:
        """`first_page` of the messages come at once, by default all; the others when asked for."""
        self._first_page = first_page or messages
        self._messages = [_message(seq) for seq in range(1, messages + 1)]
        self._sockets: list[WebSocketRoute] = []
        self.refuses = 0
        """How many of the next messages are refused for good."""

    async def play(self, page: Page) -> None:
        """Answer this page from now on."""
        await page.route_web_socket("**/socket.io/**", self._serve)

    def say(self) -> int:
        """The other one says something; gives its number."""
        message = {**_message(len(self._messages) + 1), "sender": OTHER}
        self._messages.append(message)
        for socket in self._sockets:
            socket.send(f"42{json.dumps(['message', message])}")
        return len(self._messages)

    def _serve(self, socket: WebSocketRoute) -> None:
        opening = {
            "sid": "s", "upgrades": [], "pingInterval": 25_000, "pingTimeout": 20_000,
            "maxPayload": 1_000_000,
        }  # fmt: skip
        self._sockets.append(socket)
        socket.on_message(lambda packet: self._on_packet(socket, str(packet)))
        socket.send(f"0{json.dumps(opening)}")

    def _on_packet(self, socket: WebSocketRoute, packet: str) -> None:
        if packet.startswith("40"):
            socket.send('40{"sid":"s"}')
            ready = {
                "me": self._me(), "device": "d", "time": _BEGAN, "limits": {"text_bytes": 8192},
            }  # fmt: skip
            socket.send(f"42{json.dumps(['ready', ready])}")
        elif packet.startswith("42"):
            number, _, rest = packet[2:].partition("[")
            name, fields = json.loads(f"[{rest}")
            answer = {"ok": True, **self._answer(name, fields)}
            socket.send(f"43{number}{json.dumps([answer])}")

    def _answer(self, name: str, fields: dict[str, Any]) -> dict[str, Any]:
        if name == "sync":
            badge = {"unread": 0, "mentions": 0}
            return {"conversations": self._synced(), "badge": badge, "token": "t", "more": False}
        if name == "message.send":
            return self._send(fields)
        if name == "history.get" and fields.get("before"):
            older = self._messages[: fields["before"] - 1]
            return {"messages": older[-fields["limit"] :], "more": len(older) > fields["limit"]}
        answers: dict[str, dict[str, Any]] = {
            "history.get": {"messages": [], "more": False},
            "presence.watch": {"presence": {}},
            "read.mark": {"read": fields.get("seq", 0), "unread": 0},
            "device.list": {"devices": []},
            "desk.list": {"conversations": [], "more": False},
        }
        return answers.get(name, {})

    def _send(self, fields: dict[str, Any]) -> dict[str, Any]:
        if self.refuses:
            self.refuses -= 1
            return {"ok": False, "code": "forbidden", "message": "You may not do this."}
        self._messages.append({**_message(len(self._messages) + 1), **fields, "sender": ME})
        last = self._messages[-1]
        return {"seq": last["seq"], "at": last["at"]}

    def _me(self) -> dict[str, Any]:
        return {"user": ME, "name": "陈小美", "role": "customer"}

    def _synced(self) -> list[dict[str, Any]]:
        shown = self._messages[-self._first_page :]
        synced = _conversation(CONVERSATION, {ME: "陈小美", OTHER: "林顾问"}, shown)
        return [{**synced, "more": len(shown) < len(self._messages)}]


class PretendedCustomers(Pretended):
    """The same for a consultant with very many customers, each of whom said one thing."""

    def __init__(self, customers: int) -> None:
        super().__init__(0)
        self._customers = customers

    def _me(self) -> dict[str, Any]:
        return {"user": OTHER, "name": "林顾问", "role": "consultant", "shop": "s"}

    def _synced(self) -> list[dict[str, Any]]:
        return [self._customer(at) for at in range(self._customers)]

    def _customer(self, at: int) -> dict[str, Any]:
        user, id_ = f"customer{at}", f"c{at}"
        minutes_ago = _message(self._customers - at)
        said = {**minutes_ago, "conversation": id_, "seq": 1, "sender": user}
        return _conversation(id_, {OTHER: "林顾问", user: f"顾客{at}"}, [said])


def _conversation(
    id_: str, people: dict[str, str], messages: list[dict[str, Any]]
) -> dict[str, Any]:
    """A direct conversation as a sync tells it, read by both."""
    last = messages[-1]
    seen = {"role": "customer", "read": last["seq"], "delivered": last["seq"]}
    return {
        "id": id_, "kind": "direct", "created_at": _BEGAN,
        "members": [{"user": user, "name": name, **seen} for user, name in people.items()],
        "room": None,
        "me": {"role": "member", "state": "in", "muted_until": 0, "first": 1},
        "head": {"seq": last["seq"], "mod": 0},
        "read": last["seq"], "unread": 0, "mentions": 0, "last": last,
        "my": {"mode": "all", "pinned": False, "archived": False, "cleared": 0, "hidden": []},
        "messages": messages, "changes": [], "more": False, "reset": False,
    }  # fmt: skip


def _message(seq: int) -> dict[str, Any]:
    """A message whose height is another one than that of most."""
    return {
        "conversation": CONVERSATION, "seq": seq, "client_id": f"m{seq}",
        "sender": ME if seq % 3 == 0 else OTHER, "kind": "text",
        "body": {"text": f"{seq} " + "好的，谢谢你。" * (seq * 7 % 23)},
        "at": _BEGAN + seq * _MINUTE_MS,
    }  # fmt: skip
