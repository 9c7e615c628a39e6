"""Searching: messages, conversations, people; each finds only what the caller may see."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from chatserver.domain.calls.base import Call, Limit, Time
from chatserver.domain.message import ConversationId
from chatserver.domain.person import UserId

Query = Annotated[str, Meta(max_length=100)]
FoundKind = Literal[
    "text", "image", "voice", "video", "file", "location", "card", "link", "custom"
]  # fmt: skip


class SearchMessages(Call, frozen=True, kw_only=True):
    """Messages with all words of `query`, the latest first, in one conversation or in all that I
    am or was in, as `history.get` shows them to me now.

    A word in Latin letters or digits is found by its beginning, Chinese anywhere. Upper and lower
    case, full and half width, traditional and simplified characters are the same. `sender`, `kinds`
    and the times (`after` and later, earlier than `before`) narrow it down; with `sender` or
    `kinds` the query may be left out, as for all pictures of a conversation. `cursor` is that of
    the last page: messages that come meanwhile do not move the pages. A page may hold fewer than
    `limit`, which is 50 at most; the last one's `cursor` is null.
    """

    name = "search.messages"
    ack = "hits, cursor"

    query: Query = ""
    conversation: ConversationId | None = None
    sender: UserId | None = None
    kinds: Annotated[tuple[FoundKind, ...], Meta(max_length=9)] = ()
    after: Time | None = None
    before: Time | None = None
    limit: Limit = 20
    cursor: Annotated[str, Meta(max_length=200)] | None = None


class SearchConversations(Call, frozen=True, kw_only=True):
    """My conversations whose title has all words of `query`, or the name of somebody I talk to
    there, the latest first, 50 at most. `desk` are service conversations that I may look at as
    staff without being in them, by their customer's name."""

    name = "search.conversations"
    ack = "conversations, desk"

    query: Query
    limit: Limit = 20


class SearchPeople(Call, frozen=True, kw_only=True):
    """People by name, 50 at most: whom I share a conversation with, staff of my shop, and for staff
    the customers of their shop. Of conversations with more than 500 members, staff alone."""

    name = "search.people"
    ack = "people"

    query: Query
    limit: Limit = 20
