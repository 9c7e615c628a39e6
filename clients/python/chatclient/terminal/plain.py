"""The line mode: prints what comes in, sends what is typed or piped in. For scripts and tests."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import TextIO

from chatclient.client import ChatClient
from chatclient.conversation import Conversation
from chatclient.errors import ChatCallError, ChatClientError
from chatclient.events import ChatEvent, ConnectionChanged, MessageAdded, MessageChanged
from chatclient.model import Message
from chatclient.terminal.words import clock, gist, name_of, title


async def run(chat: ChatClient, to: str | None, *, follow: bool, out: TextIO) -> int:
    """Until the input ends (or with `follow`, until stopped); returns the exit status."""
    try:
        async with chat:
            return await _talk(chat, to, follow=follow, out=out)
    except ChatClientError as error:
        print(f"! {error}", file=sys.stderr)
        return 1


async def _talk(chat: ChatClient, to: str | None, *, follow: bool, out: TextIO) -> int:
    feed = chat.events(MessageAdded.name, MessageChanged.name, ConnectionChanged.name, "lagged")
    conversation = await chat.open(to) if to else None
    for each in [conversation] if conversation else list(chat.conversations.values()):
        _print_unread(chat, each, out)
    printing = asyncio.ensure_future(_print_all(chat, feed, conversation, out))
    try:
        failed = await _send_lines(chat, conversation) if conversation else 0
        return (1 if failed else 0) if conversation and not follow else await printing
    finally:
        printing.cancel()


async def _send_lines(chat: ChatClient, conversation: Conversation) -> int:
    lines = (line.strip() async for line in _lines())
    sent = [chat.send(conversation.id, line) async for line in lines if line]
    failed = 0
    for pending in sent:
        try:
            await pending
        except ChatCallError as error:
            failed += 1
            print(f"! not sent: {pending.text}: {error}", file=sys.stderr)
    return failed


async def _print_all(
    chat: ChatClient, feed: AsyncIterator[ChatEvent], only: Conversation | None, out: TextIO
) -> int:
    async for event in feed:
        if isinstance(event, ConnectionChanged):
            print(f"* {event.phase} {event.message or ''}".rstrip(), file=sys.stderr, flush=True)
            if event.phase == "stopped":
                return 1
        elif isinstance(event, MessageAdded | MessageChanged):
            _print(chat, event.message, only, out, changed=isinstance(event, MessageChanged))
    return 0


def _print_unread(chat: ChatClient, conversation: Conversation, out: TextIO) -> None:
    for message in conversation.log.after(conversation.read):
        _print(chat, message, None, out, changed=False)


def _print(
    chat: ChatClient, message: Message, only: Conversation | None, out: TextIO, *, changed: bool
) -> None:
    conversation = chat.conversations.get(message.conversation)
    if conversation is None or (only is not None and only.id != conversation.id):
        return
    if message.sender != conversation.me or changed:
        mark = "~" if changed else " "
        where = f"{title(conversation)} | " if conversation.room and only is None else ""
        name = f"{name_of(conversation, message.sender)}: " if message.sender else ""
        said = f"{where}{name}{gist(conversation, message)}"
        print(f"{clock(message.at)}{mark}{said}", file=out, flush=True)
    if not changed:
        chat.read(conversation.id, message.seq)


async def _lines() -> AsyncIterator[str]:
    """Standard input, read beside the loop."""
    while line := await asyncio.to_thread(sys.stdin.readline):
        yield line
