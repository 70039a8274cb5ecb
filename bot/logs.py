"""The log: what happened, to which subject code, in which action; nothing a person said and no secret.

A line of ours is a fixed sentence with values that are codes (`subject=TJ-001 action=record_lab row=17`). A
value that could be words of a person, such as anything with a space in it, is left out. Of an error stand
its class and the places in the code, never its message, which may quote a row or a text.

The libraries are heard from WARNING on, whatever `LOG_LEVEL` says, and only with the fixed part of what they
say: below that python-telegram-bot and httpx print texts and the bot token.

To log: `_log = structlog.get_logger(__name__)`, then `_log.warning("an update was parked", update=7)`. Lines
go to standard error, as `key=value` or as JSON; standard output is for the answer of a command.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import MutableMapping
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Any, Final, TextIO

import structlog

# They speak texts or tokens at DEBUG and INFO; all others are held back by the root logger.
CAPPED: Final = (
    "telegram",
    "httpx",
    "httpcore",
    "aiohttp",
    "uvicorn",
    "sqlalchemy",
    "aiosqlite",
    "apscheduler",
    "apprise",
    "urllib3",
)
LEFT_OUT: Final = "<left-out>"
# Telegram's bot token, alone or in an address, and a password in an address.
_SECRET = re.compile(r"\d{5,}:[A-Za-z0-9_-]{20,}|://[^/\s:@]*:[^/\s@]+@")
# Codes, names in the code, numbers, moments; no free text has this shape.
_CODE = re.compile(r"[A-Za-z0-9_.:@/<>|+-]{0,200}")
_ROOT = Path(__file__).parent.parent
_ORDER: Final = ["timestamp", "level", "event", "logger", "action", "subject"]
_FRAMES = 8

Event = MutableMapping[str, Any]


def configure_logs(level: str, *, as_json: bool = False, stream: TextIO | None = None) -> None:
    """Sets up the log of this process. `level` counts for our own lines only.

    Args:
        level: DEBUG, INFO, WARNING or ERROR.
        as_json: one JSON object a line, for machines that collect logs.
        stream: standard error unless given.
    """
    out = stream or sys.stderr
    renderer = _renderer(as_json=as_json)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            name_failure,
            codes_only,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(_LibraryLine(renderer))
    handler.addFilter(without_secret)
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    # A line that cannot be formatted would be printed with its arguments.
    logging.raiseExceptions = False
    for name in CAPPED:
        logging.getLogger(name).setLevel(logging.WARNING)


def codes_only(_logger: Any, _method: str, event: Event) -> Event:
    """Leaves out every value that is no code, and blacks out what looks like a secret."""
    shown = {key: value if key == "event" else _code(value) for key, value in event.items()}
    shown["event"] = _SECRET.sub(LEFT_OUT, str(shown.get("event", "")))
    return shown


def name_failure(_logger: Any, _method: str, event: Event) -> Event:
    """An exception becomes its class and the places it passed, outermost first."""
    error = _failure(event.pop("exc_info", None))
    if error is not None:
        event["error"] = "<".join(_names(error))
        event["at"] = _places(error.__traceback__)
    return event


def without_secret(record: logging.LogRecord) -> bool:
    """Drops what a library says with anything shaped like a token or a password in it, and says so."""
    if _SECRET.search(_whole(record)):
        record.msg, record.args = "a line was left out: it held a secret", ()
        record.exc_info = record.exc_text = record.stack_info = None
    return True


class _LibraryLine(logging.Formatter):
    """A library's record as a line like ours: the fixed part of its message, never the arguments."""

    def __init__(self, renderer: Any) -> None:
        super().__init__()
        self._renderer = renderer

    def format(self, record: logging.LogRecord) -> str:
        # The rest of a message may quote what failed, as asyncio does.
        first_line = str(record.msg).partition("\n")[0]
        event: Event = {
            "event": first_line if record.args or first_line.isascii() else LEFT_OUT,
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        if record.exc_info:
            event["exc_info"] = record.exc_info
        stamped = structlog.processors.TimeStamper(fmt="iso", utc=True)(None, "", event)
        return str(self._renderer(None, "", codes_only(None, "", name_failure(None, "", stamped))))


def _renderer(*, as_json: bool) -> Any:
    if as_json:
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    return structlog.processors.LogfmtRenderer(key_order=_ORDER, drop_missing=True)


def _code(value: object) -> object:
    if value is None or (isinstance(value, bool | int | float) and not isinstance(value, Enum)):
        return value
    said = value.name if isinstance(value, Enum) else str(value)
    return said if _CODE.fullmatch(said) and not _SECRET.search(said) else LEFT_OUT


def _failure(exc_info: object) -> BaseException | None:
    """The exception of `exc_info` in each of the shapes that logging takes."""
    match exc_info:
        case BaseException():
            return exc_info
        case (_, BaseException() as error, _):
            return error
        case True:
            return sys.exception()
        case _:
            return None


def _names(error: BaseException) -> list[str]:
    """Its class, then those of what caused it."""
    return [type(error).__name__, *(_names(error.__cause__) if error.__cause__ else ())]


def _places(trace: TracebackType | None) -> str:
    frames = traceback.extract_tb(trace)[-_FRAMES:]
    return "|".join(f"{_short(frame.filename)}:{frame.lineno}" for frame in frames)


def _short(filename: str) -> str:
    """From the root of the house, or from the library's name on: never a path of this machine."""
    path = Path(filename)
    if "site-packages" in path.parts:
        return "/".join(path.parts[path.parts.index("site-packages") + 1 :])
    return path.relative_to(_ROOT).as_posix() if path.is_relative_to(_ROOT) else path.name


def _whole(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):
        return f"{record.msg} {record.args}"
