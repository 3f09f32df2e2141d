"""What is so since when, as cases write it."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

from tests.alerts.durations import seconds as positive

Labels = tuple[tuple[str, str], ...]
Sample = tuple[tuple[str, Labels], float]
Span = tuple[float, float]


@dataclass(frozen=True)
class Timeline:
    """What is so since when: `passing 5m, critical 10m, gone`; the last one stays."""

    words: tuple[str, ...]
    starts: tuple[float, ...]

    @classmethod
    def of(cls, text: str) -> "Timeline":
        words, starts, at = [], [], 0.0
        for part in _repeated(text):
            word, *length = part.split()
            words.append(word)
            starts.append(at)
            at += seconds(length[0]) if length else 0
        return cls(tuple(words), tuple(starts))

    def at(self, time: float) -> str:
        return self.words[bisect_right(self.starts, max(time, 0)) - 1]


def _repeated(text: str) -> list[str]:
    """Return the parts of `a 1m, 20x(b 1m, c 1m), d`."""
    head, bracket, rest = text.partition("x(")
    if not bracket:
        return [part for part in text.split(",") if part.strip()]
    *before, times = head.split(",")
    inner, _, after = rest.partition(")")
    return [*_repeated(",".join(before)), *inner.split(",") * int(times), *_repeated(after)]


def seconds(duration: str) -> float:
    """Return the seconds of `1h30m` or `-5m`."""
    return -positive(duration[1:]) if duration.startswith("-") else positive(duration)


def spans(text: str | None) -> list[Span]:
    """Return the spans of `5m-6m30s, 10m-20m`."""
    return [
        (seconds(start), seconds(end))
        for start, _, end in (s.strip().partition("-") for s in (text or "").split(",") if s)
    ]


def within(time: float, when: Iterable[Span]) -> bool:
    return any(start <= time < end for start, end in when)


def labels(**values: str) -> Labels:
    return tuple((name, value) for name, value in values.items() if value)
