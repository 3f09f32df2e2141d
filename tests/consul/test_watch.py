"""Watching at the HTTP edge: what changes is seen at once, what can't be watched is polled by the timer."""

import time
from collections import Counter
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.consul.following import Following, instances_of
from tests.consul.model import NOT_PASSING, ModelConsul
from tests.consul.polling import Polled
from tests.real.process import wait_for

WEB, DB = ("web", "web-1", "n1"), ("db", "db-1", "n2")


def world() -> ModelConsul:
    consul = ModelConsul()
    consul.register("web", "web-1", "n1", "passing")
    consul.register("db", "db-1", "n2", "passing")
    return consul


def watched(consul: ModelConsul, **settings: Any) -> Following:
    """Poll so seldom that only watching can find anything out."""
    return Following(handler=consul, **{"interval": "300s", "min_interval": "100ms", **settings})


def queries_open(consul: ModelConsul) -> None:
    """Wait until both queries are with Consul."""
    wait_for(lambda: sum("index" in r.url.params for r in consul.requests) == 2, 5, "both queries")


def test_each_change_is_seen_at_once() -> None:
    """Statuses, instances with and without checks, details: all of them long before the next poll by the timer."""
    consul = world()
    with watched(consul) as following:
        following.wait({WEB: "passing", DB: "passing"})
        for status in ("critical", "warning", "passing"):
            following.do(consul.check, "n1", "web-1", status, "check-web-1")
            following.wait({WEB: status, DB: "passing"})
        following.do(consul.check, "n2", "", "critical", "serfHealth")
        following.wait({WEB: "passing", DB: "critical"})
        following.do(consul.check, "n2", "", "passing", "serfHealth")
        following.do(consul.register, "bare", "bare", "n2")
        following.wait({WEB: "passing", DB: "passing", ("bare", "bare", "n2"): "passing"})
        following.do(consul.deregister, "n2", "bare")
        following.do(consul.deregister, "n2", "db-1")
        following.wait({WEB: "passing"})
        following.do(consul.register, "web", "web-1", "n1", None, 8080)
        wait_for(lambda: following.instances()[WEB].endpoint.port == 8080, 5, "the new port")  # type: ignore[union-attr]  # absent fails the test too
        assert following.now.wakeups >= 6


def test_without_watch_nothing_waits() -> None:
    """The timer alone decides, and no query is left open."""
    consul = world()
    with watched(consul, watch=False) as following:
        following.do(consul.check, "n1", "web-1", "critical", "check-web-1")
        time.sleep(0.5)
        assert following.statuses()[WEB] == "passing"
        assert (following.now.wakeups, following.now.polls) == (0, 1)
    assert not any("index" in request.url.params for request in consul.requests)


def test_a_change_costs_one_request() -> None:
    """A check that fails is told by the answer that was waited for; nothing else is asked, but whether one that recovers is there."""
    consul = world()
    with watched(consul) as following:
        following.wait({WEB: "passing", DB: "passing"})
        queries_open(consul)
        for status, asked in (("critical", []), ("warning", []), ("passing", ["/v1/health/state/any"])):
            before = len(consul.requests)
            following.do(consul.check, "n1", "web-1", status, "check-web-1")
            following.wait({WEB: status, DB: "passing"})
            expected = [*asked, "/v1/health/state/any"]
            wait_for(lambda: len(consul.requests) - before >= len(expected), 5, "the next query")  # noqa: B023 -- it is called within the loop
            assert [request.url.path for request in consul.requests[before:]] == expected


@pytest.mark.parametrize("count", [1, 30, 300])
def test_many_that_recover_at_once(count: int) -> None:
    """Few or many checks that pass again are told apart from those that are gone; a few hundred are asked for whole."""
    consul = world()
    names = [f"s-{number}" for number in range(count)]
    for name in names:
        consul.register(name, name, "n1", "critical")
    expected = dict.fromkeys([(name, name, "n1") for name in names], "critical") | {
        WEB: "passing",
        DB: "passing",
    }

    def recover() -> None:
        consul.deregister("n1", names.pop())
        for name in names:
            consul.check("n1", name, "passing", f"check-{name}")

    with watched(consul) as following:
        following.wait(expected)
        queries_open(consul)
        following.do(recover)
        following.wait(consul.truth())
        assert set(following.statuses().values()) == {"passing"}
        shown = [
            instances_of(state).get((f"s-{count - 1}", f"s-{count - 1}", "n1")) for state in following.seen
        ]
    assert {found.status for found in shown if found} == {"critical"}


def test_a_failing_instance_that_goes_is_never_shown_as_passing() -> None:
    """An instance that leaves Consul while it fails has not recovered."""
    consul = world()
    consul.check("n1", "web-1", "critical", "check-web-1")
    with watched(consul) as following:
        following.wait({WEB: "critical", DB: "passing"})
        following.do(consul.deregister, "n1", "web-1")
        following.wait({DB: "passing"})
        shown = [instances_of(state).get(WEB) for state in following.seen]
    assert {found.status for found in shown if found} == {"critical"}


def test_wake_ups_are_bounded() -> None:
    """However fast the cluster changes, polls are at least `min_interval` apart, and the last change is seen."""
    consul = world()
    with watched(consul, min_interval="300ms") as following:
        following.wait({WEB: "passing", DB: "passing"})
        started, polls = time.monotonic(), following.now.polls
        for number in range(300):
            status = ("critical", "warning", "passing")[number % 3]
            following.do(consul.check, "n1", "web-1", status, "check-web-1")
            time.sleep(0.005)
        following.do(consul.check, "n1", "web-1", "critical", "check-web-1")
        following.wait({WEB: "critical", DB: "passing"})
        took = time.monotonic() - started
        assert 2 <= following.now.polls - polls <= 2 * took / 0.3 + 2


