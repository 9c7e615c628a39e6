"""The command line. A command imports what it needs itself, so that a short one answers fast."""

from __future__ import annotations

import re
import sys
from importlib import metadata
from pathlib import Path

from cyclopts import App, CycloptsError

from chatserver import clock
from chatserver.config import Settings, SettingsError, StartError, describe, load
from chatserver.domain.person import Person, Role
from chatserver.push_commands import Flag, push

TTL_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
EXIT_WRONG_USE = 2

app = App(
    name="chatserver",
    help="Real-time chat between consultants and customers.",
    version=lambda: metadata.version("chatserver"),
    result_action="return_value",
)

search = App(name="search", help="The index of words by which messages are found.")
app.command(search)
app.command(push)


@app.command
def serve(
    *,
    host: str | None = None,
    port: int | None = None,
    processes: int | None = None,
    reuse_port: Flag = False,
    config: Path | None = None,
) -> int:
    """Run a node, or several on one port, until SIGTERM.

    Parameters
    ----------
    host
        Address to listen on.
    port
        Port for the socket and HTTP; 0 takes a free one.
    processes
        How many nodes, each on a core of its own; SIGHUP starts one after the other again.
    reuse_port
        Share the port with other nodes of this user that are started so too.
    config
        TOML file with settings.
    """
    file = str(config) if config else None
    settings = load(
        file=file, host=host, port=port, processes=processes, reuse_port=reuse_port or None
    )
    from chatserver import collector, descriptors, logs

    logs.setup(settings)
    descriptors.prepare(settings)
    if settings.processes > 1:
        from chatserver import processes as several

        return several.run(settings, file)
    collector.hold()
    from chatserver.app import serve as run_node

    return run_node(settings)


@app.command
def worker(*, config: Path | None = None) -> int:
    """Do what follows the messages, such as indexing their words, until SIGTERM.

    One is needed for all nodes; of several one works, and another one goes on when it dies.

    Parameters
    ----------
    config
        TOML file with settings.
    """
    settings = load(file=str(config) if config else None)
    from chatserver import logs

    logs.setup(settings)
    from chatserver.worker import work

    return work(settings)


@search.command
async def status(*, config: Path | None = None) -> int:
    """Say how far the index is behind the log; 1 where nobody keeps it, or not well.

    Parameters
    ----------
    config
        TOML file with settings.
    """
    settings = load(file=str(config) if config else None)
    from chatserver import search_index

    return await search_index.status(settings)


@search.command
async def rebuild(*, config: Path | None = None) -> int:
    """Have the worker make the index anew, and show how far it is; people search meanwhile.

    Interrupted, this shows it no longer and the worker goes on.

    Parameters
    ----------
    config
        TOML file with settings.
    """
    settings = load(file=str(config) if config else None)
    from chatserver import search_index

    return await search_index.rebuild(settings)


@app.command
async def dev(
    *, port: int = 8080, data: Path = Path(".data"), nodes: int = 1, demo: bool = True
) -> int:
    """Run everything on this machine: databases, nodes and a demo shop.

    Parameters
    ----------
    port
        Port of the first node; the others follow.
    data
        Folder that keeps the databases between runs.
    nodes
        How many nodes.
    demo
        Whether to make the demo shop.
    """
    from chatserver.dev import command

    return await command.run(port=port, data=data, nodes=nodes, demo=demo)


@app.command
def token(
    user: str,
    *,
    role: Role | None = None,
    shop: str | None = None,
    name: str | None = None,
    ttl: str = "1h",
    data: Path | None = None,
) -> None:
    """Print a token that the server takes.

    Parameters
    ----------
    user
        Whose token; people of the demo shop have their role, shop and name by default.
    role
        What they are; customer by default.
    shop
        The shop they belong to.
    name
        How others see them.
    ttl
        How long it is valid, such as 30s, 15m, 1h or 7d.
    data
        Data folder of a `chatserver dev`, to use its key.
    """
    from chatserver.services.auth import mint

    known = _known(user)
    person = Person(
        user=user,
        role=role or known.role,
        shop=shop or known.shop,
        name=name or known.name,
    )
    print(mint(_signing_settings(data), person, ttl_s=_seconds(ttl), now_ms=clock.now_ms()))


