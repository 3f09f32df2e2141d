"""How many requests a poll takes: three, and those for details that are new or may have changed."""

import math
from collections import Counter

import httpx
import pytest

from tests.consul.fake import ALL, CATALOG, DETAILS, NODES, STATE, FakeConsul
from tests.consul.polling import Polled, asked_services

MANY = tuple(f"service-{number:04}" for number in range(1000))
SHARE = math.ceil(1000 * 60 / 540)  # a minute's part of nine, so that ten are never exceeded


def asked(polled: Polled) -> list[str]:
    """Poll, and return the services asked for one by one."""
    assert not polled.poll().failures
    return asked_services(polled.paths)


def ports(polled: Polled) -> set[int]:
    """Poll, and return all ports."""
    return {found.endpoint.port for found in polled.instances().values() if found.endpoint}


@pytest.mark.parametrize("answers_all", [True, False])
def test_a_quiet_poll(answers_all: bool) -> None:
    """While no index moves a poll takes three requests, however many services there are."""
    with Polled(handler=FakeConsul(*MANY, answers_all=answers_all), datacenters=["dc1"]) as polled:
        polled.poll()
        for _ in range(30):
            assert len(polled.poll().instances["dc1"]) == 1000
            assert polled.paths == [STATE, CATALOG, NODES]
            assert "filter" in polled.requests[0].url.params


def test_a_quiet_start() -> None:
    """The details of many services take one request, and those of few one each, which Consul documents."""
    with Polled(handler=FakeConsul(*MANY, answers_all=True), datacenters=["dc1"]) as polled:
        assert ports(polled) == {80}
        assert polled.paths == [STATE, CATALOG, NODES, ALL]
    with Polled(handler=FakeConsul(*MANY[:10], answers_all=True), datacenters=["dc1"]) as polled:
        assert sorted(asked(polled)) == sorted(MANY[:10])
        assert ALL not in polled.paths


def test_an_hour_later() -> None:
    """However still it is, once an hour all is asked for: nothing wrong stays for ever."""
    with Polled(handler=FakeConsul(*MANY, answers_all=True), datacenters=["dc1"]) as polled:
        asked(polled)
        polled.now = 3600.0
        asked(polled)
        assert polled.paths == [STATE, CATALOG, NODES, ALL]
        assert "filter" not in polled.requests[0].url.params


@pytest.mark.parametrize("count", [5, 100])
@pytest.mark.parametrize("table", ["index", "nodes_index"])
def test_a_change_that_nothing_else_shows(table: str, count: int) -> None:
    """A new port under the same id is seen with the next poll: Consul's index of services, or of nodes, has moved."""
    consul = FakeConsul(*MANY[:count], answers_all=True)
    with Polled(handler=consul, datacenters=["dc1"]) as polled:
        assert ports(polled) == {80}
        consul.port = 8080
        setattr(consul, table, 2)
        assert ports(polled) == {8080}
        polled.poll()
        assert polled.paths == [STATE, CATALOG, NODES]


def test_a_catalog_that_changes_all_the_time() -> None:
    """Polls that come more often than the interval ask for all services once in it; changes that show are seen at once."""
    consul = FakeConsul(*MANY, answers_all=True)
    with Polled(handler=consul, datacenters=["dc1"], interval="60s") as polled:
        polled.poll()
        requests = Counter[str]()
        for second in range(60, 110):
            polled.now = float(second)
            consul.index += 1
            consul.tags[MANY[second]] = ["changed"]
            assert asked(polled) == ([] if second == 60 else [MANY[second]])
            requests.update(polled.paths)
        assert requests[ALL] == 1


