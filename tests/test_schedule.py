"""When a source is polled next."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.polling.schedule import Schedule, pause_for

intervals = st.floats(0.1, 86_400)
phases = st.floats(0, 1e6)
times = st.floats(0, 1e7)


@given(intervals, phases, times)
def test_polls_stand_on_a_grid(interval: float, phase: float, now: float) -> None:
    """After a success the next poll comes at the next point of the source's own grid, and not at once."""
    delay = Schedule(interval, phase).delay(now, 0, 0.0)
    turns = (now + delay - phase) / interval
    assert turns == pytest.approx(round(turns), abs=1e-3)
    assert 0 < delay <= interval + min(1.0, interval / 10) + 1e-6


@given(intervals, phases, times, st.integers(1, 1000))
def test_a_retry_is_never_later_than_the_grid(
    interval: float, phase: float, now: float, failures: int
) -> None:
    """Back-off only ever brings a poll forward: a source that fails is asked at least as often as one that works."""
    schedule = Schedule(interval, phase)
    assert 0 < schedule.delay(now, failures, 0.0) <= schedule.delay(now, 0, 0.0)


def test_retries_double() -> None:
    """The first retry comes after an eighth of the interval, each further one after twice as long."""
    schedule = Schedule(80.0, 79.0)
    assert [schedule.delay(0.0, failures, 0.0) for failures in range(1, 6)] == [10, 20, 40, 79, 79]


@given(intervals, phases, times, st.integers(0, 5), st.floats(60, 1800))
def test_a_pause_is_kept(interval: float, phase: float, now: float, failures: int, pause: float) -> None:
    """When the API said how long to wait, that is how long we wait, whatever the grid says."""
    assert Schedule(interval, phase).delay(now, failures, pause) == pause


PAUSES = {
    "as told": (300.0, 600.0, 300.0),
    "floor": (1.0, 600.0, 60.0),
    "no time at all": (0.0, 600.0, 60.0),
    "cap": (86_400.0, 600.0, 1800.0),
    "told less than the interval": (120.0, 3600.0, 120.0),
    "not told": (None, 600.0, 600.0),
    "not told, short interval": (None, 10.0, 60.0),
    "not told, long interval": (None, 7200.0, 7200.0),
}


@pytest.mark.parametrize(("told", "interval", "pause"), PAUSES.values(), ids=PAUSES)
def test_a_pause_has_bounds(told: float | None, interval: float, pause: float) -> None:
    """An API that limits requests is obeyed between one minute and half an hour; untold, we keep to our interval."""
    assert pause_for(told, interval) == pause
