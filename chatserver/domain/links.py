"""Addresses that people may send each other, and what is known of the pages behind them."""

from __future__ import annotations

import re
from typing import Annotated, Any

from msgspec import Meta, Struct, to_builtins
from yarl import URL

from chatserver.domain.refusals import convert
from chatserver.errors import Invalid

URL_MAX = 2000
TITLE_MAX = 200
DESCRIPTION_MAX = 500
LINK_WORDS_MAX = 1000

# blanks, controls and what browsers read otherwise than servers do
_STRANGE = re.compile(r"[\x00-\x20\x7f-\xa0\\\"<>^`{|}\u2028-\u202e\u2066-\u2069\ufeff]")
_HOST = re.compile(
    r"(?=.{4,253}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]\Z"
)
_HERE = re.compile(r".*\.(local|localhost|localdomain|internal|intranet|lan|home|corp|arpa)\Z")

Address = Annotated[str, Meta(min_length=1, max_length=URL_MAX)]


class LinkBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The body of a `link` message: an https address, with words of the sender's.

    I send `url` and `text`; the server adds `host`, in ASCII letters as it is looked up, so that
    nobody takes one for another. `title`, `description` and `site` are what the page says of
    itself, where the server fetched it after `link.preview`; never what the sender says of it.
    """

    url: Address
    text: Annotated[str, Meta(min_length=1, max_length=LINK_WORDS_MAX)] | None = None
    host: str = ""
    title: str = ""
    description: str = ""
    site: str = ""


class LinkPreview(Struct, frozen=True, kw_only=True):
    """What a page says of itself; empty where it says nothing. `url` is how it is to be sent."""

    url: str
    host: str
    title: str = ""
    description: str = ""
    site: str = ""


def check_url(text: str, path: str) -> str:
    """A web address as it may be shown and followed: https, a public name, no credentials.

    The name comes back in ASCII (`xn--…`), everything else with `%` where a browser puts it.

    Raises:
        Invalid: it is none.
    """
    whole = str(check_public(text, path))
    if len(whole) > URL_MAX:
        raise Invalid(f"An address has {URL_MAX} characters at most", path=path)
    return whole


def check_public(text: str, path: str) -> URL:
    """The same of any length.

    Raises:
        Invalid: it is none.
    """
    url = _parsed(text, path)
    if url.scheme != "https":
        raise Invalid("Only https addresses can be sent", path=path)
    if url.user is not None or url.password is not None or url.explicit_port not in (None, 443):
        raise Invalid("An address has neither a name and password nor a port here", path=path)
    if not is_public_name(url.raw_host or ""):
        raise Invalid("This is no address on the web", path=path)
    return url


def host_of(url: str) -> str:
    """The host of a checked address."""
    return URL(url, encoded=True).raw_host or ""


def is_public_name(host: str) -> bool:
    """Whether a host, in ASCII, is a name that the whole web knows: no number, nothing local."""
    return bool(_HOST.match(host)) and not _HERE.match(host)


def is_among(host: str, hosts: tuple[str, ...]) -> bool:
    """Whether a host is one of these; `.shop.example` stands for all below it."""
    return any(host == each or (each[:1] == "." and host.endswith(each)) for each in hosts)


def check_link(body: dict[str, Any]) -> dict[str, Any]:
    """The body of a link as its sender may send it.

    Raises:
        Invalid: with the path of the bad field.
    """
    link = convert(body, LinkBody, within="body")
    url = check_url(link.url, "body.url")
    sent: dict[str, Any] = to_builtins(LinkBody(url=url, text=link.text, host=host_of(url)))
    return sent


def _parsed(text: str, path: str) -> URL:
    if _STRANGE.search(text):
        raise Invalid("This has a character that is not allowed here", path=path)
    try:
        return URL(text)
    except ValueError:
        raise Invalid("This is no address on the web", path=path) from None
