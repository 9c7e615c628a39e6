"""The screen: conversations on the left, the thread on the right, a line to write in below."""

from __future__ import annotations

import time
from collections.abc import Awaitable
from datetime import date
from typing import ClassVar, TypeVar

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widget import Widget
from textual.widgets import Input, Static

from chatclient.client import ChatClient
from chatclient.conversation import Conversation
from chatclient.errors import ChatCallError, ChatDisconnected, ChatTimeout
from chatclient.events import (
    ChatEvent,
    ConnectionChanged,
    ConversationUpdated,
    HistoryChanged,
)
from chatclient.terminal import commands, heading, status, thread
from chatclient.terminal.commands import CommandError, Said
from chatclient.terminal.panes import Composer, ThreadPane
from chatclient.terminal.screens import Help, Picker
from chatclient.terminal.sidebar import Sidebar, in_order
from chatclient.terminal.words import name_of, title

HINTS = "Enter send · ↑ edit · ^N next unread · ^P find · F1 help · ^Q leave"
EDITING = "Editing your message: Enter saves, Esc keeps it as it was"
WELCOME = (
    "Welcome! Nobody has written to you yet.\n\nBegin with  /with USER  below, or F1 for help."
)
NOTE_SECONDS = 5.0
PARTS = "#header, #sidebar, #title, #announced, #thread, #typing, #composer, #hints"
REDRAW_SECONDS = 0.03
W = TypeVar("W", bound=Widget)


