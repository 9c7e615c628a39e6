"""What notifications say and lead to, for each device in its language."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import get_args
from urllib.parse import quote

from msgspec import Struct, structs

from chatserver.domain.conversation import Conversation
from chatserver.domain.message import Message
from chatserver.domain.person import STAFF, Person
from chatserver.domain.push.notification import Address, Language, Notification
from chatserver.domain.push.text import Said, render
from chatserver.services.notifying.outlook import Known
from chatserver.services.views import Views
from chatserver.store.stores import Stores

ROOMS = frozenset({"group", "channel"})
"""Conversations that are known by their title; others by who speaks."""

Notifications = Callable[[Address], Notification]


class Seen(Struct, frozen=True):
    """What else a notification tells: the unread total, how many are unread in its conversation,
    and who the reader and the sender are."""

    badge: int
    count: int
    reader: Person | None
    sender: Person | None


class Wording:
    """Makes notifications."""

    def __init__(self, stores: Stores, views: Views) -> None:
        self._users = stores.users
        self._views = views

    async def view(self, known: Known) -> Seen:
        """What there is to tell besides; the badge is counted as everywhere else.

        Raises:
            Unavailable: MongoDB does not answer.
        """
        user, conversation = known.burst.user, known.burst.conversation
        message = _last(known)
        sender = message.sender if message else ""
        parts, people = await asyncio.gather(
            self._views.own(user), self._users.people({user, sender})
        )
        badge, unread = await asyncio.gather(
            self._views.badge(user, parts),
            self._views.unread(parts, [conversation] if conversation in parts.heads else []),
        )
        count = unread[conversation].unread if conversation in unread else 0
        return Seen(badge.unread, count, people.get(user), people.get(sender))

    def showing(self, known: Known, seen: Seen, id_: str, expires_at: int) -> Notifications:
        """The notification that tells of a burst."""
        message = _last(known)
        mode = known.membership.prefs.mode if known.membership else "all"
        said = message and Said(
            message=message,
            sender=_name(seen.sender, message),
            count=seen.count,
            is_mentioned=known.counted.mentions > 0,
            titles=_titles(known.conversation),
        )

        def notification(address: Address) -> Notification:
            title, text = render(said, known.prefs.preview, address.language) if said else ("", "")
            return Notification(
                id=id_,
                conversation=known.burst.conversation,
                seq=known.burst.last,
                badge=seen.badge,
                expires_at=expires_at,
                url=_url(known, seen),
                title=title,
                text=text,
                sounds=mode != "silent" or known.kind == "critical",
                urgent=known.kind in {"critical", "service", "chat"} and mode != "silent",
                kind=known.kind,
                language=address.language,
            )

        return notification

    def has_words(self, known: Known) -> bool:
        """Whether there is anything to show."""
        return _last(known) is not None

    def mending(self, known: Known, seen: Seen, id_: str, expires_at: int) -> Notifications:
        """What takes the place of a notification of which a message was recalled, silently."""
        showing = self.showing(known, seen, id_, expires_at)
        return lambda address: structs.replace(showing(address), sounds=False, urgent=False)

    def closing(self, known: Known, seen: Seen, id_: str, expires_at: int) -> Notifications:
        """What takes notifications of a conversation away, and sets the badge."""

        def notification(address: Address) -> Notification:
            return Notification(
                id=id_,
                conversation=known.burst.conversation,
                seq=known.read,
                badge=seen.badge,
                expires_at=expires_at,
                url=_url(known, seen),
                shows=False,
                sounds=False,
                language=address.language,
            )

        return notification


def _last(known: Known) -> Message | None:
    """The last message that still says something."""
    return next((each for each in reversed(known.messages) if not each.recalled), None)


def _name(sender: Person | None, message: Message) -> str:
    return sender.name if sender else message.sender


def _titles(conversation: Conversation | None) -> dict[Language, str]:
    if conversation is None or conversation.room is None or conversation.kind not in ROOMS:
        return {}
    room = conversation.room
    return {language: room.titles.get(language, room.title) for language in get_args(Language)}


def _url(known: Known, seen: Seen) -> str:
    is_staff = seen.reader is not None and seen.reader.role in STAFF
    page = "/workbench#/c/" if is_staff else "/#/c/"
    return page + quote(known.burst.conversation, safe="")
