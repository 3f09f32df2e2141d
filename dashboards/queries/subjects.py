"""What an overview lists, services or connections: which there are, what they are now, what they were when last seen."""

from dataclasses import dataclass

from dashboards.look import NO_DATA_CODE, State
from dashboards.queries.promql import chosen, worst


@dataclass(frozen=True)
class Subjects:
    """The labels that tell them apart, the metric of their statuses, the rule that ranks them, what the filters choose."""

    by: str
    metric: str
    states: tuple[State, ...]
    ranks: str
    selector: str

    def now(self) -> str:
        """The worst status of each that is there."""
        return worst(self.by, self.metric, self.states, self.selector)

    def seen(self) -> str:
        """Each that was seen in 24 hours, whether it is there or not."""
        return f"group by ({self.by}) (last_over_time({self.ranks}{{{self.selector}}}[24h]))"

    def known(self) -> str:
        """The worst status of each that was seen in 24 hours: `no data` of those that are not there."""
        return f"{self.now()} or {NO_DATA_CODE} * {self.seen()}"

    def only(self, expr: str, found: str) -> str:
        """Those of `expr` that are found."""
        return f"(({expr}) and on ({self.by}) ({found}))"

    def in_chosen_status(self, states: str) -> str:
        """Those in a status that the variable `status` chooses, with the rank of the status."""
        code = f'count_values by ({self.by}) ("code", {self.known()})'
        return f"({states} and on ({self.by}) {chosen(code, 'code', 'status')})"


def count_of(states: str, code: int) -> str:
    """How many are in a status."""
    return f"count({states} == {code}) or vector(0)"
