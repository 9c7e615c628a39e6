"""A customer as the staff who may serve them see them."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from chatserver.domain.desk import DeskView
from chatserver.domain.profile import Profile

TAGS_MAX = 20
CONTEXT_KEPT_MS = 86_400_000

# one line with something to read in it
_LINE = r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*\Z"
Tag = Annotated[str, Meta(min_length=1, max_length=32, pattern=_LINE)]
Tags = Annotated[tuple[Tag, ...], Meta(max_length=TAGS_MAX)]
Url = Annotated[str, Meta(max_length=2000, pattern=r"^https?://[\x21-\x7e]+\Z")]
Words = Annotated[str, Meta(max_length=200)]


class ViewedPage(Struct, frozen=True, kw_only=True):
    """A page of the shop that a customer looks at."""

    url: Url
    title: Words = ""


class Product(Struct, frozen=True, kw_only=True):
    """What the page offers; `price` is as it is shown, with its currency."""

    id: Annotated[str, Meta(min_length=1, max_length=64)]
    title: Words
    price: Annotated[str, Meta(max_length=32)] = ""
    image: Url | None = None
    url: Url | None = None


class Context(Struct, frozen=True, kw_only=True):
    """What a customer looks at, as their client said `at` a time; kept for a day."""

    page: ViewedPage
    product: Product | None
    at: int


class Customer(Struct, frozen=True, kw_only=True):
    """Somebody's customer: who they are, how staff tagged them, what they look at now.

    `conversations` are the service conversations with them that the one who asks may see.
    """

    user: str
    name: str
    shop: str | None
    tags: tuple[str, ...]
    profile: Profile
    context: Context | None
    conversations: tuple[DeskView, ...]
