"""A hostile world, in a short form: what is tried stands in the tables of the modules beside."""

from pathlib import Path

import pytest
import trustme

from tests.siege.bending import try_machines
from tests.siege.client_faults import CLIENTS, SHORT_CLIENTS
from tests.siege.machine_faults import MACHINES, SHORT_MACHINES
from tests.siege.outcome import Outcome
from tests.siege.soak import soak
from tests.siege.trying import try_clients, try_passwords, try_tls, try_upstreams
from tests.siege.upstream_faults import SHORT, UPSTREAMS, tls_upstreams


def survived(outcome: Outcome) -> bool:
    """Whether all was survived; what was not stands in the assertion that fails."""
    assert not outcome.lost, str(outcome)
    return True


def test_upstreams(tmp_path: Path) -> None:
    """Whatever is answered, it gives its reason, holds up nobody, and stays within bounds."""
    assert survived(try_upstreams(tmp_path, [fault for fault in UPSTREAMS if fault.name in SHORT]))


def test_upstreams_with_tls(tmp_path: Path) -> None:
    """Certificates that are no good are told apart from all else."""
    ca = trustme.CA()
    assert survived(try_tls(tmp_path, tls_upstreams(ca), ca))


@pytest.mark.parametrize("scarce", [False, True], ids=["as usual", "64 descriptors"])
def test_clients(tmp_path: Path, scarce: bool) -> None:
    """Whatever clients do, a scraper is served, and what they took is given back."""
    assert survived(
        try_clients(tmp_path, [each for each in CLIENTS if each.name in SHORT_CLIENTS], scarce=scarce)
    )


def test_passwords(tmp_path: Path) -> None:
    """Wrong passwords make nobody wait whose password is known."""
    assert survived(try_passwords(tmp_path))


def test_machines(tmp_path: Path) -> None:
    """Clock and names do what they like; checks go on, and say what is wrong."""
    assert survived(try_machines(tmp_path, [each for each in MACHINES if each.name in SHORT_MACHINES]))


def test_soak(tmp_path: Path) -> None:
    """A quarter of a minute with intervals of a second: nothing fails, and the figures can be had."""
    record = soak(tmp_path, 0.25)

    assert record.failures == 0
    assert record.scrapes > 2
    assert record.services
    assert "slope" in record.report(0.25)


def test_the_short_form_names_faults_that_there_are() -> None:
    """A fault that is renamed is not lost from it."""
    assert {fault.name for fault in UPSTREAMS} >= SHORT
    assert {client.name for client in CLIENTS} >= SHORT_CLIENTS
    assert {machine.name for machine in MACHINES} >= SHORT_MACHINES
    assert len({fault.name for fault in UPSTREAMS}) == len(UPSTREAMS)
