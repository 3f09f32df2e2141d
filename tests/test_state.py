"""What is known after a sequence of polls."""

import itertools
from collections.abc import Mapping
from dataclasses import FrozenInstanceError
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.errors import DatacenterTaken, Internal, PollError, TimedOut
from exporter.model import (
    CONNECTION_STATUSES,
    SERVICE_STATUSES,
    ConnectionCheck,
    ConnectionStatus,
    Display,
    InstanceKey,
    ServiceInstance,
    ServiceStatus,
)
from exporter.sources.contract import ConnectionFindings, Findings, ServiceFindings, SourceId, SourceInfo
from exporter.state import BUCKETS, PollResult, ServiceState, SourceState, Store

FAILURE = TimedOut("no answer")


def polled(name: str = "a", kind: str = "consul", interval: float = 60.0) -> SourceInfo:
    return SourceInfo(SourceId(kind, name), interval, 180.0, ("timeout",), ("odd_name",))


class History:
    """A store whose clock is set by hand, and which is told one outcome after the other."""

    def __init__(self, *sources: SourceInfo) -> None:
        self.now = 1000.0
        self.store = Store(lambda: self.now)
        self.published = 0
        self.store.listen(self._count)
        self.store.adopt(sources)

    def _count(self) -> None:
        self.published += 1

    def view(self, source: SourceInfo) -> SourceState:
        return self.store.snapshot[source.id]

    def after(
        self,
        seconds: float,
        source: SourceInfo,
        found: Findings | None,
        error: PollError | None = None,
        **more: Any,
    ) -> PollResult:
        """Let time pass, then record an outcome; the wall clock shows the steady one's time plus 1e9."""
        self.now += seconds
        self.store.drop_stale()
        return self.store.record(source.id, PollResult(1e9 + self.now, 0.2, found, error, **more))


def services(datacenter: str = "dc1", /, **statuses: ServiceStatus) -> ServiceFindings:
    """Return findings with an instance of each name in the status."""
    keys = {name: InstanceKey(datacenter, name, name, "node") for name in statuses}
    return ServiceFindings({datacenter: tuple(ServiceInstance(keys[n], s) for n, s in statuses.items())})


def connection(status: ConnectionStatus, reason: str = "", details: str = "") -> ConnectionFindings:
    return ConnectionFindings(ConnectionCheck("a", "evotor", Display("a"), status, reason, details))


def shown(view: SourceState) -> dict[str, ServiceState]:
    groups = [group for group in view.groups.values() if not group.stale]
    return {state.instance.key.service: state for group in groups for state in group.states}


CLUSTER, TILL = polled(), polled(kind="evotor")
Poll = Mapping[str, ServiceStatus] | None
polls = st.lists(
    st.none() | st.dictionaries(st.sampled_from("abc"), st.sampled_from(SERVICE_STATUSES)), max_size=12
)


def naive(history: list[Poll], name: str) -> tuple[ServiceStatus, float, int] | None:
    """Say of an instance its status, the number of the poll it has it since, and its changes, from the whole history."""
    answered = [(number, poll) for number, poll in enumerate(history, 1) if poll is not None]
    if not answered or name not in answered[-1][1]:
        return None
    life: list[tuple[int, ServiceStatus]] = []
    for number, poll in reversed(answered):
        if name not in poll:
            break
        life.insert(0, (number, poll[name]))
    turns = [n for n, (earlier, later) in enumerate(itertools.pairwise(life)) if earlier[1] != later[1]]
    since = life[turns[-1] + 1][0] if turns else life[0][0]
    return life[-1][1], since, len(turns)


@given(polls)
def test_services_are_what_a_reader_of_the_whole_history_would_say(history: list[Poll]) -> None:
    """Status, since when, and how many changes: failed polls change nothing, and who was gone begins anew."""
    told = History(CLUSTER)
    for poll in history:
        told.after(
            10, CLUSTER, services(**poll) if poll is not None else None, None if poll is not None else FAILURE
        )
    states = shown(told.view(CLUSTER))
    for name in "abc":
        expected, state = naive(history, name), states.get(name)
        seen = (state.instance.status, (state.since - 1e9 - 1000) / 10, state.changes) if state else None
        assert seen == expected


