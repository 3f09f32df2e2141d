"""The exporter under siege: how it fares, seen from outside."""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.real.http import request
from tests.running import Exporter
from tests.siege.upstream import SECRETS

_NONE: Mapping[str, str] = {}


@dataclass(frozen=True)
class Vitals:
    """What a process has: mebibytes of memory now and at most, descriptors, threads."""

    memory: int
    peak: int
    descriptors: int
    threads: int

    @classmethod
    def of(cls, pid: int) -> "Vitals":
        told = dict(re.findall(r"^(\w+):\s+(\d+)", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE))
        descriptors = len(list(Path(f"/proc/{pid}/fd").iterdir()))
        return cls(int(told["VmRSS"]) // 1024, int(told["VmHWM"]) // 1024, descriptors, int(told["Threads"]))


def pid_of(victim: Exporter) -> int:
    """The exporter's own process, which its starter has become."""
    return victim.process.pid


def vitals(victim: Exporter) -> Vitals:
    return Vitals.of(pid_of(victim))


def scraped(victim: Exporter, within: float = 5.0, headers: Mapping[str, str] = _NONE) -> tuple[str, float]:
    """A scrape, and how long it took; AssertionError when it takes too long or fails."""
    started = time.monotonic()
    text = (
        request("GET", f"http://{victim.address}/metrics", headers=headers, timeout=within).expect(200).text
    )
    return text, time.monotonic() - started


def longest_hold(text: str) -> float:
    """What /metrics says of the event loop, in seconds."""
    found = re.search(r"^exporter_event_loop_longest_hold_seconds(?:\{\})? (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def secrets_in(text: str) -> list[str]:
    """Those secrets that stand in an output of the exporter."""
    return [secret for secret in SECRETS if secret in text]
