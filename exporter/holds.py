"""How long the event loop was held up: while it is, nobody is served and no poll goes on."""

import asyncio
from collections import deque

from exporter.timing import Clock, steady

_STEP = 0.02
# The longest hold of so many seconds is reported, and of up to twice as many.
_WINDOW = 60.0


class Holds:
    """Measures it all the time, by how late a timer is."""

    def __init__(self, clock: Clock = steady) -> None:
        self._clock = clock
        self._recent: deque[tuple[int, float]] = deque(maxlen=2)

    async def measure(self) -> None:
        """Measure for ever."""
        while True:
            due = self._clock() + _STEP
            await asyncio.sleep(_STEP)
            self.note(self._clock() - due)

    def note(self, late: float) -> None:
        """Take note of how late a timer was, in seconds."""
        window = int(self._clock() // _WINDOW)
        if not self._recent or self._recent[-1][0] != window:
            self._recent.append((window, 0.0))
        self._recent[-1] = (window, max(self._recent[-1][1], late))

    @property
    def longest(self) -> float:
        """The longest hold of late, in seconds."""
        window = int(self._clock() // _WINDOW)
        return max((late for number, late in self._recent if number >= window - 1), default=0.0)
