"""Small pieces of text that fit a terminal: cleaned, cut to a width in cells, dated."""

from __future__ import annotations

import unicodedata
from datetime import date, datetime, timedelta

from chatclient.conversation import Conversation
from chatclient.model import Message
from chatclient.terminal import notes

TICKS = {"sending": "⏲", "sent": "✓", "delivered": "✓✓", "read": "✓✓", "failed": "✖"}
BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def clean(text: str) -> str:
    """Text from others without anything that steers a terminal; line ends and tabs stay."""
    return "".join(char if char in "\n\t" or _harmless(char) else "�" for char in text)


def one_line(text: str) -> str:
    """Cleaned text in a single line."""
    return " ".join(clean(text).split())


def width(text: str) -> int:
    """How many cells the text takes; Chinese characters and emoji take two."""
    return sum(_cells(char) for char in text)


def fit(text: str, cells: int) -> str:
    """The text cut and filled to exactly this width."""
    if width(text) > cells:
        text = _cut(text, max(0, cells - 1)) + "…"
    return text + " " * (cells - width(text))


def clock(at: int) -> str:
    """The local time of day."""
    return moment(at).strftime("%H:%M")


def day_name(day: date, today: date) -> str:
    """Today, Yesterday, or the date."""
    if day == today:
        return "Today"
    if day == today - timedelta(days=1):
        return "Yesterday"
    return day.strftime("%A %d %B") if day.year == today.year else day.strftime("%d %B %Y")


def short_time(at: int, today: date) -> str:
    """The time for today, else the day."""
    then = moment(at)
    return then.strftime("%H:%M" if then.date() == today else "%d %b")


def moment(at: int) -> datetime:
    """Milliseconds since 1970 as local time."""
    return datetime.fromtimestamp(at / 1000).astimezone()


def title(conversation: Conversation) -> str:
    """The name of the room, or of the other person."""
    if conversation.room is not None:
        return one_line(conversation.room.title) or conversation.id
    names = [one_line(member.name) or one_line(member.user) for member in conversation.others]
    return ", ".join(names) or conversation.id


def name_of(conversation: Conversation, user: str) -> str:
    """Somebody's name, mine as You."""
    return "You" if user == conversation.me else one_line(conversation.name(user))


def gist(conversation: Conversation, message: Message) -> str:
    """A message in one line, also when it is not text."""
    if message.recalled or message.deleted:
        return "Message recalled" if message.recalled else "Message deleted"
    if message.kind == "system":
        return one_line(notes.sentence(conversation, message, when))
    if message.kind == "text":
        return one_line(message.text)
    carried = message.body.get("messages") if message.kind == "card" else None
    count = len(carried) if isinstance(carried, list | tuple) else 0
    return f"[{count} messages]" if count else f"[{one_line(message.kind)}]"


def when(at: int) -> str:
    """A time of today as such, another one with its day."""
    then = moment(at)
    today = then.date() == datetime.now().astimezone().date()
    return then.strftime("%H:%M" if today else "%d %b %H:%M")


def _harmless(char: str) -> bool:
    return char.isprintable() or (unicodedata.category(char) == "Cf" and char not in BIDI)


def _cells(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in {"Cf", "Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(char) in {"W", "F"} else 1


def _cut(text: str, cells: int) -> str:
    used = 0
    for index, char in enumerate(text):
        used += _cells(char)
        if used > cells:
            return text[:index]
    return text
