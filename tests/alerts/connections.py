"""Connections of a scripted world, as the exporter checks and shows them.

A word of a timeline may name its reason (`offline:forbidden`), and a 429 its pause (`limited:30m`). One connection is checked at
the moment it changes; of several (`evotor/till*30`) each has its own time within the interval, as the exporter spreads them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from exporter.model import CONNECTION_STATUSES
from tests.alerts.timeline import Sample, Timeline, labels, seconds

INTERVALS = {"evotor": 600.0, "http": 60.0}
FAILING = {"offline": "unauthorized", "unreachable": "timeout", "limited": "rate_limited"}
PAUSE = "2m"


@dataclass(frozen=True)
class Named:
    """What is called by a kind and an id, as in `evotor/till`."""

    name: str

    @property
    def kind(self) -> str:
        return self.name.split("/")[0]

    @property
    def connection(self) -> str:
        return self.name.split("/")[1]


@dataclass(frozen=True)
class Checked(Named):
    """A connection after its latest check."""

    host: str
    word: str
    since: float
    checked: float
    next_at: float
    failures: int = 0
    last_reason: str = ""

    @property
    def status(self) -> str:
        status = self.word.split(":")[0]
        return "unreachable" if status == "limited" else status


@dataclass(frozen=True)
class Wire(Named):
    """One connection of the case; with a `phase` it is checked at its own times only."""

    line: Timeline
    host: str
    phase: float | None = None

    def check(self, known: Checked | None, now: float) -> Checked | None:
        """Return the connection as known from `now` on; None when it is not, or not yet."""
        word = self.line.at(now)
        if word == "gone" or (known is None and self.phase is not None and now < self.phase):
            return None
        due = known is None or now >= known.next_at or (self.phase is None and known.word != word)
        return self._checked(known, word, now) if due else known

    def _checked(self, known: Checked | None, word: str, now: float) -> Checked:
        status, _, detail = word.partition(":")
        failures = (known.failures if known else 0) + 1 if status in FAILING else 0
        wait = INTERVALS[self.kind] * min(1.0, 2.0 ** (failures - 4)) if failures else INTERVALS[self.kind]
        if status == "limited":
            wait, detail = seconds(detail or PAUSE), ""
        reason = detail or FAILING.get(status, "") or (known.last_reason if known else "")
        state = Checked(self.name, self.host, word, now, now, now + wait, failures, reason)
        same = known is not None and known.status == state.status
        return replace(state, since=known.since) if known and same else state


def connections_of(case: Mapping[str, Any]) -> list[Wire]:
    """Return the connections of a case."""
    return [wire for name, text in case.get("connections", {}).items() for wire in _wires(case, name, text)]


def _wires(case: Mapping[str, Any], name: str, text: str) -> Iterator[Wire]:
    name, _, count = name.partition("*")
    host = case.get("hosts", {}).get(name, host_of(name.split("/")[0]))
    if not count:
        yield Wire(name, Timeline.of(text), host)
    for number in range(int(count or 0)):
        phase = INTERVALS[name.split("/")[0]] * number / int(count)
        yield Wire(f"{name}{number}", Timeline.of(text), host, phase)


def host_of(kind: str) -> str:
    """The host that connections of a kind ask unless the case says otherwise."""
    return f"api.{kind}.example"


def samples(state: Checked) -> Iterator[Sample]:
    """Yield what the exporter shows of a connection."""
    who = labels(connection=state.connection, kind=state.kind)
    for possible in CONNECTION_STATUSES:
        yield ("connection_status", (*who, ("status", possible))), float(possible == state.status)
    yield ("connection_status_since_timestamp_seconds", who), state.since
    yield ("connection_last_checked_timestamp_seconds", who), state.checked
    yield ("connection_info", (*who, *labels(host=state.host))), 1
    if state.last_reason:
        yield ("connection_last_failure_info", (*who, ("reason", state.last_reason))), 1