class ChatApp(App[None]):
    """A chat in the terminal over a `ChatClient`, which it starts and closes."""

    TITLE = "Chat"
    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "edit_last", show=False),
        Binding("escape", "cancel", show=False),
        Binding("f1", "help", priority=True),
        Binding("ctrl+n", "next_unread", priority=True),
        Binding("ctrl+r", "recall_last", priority=True),
        Binding("ctrl+p", "find", priority=True),
        Binding("alt+up", "switch(-1)", priority=True),
        Binding("alt+down", "switch(1)", priority=True),
        Binding("pageup", "scroll_thread(-1)", priority=True),
        Binding("pagedown", "scroll_thread(1)", priority=True),
        Binding("ctrl+q", "quit", priority=True),
    ]

    def __init__(self, chat: ChatClient) -> None:
        """`chat` is not started yet."""
        super().__init__()
        self.chat = chat
        self._selected: str | None = None
        self._editing: int | None = None
        self._divider: int | None = None
        self._watched: set[str] = set()
        self._drafts: dict[str, str] = {}
        self._note: tuple[str, float] | None = None
        self._retry_at: float | None = None
        self._dirty = True
        self._opening = False
        self._older_came = False

    # ---- building -------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        """Header, two panes, the line to write in, a line of hints."""
        yield Static(id="header")
        with Horizontal():
            yield Sidebar()
            with Vertical(id="right"):
                yield Static(id="title")
                yield Static(id="announced")
                yield ThreadPane()
                yield Static(id="typing")
                yield Composer(id="composer", placeholder="Write a message, or /help")
        yield Static(id="hints")

    def on_mount(self) -> None:
        """Connect, listen, and draw at a steady pace."""
        self.chat.start()
        self.run_worker(self._listen(), name="events")
        self.set_interval(REDRAW_SECONDS, self._redraw_if_dirty)
        self.set_interval(0.25, self._look_again)
        self.query_one(Composer).focus()

    async def on_unmount(self) -> None:
        """Leave the server."""
        await self.chat.close()

    async def _listen(self) -> None:
        async for event in self.chat.events():
            self._on_chat_event(event)

    def _on_chat_event(self, event: ChatEvent) -> None:
        self._dirty = True
        if isinstance(event, ConnectionChanged):
            wait = event.retry_in_ms
            self._retry_at = None if wait is None else time.monotonic() + wait / 1000
            if event.phase == "connected":
                self._open_first()
        elif isinstance(event, HistoryChanged) and event.conversation == self._selected:
            self._older_came = True
        elif isinstance(event, ConversationUpdated):
            conversation = self.chat.conversations.get(event.conversation)
            others = {member.user for member in conversation.others} if conversation else set()
            if not others <= self._watched:
                self._watched |= others
                self.run_worker(self.chat.watch(others), group="watch")

    # ---- drawing --------------------------------------------------------------------------------

    @property
    def conversation(self) -> Conversation | None:
        """The one on the right."""
        return self.chat.conversations.get(self._selected or "")

    def _redraw_if_dirty(self) -> None:
        if self._dirty and self._standing():
            self._dirty = False
            self._mark_new()
            self._draw_thread()
            self._base(Sidebar).show(self.chat, self._selected, date.today())
            self._draw_lines()

    def _look_again(self) -> None:
        """Seconds pass, and what was scrolled into sight is read."""
        if self._standing():
            self._draw_lines()
            self._base(ThreadPane).settle()
            self._mark_read()

    def _draw_thread(self) -> None:
        pane, conversation = self._base(ThreadPane), self.conversation
        self._base(Static, "#title").update(heading.above(self.chat, conversation))
        announced = self._base(Static, "#announced")
        announced.update(words := heading.announced(conversation))
        announced.display = bool(words)
        if conversation is None:
            pane.say(Text(self._nothing(), "dim"))
            return
        look = thread.Look(date.today(), self._divider, self._editing)
        drawn = thread.draw(conversation, self.chat.pending(conversation.id), look)
        pane.show(drawn, opening=self._opening, keep_place=self._older_came)
        self._opening = self._older_came = False
        if not conversation.log and not conversation.complete:
            self.chat.load_older(conversation.id)

    def _draw_lines(self) -> None:
        retry_in = None if self._retry_at is None else self._retry_at - time.monotonic()
        header = status.header(self.chat, self.size.width, retry_in)
        self._base(Static, "#header").update(header)
        self._base(Static, "#typing").update(self._typing_words())
        self._base(Static, "#hints").update(self._hint())

    def _nothing(self) -> str:
        if self.chat.phase.phase == "stopped":
            return status.stopped(self.chat.phase)
        return WELCOME if self.chat.phase.phase == "connected" else "Connecting…"

    def _typing_words(self) -> Text:
        conversation = self.conversation
        users = self.chat.typing_in(conversation.id) if conversation else []
        if conversation is None or not users:
            return Text("")
        names = ", ".join(name_of(conversation, user) for user in users)
        return Text(f"{names} is typing…", "italic green")

    def _hint(self) -> Text:
        if self._note is not None and self._note[1] > time.monotonic():
            return Text(self._note[0], "bold yellow")
        if self.chat.phase.phase == "stopped":
            return Text(status.stopped(self.chat.phase), "bold red")
        return Text(EDITING, "bold cyan") if self._editing else Text(HINTS, "dim")

    def _standing(self) -> bool:
        """Whether all parts are there: not while the screen is built or taken down."""
        return bool(self.screen_stack) and len(self.screen_stack[0].query(PARTS)) == 8

    def _base(self, kind: type[W], selector: str = "") -> W:
        """A widget of the chat itself, also while help lies over it."""
        root = self.screen_stack[0]
        return root.query_one(selector, kind) if selector else root.query_one(kind)

    # ---- reading --------------------------------------------------------------------------------

    def _mark_new(self) -> None:
        """What came while nobody looked stands below a line."""
        conversation = self.conversation
        if conversation and conversation.unread and self._divider is None and not self._looking():
            self._divider = conversation.read

    def _mark_read(self) -> None:
        conversation = self.conversation
        if conversation is not None and self._looking() and conversation.log:
            self.chat.read(conversation.id)

    def on_app_focus(self) -> None:
        """The window is in front: I am online, and no push is needed."""
        self.run_worker(self.chat.set_foreground(on=True), group="foreground")

    def on_app_blur(self) -> None:
        """Something else is in front: I am away, and what comes now is not read."""
        self._divider = None
        self.run_worker(self.chat.set_foreground(on=False), group="foreground")

    def _looking(self) -> bool:
        on_top = len(self.screen_stack) == 1
        return on_top and self.app_focus and self._base(ThreadPane).at_end

    # ---- switching ------------------------------------------------------------------------------

    def _open_first(self) -> None:
        if self.conversation is None:
            ordered = in_order(self.chat)
            unread = [conversation for conversation in ordered if conversation.unread]
            for conversation in (unread or ordered)[:1]:
                self._select(conversation.id)

    def _select(self, conversation: str) -> None:
        composer = self._base(Composer)
        if self._selected is not None and self._editing is None:
            self._drafts[self._selected] = composer.value
        self._editing = None
        self._selected = conversation
        composer.value = self._drafts.pop(conversation, "")
        known = self.chat.conversations.get(conversation)
        self._divider = known.read if known and known.unread else None
        self._opening = self._dirty = True

    def on_sidebar_chosen(self, event: Sidebar.Chosen) -> None:
        """A conversation was clicked."""
        self._select(event.conversation)

    def action_switch(self, by: int) -> None:
        """The next or previous conversation of the list."""
        ids = [conversation.id for conversation in in_order(self.chat)]
        if ids:
            here = ids.index(self._selected) if self._selected in ids else 0
            self._select(ids[(here + by) % len(ids)])

    def action_next_unread(self) -> None:
        """The next conversation with something unread."""
        unread = [c for c in in_order(self.chat) if c.unread and c.id != self._selected]
        if unread:
            self._select(unread[0].id)
        else:
            self._tell("Everything is read.")

    def action_find(self) -> None:
        """Choose a conversation by name."""
        names = {conversation.id: title(conversation) for conversation in in_order(self.chat)}
        self.push_screen(Picker(names), lambda id_: self._select(id_) if id_ else None)

    def action_help(self) -> None:
        """Show the keys."""
        if len(self.screen_stack) == 1:
            self.push_screen(Help())

    def action_scroll_thread(self, by: int) -> None:
        """A page up or down."""
        pane = self._base(ThreadPane)
        pane.scroll_page_up(animate=False) if by < 0 else pane.scroll_page_down(animate=False)
        self._dirty = True
        if by < 0 and pane.scroll_offset.y <= 0:
            self.on_thread_pane_near_top()

    def on_thread_pane_near_top(self) -> None:
        """Fetch what is above."""
        if self._selected is not None:
            self.chat.load_older(self._selected)

    # ---- writing --------------------------------------------------------------------------------

    def on_input_changed(self, event: Input.Changed) -> None:
        """Tell the others that I type, but not that I edit or command."""
        quiet = self._editing is not None or event.value.startswith("/")
        if event.input.id == "composer" and self._selected is not None and not quiet:
            self.chat.typing(self._selected, on=bool(event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Send, save an edit, or carry a command out."""
        line = event.value.strip()
        if event.input.id != "composer" or not line:
            return
        if line.partition(" ")[0] == "/help":
            event.input.value = ""
            self.action_help()
        elif line.startswith("/"):
            self._do(self._command(line), event.input)
        elif self._selected is None:
            self._tell("Choose somebody first: /with USER")
        elif self._editing is not None:
            self._do(self._save_edit(self._selected, self._editing, line), event.input)
        else:
            self._send(self._selected, line, event.input)

    def _send(self, conversation: str, line: str, composer: Input) -> None:
        composer.value = ""
        self._divider = None
        self._opening = True
        self.chat.send(conversation, line)

    async def _save_edit(self, conversation: str, seq: int, line: str) -> None:
        await self.chat.edit(conversation, seq, line)
        self._editing = None
        self._dirty = True

    async def _command(self, line: str) -> None:
        chosen = await commands.run(self.chat, self.conversation, line)
        if isinstance(chosen, Said):
            self._tell(chosen.words)
        elif chosen is not None:
            self._drafts.pop(chosen, None)
            self._base(Composer).value = ""
            self._select(chosen)

    def action_edit_last(self) -> None:
        """Take my last message into the line, if that is empty."""
        composer, conversation = self._base(Composer), self.conversation
        if composer.value or conversation is None:
            return
        try:
            message = commands.last_own(conversation)
        except CommandError as error:
            self._tell(str(error))
            return
        self._editing = message.seq
        composer.value = message.text
        self._dirty = True

    def action_recall_last(self) -> None:
        """Take my last message back."""
        conversation = self.conversation
        if conversation is not None:
            self._do(self._recall(conversation), None)

    async def _recall(self, conversation: Conversation) -> None:
        await self.chat.recall(conversation.id, commands.last_own(conversation).seq)
        self._tell("Your last message was taken back.")

    def action_cancel(self) -> None:
        """Stop editing."""
        if self._editing is not None:
            self._editing = None
            self._base(Composer).value = ""
            self._dirty = True

    def _do(self, work: Awaitable[None], composer: Input | None) -> None:
        """Carry something out beside the screen; what was written is kept until it worked."""
        self.run_worker(self._try(work, composer), group="doing")

    async def _try(self, work: Awaitable[None], composer: Input | None) -> None:
        written = composer.value if composer else ""
        try:
            await work
        except (ChatCallError, CommandError) as error:
            self._tell(str(error))
        except ChatDisconnected:
            self._tell("There is no connection just now. Please try again.")
        except ChatTimeout:
            self._tell("The server did not answer. Please look whether it was done.")
        else:
            if composer is not None and composer.value == written:
                composer.value = ""

    def _tell(self, words: str) -> None:
        self._note = (words, time.monotonic() + NOTE_SECONDS)
        self._dirty = True
