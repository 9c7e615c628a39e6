"""The data folder of one development server: what it keeps between runs and who holds it."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chatserver.dev import ports
from chatserver.dev.errors import DevError

DEFAULT = Path(".data")
KEY_FILE = "jwt-key"
KEY_BYTES = 48
MASTER_KEY_BYTES = 32
LOG_BYTES = 5_000_000
_PUSH = """# Web push for browsers on this machine; change it as you like.
[[provider]]
kind = "web"
key = {{file = {key}}}
subject = "mailto:dev@localhost"
"""


class DataFolder:
    """A folder with the databases, their ports and logs, and the keys."""

    def __init__(self, path: Path) -> None:
        """Makes the folder, for this user only, unless it is there.

        Raises:
            DevError: the folder cannot be made.
        """
        self.path = path.resolve()
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise DevError(f"the data folder {path} cannot be made: {error.strerror}") from None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the folder; the hold ends with the process, however that ends.

        Raises:
            DevError: another process holds it.
        """
        with (self.path / "lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise DevError(
                    f"the data folder {self.path} is in use by another chatserver dev; "
                    "stop that one or choose another folder with --data"
                ) from None
            yield

    def subfolder(self, name: str) -> Path:
        """A folder inside, made unless it is there."""
        path = self.path / name
        path.mkdir(mode=0o700, exist_ok=True)
        return path

    def pid_file(self, name: str) -> Path:
        """Where the process id of a program is noted."""
        return self.path / f"{name}.pid"

    def pid_files(self) -> list[Path]:
        """The notes of all programs that were started here."""
        return sorted(self.path.glob("*.pid"))

    def log_file(self, name: str) -> Path:
        """Where a program writes; a long log is put aside first, and the one before it dropped."""
        path = self.subfolder("logs") / f"{name}.log"
        if path.exists() and path.stat().st_size > LOG_BYTES:
            path.replace(path.with_suffix(".log.1"))
        return path

    def port(self, name: str) -> int:
        """The port of a program: the one it had here before, unless something else took it."""
        note = self.path / f"{name}.port"
        kept = int(note.read_text()) if note.exists() else 0
        if kept and ports.is_free("127.0.0.1", kept):
            return kept
        port = ports.pick()
        note.write_text(f"{port}\n")
        return port

    def key(self, given: str = "") -> str:
        """The key that signs tokens here: made once; a key that is `given` takes its place."""
        path = self.path / KEY_FILE
        if given:
            _write_secret(path, given)
        elif not path.exists():
            _write_secret(path, secrets.token_urlsafe(KEY_BYTES), keep=True)
        return path.read_text()

    def push_file(self) -> Path:
        """What carries notifications here: web push alone, by a key that is made once."""
        from chatserver.providers.push.encryption import new_private_key

        path, key = self.path / "push.toml", self.path / "vapid.pem"
        if not key.exists():
            _write_secret(key, new_private_key(), keep=True)
        if not path.exists():
            _write_secret(path, _PUSH.format(key=json.dumps(str(key))), keep=True)
        return path

    def data_keys(self, given: tuple[str, ...] = ()) -> tuple[str, ...]:
        """The master keys that seal personal data here, one made the first time.

        Keys that are `given` come first. Those known before stay: something may be sealed by them.
        """
        path = self.path / "data-keys"
        if not path.exists():
            secret = base64.b64encode(secrets.token_bytes(MASTER_KEY_BYTES)).decode()
            _write_secret(path, f"dev:{secret}", keep=True)
        ids = {_id(key) for key in given}
        keys = (*given, *(key for key in path.read_text().split(",") if _id(key) not in ids))
        if given:
            _write_secret(path, ",".join(keys))
        return keys


def dev_key(data: Path) -> str:
    """The HS256 key of a data folder, made at the first call.

    Raises:
        DevError: the folder cannot be made.
    """
    return DataFolder(data).key()


def is_key_of(data: Path, key: str) -> bool:
    """Whether tokens of this data folder are signed with the key; makes nothing."""
    try:
        return bool(key) and (data / KEY_FILE).read_text() == key
    except OSError:
        return False


def _id(master_key: str) -> str:
    return master_key.partition(":")[0]


def _write_secret(path: Path, text: str, *, keep: bool = False) -> None:
    """Write whole or not at all, readable by this user only; `keep` what another wrote first."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    if not keep:
        draft.replace(path)
        return
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
