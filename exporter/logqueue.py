"""Log lines on their way out: a reader who doesn't read holds up nobody, and repeated lines are counted."""

import contextlib
import logging
import os
import queue
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from io import UnsupportedOperation
from typing import TextIO

_MOST_WAITING = 10_000
_MOST_KNOWN = 1_000
# The same line is written so often within so many seconds; further ones are counted, and told after that.
_OFTEN = 3
_WINDOW = 10.0
_LOOK_EVERY = 1.0


@dataclass(slots=True)
class _Seen:
    since: float
    times: int
    record: logging.LogRecord


class Repeats(logging.Filter):
    """Holds back a line that was just said several times; how often is the fact `repeated` of the next one."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: OrderedDict[object, _Seen] = OrderedDict()
        self._lock = threading.Lock()

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the line is to be written now."""
        with self._lock:
            return self._passes(record, _key(record), time.monotonic())

    def _passes(self, record: logging.LogRecord, key: object, now: float) -> bool:
        seen = self._seen.get(key)
        if seen and now - seen.since < _WINDOW:
            seen.times += 1
            return seen.times <= _OFTEN
        if seen and seen.times > _OFTEN:
            _add(record, repeated=seen.times - _OFTEN)
        self._seen[key] = _Seen(now, 1, record)
        self._seen.move_to_end(key)
        if len(self._seen) > _MOST_KNOWN:
            self._seen.popitem(last=False)
        return True

    def overdue(self) -> list[logging.LogRecord]:
        """Return what was held back and not said since; from then on it is forgotten."""
        now = time.monotonic()
        with self._lock:
            old = [key for key, seen in self._seen.items() if now - seen.since >= _WINDOW]
            held = [seen for seen in map(self._seen.pop, old) if seen.times > _OFTEN]
        for seen in held:
            _add(seen.record, repeated=seen.times - _OFTEN)
            seen.record.created = time.time()
        return [seen.record for seen in held]


def _key(record: logging.LogRecord) -> object:
    facts = getattr(record, "facts", {}).items()
    told = tuple((name, str(value)) for name, value in facts if name != "duration")
    return record.name, record.levelno, record.getMessage(), told


def _add(record: logging.LogRecord, **facts: object) -> None:
    record.facts = {**getattr(record, "facts", {}), **facts}


class QueueingHandler(logging.Handler):
    """Writes lines from a thread of its own; those for which there is no room are `dropped`."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self.dropped = 0
        self._repeats = Repeats()
        self.addFilter(self._repeats)
        self._stream = stream
        self._lines: queue.Queue[str | None] = queue.Queue(_MOST_WAITING)
        self._thread = threading.Thread(target=self._write, name="log", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Put the line in the queue."""
        try:
            self._lines.put_nowait(self.format(record) + "\n")
        except queue.Full:
            self.dropped += 1
        except Exception:
            self.handleError(record)

    def finish(self, within: float) -> None:
        """Write what waits, and end; a reader who still doesn't read is given so many seconds."""
        with contextlib.suppress(queue.Full):
            self._lines.put(None, timeout=within)
            self._thread.join(within)

    def _write(self) -> None:
        while (line := self._next()) is not None:
            # Something may be overdue although lines come all the time, but then it is said again as well.
            held = [] if line else [f"{self.format(record)}\n" for record in self._repeats.overdue()]
            for text in filter(None, (line, *held)):
                self._put(text)

    def _next(self) -> str | None:
        try:
            return self._lines.get(timeout=_LOOK_EVERY)
        except queue.Empty:
            return ""

    def _put(self, line: str) -> None:
        try:
            _write_all(self._stream, line)
        except OSError:
            self.dropped += 1


def _write_all(stream: TextIO, line: str) -> None:
    """Write past Python's own buffer, whose lock would keep a process with a stuck reader from ending."""
    try:
        target = stream.fileno()
    except (UnsupportedOperation, ValueError):
        stream.write(line)
        return
    rest = line.encode(errors="backslashreplace")
    while rest:
        try:
            rest = rest[os.write(target, rest) :]
        except BlockingIOError:
            time.sleep(0.05)
