"""Ask Prometheus what a panel asks, and read the answers as the panel does."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tests.dashboards.grafana_view import Request, View
from tests.dashboards.world import START, Subject, share
from tests.real import Prometheus

Labels = tuple[str, ...]
TOLERANCE = 0.5
"""Percentage points."""


@dataclass(frozen=True)
class Answer:
    """One series: its labels, and its values by Unix time."""

    labels: Mapping[str, str]
    values: Mapping[int, float]

    @property
    def value(self) -> float:
        """The only value."""
        (value,) = self.values.values()
        return value


class Window(NamedTuple):
    """A bar: when it ends, and its percentages by status."""

    end: int
    shares: Mapping[str, float]


@dataclass(frozen=True)
class Asked:
    """A dashboard in front of a server."""

    server: Prometheus
    view: View

    def answers(self, panel_id: int, ref: str = "A") -> list[Answer]:
        """What one query of a panel gives."""
        (request,) = (r for r in self.view.requests(self.view.panel(panel_id)) if r.ref == ref)
        return self.run(request)

    def run(self, request: Request) -> list[Answer]:
        """What a query gives."""
        if not request.step:
            found = self.server.query(request.expr, request.end)
            return [Answer(s["metric"], {request.end: float(s["value"][1])}) for s in found]
        series = self.server.query_range(request.expr, request.start, request.end, request.step)
        return [Answer(s["metric"], {int(t): float(v) for t, v in s["values"]}) for s in series]

    def values(self, panel_id: int, ref: str, *labels: str) -> dict[Labels, float]:
        """The values of an instant query by some labels."""
        found = self.answers(panel_id, ref)
        values = {tuple(a.labels.get(label, "") for label in labels): a.value for a in found}
        assert len(values) == len(found), "rows that these labels do not tell apart"
        return values

    def value(self, panel_id: int, ref: str = "A") -> float:
        """The value of a query that gives one."""
        (answer,) = self.answers(panel_id, ref)
        return answer.value

    def legends(self, panel_id: int) -> dict[str, Mapping[int, float]]:
        """The values of every series of a panel by its legend."""
        panel = self.view.panel(panel_id)
        return {
            written(request.legend, answer.labels): answer.values
            for request in self.view.requests(panel)
            for answer in self.run(request)
        }


def written(legend: str, labels: Mapping[str, str]) -> str:
    """A legend with its labels filled in."""
    for name, value in labels.items():
        legend = legend.replace(f"{{{{{name}}}}}", value)
    return legend


def decoded(answers: Sequence[Answer], row: str, states: Sequence[str]) -> dict[str, list[Window]]:
    """The bars of every row of a history query, read digit by digit as the value mapping does.

    The order is that of the answers, as Grafana keeps it.
    """
    found: dict[str, dict[int, list[str]]] = {}
    for answer in answers:
        for end, value in answer.values.items():
            assert value < 2**53
            found.setdefault(answer.labels[row], {}).setdefault(end, []).append(f"{value:.0f}")
    return {
        name: [Window(end, _shares(pair, states)) for end, pair in sorted(of.items())]
        for name, of in found.items()
    }


def _shares(pair: list[str], states: Sequence[str]) -> dict[str, float]:
    first, second = pair
    assert len(first) == len(second) == 16
    tenths = (first[4:8], first[8:12], first[12:16], second[2:6], second[6:10])
    return {name: int(digits) / 10 for name, digits in zip((*states, "no_data"), tenths, strict=True)}


def wrong(windows: Sequence[Window], subjects: Sequence[Subject], minutes: int) -> Iterator[str]:
    """What differs from the truth by more than the tolerance, or does not add up to 100 %."""
    for end, shares in windows:
        minute = (end - START) / 60
        total = sum(shares.values())
        if not 100 - TOLERANCE <= total <= 100 + 1e-9:
            yield f"at {minute}: {total} in all"
        for status, told in shares.items():
            truth = share(subjects, status, minute - minutes, minute)
            if abs(told - truth) > TOLERANCE:
                yield f"at {minute}: {status} {told}, in truth {truth}"
