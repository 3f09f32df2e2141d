"""How a round of faults ended."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.running import Exporter
from tests.siege.victim import longest_hold, scraped, secrets_in, vitals

# What the exporter may take at most, in mebibytes, and in seconds for a scrape.
MEMORY = 400
PATIENCE = 30.0
# The pages at which secrets are looked for, besides the log.
_PAGES = ("/", "/-/ready", "/-/reload", "/nowhere")
_OPENMETRICS = "application/openmetrics-text"


@dataclass
class Outcome:
    """The faults not survived with what was wrong, the peak of memory, the longest hold of the event loop."""

    tried: int = 0
    lost: dict[str, str] = field(default_factory=dict)
    peak: int = 0
    longest: float = 0.0

    def add(self, name: str, wrong: str) -> None:
        self.tried += 1
        if wrong:
            self.lost[name] = wrong

    def look_at(self, victim: Exporter) -> None:
        """Take note of what the exporter took, and look for secrets in all that it says."""
        text, _ = scraped(victim, PATIENCE)
        openmetrics, _ = scraped(victim, PATIENCE, {"Accept": _OPENMETRICS})
        pages = "".join(victim.ask(path).text for path in _PAGES)
        self.look_for_secrets(text + openmetrics + pages + victim.log.read_text())
        self.peak, self.longest = max(self.peak, vitals(victim).peak), max(self.longest, longest_hold(text))
        self.add("memory", f"peak of {self.peak} MiB" if self.peak > MEMORY else "")

    def look_for_secrets(self, said: str) -> None:
        self.add("secrets", ", ".join(secrets_in(said)))

    def __str__(self) -> str:
        survived = self.tried - len(self.lost)
        figures = f"faults tried {self.tried}, survived {survived}, peak memory {self.peak} MiB, longest hold {self.longest:.2f} s"
        return "\n".join([figures, *(f"  NOT SURVIVED {name}: {wrong}" for name, wrong in self.lost.items())])


def sum_of(outcomes: Iterable[Outcome]) -> Outcome:
    """All rounds together."""
    total = Outcome()
    for number, each in enumerate(outcomes, start=1):
        total.tried += each.tried
        total.lost.update({f"round {number}, {name}": wrong for name, wrong in each.lost.items()})
        total.peak, total.longest = max(total.peak, each.peak), max(total.longest, each.longest)
    return total
