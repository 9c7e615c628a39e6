"""Connections change hands between processes that share a port.

A session lives in one process, and the kernel gives a client's next connection to any of them.
Whoever reads there that the session is another's passes the connection on, with what was read, and
the owner goes on as if it had accepted it itself. What was read is trusted no more than if it had
come from the network, for it did.

Each process listens on a Unix socket named after its tag, in a folder that only this user can
enter. A connection travels there as a descriptor (SCM_RIGHTS), what was read as another one: of a
file without a name, so one small message, which arrives whole or not at all, carries any request.
"""

from __future__ import annotations

import asyncio
import errno
import os
import re
import secrets
import socket
import stat
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO

from chatserver.gateway.engine.errors import Overloaded, UnknownSession

BACKLOG = 1024  # connections that wait to be taken; beyond it they are refused
AT_ONCE = 100  # taken in one turn of the loop
REST_S = 1.0  # without descriptors left nothing is taken for this long

_TAG = re.compile(r"[0-9a-f]{8}")
_TAG_SIZE = 8
_PARCEL = b"\0"
_CLOSE_ON_EXEC = getattr(socket, "MSG_CMSG_CLOEXEC", 0)  # Linux
_NOBODY_THERE = (FileNotFoundError, ConnectionError)

Front = Callable[[bytes], asyncio.Protocol]
"""Makes the protocol of a connection from which these bytes were read already."""


def new_tag() -> str:
    """A name for this process, which no other one has."""
    return secrets.token_hex(_TAG_SIZE // 2)


class Handover:
    """Gives connections to the owners of their sessions, and takes those that are given here."""

    def __init__(self, folder: str, tag: str) -> None:
        """`tag`, from `new_tag`, begins this process' session ids; without a folder it is alone."""
        if folder and not _TAG.fullmatch(tag):
            raise ValueError(f"{tag!r} is no tag")
        self._folder = Path(folder)
        self._alone = not folder
        self._tag = tag
        self._front: Front
        self._loop: asyncio.AbstractEventLoop
        self._listener: socket.socket | None = None
        self._parcels: set[socket.socket] = set()
        self._adoptions: set[asyncio.Task[None]] = set()

    def is_elsewhere(self, sid: str) -> bool:
        """Whether a session id is another process' one, living or not."""
        tag = sid[:_TAG_SIZE]
        return not self._alone and tag != self._tag and _TAG.fullmatch(tag) is not None

    def give(self, sid: str, transport: asyncio.Transport, read: bytes) -> None:
        """Pass a connection on to the owner of a session; the transport is of no use then.

        `read` is what the owner has to read before everything else.

        Raises:
            UnknownSession: the owner is no more.
            Overloaded: it cannot take more now, or the client is still being answered.
        """
        if transport.get_write_buffer_size():  # it would be lost with the transport
            raise Overloaded
        connection = transport.get_extra_info("socket")
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as owner, _file(read) as file:
                owner.setblocking(False)  # a full backlog is an error at once
                owner.connect(str(self._folder / sid[:_TAG_SIZE]))
                socket.send_fds(owner, [_PARCEL], [connection.fileno(), file.fileno()])
        except _NOBODY_THERE:
            raise UnknownSession from None
        except OSError:
            raise Overloaded from None
        transport.abort()  # closes our descriptor; the connection goes on with the owner's

    def open(self, front: Front) -> None:
        """Take connections from now on.

        Raises:
            OSError: the folder is not there, not ours alone, or its path is too long.
        """
        if self._alone:
            return
        _check(self._folder)
        self._front = front
        self._loop = asyncio.get_running_loop()
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.setblocking(False)
        self._listener.bind(str(self._folder / self._tag))
        self._listener.listen(BACKLOG)
        self._listen()

    def close(self) -> None:
        """Take no more; harmless when repeated."""
        if self._listener is None:
            return
        (self._folder / self._tag).unlink(missing_ok=True)
        for each in (self._listener, *self._parcels):
            self._loop.remove_reader(each)
            each.close()
        self._listener = None
        self._parcels.clear()

    def _listen(self) -> None:
        if self._listener is not None:
            self._loop.add_reader(self._listener, self._accept, self._listener)

    def _accept(self, listener: socket.socket) -> None:
        for _ in range(AT_ONCE):
            try:
                parcel, _ = listener.accept()
            except BlockingIOError:
                return
            except OSError:  # too many open files; asyncio does the same where it accepts
                self._loop.remove_reader(listener)
                self._loop.call_later(REST_S, self._listen)
                return
            parcel.setblocking(False)
            # Whoever connected sends in the same breath, or dies, which is heard of here too; so
            # no more parcels can be open than there are processes, and none needs a deadline.
            self._parcels.add(parcel)
            self._loop.add_reader(parcel, self._unpack, parcel)

    def _unpack(self, parcel: socket.socket) -> None:
        try:
            _, descriptors, _, _ = socket.recv_fds(parcel, len(_PARCEL), 2, _CLOSE_ON_EXEC)
        except BlockingIOError:
            return
        except OSError:
            descriptors = []
        self._loop.remove_reader(parcel)
        self._parcels.discard(parcel)
        parcel.close()
        if len(descriptors) == 2:
            self._take(*descriptors)
        else:  # the giver died, or too many files are open here
            _close(descriptors)

    def _take(self, connection: int, file: int) -> None:
        with open(file, "rb") as written:
            written.seek(0)
            read = written.read()
        adoption = self._loop.create_task(self._adopt(socket.socket(fileno=connection), read))
        self._adoptions.add(adoption)
        adoption.add_done_callback(self._adoptions.discard)

    async def _adopt(self, connection: socket.socket, read: bytes) -> None:
        try:
            await self._loop.connect_accepted_socket(partial(self._front, read), connection)
        except OSError:  # it has ended meanwhile
            connection.close()


def _file(data: bytes) -> BinaryIO:
    """A file in memory, or at least without a name."""
    if sys.platform == "linux":
        file: BinaryIO = open(os.memfd_create("read"), "w+b")  # noqa: SIM115 - the caller closes it
    else:
        file = tempfile.TemporaryFile()  # noqa: SIM115
    file.write(data)
    file.flush()
    return file


def _check(folder: Path) -> None:
    """Refuse a folder where anybody else could take connections, or give us some."""
    status = folder.stat()
    if not stat.S_ISDIR(status.st_mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
    if status.st_uid != os.geteuid() or stat.S_IMODE(status.st_mode) & 0o077:
        raise PermissionError(errno.EPERM, "must be this user's and have the mode 0700")


def _close(descriptors: list[int]) -> None:
    for each in descriptors:
        with suppress(OSError):
            os.close(each)
