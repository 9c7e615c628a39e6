"""What browsers are told they may do with each page, and for how long they may keep it.

Source: Content Security Policy level 3, Fetch (Cross-Origin-Resource-Policy), RFC 9111.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from chatserver.config import Settings

LOADER = "/widget.js"
FRAME = "/widget"
START = "/demo"
DEMO = (START, "/demo/shop")  # both show pages of this server in frames
ASSETS = "/assets/"

_FOR_EVER = "public, max-age=31536000, immutable"  # the name changes with the content
_SHORT = "public, max-age=600"  # asked for by every page of a shop, so not asked anew each time
_EACH_TIME = "no-cache"  # kept, and asked whether it is still the same
_POWERS = "camera=(), geolocation=(), microphone=(self), payment=(), usb=()"


class Policy:
    """The headers of each page and file."""

    def __init__(self, settings: Settings) -> None:
        self._framed_by = " ".join(("'self'", *settings.public_origins))
        # once the operator names hosts of pictures, none come from elsewhere
        self._pictures = " ".join(map(_host_source, settings.picture_hosts)) or "https:"
        self._connect = " ".join(("'self' ws: wss:", *_origin(settings.token_url)))

    def headers(self, path: str, *, is_page: bool) -> dict[str, str]:
        """The headers for a path; a page is what a browser shows, not what it loads for one."""
        headers = {
            "Cache-Control": _kept(path),
            # the loader is all that a page of another site may load
            "Cross-Origin-Resource-Policy": "cross-origin" if path == LOADER else "same-origin",
            "X-Content-Type-Options": "nosniff",
        }
        if is_page:
            headers["Content-Security-Policy"] = self._content_security(path)
            headers["Permissions-Policy"] = _POWERS
            headers["Referrer-Policy"] = "same-origin"
        return headers

    def _content_security(self, path: str) -> str:
        return "; ".join(
            (
                "default-src 'none'",
                "script-src 'self'",
                "style-src 'self'",
                f"img-src 'self' {self._pictures} data: blob:",
                "media-src 'self' blob:",
                f"connect-src {self._connect}",
                "manifest-src 'self'",
                "worker-src 'self'",
                f"frame-src {_own(path in DEMO)}",
                f"frame-ancestors {self._framed_by if path == FRAME else _own(True)}",
                "base-uri 'none'",
                "form-action 'none'",
            )
        )


def _host_source(host: str) -> str:
    return f"https://*{host}" if host.startswith(".") else f"https://{host}"


def _own(allowed: bool) -> str:
    return "'self'" if allowed else "'none'"


def _kept(path: str) -> str:
    if path.startswith(ASSETS):
        return _FOR_EVER
    return _SHORT if path == LOADER else _EACH_TIME


def _origin(url: str) -> tuple[str, ...]:
    parts = urlsplit(url)
    return (f"{parts.scheme}://{parts.netloc}",) if url else ()
