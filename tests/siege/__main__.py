"""All faults, for as long as it takes, and how they were survived: `python -m tests.siege`."""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import trustme

from tests.siege.bending import try_machines
from tests.siege.client_faults import CLIENTS
from tests.siege.machine_faults import MACHINES
from tests.siege.outcome import Outcome, sum_of
from tests.siege.trying import try_clients, try_passwords, try_tls, try_upstreams
from tests.siege.upstream_faults import UPSTREAMS, tls_upstreams

CA = trustme.CA()
ROUNDS: dict[str, Callable[[Path], Outcome]] = {
    "upstreams": lambda folder: try_upstreams(folder, UPSTREAMS),
    "upstreams with TLS": lambda folder: try_tls(folder, tls_upstreams(CA), CA),
    "machines": lambda folder: try_machines(folder, MACHINES),
    "clients": lambda folder: try_clients(folder, CLIENTS),
    "clients, 64 descriptors": lambda folder: try_clients(folder, CLIENTS, scarce=True),
    "passwords": try_passwords,
}


def main() -> int:
    """Try all rounds, print each and their sum; return 1 when something was not survived."""
    outcomes = []
    for name, round_ in ROUNDS.items():
        with tempfile.TemporaryDirectory() as folder:
            outcomes.append(round_(Path(folder)))
        sys.stdout.write(f"{name}: {outcomes[-1]}\n")
        sys.stdout.flush()
    total = sum_of(outcomes)
    sys.stdout.write(f"siege: {total}\n")
    return int(bool(total.lost))


if __name__ == "__main__":
    sys.exit(main())
