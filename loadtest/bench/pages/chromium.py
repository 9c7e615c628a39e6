"""The browser of this machine."""

from __future__ import annotations

import shutil

PROGRAMS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
# as root there is no sandbox; nothing of the browser's own goes over the network
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


def found() -> str | None:
    """Where Chromium is, if there is any."""
    return next((path for name in PROGRAMS if (path := shutil.which(name))), None)
