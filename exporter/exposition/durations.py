"""How long the checks of each kind of connection took: one histogram per kind, as one per connection is 12 series."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import add, sub

from exporter import metrics
from exporter.exposition.labels import label_pairs
from exporter.exposition.samples import Line, histogram
from exporter.state import BUCKETS, SourceState, first_state

_EMPTY = (0,) * (len(BUCKETS) + 1)


@dataclass(slots=True)
class _Total:
    counts: tuple[int, ...] = _EMPTY
    seconds: float = 0.0


@dataclass(slots=True)
class KindDurations:
    """Sums up what is new in each state; what a connection that left had counted stays, so that no count falls."""

    _totals: dict[str, _Total] = field(default_factory=lambda: defaultdict(_Total))

    def add(self, state: SourceState, before: SourceState | None = None) -> None:
        """Add the polls of one of many sources since `before`."""
        if state.info.is_one_of_many:
            if before is None or before.polls > state.polls:
                before = first_state(state.info)
            total = self._totals[state.info.id.kind]
            total.counts = tuple(map(add, total.counts, map(sub, state.durations, before.durations)))
            total.seconds += state.seconds - before.seconds

    def lines(self) -> Iterator[Line]:
        """Yield the histogram of each kind that was polled."""
        for kind, total in self._totals.items():
            labels = label_pairs(("kind",), (kind,))
            yield from histogram(metrics.SOURCE_POLL_DURATION, labels, total.counts, total.seconds)
