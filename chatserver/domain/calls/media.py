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

    With `report`, the `seq` of a message that was reported, I read them as a moderator: as they are
    in the copies and the context of that report, also where I am not in the conversation.
    """

    name = "media.links"
    ack = "links, expires_at"

    conversation: ConversationId
    seqs: Annotated[tuple[Seq, ...], Meta(min_length=1, max_length=100)]
    report: Seq | None = None
