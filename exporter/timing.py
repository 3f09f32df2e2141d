"""Time: the clocks the exporter reads, and deadlines that raise our own error."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from exporter.errors import TimedOut

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
