"""Bend the machine under the running exporter, and see that it goes on checking."""

import json
import socket
import sys
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from tests.real.process import wait_for
from tests.running import Exporter, exporter
from tests.siege.machine_faults import HOST, WELL, Machine
from tests.siege.outcome import PATIENCE, Outcome
from tests.siege.upstream import body, serving
from tests.siege.victim import scraped

_WITHIN = 90.0


def try_machines(folder: Path, faults: Iterable[Machine]) -> Outcome:
    """Let each happen while it runs; it must say so, go on checking, and be well again after it."""
    outcome, bends = Outcome(), folder / "bends"
    _bend(bends, WELL)
    with ExitStack() as stack:
        port = stack.enter_context(serving(lambda path: body(b"{}")))
        if _has_ipv6():
            stack.enter_context(serving(lambda path: body(b"{}"), host="::1", port=port))
        else:
            faults = [fault for fault in faults if fault.names != "::1"]
        program = [sys.executable, "-m", "tests.siege.bent", str(bends)]
        victim = stack.enter_context(exporter(folder, _configuration(port), program=program))
        outcome.add("well at first", _becomes(victim, WELL))
        for fault in faults:
            _bend(bends, fault)
            outcome.add(fault.name, _becomes(victim, fault))
            _bend(bends, WELL)
            outcome.add(f"{fault.name}, after it", _becomes(victim, WELL))
        outcome.look_at(victim)
    return outcome


def _bend(file: Path, fault: Machine) -> None:
    """Replace the file in one step, as it is read all the time."""
    fresh = file.with_suffix(".new")
    fresh.write_text(json.dumps(fault.told()))
    fresh.replace(file)


def _configuration(port: int) -> str:
    connection = {
        "id": "a",
        "kind": "http",
        "url": f"http://{HOST}:{port}/",
        "token": "sesame-evotor-token",
        "interval": "2s",
    }
    return json.dumps({"connections": [connection]})


def _has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


def _becomes(victim: Exporter, fault: Machine) -> str:
    """Wait until two more checks were made and the latest ended as it must; else say how it ended."""
    expected = fault.reason or "online"
    try:
        before, _ = _checked(victim)
        wait_for(lambda: _is_so(victim, fault, before), _WITHIN, f"two more checks, the last {expected},")
    except OSError as error:  # TimeoutError is one, too.
        return str(error)
    return ""


def _is_so(victim: Exporter, fault: Machine, before: float) -> bool:
    checks, reason = _checked(victim)
    return checks >= before + 2 and reason == fault.reason


def _checked(victim: Exporter) -> tuple[float, str]:
    """How many checks were made, and how the latest ended: "" when online, else its reason."""
    text, _ = scraped(victim, PATIENCE)
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    checks = sum(each.value for each in samples if each.name == "connection_checks_total")
    online = any(each.value for each in samples if each.name == "connection_online")
    reasons = [each.labels["reason"] for each in samples if each.name == "connection_last_failure_info"]
    return checks, "" if online else "".join(reasons)
