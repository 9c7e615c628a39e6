"""What `chatserver push check` and `chatserver push keys` do."""

from __future__ import annotations

import os
from pathlib import Path

from msgspec import Struct

from chatserver.config import Settings, SettingsError
from chatserver.providers.push.config import ProviderConfig, read
from chatserver.providers.push.courier import Courier
from chatserver.providers.push.encryption import new_private_key, public_key
from chatserver.providers.push.making import make


class Line(Struct, frozen=True):
    """What was found of one provider."""

    good: bool
    name: str
    found: str

    def __str__(self) -> str:
        return f"{'ok   ' if self.good else 'BAD  '} {self.name}: {self.found}"


async def check(settings: Settings, *, online: bool = False) -> list[Line]:
    """A line for each provider of the push file: whether its secrets read, and with `online`
    whether its token server grants one.

    Raises:
        SettingsError: no file is named, or it cannot be used.
    """
    if not settings.push_file:
        raise SettingsError("CHAT_PUSH_FILE is not set, so nobody is notified")
    file = read(settings.push_file)
    lines = [await _look_at(each, online, file.dry_run) for each in file.provider]
    return lines or [Line(False, settings.push_file, "it names no provider")]


def write_key(path: Path) -> str:
    """Make a key for web push in a new file of mode 0600; what browsers subscribe with.

    Raises:
        SettingsError: the file is there already, or cannot be written.
    """
    pem = new_private_key()
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(pem)
    except OSError as error:
        raise SettingsError(f"cannot write {path}: {error.strerror}") from None
    return public_key(pem)


async def _look_at(config: ProviderConfig, online: bool, dry: bool) -> Line:
    name = f"{config.kind} ({config.app})" if config.app else config.kind
    try:
        courier = make(config)
    except SettingsError as error:
        return Line(False, name, str(error))
    try:
        what = "dry run, nothing leaves" if dry or config.dry_run else "secrets read"
        return await _ask(courier, name, what) if online else Line(True, name, what)
    finally:
        await courier.close()


async def _ask(courier: Courier, name: str, what: str) -> Line:
    verdict = await courier.prove()
    if verdict is None:
        return Line(True, name, f"{what}; it asks for no token")
    if verdict.finding == "sent":
        return Line(True, name, f"{what}; its token server grants one")
    return Line(False, name, f"{what}; its token server does not grant one: {verdict.reason}")
