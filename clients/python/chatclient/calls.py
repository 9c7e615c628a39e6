"""Every call of the protocol as a typed coroutine.

A refusal raises ChatCallError; no answer in time raises ChatTimeout, and then whether the server
did it is unknown. An answer that describes a conversation is taken into what `ChatClient` knows;
beside that these methods only ask.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from chatclient.content import ContentCalls
from chatclient.desk import DeskCalls
from chatclient.model import (
    ChangesPage,
    ConversationPage,
    ConversationView,
    HistoryPage,
    Presence,
    ReadMarked,
    Sent,
    ShopStatus,
    SyncPage,
    WhoRead,
)
from chatclient.push import PushCalls
from chatclient.rooms import RoomCalls
from chatclient.search import SearchCalls


class _Done(msgspec.Struct, frozen=True):
    mod: int


class _PresenceOf(msgspec.Struct, frozen=True):
    presence: dict[str, Presence]


class _Devices(msgspec.Struct, frozen=True):
    devices: tuple[dict[str, Any], ...]


class _Renewed(msgspec.Struct, frozen=True):
    exp: int


class Calls(RoomCalls, DeskCalls, ContentCalls, SearchCalls, PushCalls):
    """The calls, over whatever `call` sends them through."""

    async def open_conversation(self, with_: str) -> ConversationView:
        """Find or begin the direct conversation with somebody: the same one for ever."""
        return await self.described("conversation.open", **{"kind": "direct", "with": with_})

    async def list_conversations(
        self, after: str | None = None, limit: int = 50
    ) -> ConversationPage:
        """My conversations, latest message first; `after` is the last id I have."""
        return await self.ask(ConversationPage, "conversation.list", after=after, limit=limit)

    async def get_conversation(self, conversation: str) -> ConversationView:
        """One conversation of mine."""
        return await self.described("conversation.get", conversation=conversation)

    async def set_prefs(
        self,
        conversation: str,
        *,
        mode: str | None = None,
        pinned: bool | None = None,
        archived: bool | None = None,
    ) -> ConversationView:
        """Change my own settings of a conversation; what is left out stays."""
        fields = {"mode": mode, "pinned": pinned, "archived": archived}
        return await self.described("conversation.prefs", conversation=conversation, **fields)

    async def send_message(
        self, conversation: str, client_id: str, text: str, **fields: Any
    ) -> Sent:
        """Send one message once, without the outbox; `fields`: reply_to, mentions,
        mention_all, retry."""
        told = {"conversation": conversation, "client_id": client_id, "kind": "text"}
        return await self.ask(Sent, "message.send", **told, body={"text": text}, **fields)

    async def edit_message(self, conversation: str, seq: int, text: str) -> int:
        """Replace the text of my message; returns the number of the change."""
        return await self._change("edit", conversation, seq, body={"text": text})

    async def edit_card(self, conversation: str, seq: int, card: Mapping[str, Any]) -> int:
        """Replace my card by another one about the same thing; returns the number of the change."""
        return await self._change("edit", conversation, seq, body=dict(card))

    async def recall_message(self, conversation: str, seq: int) -> int:
        """Take my message back; returns the number of the change."""
        return await self._change("recall", conversation, seq)

    async def react_to_message(
        self, conversation: str, seq: int, reaction: str, *, on: bool = True
    ) -> int:
        """Add my reaction, or with `on=False` take it away; returns the number of the change."""
        return await self._change("react", conversation, seq, reaction=reaction, on=on)

    async def pin_message(self, conversation: str, seq: int, *, on: bool = True) -> int:
        """Pin a message for everybody, or no longer; returns the number of the change."""
        return await self._change("pin", conversation, seq, on=on)

    async def delete_message(
        self, conversation: str, seq: int | None = None, *, up_to: int | None = None
    ) -> None:
        """Delete a message, or everything up to one, for me alone on all my devices."""
        await self.call("message.delete", conversation=conversation, seq=seq, up_to=up_to)

    async def forward_messages(
        self,
        conversation: str,
        from_: str,
        seqs: Sequence[int],
        client_id: str,
        *,
        retry: bool = False,
    ) -> Sent:
        """Send messages of `from_` on: one as it is, several as one card."""
        fields = {"client_id": client_id, "from": from_, "seqs": list(seqs), "retry": retry}
        return await self.ask(Sent, "message.forward", conversation=conversation, **fields)

    async def get_history(
        self,
        conversation: str,
        *,
        before: int | None = None,
        after: int | None = None,
        around: int | None = None,
        pinned: bool | None = None,
        limit: int | None = None,
    ) -> HistoryPage:
        """A page of messages, ascending; the latest without any position, or the pinned ones."""
        fields = {"before": before, "after": after, "around": around, "pinned": pinned}
        fields["limit"] = limit
        return await self.ask(HistoryPage, "history.get", conversation=conversation, **fields)

    async def get_changes(
        self, conversation: str, after: int, limit: int | None = None
    ) -> ChangesPage:
        """A page of changes after number `after`, ascending."""
        fields = {"conversation": conversation, "after": after, "limit": limit}
        return await self.ask(ChangesPage, "changes.get", **fields)

    async def get_sync(
        self, have: Mapping[str, Sequence[int]], token: str | None = None
    ) -> SyncPage:
        """What moved since `have`; the client does this by itself whenever it connects."""
        return await self.ask(SyncPage, "sync", have=dict(have), token=token)

    async def mark_read(self, conversation: str, seq: int) -> ReadMarked:
        """Tell at once that I have read up to `seq`; `ChatClient.read` gathers these."""
        return await self.ask(ReadMarked, "read.mark", conversation=conversation, seq=seq)

    async def who_read(self, conversation: str, seq: int, limit: int | None = None) -> WhoRead:
        """Who of the other members has read message `seq` and who has not."""
        fields = {"conversation": conversation, "seq": seq, "limit": limit}
        return await self.ask(WhoRead, "read.who", **fields)

    async def set_typing(self, conversation: str, *, on: bool) -> None:
        """Tell at once that I am typing, or have stopped; `ChatClient.typing` paces this."""
        await self.call("typing", conversation=conversation, on=on)

    async def watch_presence(self, users: Sequence[str]) -> dict[str, Presence]:
        """Be told when these people come and go, for as long as this connection lasts."""
        return (await self.ask(_PresenceOf, "presence.watch", users=list(users))).presence

    async def unwatch_presence(self, users: Sequence[str]) -> None:
        """No longer be told about these people."""
        await self.call("presence.unwatch", users=list(users))

    async def shop_status(self, shop: str) -> ShopStatus:
        """Whether somebody serves in a shop now, and how soon customers get an answer."""
        return await self.ask(ShopStatus, "shop.status", shop=shop)

    async def update_device(
        self, *, foreground: bool | None = None, name: str | None = None
    ) -> None:
        """Tell about this device: its name, and whether the app is in the foreground, for as long
        as this connection lasts; `ChatClient.set_foreground` also sees to the next one."""
        fields = {"foreground": foreground, "name": name}
        await self.call("device.update", **fields)

    async def list_devices(self) -> tuple[dict[str, Any], ...]:
        """My devices."""
        return (await self.ask(_Devices, "device.list")).devices

    async def logout_device(
        self, device: str | None = None, *, everywhere: bool | None = None
    ) -> None:
        """Log out one of my devices, this one without `device`, or every one of them."""
        await self.call("device.logout", device=device, all=everywhere)

    async def renew_token(self, token: str) -> int:
        """Go on with a new token of the same person; returns when it ends."""
        return (await self.ask(_Renewed, "auth.renew", token=token)).exp

    async def _change(self, deed: str, conversation: str, seq: int, **fields: Any) -> int:
        where = {"conversation": conversation, "seq": seq}
        return (await self.ask(_Done, f"message.{deed}", **where, **fields)).mod
