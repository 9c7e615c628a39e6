"""What begins with a slash."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from msgspec import Struct

from chatclient.client import ChatClient
from chatclient.conversation import Conversation
from chatclient.model import Message
from chatclient.outbox import Pending
from chatclient.terminal.words import one_line


class CommandError(Exception):
    """A command that makes no sense here; the text says why."""


class Said(Struct, frozen=True):
    """Something to tell the person."""

    words: str


async def run(chat: ChatClient, conversation: Conversation | None, line: str) -> str | Said | None:
    """Carry a command out; returns the id of a conversation to show, or something to say.

    Raises:
        CommandError: with a sentence for the person.
        ChatCallError, ChatTimeout: the server refused it, or did not answer.
    """
    word, _, rest = line[1:].partition(" ")
    command = COMMANDS.get(word)
    if command is None:
        raise CommandError(f"There is no /{word}. F1 shows what there is.")
    return await command(chat, conversation, rest.strip())


async def _with(chat: ChatClient, _conversation: Conversation | None, user: str) -> str:
    if not user:
        raise CommandError("With whom? For example: /with lin")
    return (await chat.open(user)).id


async def _group(chat: ChatClient, _conversation: Conversation | None, title: str) -> str:
    if not title:
        raise CommandError("Called what? For example: /group Mothers of March")
    return (await chat.open_room(title)).id


async def _add(chat: ChatClient, conversation: Conversation | None, users: str) -> None:
    room = _room(conversation)
    if not users:
        raise CommandError("Whom? For example: /add mei fang")
    await chat.add_members(room.id, users.split())


async def _remove(chat: ChatClient, conversation: Conversation | None, user: str) -> None:
    room = _room(conversation)
    if not user:
        raise CommandError("Whom? For example: /remove mei")
    await chat.remove_member(room.id, user)


async def _join(chat: ChatClient, conversation: Conversation | None, room: str) -> str:
    return (await chat.join_room(room or _room(conversation).id)).id


async def _leave(chat: ChatClient, conversation: Conversation | None, _rest: str) -> None:
    await chat.leave_room(_room(conversation).id)


async def _shop(chat: ChatClient, _conversation: Conversation | None, shop: str) -> Said:
    shop = shop or (chat.me and chat.me.shop) or ""
    if not shop:
        raise CommandError("Which one? For example: /shop nuanya-renmin")
    status = await chat.shop_status(shop)
    there = f"{'Somebody' if status.online else 'Nobody'} is in {one_line(shop)}"
    if status.answers_in_ms is None:
        return Said(f"{there}.")
    return Said(f"{there}; answers come within about {status.answers_in_ms // 60_000} min.")


def _room(conversation: Conversation | None) -> Conversation:
    if conversation is None or conversation.room is None:
        raise CommandError("This is for rooms. /group TITLE begins one.")
    return conversation


async def _react(chat: ChatClient, conversation: Conversation | None, reaction: str) -> None:
    if conversation is None or not reaction:
        raise CommandError("With what? For example: /react 👍")
    message = _last_of_others(conversation)
    on = conversation.me not in message.reactions.get(reaction, ())
    await chat.react(conversation.id, message.seq, reaction, on=on)


async def _retry(chat: ChatClient, conversation: Conversation | None, _rest: str) -> None:
    for pending in _failed(chat, conversation):
        chat.retry(pending)


async def _discard(chat: ChatClient, conversation: Conversation | None, _rest: str) -> None:
    for pending in _failed(chat, conversation):
        chat.discard(pending)


def _failed(chat: ChatClient, conversation: Conversation | None) -> list[Pending]:
    waiting = chat.pending(conversation.id) if conversation else []
    failed = [pending for pending in waiting if pending.state == "failed"]
    if not failed:
        raise CommandError("Nothing was refused here.")
    return failed


def _last_of_others(conversation: Conversation) -> Message:
    for message in reversed(conversation.messages):
        by_other = message.sender != conversation.me and message.kind != "system"
        if by_other and not message.recalled and not message.deleted:
            return message
    raise CommandError("There is no message to react to yet.")


def last_own(conversation: Conversation) -> Message:
    """My last message that can still be changed.

    Raises:
        CommandError: there is none.
    """
    for message in reversed(conversation.messages):
        mine = message.sender == conversation.me and message.kind == "text"
        if mine and not message.recalled and not message.deleted:
            return message
    raise CommandError("You have not written anything here yet.")


Command = Callable[[ChatClient, Conversation | None, str], Awaitable[str | Said | None]]
COMMANDS: dict[str, Command] = {
    "with": _with,
    "group": _group,
    "add": _add,
    "remove": _remove,
    "join": _join,
    "leave": _leave,
    "shop": _shop,
    "react": _react,
    "retry": _retry,
    "discard": _discard,
}