def test_an_answer_about_all_that_lags_behind() -> None:
    """When a server that lags behind answered about all services, its answer is no proof, and is asked for again."""
    consul = FakeConsul(*MANY[:100], answers_all=True)
    with Polled(handler=consul, datacenters=["dc1"]) as polled:
        polled.poll()
        consul.index = 3
        consul.instead[ALL] = lambda: httpx.Response(
            200, json=[consul.node()], headers={"X-Consul-Index": "2"}
        )
        for _ in range(2):
            polled.poll()
            assert polled.paths[-1] == ALL
        consul.instead.clear()
        for asks in (True, False):
            polled.poll()
            assert (ALL in polled.paths) == asks


@pytest.mark.parametrize("status", [301, 400, 403, 404, 405])
def test_where_all_can_t_be_asked_for_at_once(status: int) -> None:
    """Where something refuses the request about all services, each is asked for, and ten minutes later all again."""
    consul = FakeConsul(*MANY[:100], answers_all=True)
    consul.instead[ALL] = lambda: httpx.Response(status)
    with Polled(handler=consul, datacenters=["dc1"]) as polled:
        assert sorted(asked(polled)) == sorted(MANY[:100])
        consul.instead.clear()
        while polled.now <= 540:
            consul.index += 1
            assert asked(polled)
        consul.index += 1
        assert not asked(polled)
        assert ALL in polled.paths


def test_when_all_fail_at_once() -> None:
    """A failure of Consul's own is no refusal: it is counted, and what is missing is asked for one by one."""
    consul = FakeConsul(*MANY[:100], answers_all=True)
    consul.instead[ALL] = lambda: httpx.Response(500)
    with Polled(handler=consul, datacenters=["dc1"]) as polled:
        findings = polled.poll()
        assert findings.rejected == {"details_failed": 1}
        assert all(instance.endpoint for instance in findings.instances["dc1"])


def test_a_new_and_a_changed_service() -> None:
    """A new service, or one whose tags or instances changed, is asked for with the same poll."""
    consul = FakeConsul(*MANY)
    with Polled(handler=consul, datacenters=["dc1"]) as polled:
        asked(polled)
        consul.tags["new"] = []
        assert asked(polled) == ["new"]
        consul.tags[MANY[-1]] = ["changed"]
        assert asked(polled) == [MANY[-1]]
        consul.bare.add(MANY[-2])
        consul.checks_index += 1
        assert asked(polled) == [MANY[-2]]
        consul.status = "critical"
        assert len(asked(polled)) <= SHARE


@pytest.mark.parametrize(
    ("interval", "count"), [("5s", 100), ("60s", 1), ("60s", 7), ("60s", 1000), ("7m", 7), ("9m", 1000)]
)
def test_every_service_within_ten_minutes(interval: str, count: int) -> None:
    """While the catalog changes all the time none waits longer than ten minutes for a refresh, though all can't be asked for at once."""
    consul = FakeConsul(*MANY[:count])
    with Polled(handler=consul, datacenters=["dc1"], interval=interval) as polled:
        last = dict.fromkeys(asked(polled), 0.0)
        while (now := polled.now) <= 1300:
            consul.index += 1
            last |= dict.fromkeys(asked(polled), now)
            assert now - min(last.values()) <= 600


def test_a_few_at_once() -> None:
    """However many services are new, at most four requests are under way."""
    consul = FakeConsul(*MANY[:100])
    with Polled(handler=consul) as polled:
        asked(polled)
    assert consul.busiest == 4


def test_failing_services_starve_no_other() -> None:
    """While some services can't be asked for, all others are refreshed in time, and the failing ones tried on."""
    consul = FakeConsul(*MANY[:100])
    consul.failing = set(MANY[:50])
    tried, last = Counter[str](), dict.fromkeys(MANY[50:100], 0.0)
    with Polled(handler=consul, datacenters=["dc1"]) as polled:
        for _ in range(40):
            consul.index += 1
            now, services = polled.now, asked(polled)
            tried.update(services)
            last |= dict.fromkeys(set(services) - consul.failing, now)
            assert now - min(last.values()) <= 600
        assert min(tried[service] for service in consul.failing) >= 5
        consul.failing.clear()
        for _ in range(2):
            found = polled.poll().instances["dc1"]
    assert all(instance.endpoint for instance in found)


