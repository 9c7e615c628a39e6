"""Canned replies: what one staff member keeps to say again."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from chatserver.domain.message import ClientId

SNIPPETS_MAX = 500  # of one person

SnippetId = ClientId
Shortcut = Annotated[str, Meta(min_length=1, max_length=32, pattern=r"^[^\x00-\x20\x7f]+\Z")]


class Snippet(Struct, frozen=True, kw_only=True):
    """A canned reply. The client fills `{customer}`, `{me}` and `{shop}` in its text."""

    id: str
    shortcut: str
    title: str
    text: str
