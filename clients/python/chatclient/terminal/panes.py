"""The widgets of the right side: the thread that scrolls, and the line to write in."""

from __future__ import annotations

from rich.console import RenderableType
from textual import events
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.message import Message as Posted
from textual.widgets import Input, Static

from chatclient.terminal.thread import Drawn


class ThreadPane(VerticalScroll, can_focus=False):
    """Stays at the end while it is there, and stays put when older messages come in above."""

    class NearTop(Posted):
        """Older messages would be welcome."""

    def __init__(self) -> None:
        """Empty at first."""
        super().__init__(id="thread")
        self._content = Static(id="messages")
        self._at_end = True
        self._lines = 0
        self._goal: float | None = None  # the line to show at the top, once it is laid out

    def compose(self) -> ComposeResult:
        """One block, drawn anew on every change."""
        yield self._content

    @property
    def at_end(self) -> bool:
        """Whether the latest message is in sight."""
        return self._goal is None and self._at_end

    def say(self, words: RenderableType) -> None:
        """Show something that is no conversation."""
        self._content.update(words)

    def show(self, drawn: Drawn, *, opening: bool, keep_place: bool) -> None:
        """Draw. `opening` goes to the end, or where unread begins if that is further up;
        `keep_place` keeps what is in sight when older messages came in above."""
        lines = self._lines_of(drawn.whole)
        added, self._lines = lines - self._lines, lines
        self._content.update(drawn.whole)
        if opening:
            self._goal = float(self._lines_of(drawn.above_new) if drawn.above_new else lines)
        elif self._at_end and self._goal is None:
            self._goal = float(lines)
        elif keep_place and self._goal is None:
            self._goal = self.scroll_offset.y + added
        self.settle()

    def settle(self) -> None:
        """Scroll to where the last drawing should stand, as soon as it is laid out."""
        if self._goal is None:
            return
        if self.size.height and self.virtual_size.height == max(self._lines, self.size.height):
            goal, self._goal = self._goal, None
            self.scroll_to(y=min(goal, self.max_scroll_y), animate=False, immediate=True)
            self._at_end = self._is_at_end()
        else:
            self.call_after_refresh(self.settle)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Ask for older messages before the top is reached."""
        super().watch_scroll_y(old_value, new_value)
        self._at_end = self._is_at_end()
        if new_value < old_value and new_value <= 3:
            self.post_message(self.NearTop())

    def _is_at_end(self) -> bool:
        return self.scroll_offset.y >= self.max_scroll_y - 1

    def _lines_of(self, content: RenderableType) -> int:
        console = self.app.console
        cells = self._content.size.width or self.scrollable_content_region.width
        options = console.options.update(width=max(1, cells))
        return len(console.render_lines(content, options))


class Composer(Input):
    """Where the message is written; pasted lines are joined instead of dropped."""

    def _on_paste(self, event: events.Paste) -> None:
        self.insert_text_at_cursor(" ".join(event.text.split("\n")))
        event.prevent_default()
        event.stop()
