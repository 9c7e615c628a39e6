"""What an earlier run that was killed left running on a data folder."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from chatserver.dev.folder import DataFolder
from chatserver.dev.process import PATIENCE_S, POLL_S


def stop_leftovers(folder: DataFolder, patience_s: float = PATIENCE_S) -> list[str]:
    """Stop the programs noted in the folder that still run; returns their names.

    A noted process id may belong to something else by now: only a process whose command line
    names this folder is touched.
    """
    stopped = []
    for note in folder.pid_files():
        pid = int(note.read_text().strip() or 0)
        if _works_on(folder.path, pid):
            _stop(folder.path, pid, patience_s)
            stopped.append(note.stem)
        note.unlink()
    return stopped


def is_running(pid: int) -> bool:
    """Whether the process runs; one that ended and that nobody has buried does not."""
    if sys.platform != "linux":
        return _ask_ps(pid, "stat=")[:1] not in {"", "Z"}
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] not in {"Z", "X"}


def command_line(pid: int) -> str:
    """Program and arguments; empty for a process that is gone."""
    if sys.platform != "linux":
        return _ask_ps(pid, "command=")
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return ""


def _stop(path: Path, pid: int, patience_s: float) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        if not _works_on(path, pid):
            return
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        deadline = time.monotonic() + patience_s
        while is_running(pid) and time.monotonic() < deadline:
            time.sleep(POLL_S)


def _works_on(path: Path, pid: int) -> bool:
    # Not `.data` in `.data2`.
    return pid > 0 and bool(re.search(re.escape(str(path)) + r"(?![^/\s\0])", command_line(pid)))


def _ask_ps(pid: int, column: str) -> str:
    ps = ["/bin/ps", "-ww", "-p", str(pid), "-o", column]
    return subprocess.run(ps, capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603
