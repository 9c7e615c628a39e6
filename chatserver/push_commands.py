"""What an operator can type about notifications: `chatserver push …`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from chatserver.config import load

Flag = Annotated[bool, Parameter(negative="")]

push = App(name="push", help="Notifications for people who do not look.")


@push.command(name="test")
async def send_test(user: str, /, *, config: Path | None = None) -> int:
    """Send a test notification to all devices of a person, and print what came of each.

    Parameters
    ----------
    user
        Whose devices.
    config
        TOML file with settings.
    """
    settings = load(file=str(config) if config else None)
    from chatserver import push_report

    return await push_report.send_test(settings, user)


@push.command
async def explain(user: str, conversation: str, seq: int, /, *, config: Path | None = None) -> int:
    """Print whether a person was notified of a message, when and why, and what would be done now.

    Parameters
    ----------
    user
        Who was to be notified.
    conversation
        Where it was said.
    seq
        The number of the message there.
    config
        TOML file with settings.
    """
    settings = load(file=str(config) if config else None)
    from chatserver import push_report

    return await push_report.explain(settings, user, conversation, seq)


@push.command
async def check(*, online: Flag = False, config: Path | None = None) -> int:
    """Say for each provider of the push file whether it can be used; 1 where one cannot.

    Parameters
    ----------
    online
        Also ask token servers for a token; nothing is sent to anybody.
    config
        TOML file with settings.
    """
    settings = load(file=str(config) if config else None)
    from chatserver.providers.push import check as examination

    lines = await examination.check(settings, online=online)
    print(*lines, sep="\n")
    return 0 if all(line.good for line in lines) else 1


@push.command
def keys(file: Path) -> None:
    """Make a key for web push in a new file, and print what browsers subscribe with.

    Parameters
    ----------
    file
        Where to keep it: `key = {file = "…"}` of a provider of kind `web` then names it.
    """
    from chatserver.providers.push.check import write_key

    print(write_key(file))
