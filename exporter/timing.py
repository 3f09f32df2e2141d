"""Time: the clocks the exporter reads, and deadlines that raise our own error."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import TypeVar

from exporter.errors import TimedOut

T = TypeVar("T")
Clock = Callable[[], float]

wall: Clock = time.time
steady: Clock = time.monotonic


@asynccontextmanager
async def deadline(seconds: float, message: str) -> AsyncIterator[None]:
    """Stop what runs inside after so many seconds with TimedOut."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise TimedOut(f"{message} ({seconds:g} s)") from None


async def in_steps(items: Iterable[T], size: int = 500) -> AsyncIterator[T]:
    """Yield the items; after each `size` of them the event loop serves others."""
    for number, item in enumerate(items, start=1):
        yield item
        if number % size == 0:
            await asyncio.sleep(0)
