"""From an event to its acknowledgement: in time, and always one."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any, cast

import msgspec
import structlog

from chatserver import metrics
from chatserver.clock import now_ms
from chatserver.domain import wire
from chatserver.errors import Busy, ChatError, Internal, Invalid, Unavailable
from chatserver.gateway.alarms import LATE_S, Alarms
from chatserver.gateway.engine.frames import Frame
from chatserver.gateway.engine.packets import Event
from chatserver.gateway.handlers import Handlers
from chatserver.gateway.hub import Connection
from chatserver.services.limits import Limits

CALL_TIMEOUT_S = 4.8  # an answer within five seconds, whatever is away

_encode = msgspec.json.Encoder().encode

log = structlog.get_logger()


class Answering:
    """Handles the calls of connections."""

    def __init__(self, handlers: Handlers, limits: Limits, late: Alarms[AnswerBy]) -> None:
        """`late` wake who takes too long."""
        self._handlers = handlers
        self._limits = limits
        self._late = late

    async def handle(self, connection: Connection, event: Event, deadline: float) -> None:
        """Handle one call and acknowledge it; never raises."""
        if connection.closed:
            return
        connection.begin()
        answer = await self._answer(connection, event, deadline)
        connection.answer(_ack(event.id, answer) if event.id is not None else None)

    async def _answer(
        self, connection: Connection, event: Event, deadline: float
    ) -> dict[str, Any]:
        try:
            with AnswerBy(deadline, self._late):
                self._limits.call(connection.caller.user, now_ms())
                call = wire.decode_call(event.name, event.payload)
                metrics.calls.inc(of=event.name)
                return {"ok": True, **await self._handlers.handle(connection, call)}
        except ChatError as refusal:
            return _refuse(refusal)
        except RecursionError:
            return _refuse(Invalid("This is nested too deeply"))
        except Exception:
            log.exception("a call failed", call=event.name)
            return _refuse(Internal())


class AnswerBy:
    """What one task does inside answers by the deadline, or ends as `Unavailable` just before it.

    The time counts from the call's arrival: behind calls that wait for a database that is away,
    the next ones are refused untried.
    """

    __slots__ = ("_alarms", "_cancelling", "_deadline", "_late", "_task", "alarm")

    def __init__(self, deadline: float, alarms: Alarms[AnswerBy]) -> None:
        """`deadline` is the event loop's time; `alarms` call `give_up`."""
        self._deadline = deadline
        self._alarms = alarms
        self._task = cast("asyncio.Task[Any]", asyncio.current_task())
        self._cancelling = self._task.cancelling()
        self._late = False
        self.alarm = 0

    def give_up(self) -> None:
        """The time is over."""
        self._late = True
        self._task.cancel()

    def __enter__(self) -> None:
        left_s = self._deadline - asyncio.get_running_loop().time()
        if left_s <= 0:
            raise Busy(retry_after_ms=1000)
        self._alarms.set(self, max(0, left_s - LATE_S))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._alarms.cancel(self)
        # as asyncio.timeout: a cancellation by somebody else at the same time goes on
        ours = self._late and self._task.uncancel() <= self._cancelling
        if isinstance(error, TimeoutError) or (ours and kind is asyncio.CancelledError):
            raise Unavailable from None


def _ack(number: int, answer: dict[str, Any]) -> Frame:
    return Frame.message(f"3{number}[{_encode(answer).decode()}]")


def _refuse(refusal: ChatError) -> dict[str, Any]:
    metrics.refusals.labels(refusal.code).inc()
    return {"ok": False, **refusal.to_wire()}
