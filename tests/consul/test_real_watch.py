"""Watching a real Consul: what changes is seen within seconds although the timer is minutes away, and nothing stale is shown."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from exporter.sources.consul.statuses import selecting
from tests.conftest import StartConsul
from tests.consul.following import Following, instances_of
from tests.consul.test_real_catalog import put
from tests.consul.test_real_failures import DENY, READ, pair  # noqa: F401 -- a fixture
from tests.real import ConsulAgent
from tests.real.process import wait_for

WEB = ("web", "web", "n1")
CHECK = {"CheckID": "c", "Status": "passing"}
both_modes = pytest.mark.parametrize("watch", [True, False], ids=["watch", "timer"])
# Starting processes and waiting for elections takes its time on a busy machine.
PATIENCE = 30.0


def following(agent: ConsulAgent, **settings: Any) -> Following:
    """Poll so seldom that only watching can find anything out."""
    return Following(agent.address, **{"interval": "10m", **settings})


def test_each_change_is_seen_at_once(consul_agent: ConsulAgent) -> None:
    """Checks, nodes, maintenance, registrations, details."""
    consul_agent.register({"Name": "web", "ID": "web-1", "Check": {"CheckID": "t", "TTL": "1h"}})
    key = ("web", "web-1", "agent")
    with following(consul_agent) as source:
        for status in ("passing", "warning", "critical", "passing"):
            consul_agent.set_check("t", status)
            source.wait({key: status})
        for service_id in ("web-1", None):
            for enable, status in ((True, "maintenance"), (False, "passing")):
                consul_agent.maintenance(enable=enable, service_id=service_id)
                source.wait({key: status})
        put(consul_agent, {"Service": "db", "Port": 1})
        source.wait({key: "passing", ("db", "db", "n1"): "passing"})
        put(consul_agent, {"Service": "db", "Port": 2})
        wait_for(lambda: _ports(source).get("db") == 2, 5, "the new port")
        consul_agent.deregister("web-1")
        source.wait({("db", "db", "n1"): "passing"})
        assert source.now.wakeups == source.now.polls - 1


def _ports(source: Following) -> dict[str, int]:
    return {key[0]: found.endpoint.port for key, found in source.instances().items() if found.endpoint}


def test_how_soon(consul_agent: ConsulAgent) -> None:
    """From a change to its being shown it takes less than a second, and the clock of the check says so."""
    put(consul_agent, {"Service": "web"}, CHECK)
    with following(consul_agent, min_interval="100ms") as source:
        source.wait({WEB: "passing"})
        delays = []
        for status in ("critical", "warning", "critical", "passing", "critical"):
            time.sleep(0.3)
            put(consul_agent, {"Service": "web"}, CHECK | {"Status": status})
            started = time.time()
            source.wait({WEB: status})
            delays.append(source.now.groups["dc1"].checked_at - started)
    assert sorted(delays)[2] < 1


def test_a_failing_instance_that_goes_is_never_shown_as_passing(consul_agent: ConsulAgent) -> None:
    """What was deregistered while it failed has not recovered, whichever query hears of it first."""
    with following(consul_agent, min_interval="100ms") as source:
        for number in range(10):
            put(consul_agent, {"Service": "web", "ID": f"web-{number}"}, CHECK | {"Status": "critical"})
            key = ("web", f"web-{number}", "n1")
            source.wait({key: "critical"})
            consul_agent.deregister_catalog({"Node": "n1", "Datacenter": "dc1", "ServiceID": f"web-{number}"})
            source.wait({})
        shown = [found.status for state in source.seen for found in instances_of(state).values()]
    assert set(shown) == {"critical"}


@pytest.mark.parametrize(
    "check_id", ["service:web", "a.b*c|d", 'quo"te', "back\\slash", "проверка ✓", "new\nline"]
)
def test_a_check_that_recovered_is_found_by_its_id(consul_agent: ConsulAgent, check_id: str) -> None:
    """Consul understands the filter, whatever the id holds, and selects the one check."""
    for found in (check_id, f"{check_id}2", "abbbc"):
        put(consul_agent, {"Service": "web"}, CHECK | {"CheckID": found})
    rows = consul_agent.get(f"/v1/health/state/any?filter={quote(selecting({check_id}))}")
    assert [row["CheckID"] for row in rows] == [check_id]


def test_churn(consul_agent: ConsulAgent) -> None:
    """Fifty changes a second for a while: none is missed in the end, and polls stay apart."""
    for number in range(20):
        put(consul_agent, {"Service": f"web-{number}"}, CHECK | {"CheckID": f"c-{number}"})
    with following(consul_agent, min_interval="500ms") as source:
        started, polls, expected = time.monotonic(), source.now.polls, {}
        for change in range(500):
            number, status = change % 20, ("critical", "warning", "passing")[change // 20 % 3]
            check = {"CheckID": f"c-{number}", "Status": status}
            put(consul_agent, {"Service": f"web-{number}"}, check)
            expected[f"web-{number}", f"web-{number}", "n1"] = status
            time.sleep(max(0.0, started + change / 50 - time.monotonic()))
        source.wait(expected)
        took = time.monotonic() - started
        assert source.now.polls - polls <= 2 * took / 0.5 + 2
        assert source.now.failures["timeout"] == 0


def test_another_consul_at_the_same_address(start_consul: StartConsul) -> None:
    """A Consul that lost its data and holds other things, at whatever indexes, is asked for everything."""
    agent = start_consul()
    put(agent, {"Service": "web"}, CHECK)
    with following(agent, interval="8s") as source:
        source.wait({WEB: "passing"})
        agent.kill()
        _forget_everything(agent)
        agent.start()
        put(agent, {"Service": "db"}, CHECK | {"Status": "critical"})
        source.wait({("db", "db", "n1"): "critical"}, PATIENCE)


def _forget_everything(agent: ConsulAgent) -> None:
    data = Path(agent.config["data_dir"])
    for path in sorted(data.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()


def test_a_snapshot_is_restored(consul_agent: ConsulAgent, tmp_path: Path) -> None:
    """An older state takes the place of the newer: its index is lower, no open query tells so, and the timer does."""
    put(consul_agent, {"Service": "web"}, CHECK)
    saved = consul_agent.save_snapshot(tmp_path)
    put(consul_agent, {"Service": "web"}, CHECK | {"Status": "critical"})
    put(consul_agent, {"Service": "db"}, CHECK | {"CheckID": "d"})
    with following(consul_agent, interval="4s") as source:
        source.wait({WEB: "critical", ("db", "db", "n1"): "passing"})
        consul_agent.restore_snapshot(saved)
        source.wait({WEB: "passing"}, PATIENCE)


def test_a_token_is_revoked_and_replaced(start_consul: StartConsul, tmp_path: Path) -> None:
    """An open query keeps nobody from noticing: the poll fails, and with another token all is seen again."""
    agent, file = start_consul(**DENY), tmp_path / "token"
    agent.bootstrap_acl()
    put(agent, {"Service": "web"}, CHECK)
    token = agent.create_token(READ)
    file.write_text(token)
    with following(agent, interval="4s", token_file=str(file)) as source:
        source.wait({WEB: "passing"})
        agent.delete_token(token)
        wait_for(
            lambda: source.now.error and source.now.error.reason == "acl_not_found", PATIENCE, "the refusal"
        )
        file.write_text(agent.create_token(READ))
        wait_for(lambda: source.now.error is None, PATIENCE, "the new token")
        put(agent, {"Service": "web"}, CHECK | {"Status": "critical"})
        source.wait({WEB: "critical"})


def test_a_token_that_may_see_less(start_consul: StartConsul) -> None:
    """Rights that change move no index: they are noticed with the timer, in both directions."""
    agent = start_consul(**DENY)
    agent.bootstrap_acl()
    put(agent, {"Service": "web"}, CHECK)
    put(agent, {"Service": "db"}, CHECK | {"CheckID": "d"})
    token = agent.create_token(READ)
    some = 'node_prefix "" { policy = "read" } service "web" { policy = "read" }'
    with following(agent, interval="1s", token=token) as source:
        source.wait({WEB: "passing", ("db", "db", "n1"): "passing"})
        agent.change_rules(token, some)
        source.wait({WEB: "passing"}, PATIENCE)
        agent.change_rules(token, READ)
        source.wait({WEB: "passing", ("db", "db", "n1"): "passing"}, PATIENCE)


@both_modes
def test_a_lost_leader_is_noticed(pair: tuple[ConsulAgent, ConsulAgent], watch: bool) -> None:  # noqa: F811 -- a fixture
    """An open query on a server without a leader proves nothing: the poll fails, and what is stale is not shown."""
    left, killed = pair
    put(left, {"Service": "web"}, CHECK)
    with Following(left.address, interval="2s", watch=watch) as source:
        source.wait({WEB: "passing"}, PATIENCE)
        killed.kill()
        wait_for(lambda: source.now.error, PATIENCE, "the failure")
        wait_for(lambda: source.statuses() == {}, PATIENCE, "the stale leaving")
        killed.start()
        source.wait({WEB: "passing"}, 2 * PATIENCE)


@both_modes
def test_a_consul_that_hangs_is_noticed(start_consul: StartConsul, watch: bool) -> None:
    """A Consul that stopped answering shows nothing any longer, open queries or not."""
    agent = start_consul()
    put(agent, {"Service": "web"}, CHECK)
    with Following(agent.address, interval="1s", watch=watch) as source:
        source.wait({WEB: "passing"})
        with _stopped(agent):
            wait_for(lambda: source.statuses() == {}, PATIENCE, "the stale leaving")
            assert source.now.error
            assert source.now.error.reason == "timeout"
        source.wait({WEB: "passing"}, PATIENCE)


@contextmanager
def _stopped(agent: ConsulAgent) -> Iterator[None]:
    os.kill(agent.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(agent.pid, signal.SIGCONT)


@both_modes
def test_a_crash_is_noticed(start_consul: StartConsul, watch: bool) -> None:
    """A crashed Consul fails the poll, long before its time when it is watched; the statuses stay until they are stale."""
    agent = start_consul()
    put(agent, {"Service": "web"}, CHECK)
    with Following(agent.address, interval="6s" if watch else "1s", watch=watch) as source:
        source.wait({WEB: "passing"})
        started = time.monotonic()
        agent.kill()
        wait_for(lambda: source.now.error and source.now.error.reason == "connect", PATIENCE, "the failure")
        assert source.statuses() == {WEB: "passing"}
        assert not watch or time.monotonic() - started < 3
        wait_for(lambda: source.statuses() == {}, PATIENCE, "the stale leaving")


def test_many_threads_change_and_none_is_missed(consul_agent: ConsulAgent) -> None:
    """Instances that come, fail, recover and go all at once leave just those that are there."""

    def live(number: int) -> None:
        for round_ in range(15):
            name = f"s-{number}"
            put(
                consul_agent,
                {"Service": name},
                CHECK | {"CheckID": name, "Status": "critical"},
                node=f"n{number}",
            )
            put(consul_agent, {"Service": name}, CHECK | {"CheckID": name}, node=f"n{number}")
            if (round_ + number) % 3:
                consul_agent.deregister_catalog({"Node": f"n{number}", "Datacenter": "dc1"})

    with following(consul_agent, min_interval="100ms") as source:
        threads = [threading.Thread(target=live, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        left = {
            (f"s-{number}", f"s-{number}", f"n{number}"): "passing"
            for number in range(6)
            if not (14 + number) % 3
        }
        source.wait(left)
