"""Calls of clients: each is handed to one service, its result becomes the acknowledgement."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from msgspec.structs import asdict

from chatserver.clock import now_ms
from chatserver.domain import calls
from chatserver.domain.conversation import ConversationView, ServiceStatus
from chatserver.errors import Invalid
from chatserver.gateway.content_handlers import Answer, ContentHandlers, as_stored
from chatserver.gateway.device_handlers import DeviceHandlers
from chatserver.gateway.hub import Connection, Hub
from chatserver.services.delivery import of_presence
from chatserver.services.services import Services

Renewed = Callable[[Connection], None]


class Handlers:
    """One method for each call."""

    def __init__(self, services: Services, hub: Hub, on_renewed: Renewed) -> None:
        """`on_renewed` is told when a connection got a new token."""
        self._services = services
        self._hub = hub
        self._on_renewed = on_renewed
        self._table: dict[type[calls.Call], Callable[..., Awaitable[Answer]]] = {
            calls.OpenConversation: self._open,
            calls.ListConversations: self._list,
            calls.GetConversation: self._get,
            calls.JoinConversation: self._join,
            calls.LeaveConversation: self._leave,
            calls.UpdateConversation: self._update,
            calls.ListMembers: self._members,
            calls.AddMembers: self._add,
            calls.RemoveMember: self._remove,
            calls.BanMember: self._ban,
            calls.SetMemberRole: self._set_role,
            calls.MuteMembers: self._mute,
            calls.SetPrefs: self._set_prefs,
            calls.SendMessage: self._send,
            calls.ForwardMessages: self._forward,
            calls.EditMessage: self._change,
            calls.RecallMessage: self._change,
            calls.ReactToMessage: self._change,
            calls.PinMessage: self._change,
            calls.DeleteMessage: self._delete,
            calls.GetHistory: self._history,
            calls.GetChanges: self._changes,
            calls.Sync: self._sync,
            calls.MarkRead: self._mark_read,
            calls.WhoRead: self._who_read,
            calls.SetTyping: self._typing,
            calls.WatchPresence: self._watch,
            calls.UnwatchPresence: self._unwatch,
            calls.GetShopStatus: self._shop_status,
            **DeviceHandlers(services, hub).table,
            calls.RenewToken: self._renew,
            calls.GetProfile: self._get_profile,
            calls.UpdateProfile: self._update_profile,
            calls.GiveConsent: self._give_consent,
            calls.WithdrawConsent: self._withdraw_consent,
            calls.ListDesk: self._list_desk,
            calls.ClaimConversation: self._claim,
            calls.ReleaseConversation: self._release,
            calls.AssignConversation: self._assign,
            calls.ResolveConversation: self._resolve,
            calls.ReopenConversation: self._reopen,
            calls.GetNotes: self._notes,
            calls.ListSnippets: self._list_snippets,
            calls.SaveSnippet: self._save_snippet,
            calls.RemoveSnippet: self._remove_snippet,
            calls.GetCustomer: self._get_customer,
            calls.TagCustomer: self._tag_customer,
            calls.UpdateContext: self._update_context,
            calls.GetMediaLinks: self._media_links,
            **ContentHandlers(services, hub).table,
            calls.SearchMessages: self._search_messages,
            calls.SearchConversations: self._search_conversations,
            calls.SearchPeople: self._search_people,
        }

    async def handle(self, connection: Connection, call: calls.Call) -> Answer:
        """The fields of the acknowledgement beside `ok`.

        Raises:
            ChatError: the call is refused.
        """
        return await self._table[type(call)](connection, call)

    async def _open(self, to: Connection, call: calls.OpenConversation) -> Answer:
        if call.kind == "service":
            return _one(await self._services.desk.open(to.caller, now_ms()))
        if call.kind != "direct":
            named = await self._services.filters.named(to.caller, call)
            return _one(await self._services.rooms.open(to.caller, named, now_ms()))
        if call.with_ is None:
            raise Invalid("This field is required", path="with")
        opening = self._services.conversations.open_direct(to.caller, call.with_, now_ms())
        return _one(await opening)

    async def _list(self, to: Connection, call: calls.ListConversations) -> Answer:
        views, more = await self._services.conversations.list_mine(to.caller, call)
        return {"conversations": views, "more": more}

    async def _get(self, to: Connection, call: calls.GetConversation) -> Answer:
        return _one(await self._services.conversations.get(to.caller, call.conversation))

    async def _join(self, to: Connection, call: calls.JoinConversation) -> Answer:
        return _one(await self._services.rooms.join(to.caller, call.conversation, now_ms()))

    async def _leave(self, to: Connection, call: calls.LeaveConversation) -> Answer:
        return _one(await self._services.rooms.leave(to.caller, call.conversation, now_ms()))

    async def _update(self, to: Connection, call: calls.UpdateConversation) -> Answer:
        named = await self._services.filters.named(to.caller, call)
        return _one(await self._services.rooms.update(to.caller, named, now_ms()))

    async def _members(self, to: Connection, call: calls.ListMembers) -> Answer:
        page = await self._services.rooms.members(to.caller, call)
        return {"members": page.entries, "more": page.more}

    async def _add(self, to: Connection, call: calls.AddMembers) -> Answer:
        return _one(await self._services.rooms.add(to.caller, call, now_ms()))

    async def _remove(self, to: Connection, call: calls.RemoveMember) -> Answer:
        return _one(await self._services.rooms.remove(to.caller, call, now_ms()))

    async def _ban(self, to: Connection, call: calls.BanMember) -> Answer:
        return _one(await self._services.rooms.ban(to.caller, call, now_ms()))

    async def _set_role(self, to: Connection, call: calls.SetMemberRole) -> Answer:
        return _one(await self._services.rooms.set_role(to.caller, call, now_ms()))

    async def _mute(self, to: Connection, call: calls.MuteMembers) -> Answer:
        return _one(await self._services.rooms.mute(to.caller, call, now_ms()))

    async def _set_prefs(self, to: Connection, call: calls.SetPrefs) -> Answer:
        return _one(await self._services.conversations.set_prefs(to.caller, call, now_ms()))

    async def _send(self, to: Connection, call: calls.SendMessage) -> Answer:
        stored = await self._services.messages.send(to.caller, call, now_ms())
        await self._services.typists.sent(to.caller, call.conversation)
        await self._services.desk.said(to.caller, call.conversation, now_ms())
        return as_stored(stored)

    async def _forward(self, to: Connection, call: calls.ForwardMessages) -> Answer:
        stored = await self._services.messages.forward(to.caller, call, now_ms())
        await self._services.desk.said(to.caller, call.conversation, now_ms())
        return as_stored(stored)

    async def _change(self, to: Connection, call: Any) -> Answer:
        mod = await self._services.messages.change(to.caller, call, now_ms())
        self._services.desk.changed(call.conversation)
        return {"mod": mod}

    async def _delete(self, to: Connection, call: calls.DeleteMessage) -> Answer:
        return {"mod": await self._services.conversations.delete(to.caller, call, now_ms())}

    async def _history(self, to: Connection, call: calls.GetHistory) -> Answer:
        page = await self._services.history.page(to.caller, call)
        return {"messages": page.entries, "more": page.more}

    async def _changes(self, to: Connection, call: calls.GetChanges) -> Answer:
        page = await self._services.history.changes(to.caller, call)
        return {"changes": page.entries, "more": page.more}

    async def _sync(self, to: Connection, call: calls.Sync) -> Answer:
        # live events wait, so that the device gets them after the snapshot they are newer than
        to.hold()
        await self._services.delivery.listening()
        moment = self._hub.moment
        synced = await self._services.sync.sync(to.caller, call, now_ms())
        self._hub.take_seats(to, synced.seats, moment)
        return {
            "conversations": synced.conversations,
            "badge": synced.badge.payload(),
            "token": synced.token,
            "more": synced.more,
        }

    async def _mark_read(self, to: Connection, call: calls.MarkRead) -> Answer:
        mark = await self._services.cursors.mark_read(to.caller, call, now_ms())
        return {"read": mark.read, "unread": mark.unread}

    async def _who_read(self, to: Connection, call: calls.WhoRead) -> Answer:
        readers = await self._services.cursors.who_read(to.caller, call)
        return {name: getattr(readers, name) for name in readers.__struct_fields__}

    async def _typing(self, to: Connection, call: calls.SetTyping) -> Answer:
        await self._services.typists.signal(to.caller, call, now_ms())
        return {}

    async def _watch(self, to: Connection, call: calls.WatchPresence) -> Answer:
        users = await self._services.presence.visible(to.caller, call.users)
        for user in users:
            self._hub.join(to, of_presence(user))
        return {"presence": await self._services.presence.states(users)}

    async def _unwatch(self, to: Connection, call: calls.UnwatchPresence) -> Answer:
        for user in call.users:
            self._hub.leave(to, of_presence(user))
        return {}

    async def _shop_status(self, _to: Connection, call: calls.GetShopStatus) -> Answer:
        status = await self._services.shops.status(call.shop, now_ms())
        return {"online": status.online, "answers_in_ms": status.answers_in_ms}

    async def _renew(self, to: Connection, call: calls.RenewToken) -> Answer:
        identity = await self._services.auth.authenticate(call.token, now_ms())
        await self._services.devices.renewed(to.caller, identity, now_ms())
        to.identity = identity
        self._on_renewed(to)
        return {"exp": identity.expires_at}

    async def _get_profile(self, to: Connection, call: calls.GetProfile) -> Answer:
        return {"profile": await self._services.profiles.get(to.caller, call.user, now_ms())}

    async def _update_profile(self, to: Connection, call: calls.UpdateProfile) -> Answer:
        return {"profile": await self._services.profiles.update(to.caller, call, now_ms())}

    async def _give_consent(self, to: Connection, call: calls.GiveConsent) -> Answer:
        return {"profile": await self._services.profiles.give_consent(to.caller, call, now_ms())}

    async def _withdraw_consent(self, to: Connection, call: calls.WithdrawConsent) -> Answer:
        profile = await self._services.profiles.withdraw_consent(to.caller, call, now_ms())
        return {"profile": profile}

    async def _list_desk(self, to: Connection, call: calls.ListDesk) -> Answer:
        topic = self._services.overview.topic(to.caller)
        to.hold()  # as for a sync
        self._hub.join(to, topic)
        await self._services.delivery.listening()
        page = await self._services.overview.page(to.caller, call)
        return {"conversations": page.entries, "more": page.more}

    async def _claim(self, to: Connection, call: calls.ClaimConversation) -> Answer:
        return _one(await self._services.desk.claim(to.caller, call.conversation, now_ms()))

    async def _release(self, to: Connection, call: calls.ReleaseConversation) -> Answer:
        return _one(await self._services.desk.release(to.caller, call.conversation, now_ms()))

    async def _assign(self, to: Connection, call: calls.AssignConversation) -> Answer:
        return _one(await self._services.desk.assign(to.caller, call, now_ms()))

    async def _resolve(self, to: Connection, call: calls.ResolveConversation) -> Answer:
        return await self._settle(to, call.conversation, "resolved")

    async def _reopen(self, to: Connection, call: calls.ReopenConversation) -> Answer:
        return await self._settle(to, call.conversation, "open")

    async def _settle(self, to: Connection, id_: str, status: ServiceStatus) -> Answer:
        return _one(await self._services.desk.settle(to.caller, id_, status, now_ms()))

    async def _notes(self, to: Connection, call: calls.GetNotes) -> Answer:
        return _one(await self._services.notes.enter(to.caller, call.conversation, now_ms()))

    async def _list_snippets(self, to: Connection, call: calls.ListSnippets) -> Answer:
        return asdict(await self._services.snippets.page(to.caller, call))

    async def _save_snippet(self, to: Connection, call: calls.SaveSnippet) -> Answer:
        snippet, rev = await self._services.snippets.save(to.caller, call)
        return {"snippet": snippet, "rev": rev}

    async def _remove_snippet(self, to: Connection, call: calls.RemoveSnippet) -> Answer:
        return {"rev": await self._services.snippets.remove(to.caller, call)}

    async def _get_customer(self, to: Connection, call: calls.GetCustomer) -> Answer:
        return {"customer": await self._services.customers.get(to.caller, call.user, now_ms())}

    async def _tag_customer(self, to: Connection, call: calls.TagCustomer) -> Answer:
        return {"tags": await self._services.customers.tag(to.caller, call)}

    async def _update_context(self, to: Connection, call: calls.UpdateContext) -> Answer:
        await self._services.customers.look_at(to.caller, call, now_ms())
        return {}

    async def _media_links(self, to: Connection, call: calls.GetMediaLinks) -> Answer:
        made = await self._services.media.links.make(to.caller, call, now_ms())
        return {"links": made.links, "expires_at": made.expires_at}

    async def _search_messages(self, to: Connection, call: calls.SearchMessages) -> Answer:
        return asdict(await self._services.search.messages(to.caller, call, now_ms()))

    async def _search_conversations(
        self, to: Connection, call: calls.SearchConversations
    ) -> Answer:
        return asdict(await self._services.search.conversations(to.caller, call, now_ms()))

    async def _search_people(self, to: Connection, call: calls.SearchPeople) -> Answer:
        return {"people": await self._services.search.people(to.caller, call, now_ms())}


def _one(view: ConversationView) -> Answer:
    return {"conversation": view}
