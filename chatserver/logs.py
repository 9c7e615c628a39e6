"""How the process logs: for people on a terminal, as JSON lines otherwise.

Never message text, tokens or phone numbers. Callers do not pass them; as a last line of defence
fields with telling names are masked, anything that looks like a token is masked wherever it
stands, and tracebacks come without the values of variables.
"""

from __future__ import annotations

import logging
import os
import re
import sys
import time
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from chatserver.config import Settings

QUIET = ("socketio", "engineio", "aiohttp", "asyncio", "pymongo", "motor", "httpcore2", "hpack")
"""Libraries that are heard from warnings on only."""

MASK = "***"
_SECRET_FIELDS = frozenset({"token", "auth", "authorization", "password", "text", "body", "phone"})
_TOKEN = re.compile(r"eyJ[\w-]{5,}\.[\w-]+\.[\w-]+=*")
_KEYS_MAX = 1000

_last: dict[str, float] = {}


def setup(settings: Settings) -> None:
    """Send everything that this process and its libraries log to stderr, in one form."""
    renderer = _renderer(settings)
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    structlog.configure(
        processors=[*_PREPARE, *renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_PREPARE,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    if settings.reuse_port:  # the nodes of one port may write to one log
        structlog.contextvars.bind_contextvars(pid=os.getpid())
    for name in QUIET:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))


def once_in(seconds: float, key: str) -> bool:
    """Whether a line of this key is due: the first time, then once in so many seconds.

    `key` is a fixed word of the calling code, never something a client sent.
    """
    now = time.monotonic()
    if now - _last.get(key, -seconds) < seconds:
        return False
    if len(_last) >= _KEYS_MAX:
        _last.clear()
    _last[key] = now
    return True


def _mask_fields(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    for name in _SECRET_FIELDS & event.keys():
        event[name] = MASK
    return event


def _mask_tokens(_logger: WrappedLogger, _method: str, line: Any) -> str:
    return _TOKEN.sub(MASK, line)


def _renderer(settings: Settings) -> list[Processor]:
    on_terminal = sys.stderr.isatty()
    if settings.log_format == "text" or (settings.log_format == "auto" and on_terminal):
        plain = structlog.dev.plain_traceback  # the default one shows the values of variables
        return [
            structlog.dev.ConsoleRenderer(colors=on_terminal, exception_formatter=plain),
            _mask_tokens,
        ]
    return [
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(ensure_ascii=False),
        _mask_tokens,
    ]


_PREPARE: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    _mask_fields,
]
