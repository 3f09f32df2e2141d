"""Durations as Prometheus writes them: `30s`, `1h30m`, `250ms`."""

import re

_UNITS = {"y": 31_536_000.0, "w": 604_800.0, "d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_DURATION = re.compile("".join(rf"(?:(?P<{unit}>[0-9]{{1,12}}){unit})?" for unit in _UNITS))


def parse_duration(text: object) -> float:
    """Return seconds; raise ValueError, saying how a duration looks, for anything else."""
    match = _DURATION.fullmatch(text) if isinstance(text, str) and text else None
    if match is None:
        hint = f", did you mean {text}s?" if isinstance(text, int) and not isinstance(text, bool) else ""
        raise ValueError(f"must be a duration such as 30s or 1h30m{hint}")
    return sum(int(count) * _UNITS[unit] for unit, count in match.groupdict().items() if count)


def format_duration(seconds: float) -> str:
    """Return the shortest Prometheus duration of so many seconds, to the millisecond."""
    rest, parts = round(seconds * 1000), []
    for unit in ("d", "h", "m", "s", "ms"):
        count, rest = divmod(rest, round(_UNITS[unit] * 1000))
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"
