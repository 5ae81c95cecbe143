"""Log lines: one JSON object each on stderr, through one redactor (access.md §9, T32, T59).

A line names route templates, statuses, codes and request ids. It never holds a path, a query, a header, a body, or the
message of an exception: any of them may carry what was refused, withheld, or secret.
"""

import logging
import sys
import traceback
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, WrappedLogger

from api.tokens import SHAPE

SECRET_KEYS = frozenset({"authorization", "cookie", "disclosures", "password", "secret", "token"})
STRUCK = "[struck]"
FRAMES = 8


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Strike secrets by name and tokens by shape, at any depth."""
    return {key: STRUCK if key.lower() in SECRET_KEYS else _struck(value) for key, value in event.items()}


def _struck(value: Any) -> Any:
    if isinstance(value, str):
        return SHAPE.sub(STRUCK, value)
    if isinstance(value, dict):
        return {k: STRUCK if str(k).lower() in SECRET_KEYS else _struck(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_struck(v) for v in value]
    return value


class Lines:
    """Writes the door's lines to `stream`."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._log = structlog.wrap_logger(
            structlog.PrintLogger(sys.stderr if stream is None else stream),
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
                redact,
                structlog.processors.JSONRenderer(sort_keys=True),
            ],
            wrapper_class=structlog.BoundLogger,
        )

    def answered(self, request_id: str, method: str, route: str, status: int, seconds: float, code: str | None) -> None:
        """An answer that was no success, or was slow."""
        method = method if method in ("GET", "HEAD", "POST") else "other"
        say = self._log.error if status >= 500 else self._log.info
        say("answered", request=request_id, method=method, route=route, status=status,
            ms=round(seconds * 1000, 1), code=code)  # fmt: skip

    def fault(self, request_id: str, route: str, err: BaseException) -> None:
        """An exception that reached the outermost door: its type and place in our code, never its text."""
        frames = traceback.extract_tb(err.__traceback__)[-FRAMES:]
        where = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in frames]
        self._log.error("fault", request=request_id, route=route, error=type(err).__name__, where=where)

    def say(self, event: str, **values: Any) -> None:
        """Anything else."""
        self._log.info(event, **values)


class LibraryLines(logging.Handler):
    """What libraries log, as lines of ours: whose, and the first line of its template; never what it was filled with."""

    def __init__(self, lines: Lines) -> None:
        super().__init__(logging.WARNING)
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        """One line; of an exception its type."""
        error = record.exc_info[0] if record.exc_info else None
        text = str(record.msg).split("\n", 1)[0][:120]
        self._lines.say("library", logger=record.name, severity=record.levelname.lower(), text=text,
                        error=None if error is None else error.__name__)  # fmt: skip


def gather(lines: Lines) -> None:
    """Send every library's warnings through `lines`, and nowhere else."""
    root = logging.getLogger()
    root.handlers[:] = [LibraryLines(lines)]
    root.setLevel(logging.WARNING)