def test_a_hanging_lookup_holds_up_no_other() -> None:
    """A service that never answers costs its own details alone, and the poll ends in time."""
    consul = FakeConsul(*MANY[:30])
    with Polled(handler=consul, datacenters=["dc1"], timeout="300ms") as polled:
        consul.hanging = {MANY[0]}
        for _ in range(2):
            found = polled.poll()
            assert found.rejected == {"details_failed": 1}
    assert {i.key.service for i in found.instances["dc1"] if not i.endpoint} == {MANY[0]}


def test_services_that_are_gone_are_forgotten() -> None:
    """A service that left and came back is asked for again."""
    consul = FakeConsul("web", "db")
    with Polled(handler=consul, datacenters=["dc1"], interval="1s") as polled:
        asked(polled)
        del consul.tags["web"]
        assert [i.key.service for i in polled.poll().instances["dc1"]] == ["db"]
        consul.tags["web"] = []
        assert "web" in asked(polled)


def test_instances_without_checks_follow_the_catalog() -> None:
    """Services with such instances are asked for when the catalog's index moved, and not when it stayed."""
    consul = FakeConsul(*MANY[:20], bare=("bare",))
    with Polled(handler=consul, datacenters=["dc1"], interval="1s") as polled:
        asked(polled)
        assert asked(polled) == []
        consul.index += 1
        assert "bare" in asked(polled)
        assert len(polled.requests) == 3 + 2  # and the one whose turn it is


def test_instances_without_checks_grow_stale() -> None:
    """One that Consul can't be asked about is shown while the catalog stays the same, else until it is stale."""
    consul = FakeConsul("checked", bare=("bare",))
    with Polled(handler=consul, datacenters=["dc1"], interval="60s", stale_after="180s") as polled:
        polled.poll()
        consul.instead[DETAILS] = lambda: httpx.Response(500)
        for _ in range(10):
            assert len(polled.statuses()) == 2
        for known in (True, True, False):
            consul.index += 1
            assert ("bare" in {key[0] for key in polled.statuses()}) == known
        consul.instead.clear()
        assert len(polled.statuses()) == 2


def test_without_an_index() -> None:
    """When a proxy strips Consul's index, services with unchecked instances are asked for with every poll."""
    consul = FakeConsul(*MANY[:20], bare=("bare",))
    consul.headers = {"X-Consul-Index": ""}
    with Polled(handler=consul, datacenters=["dc1"], interval="1s") as polled:
        for _ in range(3):
            assert "bare" in asked(polled)


def test_an_answer_that_lags_behind() -> None:
    """A service whose answer lacks an instance that has checks is asked for with every poll, until it has it."""
    consul = FakeConsul(*MANY[:20], "late")
    consul.instead[f"{DETAILS}late"] = lambda: httpx.Response(200, json=[])
    with Polled(handler=consul, datacenters=["dc1"], interval="1s") as polled:
        for _ in range(3):
            assert "late" in asked(polled)
        consul.instead.clear()
        assert [len({"late"}.intersection(asked(polled))) for _ in range(2)] == [1, 0]


def test_details_end_before_the_poll_does(caplog: pytest.LogCaptureFixture) -> None:
    """When the statuses took long, what time is left for details is less, so that the poll still succeeds."""
    caplog.set_level("DEBUG")
    consul = FakeConsul("web")
    consul.hanging = {"web"}
    with Polled(handler=consul, datacenters=["dc1"], timeout="2s") as polled:

        def slow() -> httpx.Response:
            polled.now += 1.5
            return httpx.Response(200, json=consul.checks())

        consul.instead[STATE] = slow
        assert polled.poll().rejected == {"details_failed": 1}
    assert "(0.1 s)" in str(
        [vars(record)["facts"] for record in caplog.records if record.msg == "no details"]
    )