@app.command
def settings(*, config: Path | None = None, markdown: Flag = False) -> None:
    """Show every setting with its value, default and meaning.

    Parameters
    ----------
    config
        TOML file with settings.
    markdown
        Print SETTINGS.md instead.
    """
    from rich.console import Console

    from chatserver.reference import settings as reference

    if markdown:
        print(reference.markdown(), end="")
    else:
        rows = describe(load(file=str(config) if config else None))
        Console(markup=False, highlight=False).print(reference.table(rows))


@app.command
def protocol(*, markdown: Flag = False, typescript: Flag = False) -> None:
    """Show what client authors need to know: PROTOCOL.md.

    Parameters
    ----------
    markdown
        As it stands in the file, also on a terminal.
    typescript
        As types instead: src/protocol.ts of the TypeScript SDK.
    """
    from rich.console import Console
    from rich.markdown import Markdown

    from chatserver.reference import protocol as reference
    from chatserver.reference import typescript as types

    if typescript:
        print(types.typescript(), end="")
    elif markdown or not sys.stdout.isatty():
        print(reference.markdown(), end="")
    else:
        Console().print(Markdown(reference.markdown()))


@app.command
def doctor(*, config: Path | None = None) -> int:
    """Check what the server needs and say what to do where something is wrong.

    Parameters
    ----------
    config
        TOML file with settings.
    """
    from chatserver import doctor as examination

    try:
        settings = load(file=str(config) if config else None)
    except SettingsError as error:
        print(examination.line(examination.Finding("settings", False, str(error))))
        return 1
    return examination.run(settings)


@app.command
async def rotate_keys(*, config: Path | None = None) -> int:
    """Wrap the data keys of all people by the first of CHAT_DATA_KEYS; harmless to repeat.

    Run it once all nodes have the new key first. Afterwards the old one can be dropped.

    Parameters
    ----------
    config
        TOML file with settings.
    """
    settings = load(file=str(config) if config else None)
    from chatserver.store.vault import rotate

    done = await rotate(settings)
    print(f"{done.rewrapped} data keys wrapped anew")
    if done.broken:
        print(f"{done.broken} do not open, somebody changed them; they stay as they are")
    if done.missing:
        print(f"others are under {', '.join(done.missing)}, which CHAT_DATA_KEYS lacks")
    return 1 if done.broken or done.missing else 0


def main(arguments: list[str] | None = None) -> int:
    """Run a command; its exit status, 2 when it was used wrongly."""
    try:
        status = app(arguments, exit_on_error=False, print_error=False)
    except CycloptsError as error:
        return _complain(f"{error} See chatserver --help.")
    except SettingsError as error:
        return _complain(f"{error}.")
    except StartError as error:
        _complain(f"{error}.")
        return 1
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        sys.stderr.close()
        return 0
    return status if isinstance(status, int) else 0


def _complain(sentence: str) -> int:
    print(f"chatserver: {' '.join(sentence.split())}", file=sys.stderr)
    return EXIT_WRONG_USE


def _seconds(ttl: str) -> int:
    parts = re.fullmatch(r"(\d{1,9})([smhd])", ttl)
    if parts is None:
        raise SettingsError(f"{ttl!r} is no lifetime; write it like 30s, 15m, 1h or 7d")
    return int(parts[1]) * TTL_UNITS[parts[2]]


def _signing_settings(data: Path | None) -> Settings:
    """The settings that sign, with the key of a data folder where one is named."""
    if data is None:
        settings = load()
        if not settings.jwt_key:
            raise SettingsError(
                "CHAT_JWT_KEY is not set; set it, or name the data folder of "
                "`chatserver dev` with --data"
            )
        return settings
    if not data.is_dir():
        raise SettingsError(f"there is no data folder {data}; `chatserver dev` makes it")
    from chatserver.dev.folder import dev_key

    return load(jwt_key=dev_key(data))


def _known(user: str) -> Person:
    """One of the demo shop, or a customer without a name."""
    from chatserver.dev import story

    for each in story.load().people:
        if each.user == user:
            return Person(user=user, name=each.name, role=each.role, shop=each.shop)
    return Person(user=user, name="", role="customer")


if __name__ == "__main__":
    sys.exit(main())
