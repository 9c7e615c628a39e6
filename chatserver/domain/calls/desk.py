"""The shop's desk: take service conversations on, notes beside them, canned replies, customers."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from chatserver.domain.calls.base import Call, Limit
from chatserver.domain.customer import Product, Tags, ViewedPage
from chatserver.domain.message import ConversationId
from chatserver.domain.person import UserId
from chatserver.domain.snippet import Shortcut, SnippetId


class ListDesk(Call, frozen=True, kw_only=True):
    """Service conversations of my shop; from then on `desk` tells this connection what moves.

    `mine` I serve; `unassigned` wait for somebody, the one that waits longest first; `all` is for
    managers. But for those that wait the one with the latest message is first. `after` is the last
    id I have.
    """

    name = "desk.list"
    ack = "conversations, more"

    view: Literal["mine", "unassigned", "all"]
    after: ConversationId | None = None
    limit: Limit = 50


class ClaimConversation(Call, frozen=True, kw_only=True):
    """Take a service conversation on that nobody serves. Of many who try one succeeds; the others
    are refused with `taken`, and `by` says who has it."""

    name = "desk.claim"
    ack = "conversation"

    conversation: ConversationId


class ReleaseConversation(Call, frozen=True, kw_only=True):
    """Give a service conversation back to the desk: I no longer serve it."""

    name = "desk.release"
    ack = "conversation"

    conversation: ConversationId


class AssignConversation(Call, frozen=True, kw_only=True):
    """Hand a service conversation to a colleague of the shop, as who serves it or as a manager."""

    name = "desk.assign"
    ack = "conversation"

    conversation: ConversationId
    user: UserId


class ResolveConversation(Call, frozen=True, kw_only=True):
    """Say that a service conversation is settled; a message of the customer opens it again."""

    name = "desk.resolve"
    ack = "conversation"

    conversation: ConversationId


class ReopenConversation(Call, frozen=True, kw_only=True):
    """Say that a service conversation is not settled after all."""

    name = "desk.reopen"
    ack = "conversation"

    conversation: ConversationId


class GetNotes(Call, frozen=True, kw_only=True):
    """The notes beside a service conversation that I serve or may look at: a conversation of their
    own, of kind `notes`, which I am in from then on. The customer never learns of it."""

    name = "conversation.notes"
    ack = "conversation"

    conversation: ConversationId


class ListSnippets(Call, frozen=True, kw_only=True):
    """My canned replies by their shortcuts; `after` is the last shortcut I have."""

    name = "snippet.list"
    ack = "snippets, more, rev"

    after: Shortcut | None = None
    limit: Limit = 100


class SaveSnippet(Call, frozen=True, kw_only=True):
    """Keep a canned reply, or change the one with this id. I make the id, so that saving again is
    harmless; a shortcut that another one of mine has is refused with `conflict`."""

    name = "snippet.save"
    ack = "snippet, rev"

    id: SnippetId
    shortcut: Shortcut
    title: Annotated[str, Meta(max_length=100)] = ""
    text: Annotated[str, Meta(min_length=1, max_length=2000)]


class RemoveSnippet(Call, frozen=True, kw_only=True):
    """Forget a canned reply; harmless when there is none."""

    name = "snippet.remove"
    ack = "rev"

    id: SnippetId


class GetCustomer(Call, frozen=True, kw_only=True):
    """A customer whose service conversation I serve or may look at. Reading is recorded."""

    name = "customer.get"
    ack = "customer"

    user: UserId


class TagCustomer(Call, frozen=True, kw_only=True):
    """Replace the tags of such a customer; staff alone see them."""

    name = "customer.tag"
    ack = "tags"

    user: UserId
    tags: Tags


class UpdateContext(Call, frozen=True, kw_only=True):
    """What I, a customer, look at now; it replaces what I said before. Whoever serves my
    conversation sees it, for a day."""

    name = "context.update"
    ack = ""

    page: ViewedPage
    product: Product | None = None
