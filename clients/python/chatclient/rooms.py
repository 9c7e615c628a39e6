"""The calls about rooms: begin one, come and go, manage it and the people in it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from chatclient.asking import NULL, Asking
from chatclient.model import ConversationView
from chatclient.room import MembersPage, RoomMember


class RoomCalls(Asking):
    """Every act on a room is answered with the room as it is afterwards, and my place in it."""

    async def open_room(
        self,
        title: str,
        members: Sequence[str] = (),
        *,
        kind: str = "group",
        settings: Mapping[str, Any] | None = None,
        client_id: str | None = None,
    ) -> ConversationView:
        """Begin a `group` or `channel` of mine; with the same `client_id` it is begun once."""
        fields = {"kind": kind, "title": title, "members": list(members), "client_id": client_id}
        told = None if settings is None else dict(settings)
        return await self.described("conversation.open", **fields, settings=told)

    async def join_room(self, conversation: str) -> ConversationView:
        """Come in, accept an invitation, or ask to be let in: `me.state` says which."""
        return await self._act("join", conversation)

    async def leave_room(self, conversation: str) -> ConversationView:
        """Go, or decline an invitation; what could be seen until then stays."""
        return await self._act("leave", conversation)

    async def update_room(self, conversation: str, /, **fields: Any) -> ConversationView:
        """Change `title`, `avatar`, `announcement` or `settings`; with None the avatar or the
        announcement is taken away."""
        told = {name: NULL if value is None else value for name, value in fields.items()}
        return await self._act("update", conversation, **told)

    async def list_members(
        self,
        conversation: str,
        *,
        state: str | None = None,
        users: Sequence[str] | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> MembersPage:
        """A page of members by user id after one; with `users` those of them who are in it."""
        chosen = None if users is None else list(users)
        fields = {"state": state, "users": chosen, "after": after, "limit": limit}
        return await self.ask(
            MembersPage, "conversation.members", conversation=conversation, **fields
        )

    async def all_members(
        self, conversation: str, *, state: str | None = None
    ) -> AsyncIterator[RoomMember]:
        """Every member, fetched by pages as far as one reads on."""
        after, more = None, True
        while more:
            page = await self.list_members(conversation, state=state, after=after)
            for member in page.members:
                yield member
            more = page.more and bool(page.members)
            after = page.members[-1].user if page.members else None

    async def add_members(self, conversation: str, users: Sequence[str]) -> ConversationView:
        """Bring people in, or invite them; or let in who asked."""
        return await self._act("add", conversation, users=list(users))

    async def remove_member(self, conversation: str, user: str) -> ConversationView:
        """Send a member away, take back an invitation, or refuse who asked."""
        return await self._act("remove", conversation, user=user)

    async def ban_member(
        self, conversation: str, user: str, until: int | None = None
    ) -> ConversationView:
        """Send somebody away and keep them out until a time or for ever; a past one lifts it."""
        return await self._act("ban", conversation, user=user, until=until)

    async def set_role(self, conversation: str, user: str, role: str) -> ConversationView:
        """Make a member `admin` or `member`; `owner` hands the room over."""
        return await self._act("role", conversation, user=user, role=role)

    async def mute_member(self, conversation: str, user: str, until: int) -> ConversationView:
        """Keep a member from writing until a time; a past one lifts it."""
        return await self._act("mute", conversation, user=user, until=until)

    async def mute_all(
        self, conversation: str, until: int, *, but: Sequence[str] = ()
    ) -> ConversationView:
        """Let only admins and those of `but` write until a time; a past one lifts it."""
        return await self._act("mute", conversation, **{"until": until, "except": list(but)})

    async def _act(self, act: str, conversation: str, **fields: Any) -> ConversationView:
        return await self.described(f"conversation.{act}", conversation=conversation, **fields)
