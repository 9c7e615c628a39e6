"""The line at the top: who I am, and how the connection stands, in words."""

from __future__ import annotations

import math

from rich.text import Text

from chatclient.client import ChatClient
from chatclient.events import ConnectionChanged
from chatclient.terminal.words import fit, one_line, width

WHY_STOPPED = {
    "kicked": "Logged out",
    "unauthorized": "Not logged in",
    "token_expired": "Log-in has expired",
    "protocol": "This client does not fit the server",
}


WHY_KICKED = {
    "logged_out": "this device was logged out",
    "device_limit": "a newer device of this kind took its place",
    "socket_limit": "too many connections are open",
    "replaced": "this device is connected from somewhere else",
    "revoked": "the access was withdrawn",
}


def header(chat: ChatClient, cells: int, retry_in: float | None) -> Text:
    """One line of exactly this width."""
    words, style = connection(chat.phase, retry_in)
    room = max(0, cells - width(words) - 4)
    who = one_line(chat.me.name or chat.me.user) if chat.me else chat.device.name or "Chat"
    unread = f"  {chat.badge.unread} unread" if chat.badge.unread else ""
    line = Text(" ").append(fit(f"{who}{unread}", room), "bold")
    return line.append(f" {words} ", style)


def connection(phase: ConnectionChanged, retry_in: float | None) -> tuple[str, str]:
    """The state of the connection, and its colour."""
    if phase.phase == "connected":
        return "● connected", "green"
    if phase.phase == "syncing":
        return "◌ catching up…", "yellow"
    if phase.phase == "waiting":
        seconds = max(1, math.ceil(retry_in or 0))
        return f"◌ no connection, trying again in {seconds} s", "yellow"
    if phase.phase == "stopped":
        return f"✖ {WHY_STOPPED.get(phase.code or '', 'Stopped')}", "bold red"
    return "◌ connecting…", "yellow"


def stopped(phase: ConnectionChanged) -> str:
    """Why the client does not come back, and what to do."""
    why = WHY_STOPPED.get(phase.code or "", "Stopped")
    told = WHY_KICKED.get(phase.message or "", phase.message or "").rstrip(".")
    return f"{why}: {told}. Ctrl+Q leaves."
