"""Log lines: a short phrase and facts, as logfmt or JSON, on standard error."""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from traceback import format_tb
from typing import Any, Literal

from exporter.logqueue import QueueingHandler

LogFormat = Literal["logfmt", "json"]
LEVELS = ("debug", "info", "warn", "error")
# Of a fact, in characters: a log line is no place for a body, or for the errors of a thousand datacenters.
_LONGEST = 4_000
_PLAIN = re.compile(r"[^\s\"=\\]+")


class Log:
    """A logger whose facts are keyword arguments; `bound` ones stand in every line."""

    def __init__(self, name: str, **bound: object) -> None:
        self._logger = logging.getLogger(f"exporter.{name}")
        self._bound = bound

    def debug(self, event: str, **facts: object) -> None:
        """Log a step."""
        self._log(logging.DEBUG, event, facts)

    def info(self, event: str, **facts: object) -> None:
        """Log what an operator wants to know."""
        self._log(logging.INFO, event, facts)

    def warning(self, event: str, **facts: object) -> None:
        """Log what an operator should look at."""
        self._log(logging.WARNING, event, facts)

    def error(self, event: str, **facts: object) -> None:
        """Log a failure."""
        self._log(logging.ERROR, event, facts)

    def defect(self, event: str, error: BaseException, **facts: object) -> None:
        """Log an error that should not have been: what and where, but not its text, which may quote a secret."""
        where = "".join(format_tb(error.__traceback__))
        self._log(logging.ERROR, event, {**facts, "error": type(error).__name__, "frames": where})

    def _log(self, level: int, event: str, facts: dict[str, object]) -> None:
        self._logger.log(level, event, extra={"facts": {**self._bound, **facts}})


class _Formatter(logging.Formatter):
    """Common to both formats: which facts a line has, in which order."""

    def facts(self, record: logging.LogRecord) -> dict[str, Any]:
        at = (
            datetime.fromtimestamp(record.created, UTC)
            .isoformat(timespec="milliseconds")
            .replace("+00:00", "Z")
        )
        level = record.levelname.lower().replace("warning", "warn")
        facts = {"time": at, "level": level, "msg": record.getMessage(), **getattr(record, "facts", {})}
        if record.exc_info:
            facts["traceback"] = self.formatException(record.exc_info)
        return {name: _shortened(value) for name, value in facts.items()}


class Logfmt(_Formatter):
    """time=… level=… msg=… key=value."""

    def format(self, record: logging.LogRecord) -> str:
        return " ".join(f"{key}={_quoted(value)}" for key, value in self.facts(record).items())


class Json(_Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(self.facts(record), ensure_ascii=False, default=str)


def _shortened(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST // 2]} … {text[-_LONGEST // 2 :]}"


def _quoted(value: object) -> str:
    """Quote where it is needed; nothing that steers a terminal is let through."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if _PLAIN.fullmatch(text) and text.isprintable():
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in quoted)


def configure(level: str, style: LogFormat) -> None:
    """Send all logs to standard error; libraries speak only of warnings, as they may quote requests."""
    handler = QueueingHandler(sys.stderr)
    handler.setFormatter(Json() if style == "json" else Logfmt())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("exporter").setLevel(logging.WARNING if level == "warn" else level.upper())
    # What strangers send is no news for an operator.
    logging.getLogger("uvicorn").setLevel(logging.ERROR)


def finish(within: float = 1.0) -> None:
    """Write the lines that still wait; at most so many seconds are spent on it."""
    for handler in _handlers():
        handler.finish(within)


def dropped() -> int:
    """Return how many lines nobody could be given, because the reader was too slow or gone."""
    return sum(handler.dropped for handler in _handlers())


def _handlers() -> list[QueueingHandler]:
    return [handler for handler in logging.getLogger().handlers if isinstance(handler, QueueingHandler)]