@given(st.lists(st.sampled_from(CONNECTION_STATUSES), min_size=1, max_size=15))
def test_connections_are_what_a_reader_of_the_whole_history_would_say(
    history: list[ConnectionStatus],
) -> None:
    """Changes, checks, failures, since when and when last online follow from the statuses alone."""
    told = History(TILL)
    for status in history:
        reason = {"offline": "forbidden", "unreachable": "timeout"}.get(status, "")
        told.after(10, TILL, connection(status, reason), FAILURE if status == "unreachable" else None)
    state = told.view(TILL).connection
    assert state is not None
    same = next((n for n, status in enumerate(reversed(history)) if status != history[-1]), len(history))
    times = [1e9 + 1000 + 10 * (n + 1) for n in range(len(history))]
    assert state.check.status == history[-1]
    assert (state.since, state.checked_at) == (times[-same], times[-1])
    assert state.changes == sum(a != b for a, b in itertools.pairwise(history))
    assert state.checks == told.view(TILL).polls == len(history)
    counts = {"forbidden": history.count("offline"), "timeout": history.count("unreachable")}
    assert state.failures == {reason: count for reason, count in counts.items() if count}
    assert state.online_at == max(
        (t for t, s in zip(times, history, strict=True) if s == "online"), default=None
    )
    failed = [s for s in history if s in ("offline", "unreachable")]
    assert state.last_reason == (
        {"offline": "forbidden", "unreachable": "timeout"}[failed[-1]] if failed else ""
    )


def test_counters_exist_before_the_first_poll() -> None:
    """Failures and rejections begin at 0, not when the first happens."""
    view = History(CLUSTER).view(CLUSTER)
    assert (view.polls, view.failures, view.rejected) == (0, {"timeout": 0}, {"odd_name": 0})
    assert (view.succeeded_at, view.error) == (None, None)


def test_rejections_and_durations_add_up() -> None:
    """What was rejected is summed over polls, and each duration falls into its bucket."""
    told = History(CLUSTER)
    told.after(1, CLUSTER, ServiceFindings({}, rejected={"odd_name": 2, "new": 1}))
    told.after(1, CLUSTER, ServiceFindings({}, rejected={"odd_name": 1}))
    view = told.view(CLUSTER)
    assert view.rejected == {"odd_name": 3, "new": 1}
    assert view.durations[BUCKETS.index(0.25)] == sum(view.durations) == 2
    assert view.seconds == pytest.approx(0.4)


@pytest.mark.parametrize(("seconds", "there"), [(179.9, True), (180.0, False), (1e6, False)])
def test_a_status_leaves_when_it_is_stale(seconds: float, there: bool) -> None:
    """Services stay as they were while polls fail, until their status is older than stale_after."""
    told = History(CLUSTER)
    told.after(0, CLUSTER, services(web="passing"))
    told.after(seconds, CLUSTER, None, FAILURE)
    assert ("web" in shown(told.view(CLUSTER))) == there
    assert told.view(CLUSTER).error is FAILURE


def test_what_comes_back_goes_on() -> None:
    """After being stale a service is shown again with its history, and a change meanwhile counts as one."""
    told = History(CLUSTER)
    told.after(0, CLUSTER, services(web="passing", api="passing"))
    told.after(500, CLUSTER, None, FAILURE)
    told.after(10, CLUSTER, services(web="passing", api="critical"))
    web, api = shown(told.view(CLUSTER)).values()
    assert (web.since, web.changes) == (1e9 + 1000, 0)
    assert (api.since, api.changes) == (1e9 + 1510, 1)


def test_a_connection_is_stale_when_it_is_no_longer_checked() -> None:
    """As long as checks are made their outcome is shown, unreachable too; without checks it leaves."""
    told = History(TILL)
    for _ in range(10):
        told.after(100, TILL, connection("unreachable", "timeout"), FAILURE)
    state = told.view(TILL).connection
    assert state is not None
    assert not state.stale
    told.now += 180
    told.store.drop_stale()
    state = told.view(TILL).connection
    assert state is not None
    assert state.stale


def test_a_pause_that_the_api_asked_for_is_no_staleness() -> None:
    """While we wait because of a 429 the status stays, and the check after the pause is in time."""
    told = History(TILL)
    told.after(0, TILL, connection("unreachable", "rate_limited"), FAILURE, pause=1800.0)
    told.now += 1800 + 59
    told.store.drop_stale()
    state = told.view(TILL).connection
    assert state is not None
    assert not state.stale


def test_details_stay_while_nothing_newer_is_known() -> None:
    """The card keeps its details while the API refuses or can't be reached, not after the token has gone."""
    told = History(TILL)
    steps = (connection("online", "", "2 stores"), connection("offline"), connection("unreachable"))
    kept = []
    for findings in (
        *steps,
        connection("not_connected"),
        connection("offline"),
        steps[0],
        connection("online"),
    ):
        told.after(1, TILL, findings)
        state = told.view(TILL).connection
        kept.append(state.check.details if state else None)
    assert kept == ["2 stores", "2 stores", "2 stores", "", "", "2 stores", ""]


def test_one_datacenter_failing_leaves_the_other() -> None:
    """Of two datacenters the one that fails keeps its last answer, and ages by itself."""
    told = History(CLUSTER)
    both = {**services("dc1", a="passing").instances, **services("dc2", b="passing").instances}
    told.after(0, CLUSTER, ServiceFindings(both))
    half = ServiceFindings(services("dc1", a="critical").instances, {"dc2": FAILURE})
    told.after(100, CLUSTER, half, half.errors[0])
    view = told.view(CLUSTER)
    assert {name: state.instance.status for name, state in shown(view).items()} == {
        "a": "critical",
        "b": "passing",
    }
    assert (view.error, view.failures["timeout"], view.succeeded_at) == (FAILURE, 1, 1e9 + 1000)
    told.after(100, CLUSTER, half, half.errors[0])
    assert shown(told.view(CLUSTER)).keys() == {"a"}


