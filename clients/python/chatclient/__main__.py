"""`python -m chatclient`: chat in the terminal."""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import json
import logging
import os
import sys
from pathlib import Path

from chatclient.client import ChatClient
from chatclient.model import Device
from chatclient.terminal import plain
from chatclient.terminal.installed import claim

STDERR = "The terminal screen needs Textual: pip install 'chatclient[terminal]', or use --plain."


def main() -> int:
    """Read the arguments and run the screen, or the line mode."""
    options = _parser().parse_args()
    _log_to(options.log)
    try:
        return asyncio.run(_run(options))
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="chatclient", description="Chat in the terminal.")
    parser.add_argument("--url", default=os.environ.get("CHAT_URL", "http://127.0.0.1:8080"))
    parser.add_argument("--token", default=os.environ.get("CHAT_TOKEN"), help="or CHAT_TOKEN")
    parser.add_argument("--device", help="a name for this device; each name keeps its own outbox")
    parser.add_argument("--plain", action="store_true", help="lines instead of a screen")
    parser.add_argument("--to", metavar="USER", help="with --plain: whom to write to")
    parser.add_argument("--follow", action="store_true", help="with --plain: stay after the input")
    parser.add_argument("--data", type=Path, help="where unsent messages are kept")
    parser.add_argument("--log", type=Path, metavar="FILE", help="write a log for finding faults")
    return parser


async def _run(options: argparse.Namespace) -> int:
    if not options.token:
        print("A token is needed: --token TOKEN, or CHAT_TOKEN.", file=sys.stderr)
        return 2
    chat = _client(options)
    if options.plain or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return await plain.run(chat, options.to, follow=options.follow, out=sys.stdout)
    try:
        from chatclient.terminal.app import ChatApp  # an extra
    except ImportError:
        print(STDERR, file=sys.stderr)
        return 2
    await ChatApp(chat).run_async()
    return 0


def _client(options: argparse.Namespace) -> ChatClient:
    place = f"{options.url}\n{_owner(options.token)}"
    installed = claim(options.data or _data_folder(), place, options.device or "terminal")
    device = Device(id=installed.device, platform="desktop", name=installed.name)
    return ChatClient(options.url, token=options.token, device=device, outbox=installed.outbox)


def _owner(token: str) -> str:
    """Whose token it is, without believing it: only to name a file."""
    claims = [*token.split("."), ""][1]
    with contextlib.suppress(ValueError, TypeError, KeyError):
        return str(json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["sub"])
    return token


def _data_folder() -> Path:
    home = os.environ.get("XDG_DATA_HOME")
    return Path(home or Path.home() / ".local" / "share") / "chatclient"


def _log_to(file: Path | None) -> None:
    """Into the file, or nowhere: a log line would tear the screen."""
    if file is None:
        logging.basicConfig(handlers=[logging.NullHandler()])
    else:
        logging.basicConfig(filename=file, level=logging.INFO, format="%(asctime)s %(message)s")


if __name__ == "__main__":
    sys.exit(main())
