"""When a source is polled next: on its own grid in time, sooner after a failure, later when asked to wait."""

import math
from dataclasses import dataclass

# After a failure the next poll comes after this part of the interval, then twice as long each time.
_FIRST_RETRY = 1 / 8
# Bounds, in seconds, of how long an API that limits requests can make us wait.
PAUSE_FLOOR = 60.0
PAUSE_CAP = 1800.0


def pause_for(retry_after: float | None, interval: float) -> float:
    """Return how long to wait after a 429: what the API said, within bounds; else at least the interval."""
    wanted = interval if retry_after is None else retry_after
    return min(max(wanted, PAUSE_FLOOR), max(PAUSE_CAP, interval if retry_after is None else 0.0))


@dataclass(frozen=True, slots=True)
class Schedule:
    """Polls at `phase` + any number of `interval`s of the steady clock, all in seconds."""

    interval: float
    phase: float

    def delay(self, now: float, failures: int, pause: float) -> float:
        """Return the seconds from `now` to the next poll after so many `failures` in a row."""
        if pause:
            return pause
        grid = self._until_grid(now)
        return min(grid, self.interval * _FIRST_RETRY * 2 ** min(failures - 1, 10)) if failures else grid

    def _until_grid(self, now: float) -> float:
        # Not right after the poll just made, which may be out of turn.
        soonest = now + min(1.0, self.interval / 10)
        turn = math.ceil((soonest - self.phase) / self.interval)
        return self.phase + turn * self.interval - now
