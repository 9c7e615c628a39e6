"""Every call a client can make: its name, its fields, and what its acknowledgement carries."""

from __future__ import annotations

from chatserver.domain.calls.base import (
    Call,
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
        TagCustomer, UpdateContext,
    )
}  # fmt: skip

__all__ = [
    "CALLS",
    "AddMembers",
    "AssignConversation",
    "BanMember",
    "Call",
    "ClaimConversation",
    "DeleteMessage",
    "EditMessage",
    "ForwardMessages",
    "GetChanges",
    "GetConversation",
    "GetCustomer",
    "GetHistory",
    "GetNotes",
    "GetProfile",
    "GetShopStatus",
    "GiveConsent",
    "JoinConversation",
    "LeaveConversation",
    "ListConversations",
    "ListDesk",
    "ListDevices",
    "ListMembers",
    "ListSnippets",
    "LogoutDevice",
    "MarkRead",
    "MuteMembers",
    "OpenConversation",
    "PinMessage",
    "ReactToMessage",
    "RecallMessage",
    "ReleaseConversation",
    "RemoveMember",
    "RemoveSnippet",
    "RenewToken",
    "ReopenConversation",
    "ResolveConversation",
    "SaveSnippet",
    "SendMessage",
    "SetMemberRole",
    "SetPrefs",
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
