"""What stays on this machine between runs: the device's id, and messages not sent yet.

Each server, person and device name has its own. Two windows of one person are two devices: the
second finds the first one's files taken and gets a name with a number.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import uuid
from pathlib import Path
from typing import NamedTuple

WINDOWS = 20  # of one person and device name at a time

_held: list[int] = []  # open until the process ends, however it ends


class Installed(NamedTuple):
    """A device of this machine."""

    name: str
    device: str
    outbox: Path


def claim(folder: Path, place: str, name: str) -> Installed:
    """The first device of this name that no other process uses; `place` is server and person."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(1, WINDOWS + 1):
        numbered = name if number == 1 else f"{name} {number}"
        key = hashlib.sha256(f"{place}\n{numbered}".encode()).hexdigest()[:16]
        if _lock(folder / f"{key}.lock"):
            break
    return Installed(numbered, _device_id(folder / f"{key}.device"), folder / f"{key}.outbox.json")


def _lock(file: Path) -> bool:
    """Hold the file for as long as this process lives; where that is not possible, just go on."""
    try:
        import fcntl  # not on Windows
    except ImportError:
        return True
    descriptor = os.open(file, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return False
    _held.append(descriptor)
    return True


def _device_id(file: Path) -> str:
    """Made once."""
    with contextlib.suppress(OSError):
        if text := file.read_text().strip():
            return text
    made = str(uuid.uuid4())
    file.write_text(made)
    return made
