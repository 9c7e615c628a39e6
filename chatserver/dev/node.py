"""One node of the chat server as a child process."""

from __future__ import annotations

import http.client
import sys

from chatserver.config import Settings
from chatserver.dev.folder import DataFolder
from chatserver.dev.process import Program


def node(folder: DataFolder, settings: Settings, number: int, port: int) -> Program:
    """Node `number` (from 1) at `port`; it inherits this environment, and these settings win."""
    host = reachable(settings.host)
    return Program(
        name=f"node-{number}",
        title=f"Node {number}",
        url=f"http://{host}:{port}",
        command=(*interpreter(folder), "-m", "chatserver", "serve"),
        is_ready=lambda: _answers_ready(host, port),
        variables=_variables(settings, port),
    )


def worker(folder: DataFolder, settings: Settings, port: int) -> Program:
    """What follows the messages behind the nodes; `port` tells whether it works."""
    host = reachable(settings.host)
    return Program(
        name="worker",
        title="Worker",
        url=f"http://{host}:{port}",
        command=(*interpreter(folder), "-m", "chatserver", "worker"),
        is_ready=lambda: _answers_ready(host, port),
        variables={
            "CHAT_MONGO_URL": settings.mongo_url,
            "CHAT_REDIS_URL": settings.redis_url,
            "CHAT_DATA_KEYS": ",".join(settings.data_keys),
            "CHAT_PUSH_FILE": settings.push_file,
            "CHAT_WORKER_PORT": str(port),
        },
    )


def interpreter(folder: DataFolder) -> tuple[str, ...]:
    """This Python, with an option that it ignores: the command line names the data folder."""
    return (sys.executable, "-X", f"chatserver_data={folder.path}")


def reachable(host: str) -> str:
    """An address to connect to, for one to listen on."""
    return "127.0.0.1" if host in {"0.0.0.0", "::", ""} else host


def _variables(settings: Settings, port: int) -> dict[str, str]:
    return {
        "CHAT_PORT": str(port),
        "CHAT_MONGO_URL": settings.mongo_url,
        "CHAT_REDIS_URL": settings.redis_url,
        "CHAT_JWT_KEY": settings.jwt_key,
        "CHAT_DATA_KEYS": ",".join(settings.data_keys),
        "CHAT_COMMUNITIES_FILE": settings.communities_file,
        "CHAT_SHOP_NAMES": ",".join(settings.shop_names),
        "CHAT_PUSH_FILE": settings.push_file,
        "CHAT_DEMO_FOLDER": settings.demo_folder,
    }


def _answers_ready(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=1)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
