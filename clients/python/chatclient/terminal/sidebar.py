"""The left pane: my conversations, two lines each."""

from __future__ import annotations

from datetime import date

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.message import Message as Posted
from textual.widgets import Static

from chatclient.client import ChatClient
from chatclient.conversation import Conversation
from chatclient.terminal.heading import COLOURS, presence
from chatclient.terminal.words import fit, gist, name_of, one_line, short_time, title, width

LINES_EACH = 2


class Sidebar(VerticalScroll, can_focus=False):
    """Shows the conversations; a click chooses one."""

    class Chosen(Posted):
        """A conversation was clicked."""

        def __init__(self, conversation: str) -> None:
            """Which one."""
            self.conversation = conversation
            super().__init__()

    def __init__(self) -> None:
        """Empty at first."""
        super().__init__(id="sidebar")
        self._rows: list[str] = []
        self._list = Static(id="conversations")

    def compose(self) -> ComposeResult:
        """One block of text."""
        yield self._list

    def show(self, chat: ChatClient, selected: str | None, today: date) -> None:
        """Draw the list anew."""
        ordered = in_order(chat)
        self._rows = [conversation.id for conversation in ordered]
        cells = max(10, self.size.width - 1)
        lines = [draw(chat, c, cells, selected=c.id == selected, today=today) for c in ordered]
        self._list.update(Text("\n").join(lines) if lines else _empty(chat))
        if selected in self._rows:
            self._keep_visible(self._rows.index(selected))

    def on_click(self, event: events.Click) -> None:
        """Choose the conversation under the pointer."""
        row = int(event.y + self.scroll_offset.y) // LINES_EACH
        if 0 <= row < len(self._rows):
            self.post_message(self.Chosen(self._rows[row]))

    def _keep_visible(self, row: int) -> None:
        top, height = row * LINES_EACH, self.size.height
        if top < self.scroll_offset.y:
            self.scroll_to(y=top, animate=False)
        elif top + LINES_EACH > self.scroll_offset.y + height:
            self.scroll_to(y=top + LINES_EACH - height, animate=False)


def _empty(chat: ChatClient) -> Text:
    known = chat.phase.phase == "connected"
    return Text("No conversations yet" if known else "", "dim")


def in_order(chat: ChatClient) -> list[Conversation]:
    """Pinned ones first, then the one with the latest message; no room that shows me nothing."""
    shown = (c for c in chat.conversations.values() if c.is_in or c.head_seq or _is_waiting(c))
    return sorted(shown, key=lambda c: (c.my.pinned, moved_at(c), c.id), reverse=True)


def _is_waiting(conversation: Conversation) -> bool:
    return conversation.place.state in ("invited", "asked")


def moved_at(conversation: Conversation) -> int:
    """When the conversation last had a message."""
    return conversation.last.at if conversation.last else conversation.created_at


def draw(
    chat: ChatClient, conversation: Conversation, cells: int, *, selected: bool, today: date
) -> Text:
    """Two lines: who and how many unread; what was said last and when."""
    badge = _badge(conversation)
    count = f" ({conversation.room.count})" if conversation.room else ""
    space = max(1, cells - 3 - width(badge))
    name = one_line(fit(title(conversation), max(1, space - width(count)))) + count
    name = fit(name, space)
    loud = conversation.unread and not conversation.muted
    line = Text("▌" if selected else " ", "bold cyan")
    line.append(*_dot(chat, conversation))
    line.append(" ")
    line.append(name, "bold" if loud or selected else "")
    line.append(badge, "bold black on yellow" if loud else "dim")
    line.append("\n")
    line.append("▌  " if selected else "   ", "bold cyan")
    line.append_text(_preview(chat, conversation, cells - 3, today))
    return line


def _badge(conversation: Conversation) -> str:
    if not conversation.unread:
        return ""
    count = str(conversation.unread) if conversation.unread < 100 else "99+"
    return f" @{count} " if conversation.mentions else f" {count} "


def _dot(chat: ChatClient, conversation: Conversation) -> tuple[str, str]:
    if conversation.room is not None:
        return ("#", "cyan" if conversation.is_in else "dim")
    state = presence(chat, conversation)
    return ("○" if state == "offline" else "●", COLOURS[state])


def _preview(chat: ChatClient, conversation: Conversation, cells: int, today: date) -> Text:
    if chat.typing_in(conversation.id):
        return Text(fit("typing…", cells), "italic green")
    if _is_waiting(conversation):
        asked = conversation.place.state == "asked"
        return Text(fit("Asked to come in" if asked else "Invitation: /join", cells), "yellow")
    waiting = chat.pending(conversation.id)
    if waiting:
        failed = any(pending.state == "failed" for pending in waiting)
        said = f"{'✖' if failed else '⏲'} {one_line(waiting[-1].text)}"
        return Text(fit(said, cells), "red" if failed else "dim")
    last = conversation.last
    if last is None:
        return Text(fit("Say hello", cells), "dim italic")
    said = _from(conversation, last.sender) + gist(conversation, last)
    at = short_time(last.at, today)
    return Text(f"{fit(said, cells - width(at) - 1)} {at}", "dim")


def _from(conversation: Conversation, sender: str) -> str:
    """Who said it, where that is not clear."""
    named = sender == conversation.me or (sender and conversation.room is not None)
    return f"{name_of(conversation, sender)}: " if named else ""
