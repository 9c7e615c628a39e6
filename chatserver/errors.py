"""Every error a caller can meet: one base, one level.

The docstring of a class is the sentence a person reads; the class carries the stable wire code,
the HTTP status and whether trying again can help. The edges (gateway, api) translate in one place.
"""

from __future__ import annotations

from typing import Any, ClassVar


class ChatError(Exception):
    """Something went wrong."""

    code: ClassVar[str] = "internal"
    http_status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False

    def __init__(
        self,
        message: str | None = None,
        *,
        path: str | None = None,
        retry_after_ms: int | None = None,
    ) -> None:
        """`path` names the bad field; `retry_after_ms` says when trying again makes sense."""
        self.message = message or (type(self).__doc__ or "").strip()
        self.path = path
        self.retry_after_ms = retry_after_ms
        super().__init__(self.message)

    def to_wire(self) -> dict[str, Any]:
        """The fields of a refusal as every client sees them."""
        wire: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.path is not None:
            wire["path"] = self.path
        if self.retry_after_ms is not None:
            wire["retry_after_ms"] = self.retry_after_ms
        return wire


class Internal(ChatError):
    """The server met an error of its own; it has been logged. Try again."""

    retryable = True


class Invalid(ChatError):
    """A field is missing or has the wrong form."""

    code = "invalid"
    http_status = 400


class TooLarge(ChatError):
    """This is larger than the server accepts."""

    code = "too_large"
    http_status = 413


class WrongType(ChatError):
    """Files of this type are not accepted here."""

    code = "wrong_type"
    http_status = 415


class Unreadable(ChatError):
    """The file is damaged or incomplete."""

    code = "unreadable"
    http_status = 422


class Locked(ChatError):
    """Another request is at work on this; wait and ask again how far it is."""

    code = "locked"
    http_status = 423
    retryable = True


class ChecksumDiffers(ChatError):
    """What arrived is not what was sent; send it again."""

    code = "checksum"
    http_status = 460
    retryable = True


class ProtocolVersion(ChatError):
    """Uploads follow version 1.0.0 of tus, and say so in Tus-Resumable."""

    code = "protocol_version"
    http_status = 412


class RateLimited(ChatError):
    """Too many of these in a short time; wait and try again."""

    code = "rate_limited"
    http_status = 429
    retryable = True


class Forbidden(ChatError):
    """You may not do this."""

    code = "forbidden"
    http_status = 403


class NotFound(ChatError):
    """There is no such thing, or it is not yours to see."""

    code = "not_found"
    http_status = 404


class Conflict(ChatError):
    """This id was already used for something else."""

    code = "conflict"
    http_status = 409


class Taken(ChatError):
    """Somebody else took this on before you; `by` says who."""

    code = "taken"
    http_status = 409

    def __init__(self, message: str | None = None, *, by: str = "", name: str = "") -> None:
        """`by` is the one who has it, `name` what they are called."""
        super().__init__(message)
        self.by = {"user": by, "name": name}

    def to_wire(self) -> dict[str, Any]:
        """The fields of a refusal, with `by` beside them."""
        return {**super().to_wire(), "by": self.by}


class Filtered(ChatError):
    """A word filter does not let this through; `rule` says which of its rules."""

    code = "filtered"
    http_status = 422

    def __init__(
        self, message: str | None = None, *, rule: str = "", path: str | None = None
    ) -> None:
        """`rule` is the name of the rule; its words are told to nobody."""
        super().__init__(message, path=path)
        self.rule = rule

    def to_wire(self) -> dict[str, Any]:
        """The fields of a refusal, with `rule` beside them."""
        return {**super().to_wire(), "rule": self.rule}


class Unsupported(ChatError):
    """This server is not set up for this; its operator can change that."""

    code = "unsupported"
    http_status = 501


class Busy(ChatError):
    """The server has more work than it can take right now; wait and try again."""

    code = "busy"
    http_status = 503
    retryable = True


class Unavailable(ChatError):
    """The store did not confirm in time: the outcome is unknown. Retry with the same client_id."""

    code = "unavailable"
    http_status = 503
    retryable = True


class Unauthorized(ChatError):
    """The token is missing, wrong or revoked."""

    code = "unauthorized"
    http_status = 401


class TokenExpired(ChatError):
    """The token has expired; get a new one."""

    code = "token_expired"
    http_status = 401


class OriginRefused(ChatError):
    """Pages of this origin may not connect."""

    code = "origin_refused"
    http_status = 403


class ProtocolBroken(ChatError):
    """The client does not speak the protocol."""

    code = "protocol"
    http_status = 400
