"""Prometheus durations in texts."""

import re

SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
DURATION = re.compile(r"(?<![\w.])((?:\d+(?:ms|[smhdw]))+)(?![\w.])")
_PART = re.compile(r"(\d+)(ms|[smhdw])")


def seconds(duration: str) -> float:
    """Return the seconds of `1h30m`."""
    assert DURATION.fullmatch(duration), f"no duration: {duration!r}"
    return sum(int(number) * SECONDS[unit] for number, unit in _PART.findall(duration))
