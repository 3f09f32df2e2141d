"""What outlives a restart, and what a file can't do: show a status, stop the exporter, or be left half written."""

import json
import os
import stat
import time
from pathlib import Path
from typing import Any

import pytest

from exporter.errors import TimedOut
from exporter.model import (
    ConnectionCheck,
    ConnectionStatus,
    Display,
    InstanceKey,
    ServiceInstance,
    ServiceStatus,
)
from exporter.sources.contract import ConnectionFindings, ServiceFindings, SourceId, SourceInfo
from exporter.state import PollResult, SourceState, Store
from exporter.state.statefile import VERSION, StateFile, StateFileUnusable, pasts_of
from tests.running import api, exporter

CLUSTER = SourceInfo(SourceId("consul", "main"), 60.0, 180.0)
SHOP = SourceInfo(SourceId("evotor", "shop"), 600.0, 1800.0)
START = float(int(time.time()))


class Run:
    """One run of the exporter as far as the state goes, on the file that the runs share."""

    def __init__(self, path: Path) -> None:
        self.file = StateFile(path)
        self.store = Store(lambda: 0.0, pasts=self.file.load())
        self.store.adopt([CLUSTER, SHOP])

    def service(self, at: float, datacenter: str = "dc1", **statuses: ServiceStatus) -> SourceState:
        instances = tuple(
            ServiceInstance(InstanceKey(datacenter, name, f"{name}-1", "n1"), status)
            for name, status in statuses.items()
        )
        result = PollResult(START + at, 0.1, ServiceFindings({datacenter: instances}))
        self.store.record(CLUSTER.id, result)
        return self.store.snapshot[CLUSTER.id]

    def connection(self, at: float, status: ConnectionStatus, reason: str = "") -> SourceState:
        check = ConnectionCheck("shop", "evotor", Display("Shop"), status, reason)
        self.store.record(SHOP.id, PollResult(START + at, 0.1, ConnectionFindings(check)))
        return self.store.snapshot[SHOP.id]

    def end(self) -> None:
        self.file.save(pasts_of(self.store.snapshot, self.store.pasts))


def known(state: SourceState, datacenter: str = "dc1") -> dict[str, tuple[float, int]]:
    """Since when (after START) and how many changes, by service."""
    return {s.instance.key.service: (s.since - START, s.changes) for s in state.groups[datacenter].states}


def test_what_stayed_the_same_keeps_its_time_and_its_count(tmp_path: Path) -> None:
    """A status that differs is one more change, seen now; what is new has no past."""
    first = Run(tmp_path / "state")
    first.service(0, api="passing", web="passing")
    first.service(60, api="critical", web="passing")
    first.end()
    second = Run(tmp_path / "state")
    assert second.store.snapshot[CLUSTER.id].groups == {}  # nothing is shown from the file
    seen = second.service(200, api="critical", web="warning", fresh="passing")
    assert known(seen) == {"api": (60, 1), "web": (200, 1), "fresh": (200, 0)}
    assert known(second.service(260, api="passing", web="warning")) == {"api": (260, 2), "web": (200, 1)}


def test_what_left_and_came_back_is_new_in_a_second_run_too(tmp_path: Path) -> None:
    """The past serves the first poll of a datacenter alone."""
    first = Run(tmp_path / "state")
    first.service(0, api="passing")
    first.end()
    second = Run(tmp_path / "state")
    second.service(60, other="passing")
    assert known(second.service(120, api="passing", other="passing"))["api"] == (120, 0)


def test_after_a_long_silence_counts_alone_go_on(tmp_path: Path) -> None:
    """Nobody knows whether the status lasted."""
    first = Run(tmp_path / "state")
    first.service(0, api="passing")
    first.service(60, api="warning")
    first.connection(60, "online")
    first.end()
    second = Run(tmp_path / "state")
    assert known(second.service(60 + 3601, api="warning")) == {"api": (3661, 1)}
    connection = second.connection(60 + 3601, "online").connection
    assert connection
    assert (connection.since - START, connection.checks) == (3661, 2)


