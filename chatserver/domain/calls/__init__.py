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
    )
}  # fmt: skip

__all__ = [
    "CALLS",
    "AddMembers",
    "BanMember",
    "Call",
    "DeleteMessage",
    "EditMessage",
    "ForwardMessages",
    "GetChanges",
    "GetConversation",
    "GetHistory",
    "GetProfile",
    "GetShopStatus",
    "GiveConsent",
    "JoinConversation",
    "LeaveConversation",
    "ListConversations",
    "ListDevices",
    "ListMembers",
    "LogoutDevice",
    "MarkRead",
    "MuteMembers",
    "OpenConversation",
    "PinMessage",
    "ReactToMessage",
    "RecallMessage",
    "RemoveMember",
    "RenewToken",
    "SendMessage",
    "SetMemberRole",
    "SetPrefs",
    "SetTyping",
    "SettingsChange",
    "Sync",
    "UnwatchPresence",
    "UpdateConversation",
    "UpdateDevice",
    "UpdateProfile",
    "WatchPresence",
    "WhoRead",
    "WithdrawConsent",
]
