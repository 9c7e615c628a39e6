"""What a call to the server can end in, other than an answer."""

from __future__ import annotations


class ChatClientError(Exception):
    """Something went wrong between this client and the server."""


class ChatCallError(ChatClientError):
    """The server refused a call. `code` is stable, `message` is for people."""

    def __init__(
        self,
        code: str,
        message: str,
        retry_after_ms: int | None = None,
        path: str | None = None,
        by: dict[str, str] | None = None,
    ) -> None:
        """`path` names the bad field; `retry_after_ms` says when trying again makes sense; `by` is
        who has what was `taken`, with `user` and `name`."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.retry_after_ms = retry_after_ms
        self.path = path
        self.by = by

    @property
    def retryable(self) -> bool:
        """Whether the same call may succeed a little later."""
        return self.code in RETRYABLE


class ChatTimeout(ChatClientError):
    """No answer in time: whether the server did it is unknown."""


class ChatDisconnected(ChatTimeout):
    """The connection ended before the answer came: whether the server did it is unknown."""


class ChatStopped(ChatClientError):
    """This client was logged out or refused, and does not come back by itself."""

    def __init__(self, code: str, message: str) -> None:
        """`code` is the server's, or `kicked`, or `closed`."""
        super().__init__(message)
        self.code = code
        self.message = message


RETRYABLE = frozenset({"busy", "rate_limited", "unavailable", "internal"})
