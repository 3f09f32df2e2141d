"""Blocking work beside the event loop: one thread per mount or database, as each may hang for ever."""

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
_MOUNTS = Path("/proc/self/mountinfo")


async def run_beside(lane: str, work: Callable[[], T]) -> T:
    """Return what `work` returns; in one lane there is one work at a time, and while another lane hangs it goes on."""
    return await asyncio.wrap_future(_thread(lane).submit(work))


def mount_of(path: Path) -> str:
    """Return the mount point that holds `path`, found without touching it; "/" where that can't be known."""
    absolute = str(path.absolute())
    fitting = (mount for mount in _mounts() if f"{absolute}/".startswith(f"{mount.rstrip('/')}/"))
    return max(fitting, key=len, default="/")


def _mounts() -> list[str]:
    with suppress(OSError):
        # The fifth field, in which a blank is written as \\040.
        return [line.split(" ")[4].replace("\\040", " ") for line in _MOUNTS.read_text().splitlines()]
    return []


class _Thread:
    """A daemon thread, so that work that hangs can't hold up the end of the process."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = queue.SimpleQueue()
        threading.Thread(target=self._run, daemon=True, name="beside").start()

    def submit(self, work: Callable[[], T]) -> "Future[T]":
        future: Future[T] = Future()
        self._waiting.put((future, work))
        return future

    def _run(self) -> None:
        while True:
            future, work = self._waiting.get()
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(work())
                except BaseException as error:
                    future.set_exception(error)


@cache
def _thread(lane: str) -> _Thread:
    return _Thread()
