"""Where a request comes from: the peer's address, and the page's origin.

Forwarded headers are believed only from proxies that the settings name.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from chatserver.config import Settings, SettingsError
from chatserver.gateway.engine.request import Request

Network = IPv4Network | IPv6Network


class Addresses:
    """Reads addresses and origins of requests."""

    def __init__(self, settings: Settings) -> None:
        """Raises SettingsError where a proxy's network is none."""
        self._proxies = _networks(settings.trusted_proxies)
        self._origins = frozenset(settings.public_origins)

    def of(self, request: Request) -> str:
        """The client's address: the last hop that is none of our proxies."""
        peer = request.peer
        if not self._is_proxy(peer):
            return peer
        hops = [part.strip() for part in (request.header("x-forwarded-for") or "").split(",")]
        while self._is_proxy(peer) and hops:
            hop = hops.pop()
            if not _is_address(hop):
                break
            peer = hop
        return peer

    def origin_allowed(self, origin: str | None, host: str | None) -> bool:
        """Whether a page of this origin may connect: none, our own, or one from the settings."""
        if origin is None or origin in self._origins or "*" in self._origins:
            return True
        return bool(host) and origin in (f"http://{host}", f"https://{host}")

    def is_foreign(self, origin: str | None) -> bool:
        """Whether a browser needs our word that this origin may read answers."""
        return origin is not None and (origin in self._origins or "*" in self._origins)

    def _is_proxy(self, address: str) -> bool:
        if not self._proxies or not _is_address(address):
            return False
        return any(_plain(address) in network for network in self._proxies)


def _plain(address: str) -> IPv4Address | IPv6Address:
    """An IPv4 peer of a socket that listens on `::` is an IPv4 peer."""
    parsed = ip_address(address)
    return getattr(parsed, "ipv4_mapped", None) or parsed


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _networks(texts: Sequence[str]) -> tuple[Network, ...]:
    try:
        return tuple(ip_network(text, strict=False) for text in texts)
    except ValueError as error:
        raise SettingsError(f"CHAT_TRUSTED_PROXIES: {error}") from None
