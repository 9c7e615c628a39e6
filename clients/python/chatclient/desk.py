"""The calls about a shop's desk: ask the shop; take questions on, hand them over, settle them."""

from __future__ import annotations

from msgspec import Struct

from chatclient.asking import Asking
from chatclient.model import ConversationView, Head, Message
from chatclient.room import Room


class DeskView(Struct, frozen=True, kw_only=True):
    """A service conversation as it lies on the desk, and its latest message."""

    id: str
    room: Room
    created_at: int = 0
    head: Head = Head()
    last: Message | None = None


class DeskPage(Struct, frozen=True, kw_only=True):
    """Service conversations, and whether there are more."""

    conversations: tuple[DeskView, ...]
    more: bool = False


class DeskCalls(Asking):
    """Every act on a service conversation is answered with it as I then see it.

    One whose `me.state` is `released` is mine no longer, and is not among `conversations` any more.
    """

    async def open_service(self) -> ConversationView:
        """My conversation with my shop, begun if there is none."""
        return await self.described("conversation.open", kind="service")

    async def list_desk(
        self, view: str, *, after: str | None = None, limit: int | None = None
    ) -> DeskPage:
        """A page of `mine`, of what is `unassigned`, or for managers of `all`."""
        return await self.ask(DeskPage, "desk.list", view=view, after=after, limit=limit)

    async def claim(self, conversation: str) -> ConversationView:
        """Take on what nobody serves; refused with code `taken` where somebody was faster."""
        return await self.described("desk.claim", conversation=conversation)

    async def release(self, conversation: str) -> ConversationView:
        """Give it back to the desk."""
        return await self.described("desk.release", conversation=conversation)

    async def assign(self, conversation: str, user: str) -> ConversationView:
        """Hand it to a colleague."""
        return await self.described("desk.assign", conversation=conversation, user=user)

    async def resolve(self, conversation: str) -> ConversationView:
        """Say that it is settled."""
        return await self.described("desk.resolve", conversation=conversation)

    async def reopen(self, conversation: str) -> ConversationView:
        """Say that it is not settled after all."""
        return await self.described("desk.reopen", conversation=conversation)

    async def notes(self, conversation: str) -> ConversationView:
        """The notes beside it: a conversation of their own, which customers are never in."""
        return await self.described("conversation.notes", conversation=conversation)
