"""What a world says about a time and about a stretch of time is one truth, and follows the status rules."""

from math import inf, isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.demo.effects import (
    ACL_NOT_FOUND,
    DEFAULT_DENY,
    DROPPED,
    FILTERED,
    FLOOD,
    HANG,
    HTML,
    NO_PATH,
    NO_SERVERS,
    NOT_INSTALLED,
    NOT_PAID,
    RATE_LIMITED,
    TRUNCATED_JSON,
    UNAUTHORIZED,
    UNAVAILABLE,
    Absent,
    CheckIs,
    Fault,
    Hidden,
    LeaderLost,
    Maintenance,
    NoToken,
    TokenIs,
)
from exporter.demo.script import (
    CONSUL,
    EVOTOR,
    Connection,
    Episode,
    Instance,
    Node,
    ServiceName,
    System,
    fixed,
)
from exporter.demo.world import ABSENT, Question, World
from exporter.model import CONNECTION_STATUSES, SERVICE_STATUSES
from tests.demo.worlds import END, INSTANCES, QUESTIONS, times, worlds

STATUSES = (*SERVICE_STATUSES, *CONNECTION_STATUSES, ABSENT)
N1 = Node("n1")
WEB = Instance("web", N1, "web-1", checks=("HTTP", "Latency"))
TILL = Connection("till", token="t")


def of_web(*episodes: Episode) -> World:
    return World((WEB,), (), fixed(*episodes))


def of_till(*episodes: Episode) -> World:
    return World((), (TILL,), fixed(*episodes))


@given(worlds, st.sampled_from(QUESTIONS), times, st.integers(1, END))
def test_shares_of_any_window_add_up_to_one(world: World, asked: Question, start: int, length: int) -> None:
    """Every moment of a window belongs to the statuses and absence, each part of it once."""
    total = sum(world.share(asked, status, start, start + length) for status in STATUSES)
    assert isclose(total, 1.0)


@given(worlds, st.sampled_from(QUESTIONS), times)
def test_a_timeline_says_what_is_at_each_moment(world: World, asked: Question, t: int) -> None:
    """The span around a moment has the weights of that moment, and spans follow each other without a gap."""
    spans = world.timeline(asked, 0, END)
    assert next(s.weights for s in spans if s.start <= t < s.end) == world.weights(asked, t)
    assert [s.start for s in spans] == [0, *(s.end for s in spans[:-1])]
    assert spans[-1].end == END


@given(worlds, st.sampled_from(QUESTIONS), st.sampled_from(STATUSES))
def test_sampling_often_enough_gives_the_exact_share(world: World, asked: Question, status: str) -> None:
    """When nothing changes between two samples, sampling loses nothing."""
    assert isclose(
        world.share(asked, status, 0, END), world.sampled_share(asked, status, 0, END, 1), abs_tol=1e-9
    )


@given(worlds, times)
def test_a_moment_agrees_with_the_questions_about_it(world: World, t: int) -> None:
    """Lists of instances and connections at a time hold what each is by itself at that time."""
    present = {state.instance: state.status for state in world.instances(t)}
    for instance in INSTANCES:
        assert world.weights(instance, t) == {present.get(instance, ABSENT): 1.0}
    for state in world.connections(t):
        assert world.weights(state.connection, t) == {state.status: 1.0}


@given(worlds, times)
def test_a_service_is_the_average_of_its_registered_instances(world: World, t: int) -> None:
    """An absent instance weighs nothing, unless all are absent."""
    parts = [world.weights(i, t) for i in INSTANCES if i.service == "web"]
    present = [part for part in parts if ABSENT not in part]
    whole = world.weights(ServiceName("dc1", "web"), t)
    for status in SERVICE_STATUSES:
        assert whole.get(status, 0) * len(present) == sum(part.get(status, 0) for part in present)
    assert (ABSENT in whole) == (not present)


