"""MongoDB and Valkey for one machine: the real servers, on loopback, in the data folder."""

from __future__ import annotations

import socket
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from chatserver.dev import ports
from chatserver.dev.binaries import find_mongod, find_valkey
from chatserver.dev.folder import DataFolder
from chatserver.dev.process import Program

REPLICA_SET = "rs0"
NOT_YET_INITIALIZED = 94
NOT_A_MEMBER = 93

MONGOD_OPTIONS = (
    *("--bind_ip", "127.0.0.1", "--nounixsocket", "--replSet", REPLICA_SET, "--quiet"),
    *("--wiredTigerCacheSizeGB", "0.25", "--oplogSize", "64"),
    # Not for one person: a recorder of metrics that writes all the time.
    *("--setParameter", "diagnosticDataCollectionEnabled=false"),
    # A lone primary has nobody to hand over to: do not wait for that when stopping.
    *("--setParameter", "shutdownTimeoutMillisForSignaledShutdown=100"),
    # The transaction of a killed node holds what it wrote to until it ends by itself.
    *("--setParameter", "transactionLifetimeLimitSeconds=5"),
)
VALKEY_OPTIONS = (
    *("--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--daemonize", "no"),
    # Keep the command line as it is: it tells whose process this is.
    *("--set-proc-title", "no"),
)


def mongod(folder: DataFolder) -> Program:
    """A one-node replica set, which transactions and change streams need. Data is kept.

    Raises:
        DevError: there is no mongod on this machine.
    """
    port = folder.port("mongod")
    binary, data = str(find_mongod()), str(folder.subfolder("mongod"))
    return Program(
        name="mongod",
        title="MongoDB",
        url=f"mongodb://127.0.0.1:{port}/?replicaSet={REPLICA_SET}",
        command=(binary, "--dbpath", data, "--port", str(port), *MONGOD_OPTIONS),
        is_ready=lambda: _is_primary(port),
    )


def valkey(folder: DataFolder) -> Program:
    """A Valkey without persistence: what it holds is about the present moment only.

    Raises:
        DevError: there is no Valkey or Redis on this machine.
    """
    port = folder.port("valkey")
    binary, data = str(find_valkey()), str(folder.subfolder("valkey"))
    return Program(
        name="valkey",
        title="Valkey",
        url=f"redis://127.0.0.1:{port}/0",
        command=(binary, "--port", str(port), "--dir", data, *VALKEY_OPTIONS),
        is_ready=lambda: _answers_ping(port),
    )


def _is_primary(port: int) -> bool:
    """Whether writes are possible; moves the replica set one step towards it."""
    if not ports.is_open(port):
        return False  # the driver would wait half a second before it looks again
    client: MongoClient[dict[str, Any]] = MongoClient(
        "127.0.0.1", port, directConnection=True, serverSelectionTimeoutMS=1000, timeoutMS=5000
    )
    with client:
        try:
            return bool(client.admin.command("hello").get("isWritablePrimary")) or _form(
                client, port
            )
        except PyMongoError:
            return False  # it is still starting


def _form(client: MongoClient[dict[str, Any]], port: int) -> bool:
    host = f"127.0.0.1:{port}"
    try:
        client.admin.command("replSetGetStatus")
    except OperationFailure as error:
        if error.code == NOT_YET_INITIALIZED:
            _initiate(client, host)
        elif error.code == NOT_A_MEMBER:
            _move(client, host)
    return False


def _initiate(client: MongoClient[dict[str, Any]], host: str) -> None:
    config = {"_id": REPLICA_SET, "members": [{"_id": 0, "host": host}]}
    client.admin.command("replSetInitiate", config)


def _move(client: MongoClient[dict[str, Any]], host: str) -> None:
    """The replica set remembers its old port; by force, as it has no member left to agree."""
    config = client.get_database("local").get_collection("system.replset").find_one()
    if config is None:
        return
    config["members"] = [{**config["members"][0], "host": host}]
    config["version"] += 1
    client.admin.command("replSetReconfig", config, force=True)


def _answers_ping(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False
