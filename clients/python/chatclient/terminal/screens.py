"""What opens over the chat: help, and a list to switch conversations."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

HELP = """\
[b]Keys[/b]
 Enter         send             Up      edit my last message
 Ctrl+N        next unread      Ctrl+R  take my last one back
 Alt+Up/Down   switch           Ctrl+P  find a conversation
 PgUp/PgDn     scroll           Esc     stop editing
 F1            this help        Ctrl+Q  leave

[b]Commands[/b]
 /with USER    begin a conversation with somebody
 /group TITLE  begin a room         /add USER…   bring people in
 /join, /leave come in, go          /remove USER send somebody away
 /shop ID      who is there, and how soon answers come
 /react 👍     react to their last message, or no longer
 /retry, /discard   send again what was refused, or give it up
 /help         this help

[b]Dots and ticks[/b]    [green]●[/] online   [yellow]●[/] away   [dim]○[/] offline
 ⏲ on its way   ✓ stored   ✓✓ delivered   [bold cyan]✓✓[/] read   ✖ refused

[dim]Esc closes this.[/dim]"""


class Help(ModalScreen[None]):
    """The keys and commands."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,f1,enter,q", "dismiss", "Close")]

    def compose(self) -> ComposeResult:
        """One box."""
        with Vertical(id="help"):
            yield Static(Text.from_markup(HELP))


class Picker(ModalScreen[str | None]):
    """Type a part of a name, Enter opens the conversation."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Close"),
        Binding("down", "move(1)", priority=True),
        Binding("up", "move(-1)", priority=True),
    ]

    def __init__(self, names: dict[str, str]) -> None:
        """Names by conversation id, in the order of the list."""
        super().__init__()
        self._names = names

    def compose(self) -> ComposeResult:
        """A field, and the conversations that match it."""
        with Vertical(id="picker"):
            yield Input(placeholder="Whom are you looking for?")
            yield OptionList()

    def on_mount(self) -> None:
        """Show all of them."""
        self._show("")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Show those that match."""
        self._show(event.value)

    def on_input_submitted(self) -> None:
        """Open the chosen one."""
        options = self.query_one(OptionList)
        chosen = options.highlighted_option
        self.dismiss(chosen.id if chosen else None)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Open the clicked one."""
        self.dismiss(event.option_id)

    def action_move(self, by: int) -> None:
        """Choose the next or the previous one."""
        options = self.query_one(OptionList)
        if options.option_count:
            options.highlighted = ((options.highlighted or 0) + by) % options.option_count

    def _show(self, part: str) -> None:
        options = self.query_one(OptionList)
        options.clear_options()
        wanted = part.strip().casefold()
        found = [(id_, name) for id_, name in self._names.items() if wanted in name.casefold()]
        options.add_options([Option(Text(name), id=id_) for id_, name in found])
        options.highlighted = 0 if found else None