@pytest.mark.parametrize(
    ("episodes", "status"),
    [
        ([], "passing"),
        ([(WEB, CheckIs("warning", "Latency"))], "warning"),
        ([(WEB, CheckIs("warning", "Latency")), (WEB, CheckIs("critical", "HTTP"))], "critical"),
        ([(WEB, CheckIs("critical")), (WEB, CheckIs("passing"))], "passing"),
        ([(N1, CheckIs("critical"))], "critical"),
        ([(N1, CheckIs("warning", "Disk space"))], "warning"),
        ([(N1, CheckIs("critical")), (WEB, Maintenance())], "maintenance"),
        ([(N1, Maintenance())], "maintenance"),
        ([(Node("n2"), CheckIs("critical"))], "passing"),
    ],
)
def test_the_worst_check_of_instance_and_node_decides(
    episodes: list[tuple[Instance | Node, CheckIs | Maintenance]], status: str
) -> None:
    """maintenance > critical > warning > passing; of two effects on one check the later one holds."""
    world = of_web(*(Episode(subject, 0, 10, effect) for subject, effect in episodes))
    assert [state.status for state in world.instances(5)] == [status]


def test_an_instance_without_checks_passes_unless_its_node_fails() -> None:
    """No checks is passing, and a node's checks count for an instance that has none."""
    bare, outside = Instance("bare", N1, checks=()), Instance("db", Node("x", serf=False), checks=())
    world = World((bare, outside), (), fixed(Episode(N1, 10, 20, CheckIs("critical"))))
    assert [s.status for s in world.instances(5)] == ["passing", "passing"]
    assert [s.status for s in world.instances(15)] == ["critical", "passing"]
    assert world.instances(5)[1].checks == ()


def test_maintenance_checks_have_consuls_ids() -> None:
    """Maintenance of a service and of a node are critical checks with ids of their own."""
    world = of_web(Episode(WEB, 0, 9, Maintenance("a")), Episode(N1, 0, 9, Maintenance("b")))
    checks = {c.check_id: (c.status, c.notes) for c in world.instances(0)[0].checks if c.notes}
    assert checks == {
        "_service_maintenance:web-1": ("critical", "a"),
        "_node_maintenance": ("critical", "b"),
    }


def test_an_episode_holds_from_its_start_until_just_before_its_end() -> None:
    """[start, end): at its end it is over."""
    world = of_web(Episode(WEB, 60, 120, CheckIs("critical")))
    assert [world.instances(t)[0].status for t in (59.999, 60, 119.999, 120)] == [
        "passing",
        "critical",
        "critical",
        "passing",
    ]
    assert world.share(WEB, "critical", 0, 240) == 0.25


def test_flapping_takes_its_part_of_every_period() -> None:
    """A period of 10 s with a duty of 0.2, begun at 5, is critical at 5-7, 15-17, ..."""
    world = of_web(Episode(WEB, 5, 35, CheckIs("critical"), period=10, duty=0.2))
    spans = [(s.start, s.end) for s in world.timeline(WEB, 0, 40) if "critical" in s.weights]
    assert spans == [(5, 7), (15, 17), (25, 27)]
    assert isclose(world.share(WEB, "critical", 0, 40), 6 / 40)


def test_flapping_is_measured_exactly_at_awkward_times() -> None:
    """Times that no float can hold exactly cost no share."""
    world = of_web(Episode(WEB, 0.1, 1e6, CheckIs("critical"), period=0.7, duty=0.3))
    assert isclose(world.share(WEB, "critical", 0.1, 0.1 + 1000 * 0.7), 0.3)


def test_a_service_can_be_born_and_removed() -> None:
    """Absent until it is born, absent for ever after it is removed."""
    world = of_web(Episode(WEB, -inf, 10, Absent()), Episode(WEB, 30, inf, Absent()))
    assert [len(world.instances(t)) for t in (-1e9, 9, 10, 29, 30, 1e12)] == [0, 0, 1, 1, 0, 0]
    assert world.share(WEB, ABSENT, 0, 40) == 0.5


