"""What clients say to the product, and to minimal chats."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from chatserver import clock
from chatserver.config import Settings
from chatserver.domain.message import Message
from chatserver.domain.person import Person
from chatserver.services.auth import mint
from loadtest.rivals.sizes import ROOM
from loadtest.swarm import frames
from loadtest.swarm.client import Client
from loadtest.swarm.crowd import Who

TOKEN_TTL_S = 3600
TYPICAL_AT = 1_790_000_000_000
TYPICAL_NUMBER = 500


class ProductDialect(Struct, frozen=True):
    """The product's protocol; `key` signs the tokens."""

    key: str
    ready: bytes = b'42["ready"'
    acknowledges: bool = True

    def greeting(self, who: Who) -> str:
        """CONNECT with a token of the person's own."""
        person = Person(user=who.user, name=who.user, role="customer")
        settings = Settings(jwt_key=self.key)
        token = mint(settings, person, ttl_s=TOKEN_TTL_S, now_ms=clock.now_ms())
        return "40" + _json({"token": token, "device": {"id": who.device, "platform": "bot"}})

    def message(self, room: str, number: int, text: str) -> str:
        """A call of `message.send`."""
        call = {
            "conversation": room,
            "client_id": f"c{number}",
            "kind": "text",
            "body": {"text": text},
        }
        return f"42{number}" + _json(["message.send", call])

    def padding(self, room: str, sender: str, wire_bytes: int) -> str:
        """The text that makes the product's event this large."""
        return "x" * (wire_bytes - len(frames.plain(_event(room, TYPICAL_NUMBER, sender, ""))))

    async def room(self, client: Client, me: str, other: str) -> str:
        """The direct conversation of the two."""
        opened = await client.call("conversation.open", {"kind": "direct", "with": other})
        return str(opened["conversation"]["id"])

    async def watch(self, client: Client, users: Sequence[str]) -> None:
        """Watch the presence of people; each is a topic that the connection joins."""
        await client.call("presence.watch", {"users": list(users)})

    def echo(self, room: str, number: int) -> str:
        """A call that changes nothing and asks nobody."""
        return f"42{number}" + _json(["presence.unwatch", {"users": []}])


class MinimalDialect(Struct, frozen=True):
    """That of the minimal chats: rooms in the greeting, messages passed on as they are.

    A message has the fields the product's event has, made by the client, so that events are of
    one size.
    """

    ready: bytes = b"40"
    acknowledges: bool = False

    def greeting(self, who: Who) -> str:
        """CONNECT with the names of rooms; nothing is checked."""
        return "40" + _json({"user": who.user, "device": who.device, "rooms": who.rooms})

    def message(self, room: str, number: int, text: str) -> str:
        """An event for everybody in a room."""
        return _event(room, number, "teller", text)

    def padding(self, room: str, sender: str, wire_bytes: int) -> str:
        """The text that makes the event this large."""
        return "x" * (wire_bytes - len(frames.plain(_event(room, TYPICAL_NUMBER, sender, ""))))

    async def room(self, client: Client, me: str, other: str) -> str:
        """One room for all."""
        return ROOM

    async def watch(self, client: Client, users: Sequence[str]) -> None:
        """Nothing: all rooms stand in the greeting."""

    def echo(self, room: str, number: int) -> str:
        """A message to a room of one's own."""
        return _event(room, number, "prober", "")


def _event(room: str, number: int, sender: str, text: str) -> str:
    message = Message(
        conversation=room,
        seq=number,
        client_id=f"c{number}",
        sender=sender,
        kind="text",
        body={"text": text},
        at=TYPICAL_AT,
    )
    return "42" + msgspec.json.encode(["message", message]).decode()


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
