"""A client for chatserver: typed calls, events, history that converges, and an outbox.

async with ChatClient(url, token=token, device=Device("laptop-1")) as chat:
    conversation = await chat.open("lin")
    await chat.send(conversation.id, "Hello")
"""

import logging

from chatclient.client import ChatClient
from chatclient.content import FilterRule, LinkPreview, Report, ReportPage, WordFilter
from chatclient.conversation import Conversation
from chatclient.errors import (
    ChatCallError,
    ChatClientError,
    ChatDisconnected,
    ChatStopped,
    ChatTimeout,
)
from chatclient.events import (
    BadgeChanged,
    ChatEvent,
    ConnectionChanged,
    ConversationUpdated,
    DeliveredMoved,
    HistoryChanged,
    Lagged,
    MessageAdded,
    MessageChanged,
    PendingChanged,
    PresenceChanged,
    ReadMoved,
    TypingChanged,
)
from chatclient.media import MediaLink, MediaLinks
from chatclient.model import (
    Change,
    Device,
    Draft,
    Forwarded,
    Member,
    Message,
    Person,
    Presence,
    Sent,
    ShopStatus,
)
from chatclient.outbox import Pending
from chatclient.push import (
    Address,
    Channels,
    PushPrefs,
    PushSettings,
    QuietHours,
    WebKeys,
)
from chatclient.room import Announcement, Me, Room, RoomMember, RoomSettings
from chatclient.search import FoundConversations, Hit, HitPage

logging.getLogger("chatclient").addHandler(logging.NullHandler())
logging.getLogger("chatclient.wire").setLevel(logging.WARNING)  # below it stand tokens and texts

__all__ = [
    "Address",
    "Announcement",
    "BadgeChanged",
    "Change",
    "Channels",
    "ChatCallError",
    "ChatClient",
    "ChatClientError",
    "ChatDisconnected",
    "ChatEvent",
    "ChatStopped",
    "ChatTimeout",
    "ConnectionChanged",
    "Conversation",
    "ConversationUpdated",
    "DeliveredMoved",
    "Device",
    "Draft",
    "FilterRule",
    "Forwarded",
    "FoundConversations",
    "HistoryChanged",
    "Hit",
    "HitPage",
    "Lagged",
    "LinkPreview",
    "Me",
    "MediaLink",
    "MediaLinks",
    "Member",
    "Message",
    "MessageAdded",
    "MessageChanged",
    "Pending",
    "PendingChanged",
    "Person",
    "Presence",
    "PresenceChanged",
    "PushPrefs",
    "PushSettings",
    "QuietHours",
    "ReadMoved",
    "Report",
    "ReportPage",
    "Room",
    "RoomMember",
    "RoomSettings",
    "Sent",
    "ShopStatus",
    "TypingChanged",
    "WebKeys",
    "WordFilter",
]
