"""msgspec's sentences about what does not fit, made into ours."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from chatserver.errors import Invalid

T = TypeVar("T")


def convert(value: Any, kind: type[T], *, within: str) -> T:
    """A value as this type; the path of what does not fit begins with `within`.

    Raises:
        Invalid: with the path of the bad field.
    """
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise refusal(str(error), within) from None


def refusal(message: str, within: str = "") -> Invalid:
    """msgspec's sentence, made into ours: the reason, and the path as the client wrote it."""
    reason, _, where = message.partition(" - at `")
    path = where.rstrip("`").removeprefix("key` in `").removeprefix("$").removeprefix(".")
    path = _joined(within, path)
    if "missing required field" in reason:
        return Invalid("This field is required", path=_joined(path, reason.split("`")[1]))
    if "matching regex" in reason:
        reason = "This has a character that is not allowed here"
    if "encoded date" in reason:
        reason = "This is no date such as 2026-08-31"
    return Invalid(reason, path=path or None)


def _joined(first: str, then: str) -> str:
    return first + then if then.startswith("[") else f"{first}.{then}".strip(".")
