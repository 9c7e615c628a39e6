"""The right pane: what was said, in order, with everything that happened to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from msgspec import Struct
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.text import Text

from chatclient.conversation import Conversation
from chatclient.model import Message
from chatclient.outbox import Pending
from chatclient.terminal.words import (
    TICKS,
    clean,
    clock,
    day_name,
    fit,
    gist,
    moment,
    name_of,
    one_line,
)

TICK_STYLE = {"read": "bold cyan", "failed": "bold red"}
TOGETHER_MS = 5 * 60_000  # messages of one person within this time share a heading
COLOURS = ("magenta", "yellow", "blue", "green")


class Look(Struct, frozen=True):
    """How the thread is shown just now: the day, where unread began, what is being edited."""

    today: date
    divider: int | None = None
    editing: int | None = None


class Drawn(Struct, frozen=True):
    """The thread, and what of it stands above the line where unread begins."""

    whole: Group
    above_new: Group | None = None


def draw(conversation: Conversation, pending: Sequence[Pending], look: Look) -> Drawn:
    """The whole thread."""
    messages = conversation.messages
    parts: list[RenderableType] = [_beginning(conversation, messages)]
    before: Message | None = None
    divided = look.divider is None
    above_new: Group | None = None
    for message in messages:
        if before is None or _day(before.at) != _day(message.at):
            parts.append(_rule(day_name(_day(message.at), look.today), "dim"))
            before = None
        if not divided and message.seq > (look.divider or 0) and message.sender != conversation.me:
            above_new = Group(*parts)
            parts.append(_rule("New", "bold red"))
            divided, before = True, None
        parts += _message(conversation, message, before, look)
        before = message
    return Drawn(Group(*parts, *_waiting(pending)), above_new)


def _beginning(conversation: Conversation, messages: Sequence[Message]) -> Text:
    if not messages and conversation.complete:
        return Text("Nothing here yet. Write the first message below.\n", "dim italic")
    if conversation.complete:
        return Text("The conversation begins here.", "dim italic", justify="center")
    return Text("↑ PgUp shows older messages", "dim italic", justify="center")


def _message(
    conversation: Conversation, message: Message, before: Message | None, look: Look
) -> Iterator[RenderableType]:
    if message.kind == "system":
        yield Text(gist(conversation, message), "dim italic", justify="center")
        return
    apart = before is None or before.sender != message.sender or marked(conversation, message)
    if apart or (before is not None and message.at - before.at > TOGETHER_MS):
        yield _heading(conversation, message)
    if message.forwarded is not None:
        first = one_line(message.forwarded.name or message.forwarded.sender)
        yield Padding(Text(f"↪ forwarded from {first}", "dim"), (0, 0, 0, 2))
    if message.reply_to is not None:
        yield Padding(_quoted(conversation, message.reply_to), (0, 0, 0, 2))
    yield Padding(_said(conversation, message, editing=message.seq == look.editing), (0, 0, 0, 2))
    if message.reactions:
        yield Padding(_reactions(conversation, message), (0, 0, 0, 2))


def marked(conversation: Conversation, message: Message) -> bool:
    """Whether the heading says something of this message alone."""
    to_me = message.sender != conversation.me and message.mentioned(conversation.me)
    return message.pinned or to_me


def _heading(conversation: Conversation, message: Message) -> Text:
    mine = message.sender == conversation.me
    colour = "cyan" if mine else COLOURS[sum(message.sender.encode()) % len(COLOURS)]
    heading = Text(name_of(conversation, message.sender), f"bold {colour}")
    heading.append(f"  {clock(message.at)}", "dim not bold")
    if message.pinned:
        heading.append("  pinned", "green not bold")
    if not mine and message.mentioned(conversation.me):
        heading.append("  @ you", "bold black on yellow")
    return heading


def _quoted(conversation: Conversation, seq: int) -> Text:
    quoted = conversation.log.get(seq)
    said = (
        f"{name_of(conversation, quoted.sender)}: {gist(conversation, quoted)}"
        if quoted
        else f"message {seq}"
    )
    return Text(f"↳ {fit(said, 40).rstrip()}", "dim")


def _said(conversation: Conversation, message: Message, *, editing: bool) -> Text:
    if message.recalled:
        who = name_of(conversation, message.sender)
        return Text(f"{who} took a message back", "dim italic")
    if message.deleted:
        return Text("You deleted this message", "dim italic")
    if message.kind == "text":
        said = Text(clean(message.text), "reverse" if editing else "")
    else:
        said = _other_kind(conversation, message)
    if message.edited_at is not None:
        said.append("  (edited)", "dim italic not reverse")
    if message.sender == conversation.me:
        said.append_text(tick(conversation.tick(message)))
    return said


def _other_kind(conversation: Conversation, message: Message) -> Text:
    """A card of messages line by line, anything else by its name."""
    said = Text(gist(conversation, message), "italic")
    carried = message.body.get("messages") if message.kind == "card" else None
    for each in carried if isinstance(carried, list | tuple) else ():
        told = each if isinstance(each, dict) else {}
        body = told.get("body")
        text = body.get("text") if isinstance(body, dict) else None
        who = one_line(str(told.get("name") or told.get("sender") or ""))
        said.append(f"\n│ {who}: {one_line(str(text or told.get('kind', '')))}", "dim not italic")
    return said


def _reactions(conversation: Conversation, message: Message) -> Text:
    told = []
    for reaction, users in message.reactions.items():
        names = ", ".join(name_of(conversation, user) for user in users)
        told.append(f"{clean(reaction)} {names}")
    return Text("   ".join(told), "yellow")


def _waiting(pending: Sequence[Pending]) -> Iterator[RenderableType]:
    for each in pending:
        said = Text(clean(each.text), "red" if each.state == "failed" else "dim")
        said.append_text(tick(each.state))
        yield Padding(said, (0, 0, 0, 2))
        if each.state == "failed" and each.error is not None:
            why = f"Not sent: {each.error.message}. /retry or /discard"
            yield Padding(Text(why, "red"), (0, 0, 0, 2))


def tick(state: str) -> Text:
    """How far a message came."""
    return Text(f"  {TICKS[state]}", f"{TICK_STYLE.get(state, 'dim')} not reverse")


def _rule(words: str, style: str) -> Rule:
    return Rule(Text(words, style), style=style)


def _day(at: int) -> date:
    return moment(at).date()
