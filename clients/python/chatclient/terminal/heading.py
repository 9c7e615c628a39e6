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

COLOURS = {"online": "green", "away": "yellow", "offline": "dim"}


def above(chat: ChatClient, conversation: Conversation | None) -> Text:
    """The line above the thread."""
    if conversation is None:
        return Text("")
    words = Text(title(conversation), "bold")
    if conversation.room is not None:
        return words.append(f"  {_counted(conversation)}", "dim not bold")
    state = presence(chat, conversation)
    return words.append(f"  {state}", COLOURS[state])


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


def presence(chat: ChatClient, conversation: Conversation) -> str:
    """How the other one is: one of `COLOURS`."""
    seen = [chat.presence.get(member.user) for member in conversation.others]
    states = [known.state for known in seen if known is not None and known.state in COLOURS]
    return states[0] if states else "offline"


def _counted(conversation: Conversation) -> str:
    room = conversation.room
    if room is None:
        return ""
    people = f"{room.count} member{'' if room.count == 1 else 's'}"
    return f"{people}, {room.asked} asked to come in" if room.asked else people