def test_a_node_that_leaves_takes_its_instances_along() -> None:
    """When a node is gone, neither it nor what was registered on it is listed."""
    world = of_web(Episode(N1, 0, 10, Absent()))
    assert (world.nodes(5), world.instances(5)) == ((), ())
    assert [state.node for state in world.nodes(10)] == [N1]


@pytest.mark.parametrize(
    ("fault", "status", "reason"),
    [
        (UNAUTHORIZED, "offline", "unauthorized"),
        (NOT_PAID, "offline", "payment_required"),
        (NOT_INSTALLED, "offline", "forbidden"),
        (RATE_LIMITED, "unreachable", "rate_limited"),
        (UNAVAILABLE, "unreachable", "server_error"),
        (HANG, "unreachable", "timeout"),
        (DROPPED, "unreachable", "connect"),
        (HTML, "unreachable", "malformed"),
        (TRUNCATED_JSON, "unreachable", "malformed"),
        (FLOOD, "unreachable", "too_large"),
    ],
)
def test_only_a_refusal_makes_a_connection_offline(fault: Fault, status: str, reason: str) -> None:
    """The API refusing the token is offline; no answer about the token is unreachable."""
    state = of_till(Episode(TILL, 0, 10, fault)).connections(5)[0]
    assert (state.status, state.reason) == (status, reason)


def test_without_a_token_a_connection_is_not_connected_whatever_the_api_does() -> None:
    """There is nothing to ask the API with."""
    world = of_till(Episode(EVOTOR, 0, 10, UNAVAILABLE), Episode(TILL, 0, 5, NoToken()))
    assert [(s.status, s.token) for s in world.connections(1)] == [("not_connected", None)]
    assert [(s.status, s.token) for s in world.connections(6)] == [("unreachable", "t")]


def test_a_fault_of_a_whole_kind_covers_that_of_one_connection_and_no_other_kind() -> None:
    """When the API is down nobody learns about a token; another kind's API is another API."""
    bank = Connection("bank", "http", "b")
    down, revoked = Episode(EVOTOR, 0, 5, UNAVAILABLE), Episode(TILL, 0, 10, UNAUTHORIZED)
    world = World((), (TILL, bank), fixed(down, revoked))
    assert [s.status for s in world.connections(1)] == ["unreachable", "online"]
    assert [s.status for s in world.connections(6)] == ["offline", "online"]


def test_a_replaced_token_is_the_one_in_force() -> None:
    """A token revoked and then replaced leaves a connection online with the new token."""
    world = of_till(Episode(TILL, 0, 10, UNAUTHORIZED), Episode(TILL, 10, inf, TokenIs("new")))
    assert [(s.status, s.token) for s in world.connections(0)] == [("offline", "t")]
    assert [(s.status, s.token) for s in world.connections(10)] == [("online", "new")]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (NO_SERVERS, "no_leader"),
        (LeaderLost(), "no_leader"),
        (ACL_NOT_FOUND, "acl_not_found"),
        (FILTERED, "acl_filtered"),
        (DEFAULT_DENY, "empty_catalog"),
        (Hidden(("web",)), ""),
        (HANG, "timeout"),
    ],
)
def test_a_fault_of_consul_is_a_reason_and_never_a_status(fault: Fault, reason: str) -> None:
    """What Consul's answers suffer from does not change what is true of the services."""
    world = of_web(Episode(CONSUL, 0, 10, fault))
    assert (world.failure(CONSUL, 5), world.failure(CONSUL, 10)) == (reason, "")
    assert [s.status for s in world.instances(5)] == ["passing"]


def test_a_datacenter_fails_alone_and_with_all_of_consul() -> None:
    """A fault of one datacenter leaves the others alone; a fault of Consul is one of each datacenter."""
    east, west = System("consul", "east"), System("consul", "west")
    world = World((), (), fixed(Episode(east, 0, 10, NO_PATH), Episode(CONSUL, 10, 20, NO_SERVERS)))
    assert [world.failure(where, 5) for where in (east, west)] == ["no_path", ""]
    assert [world.failure(where, 15) for where in (east, west)] == ["no_leader", "no_leader"]
