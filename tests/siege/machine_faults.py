"""Machines that do anything but stay as they are: a new fault is one more line in a table."""

from dataclasses import dataclass

HOST = "api.siege.example"
YEAR = 365.25 * 86_400


@dataclass(frozen=True)
class Machine:
    """What happens to clock and names while it runs, and the reason a connection gives then; "" while it is online."""

    name: str
    reason: str = ""
    clock: float = 0.0
    names: list[str] | str = "127.0.0.1"

    def told(self) -> dict[str, object]:
        """What the bent exporter reads."""
        return {
            "clock": self.clock,
            "names": {HOST: [self.names] if self.names in _ADDRESSES else self.names},
        }


_ADDRESSES = ("127.0.0.1", "127.0.0.9", "::1")
WELL = Machine("well")
MACHINES = (
    Machine("the clock, an hour on", clock=3600),
    Machine("the clock, an hour back", clock=-3600),
    Machine("the clock, years on", clock=30 * YEAR),
    Machine("the clock, years back", clock=-30 * YEAR),
    Machine("the clock, before 1970", clock=-100 * YEAR),
    Machine("the clock, past 2106", clock=85 * YEAR),
    Machine("the name server is gone", "dns", names="gone"),
    Machine("the name server hangs", "timeout", names="hangs"),
    Machine("the name is unknown", "dns", names=[]),
    Machine("the name leads to where nobody listens", "connect", names="127.0.0.9"),
    Machine("the name leads to several, one of which listens", names=["127.0.0.9", "127.0.0.1"]),
    Machine("the name leads to IPv6 only", names="::1"),
)
SHORT_MACHINES = {
    "the clock, years on",
    "the clock, years back",
    "the name server is gone",
    "the name leads to where nobody listens",
    "the name leads to IPv6 only",
}
