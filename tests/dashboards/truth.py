"""What the panels must tell of the day of world.py."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from dashboards.look import CONNECTION_STATES, SERVICE_STATES, WINDOWS
from tests.dashboards.asking import TOLERANCE, Asked, Window
from tests.dashboards.world import DAY, Subject, observed, share

SERVICE_KEYS = [state.key for state in SERVICE_STATES]
CONNECTION_KEYS = [state.key for state in CONNECTION_STATES]
CODES = {state.key: state.code for state in (*SERVICE_STATES, *CONNECTION_STATES)} | {"no_data": 2}

Ask = Callable[..., Asked]
each_window = pytest.mark.parametrize("window", WINDOWS)


def worst(subjects: list[Subject]) -> str:
    """The status that a row shows at the end of the day."""
    found = [status for status in (subject.status(DAY) for subject in subjects) if status]
    return max(found, key=CODES.__getitem__, default="no_data")


PLANNED = ("maintenance", "not_connected", "no_data")
"""What says nothing about how good a service or connection is."""


def counted_hours(subjects: list[Subject]) -> float:
    """Hours of the day that count."""
    return 24 * (100 - sum(share(subjects, status, 0, DAY) for status in PLANNED)) / 100


def counted_share(subjects: list[Subject], status: str) -> float:
    """Percentage of the part of the day that counts."""
    return 24 * share(subjects, status, 0, DAY) / counted_hours(subjects)


def near(truth: Mapping[Any, float], tolerance: float = TOLERANCE) -> Any:
    return pytest.approx(dict(truth), abs=tolerance)


def seen(subject: Subject, minute: float) -> str:
    return (observed(minute) and subject.status(minute)) or "no_data"


def bars(asked: Asked, panel_id: int) -> list[Window]:
    """The stacked bars of a panel, by the keys of its statuses."""
    series = {legend.replace(" ", "_"): values for legend, values in asked.legends(panel_id).items()}
    (ends,) = {tuple(values) for values in series.values()}
    return [Window(end, {key: values[end] for key, values in series.items()}) for end in ends]
