"""Media: where they can be read."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from chatserver.domain.calls.base import Call
from chatserver.domain.message import ConversationId, Seq


class GetMediaLinks(Call, frozen=True, kw_only=True):
    """Addresses under which I can read the media of messages, until `expires_at` at the latest.

    They are mine alone, and each reading asks anew whether I may see the message. Messages that I
    do not see, or that have no media, are left out; a card of forwarded messages has several.
    """

    name = "media.links"
    ack = "links, expires_at"

    conversation: ConversationId
    seqs: Annotated[tuple[Seq, ...], Meta(min_length=1, max_length=100)]