@pytest.mark.parametrize("how", ["deaf", "refused", "limited", "no index"])
def test_no_hot_loop(how: str) -> None:
    """What doesn't wait, refuses, limits, or tells no index, is asked again and again only with pauses between."""
    consul = world()
    with watched(consul) as following:
        following.wait({WEB: "passing", DB: "passing"})
        consul.deaf = how == "deaf"
        answers = {"refused": httpx.Response(500), "limited": httpx.Response(429), "no index": _stripped()}
        consul.failing = answers.get(how)
        following.do(consul.check, "n1", "web-1", "warning", "check-web-1")  # Ends what is open.
        before = len(consul.requests)
        time.sleep(4)
        assert len(consul.requests) - before < 30
        consul.deaf, consul.failing = False, None
    assert following.now.polls < 10


def _stripped() -> httpx.Response:
    return httpx.Response(200, text="[]")


def test_an_index_that_falls() -> None:
    """When Consul's state was restored from an older one, or is a new one's, all is asked for again."""
    consul = world()
    consul.index |= {"checks": 1000, "services": 1000}
    with watched(consul) as following:
        following.wait({WEB: "passing", DB: "passing"})
        queries_open(consul)

        def restore() -> None:
            for row in consul.checks.values():
                row["Status"] = "critical"
            consul.index |= {"checks": 7, "services": 7}
            consul.deaf = True
            consul.check("n1", "", "passing", "any")

        following.do(restore)
        following.wait({WEB: "critical", DB: "critical"})
        consul.deaf = False


def test_an_index_that_fell_unheard() -> None:
    """Queries that wait for an index of before are given up when the timer finds a lower one: news is heard again."""
    consul = world()
    consul.index |= {"checks": 1000, "services": 1000}
    with watched(consul, interval="1s") as following:
        following.wait({WEB: "passing", DB: "passing"})
        queries_open(consul)

        def restore() -> None:
            consul.checks["n1", "check-web-1"]["Status"] = "critical"
            consul.index |= {"checks": 7, "services": 7, "nodes": 1}

        following.do(restore)
        following.wait({WEB: "critical", DB: "passing"})
        wakeups = following.now.wakeups
        following.do(consul.check, "n2", "db-1", "critical", "check-db-1")
        following.wait({WEB: "critical", DB: "critical"})
        wait_for(lambda: following.now.wakeups > wakeups, 5, "a wake-up")


def test_a_connection_that_breaks_lets_all_be_asked_again() -> None:
    """Another Consul with the very same indexes, after a restart that no poll saw, is found out."""
    consul = world()
    with watched(consul, interval="24s") as following:
        following.wait({WEB: "passing", DB: "passing"})
        queries_open(consul)

        def restart() -> None:
            consul.checks["n1", "check-web-1"]["Status"] = "critical"
            consul.failing = httpx.Response(502)
            consul.look()

        following.do(restart)
        time.sleep(0.1)
        consul.failing = None
        following.wait({WEB: "critical", DB: "passing"}, 10)


def test_what_a_quiet_cluster_costs() -> None:
    """Beside the two open queries only the timer asks, three requests each time."""
    consul = world()
    with watched(consul, interval="1s") as following:
        following.wait({WEB: "passing", DB: "passing"})
        time.sleep(0.3)
        before, polls = len(consul.requests), following.now.polls
        wait_for(lambda: following.now.polls == polls + 3, 10, "three polls")
        new = Counter(request.url.path for request in consul.requests[before:])
        assert new == dict.fromkeys(("/v1/health/state/any", "/v1/catalog/services", "/v1/catalog/nodes"), 3)
        assert following.now.received > 0


Step = st.tuples(
    st.sampled_from(["check", "node check", "register", "deregister", "uncheck", "bare", "port", "move"]),
    st.integers(0, 3),
    st.sampled_from(["passing", "warning", "critical"]),
)


@given(steps=st.lists(st.lists(Step, max_size=4), max_size=5))
def test_news_tell_the_truth(steps: list[list[Step]]) -> None:  # type: ignore[valid-type]  # a strategy names it
    """Whatever happens between two polls, news and timer together show what Consul holds, and a new source as well."""
    consul = world()
    with Polled(handler=consul, datacenters=["dc1"], interval="60s") as polled:
        for number, changes in enumerate(steps):
            found = polled.statuses()
            assert found == consul.truth()
            for change in changes:
                _make(consul, *change)
            moved = polled.tell_news()
            if moved:
                polled.now -= 50  # Before the timer.
            assert polled.statuses() == consul.truth(), f"step {number}"
        with Polled(handler=consul, datacenters=["dc1"]) as fresh:
            assert polled.instances() == fresh.instances()


def _make(consul: ModelConsul, what: str, number: int, status: str) -> None:
    node, service_id = f"n{number % 2 + 1}", f"web-{number}"
    known = (node, service_id) in consul.services
    if what == "node check":
        consul.check(node, "", status, "serfHealth")
    elif what == "move":
        consul.move_node(node, f"10.0.1.{number}")
    elif what in ("register", "bare") or not known:
        consul.register("web", service_id, node, None if what == "bare" else status)
    elif what == "port":
        consul.register("web", service_id, node, port=81)
    elif what == "deregister":
        consul.deregister(node, service_id)
    elif what == "uncheck":
        consul.uncheck(node, f"check-{service_id}")
    else:
        consul.check(node, service_id, status, f"check-{service_id}")


def test_the_filter_is_the_one_that_is_sent() -> None:
    """The model knows the filter that the source sends."""
    consul = world()
    with Polled(handler=consul, datacenters=["dc1"]) as polled:
        polled.poll()
        polled.poll()
    assert consul.requests[-3].url.params["filter"] == NOT_PASSING