def test_a_datacenter_no_longer_asked_for_leaves() -> None:
    """What a poll neither found nor failed at is gone with it."""
    told = History(CLUSTER)
    told.after(0, CLUSTER, ServiceFindings({**services("dc1", a="passing").instances, "dc2": ()}))
    told.after(1, CLUSTER, ServiceFindings({"dc2": ()}))
    assert told.view(CLUSTER).groups.keys() == {"dc2"}


def test_two_clusters_with_one_datacenter_do_not_mix() -> None:
    """The one earlier in the configuration owns a datacenter; the other fails with a reason until the first is gone."""
    other = polled("b")
    told = History(CLUSTER, other)
    told.after(0, CLUSTER, services(a="passing"))
    counted = told.after(1, other, services(a="critical", z="passing"))
    assert isinstance(counted.error, DatacenterTaken)
    assert "datacenter_names" in str(counted.error)
    assert told.view(other).failures["datacenter_taken"] == 1
    assert shown(told.view(other)) == {}
    told.store.adopt([other])
    told.after(1, other, services(a="critical"))
    assert shown(told.view(other)).keys() == {"a"}


def test_the_later_cluster_shows_a_datacenter_only_while_the_earlier_can_not() -> None:
    """Whoever answers first after a start, and while the earlier one's data is stale: never both, the earlier if it can."""
    other = polled("b")
    told = History(CLUSTER, other)
    told.after(0, other, services(a="critical"))
    assert shown(told.view(other)).keys() == {"a"}
    told.after(1, CLUSTER, services(a="passing"))
    assert shown(told.view(CLUSTER)).keys() == {"a"}
    assert shown(told.view(other)) == {}
    told.after(200, CLUSTER, None, FAILURE)
    told.store.drop_stale()
    told.after(1, other, services(a="critical"))
    assert shown(told.view(other)).keys() == {"a"}


def test_one_instance_twice_is_shown_once() -> None:
    """The same registration twice in one answer would be the same series twice, which spoils a scrape."""
    told = History(CLUSTER)
    instances = services(a="passing").instances["dc1"] + services(a="critical").instances["dc1"]
    told.after(0, CLUSTER, ServiceFindings({"dc1": instances}))
    (group,) = told.view(CLUSTER).groups.values()
    assert [state.instance.status for state in group.states] == ["critical"]


def test_who_left_the_configuration_leaves_at_once() -> None:
    """A removed source takes everything with it, and a poll that ends later brings nothing back."""
    told = History(CLUSTER, TILL)
    told.after(0, TILL, connection("online"))
    told.store.adopt([CLUSTER])
    told.after(0, TILL, connection("online"))
    assert told.store.snapshot.keys() == {CLUSTER.id}


def test_a_changed_source_keeps_its_history() -> None:
    """A reload with another interval is no reason to forget since when a status holds."""
    told, changed = History(TILL), polled(kind="evotor", interval=30.0)
    told.after(0, TILL, connection("online"))
    told.store.adopt([changed])
    state = told.view(changed).connection
    assert (told.view(changed).info, state and state.check.status) == (changed, "online")


def test_snapshots_are_immutable_and_replaced_whole() -> None:
    """Who holds a snapshot sees no later poll, and nobody can change one."""
    told = History(CLUSTER)
    before = told.store.snapshot
    told.after(0, CLUSTER, services(a="passing"))
    assert isinstance(before, MappingProxyType)
    assert before[CLUSTER.id].polls == 0
    with pytest.raises(FrozenInstanceError):
        told.view(CLUSTER).polls = 7  # type: ignore[misc]  # that it is frozen is the point


def test_nothing_is_published_without_a_change() -> None:
    """Looking for what is stale tells nobody anything when nothing is."""
    told = History(CLUSTER)
    told.after(0, CLUSTER, services(a="passing"))
    published, snapshot = told.published, told.store.snapshot
    told.store.drop_stale()
    assert (told.published, told.store.snapshot) == (published, snapshot)
    told.now += 1000
    for _ in range(3):
        told.store.drop_stale()
    assert told.published == published + 1


def test_a_defect_leaves_what_was_known() -> None:
    """A poll that failed by a defect of ours is a failed poll like any other."""
    told = History(CLUSTER)
    told.after(0, CLUSTER, services(a="passing"))
    told.after(1, CLUSTER, None, Internal("see the log"))
    assert shown(told.view(CLUSTER)).keys() == {"a"}
    assert told.view(CLUSTER).failures["internal"] == 1
