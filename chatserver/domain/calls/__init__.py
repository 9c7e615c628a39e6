"""Every call a client can make: its name, its fields, and what its acknowledgement carries."""

from __future__ import annotations

from chatserver.domain.calls.base import (
    Call,
)
from chatserver.domain.calls.content import (
    ActOnCard,
    CreateReport,
    GetFilter,
    GetReport,
    ListReports,
    PreviewLink,
    ResolveReport,
    SetFilter,
)
from chatserver.domain.calls.conversations import (
    GetConversation,
    ListConversations,
    OpenConversation,
    SetPrefs,
    SettingsChange,
)
from chatserver.domain.calls.desk import (
    AssignConversation,
    ClaimConversation,
    GetCustomer,
    GetNotes,
    ListDesk,
    ListSnippets,
    ReleaseConversation,
    RemoveSnippet,
    ReopenConversation,
    ResolveConversation,
    SaveSnippet,
    TagCustomer,
    UpdateContext,
)
from chatserver.domain.calls.media import (
    GetMediaLinks,
)
from chatserver.domain.calls.messages import (
    DeleteMessage,
    EditMessage,
    ForwardMessages,
    PinMessage,
    ReactToMessage,
    RecallMessage,
    SendMessage,
    SetTyping,
)
from chatserver.domain.calls.people import (
    GetProfile,
    GetShopStatus,
    GiveConsent,
    ListDevices,
    LogoutDevice,
    RenewToken,
    UnwatchPresence,
    UpdateDevice,
    UpdateProfile,
    WatchPresence,
    WithdrawConsent,
)
from chatserver.domain.calls.push import (
    GetPush,
    PushOpened,
    SetPush,
)
from chatserver.domain.calls.reading import (
    GetChanges,
    GetHistory,
    MarkRead,
    Sync,
    WhoRead,
)
from chatserver.domain.calls.rooms import (
    AddMembers,
    BanMember,
    JoinConversation,
    LeaveConversation,
    ListMembers,
    MuteMembers,
    RemoveMember,
    SetMemberRole,
    UpdateConversation,
)
from chatserver.domain.calls.search import (
    SearchConversations,
    SearchMessages,
    SearchPeople,
)

# PROTOCOL.md is generated from this list, and the gateway takes no event that is not in it
CALLS: dict[str, type[Call]] = {
    call.name: call
    for call in (
        OpenConversation, ListConversations, GetConversation, JoinConversation, LeaveConversation,
        UpdateConversation, ListMembers, AddMembers, RemoveMember, BanMember, SetMemberRole,
        MuteMembers, SetPrefs, SendMessage, ForwardMessages, EditMessage, RecallMessage,
        ReactToMessage, PinMessage, DeleteMessage, GetHistory, GetChanges, Sync, MarkRead, WhoRead,
        SetTyping, WatchPresence, UnwatchPresence, GetShopStatus, UpdateDevice, ListDevices,
        LogoutDevice, RenewToken, GetProfile, UpdateProfile, GiveConsent, WithdrawConsent,
        ListDesk, ClaimConversation, ReleaseConversation, AssignConversation, ResolveConversation,
        ReopenConversation, GetNotes, ListSnippets, SaveSnippet, RemoveSnippet, GetCustomer,
        TagCustomer, UpdateContext, ActOnCard, PreviewLink, GetFilter, SetFilter, CreateReport,
        ListReports, GetReport, ResolveReport, GetMediaLinks,
        SearchMessages, SearchConversations, SearchPeople, GetPush, SetPush, PushOpened,
    )
}  # fmt: skip

__all__ = [
    "CALLS",
    "ActOnCard",
    "AddMembers",
    "AssignConversation",
    "BanMember",
    "Call",
    "ClaimConversation",
    "CreateReport",
    "DeleteMessage",
    "EditMessage",
    "ForwardMessages",
    "GetChanges",
    "GetConversation",
    "GetCustomer",
    "GetFilter",
    "GetHistory",
    "GetMediaLinks",
    "GetNotes",
    "GetProfile",
    "GetPush",
    "GetReport",
    "GetShopStatus",
    "GiveConsent",
    "JoinConversation",
    "LeaveConversation",
    "ListConversations",
    "ListDesk",
    "ListDevices",
    "ListMembers",
    "ListReports",
    "ListSnippets",
    "LogoutDevice",
    "MarkRead",
    "MuteMembers",
    "OpenConversation",
    "PinMessage",
    "PreviewLink",
    "PushOpened",
    "ReactToMessage",
    "RecallMessage",
    "ReleaseConversation",
    "RemoveMember",
    "RemoveSnippet",
    "RenewToken",
    "ReopenConversation",
    "ResolveConversation",
    "ResolveReport",
    "SaveSnippet",
    "SearchConversations",
    "SearchMessages",
    "SearchPeople",
    "SendMessage",
    "SetFilter",
    "SetMemberRole",
    "SetPrefs",
    "SetPush",
    "SetTyping",
    "SettingsChange",
    "Sync",
    "TagCustomer",
    "UnwatchPresence",
    "UpdateContext",
    "UpdateConversation",
    "UpdateDevice",
    "UpdateProfile",
    "WatchPresence",
    "WhoRead",
    "WithdrawConsent",
]
