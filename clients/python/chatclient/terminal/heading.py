"""What stands above a thread: whose it is, and what a room announces."""

from __future__ import annotations

from rich.text import Text

from chatclient.client import ChatClient
from chatclient.conversation import Conversation
from chatclient.terminal.words import name_of, one_line, title

PLACES = {
    "invited": "You are invited. /join comes in, /leave declines.",
    "asked": "You asked to be let in.",
    "left": "You left; what was said until then stays.",
    "removed": "You were removed; what was said until then stays.",
    "moved": "You no longer fit here and were taken out; what was said until then stays.",
    "banned": "You were banned; what was said until then stays.",
}


def above(chat: ChatClient, conversation: Conversation | None) -> Text:
    """The line above the thread."""
    if conversation is None:
        return Text("")
    words = Text(title(conversation), "bold")
    if conversation.room is not None:
        return words.append(f"  {_counted(conversation)}", "dim not bold")
    online = is_online(chat, conversation)
    return words.append("  online" if online else "  offline", "green" if online else "dim")


def announced(conversation: Conversation | None) -> Text:
    """The announcement of a room, or why I cannot write there; nothing where neither is."""
    if conversation is None or conversation.room is None:
        return Text("")
    if not conversation.is_in:
        return Text(PLACES.get(conversation.place.state, "You are not in this room."), "yellow")
    said = conversation.room.announcement
    if said is None:
        return Text("")
    return Text(f"{name_of(conversation, said.by)} announced: {one_line(said.text)}", "yellow")


def is_online(chat: ChatClient, conversation: Conversation) -> bool:
    """Whether the other one is here."""
    seen = (chat.presence.get(member.user) for member in conversation.others)
    return any(presence is not None and presence.state == "online" for presence in seen)


def _counted(conversation: Conversation) -> str:
    room = conversation.room
    if room is None:
        return ""
    people = f"{room.count} member{'' if room.count == 1 else 's'}"
    return f"{people}, {room.asked} asked to come in" if room.asked else people
