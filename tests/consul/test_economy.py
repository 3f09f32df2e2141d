"""How many requests a poll takes: two, and those for details that are new, changed or due."""

import math
from collections import Counter

import httpx
import pytest

from tests.consul.fake import DETAILS, STATE, FakeConsul
from tests.consul.polling import Polled, asked_services

MANY = tuple(f"service-{number:04}" for number in range(1000))
SHARE = math.ceil(1000 * 60 / 540)  # a minute's part of nine, so that ten are never exceeded


def asked(polled: Polled) -> list[str]:
    """Poll, and return the services asked for."""
    assert not polled.poll().failures
    return asked_services(polled.paths)


def test_a_quiet_poll() -> None:
    """With 1,000 services whose answers stay the same a poll takes two requests and its share of refreshes."""
    with Polled(handler=FakeConsul(*MANY), datacenters=["dc1"]) as polled:
        assert sorted(asked(polled)) == sorted(MANY)
        for _ in range(3):
            assert len(asked(polled)) == SHARE
            assert len(polled.requests) == SHARE + 2


def test_a_new_and_a_changed_service() -> None:
    """A new service, or one whose tags or instances changed, takes one request more, with this poll."""
    consul = FakeConsul(*MANY)
    with Polled(handler=consul, datacenters=["dc1"]) as polled:
        asked(polled)
        consul.tags["new"] = []
        assert "new" in asked(polled)
        assert len(polled.requests) == SHARE + 3
        consul.tags[MANY[-1]] = ["changed"]
        assert MANY[-1] in asked(polled)
        consul.bare.add(MANY[-2])
        assert MANY[-2] in asked(polled)
        consul.status = "critical"
        assert len(asked(polled)) == SHARE


@pytest.mark.parametrize(
    ("interval", "count"), [("5s", 100), ("60s", 1), ("60s", 7), ("60s", 1000), ("7m", 7), ("9m", 1000)]
)
def test_every_service_within_ten_minutes(interval: str, count: int) -> None:
    """Whatever the interval and the number of services, none waits longer than ten minutes for a refresh."""
    with Polled(handler=FakeConsul(*MANY[:count]), datacenters=["dc1"], interval=interval) as polled:
        last = dict.fromkeys(asked(polled), 0.0)
        while (now := polled.now) <= 1300:
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
        for moved in (False, True, False):
            consul.index += moved
            assert ("bare" in asked(polled)) == moved
            assert len(polled.requests) == 3 + moved


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