def test_a_connections_counts_and_times_go_on(tmp_path: Path) -> None:
    """Checks, changes, failures by reason, and when it was last online."""
    first = Run(tmp_path / "state")
    first.connection(0, "online")
    first.connection(60, "unreachable", "timeout")
    first.end()
    second = Run(tmp_path / "state")
    connection = second.connection(120, "unreachable", "timeout").connection
    assert connection
    assert (connection.since - START, connection.changes, connection.checks) == (60, 1, 3)
    assert dict(connection.failures) == {"timeout": 2}
    assert connection.online_at == START
    assert connection.announced == {}  # the reason was shown before


def test_what_a_run_never_heard_of_is_kept_for_the_next(tmp_path: Path) -> None:
    """Consul was down during the whole second run, and one connection wasn't listed."""
    first = Run(tmp_path / "state")
    first.service(0, api="passing")
    first.connection(0, "online")
    first.end()
    second = Run(tmp_path / "state")
    second.store.adopt([CLUSTER])
    second.store.record(CLUSTER.id, PollResult(START + 60, 0.1, None, TimedOut("no answer")))
    second.end()
    third = Run(tmp_path / "state")
    assert known(third.service(120, api="passing")) == {"api": (0, 0)}
    assert third.file.load().keys() == {CLUSTER.id}  # the connection was polled by nobody and left on purpose


BROKEN = {
    "empty": b"",
    "cut off": b'{"version":1,"sources":[{"kind":"consul","na',
    "no JSON": b"\xff\xfe\x00",
    "a list": b"[]",
    "another version": b'{"version":2,"sources":[]}',
    "no version": b'{"sources":[]}',
    "an unknown status": b'{"version":1,"sources":[{"kind":"consul","name":"main","datacenters":{"dc1":'
    b'{"checked_at":1,"instances":[["a","a","n","fine",1,0]]}}}]}',
    "a text for a time": b'{"version":1,"sources":[{"kind":"evotor","name":"shop","connection":'
    b'{"status":"online","checked_at":"x","since":1,"changes":0,"checks":1,"failures":{}}}]}',
    "nested without end": b"[" * 100_000,
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_file_that_is_no_state_file_is_refused_whole(tmp_path: Path, content: bytes) -> None:
    """Half of a past is none."""
    (tmp_path / "state").write_bytes(content)
    with pytest.raises(StateFileUnusable):
        StateFile(tmp_path / "state").load()


@pytest.mark.parametrize("name", ["state", "state.new"])
def test_a_pipe_holds_nobody_up_and_is_left_alone(tmp_path: Path, name: str) -> None:
    """Neither reading nor writing waits for the other end, also of the file that is written first."""
    os.mkfifo(tmp_path / name)
    file = StateFile(tmp_path / "state")

    if name == "state":
        with pytest.raises(StateFileUnusable, match="not a regular file"):
            file.load()
    with pytest.raises(StateFileUnusable):
        file.save([])
    assert not (tmp_path / "state").is_file()


def test_a_file_is_replaced_whole_and_read_by_nobody_else(tmp_path: Path) -> None:
    """When it can't be written, the old one stays and nothing is left beside it."""
    run = Run(tmp_path / "state")
    run.service(0, api="passing")
    run.end()
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o600
    before = (tmp_path / "state").read_bytes()
    assert json.loads(before)["version"] == VERSION
    (tmp_path / "state.new").mkdir()
    with pytest.raises(StateFileUnusable, match="can't be written: Is a directory"):
        run.end()
    assert (tmp_path / "state").read_bytes() == before


def test_an_exporter_goes_on_where_the_last_one_ended(tmp_path: Path) -> None:
    """Two processes after each other, with a broken file before the first."""
    state = tmp_path / "state"
    state.write_text("nonsense")
    with api(lambda path, headers: (200, {}, b"")) as asked:
        config = f"connections: [{{id: a, kind: http, url: '{asked.url}', interval: 20s}}]"

        def played() -> dict[str, Any]:
            with exporter(tmp_path, config, f"--state.file={state}") as running:
                running.wait_for_statuses(a="online")
                names = ("connection_status_since_timestamp_seconds", "connection_checks_total")
                return {name: running.samples(name, "connection")["a"] for name in names}

        first, second = played(), played()
        assert "state file ignored" in (tmp_path / "exporter.log").read_text()
    since, checks = first
    assert second[since] == first[since]
    assert second[checks] > first[checks]
