"""Small random worlds for property tests: all times are whole seconds from 0 to 120."""

from hypothesis import strategies as st

from exporter.demo.effects import (
    HANG,
    HTML,
    NOT_PAID,
    RATE_LIMITED,
    UNAUTHORIZED,
    UNAVAILABLE,
    Absent,
    CheckIs,
    Effect,
    Maintenance,
    NoToken,
)
from exporter.demo.script import EVOTOR, Connection, Episode, Instance, Node, ServiceName, Subject, fixed
from exporter.demo.world import Question, World

END = 120
NODES = (Node("n1"), Node("n2", "10.0.0.2", serf=False))
INSTANCES = (
    Instance("web", NODES[0], "web-1", port=80, tags=("b", "a"), meta=(("team", "shop"),)),
    Instance("web", NODES[1], "web-1", "2001:db8::1", 443, ("c",), checks=("HTTP", "Latency")),
    Instance("Web", NODES[0], "web-2"),
    Instance('a/b "c" я', NODES[1], checks=()),
)
CONNECTIONS = (
    Connection("till", "evotor", "token-of-till", stores=("Лавка", "Киоск", "Склад")),
    Connection("bank", "http", "token-of-bank"),
)
QUESTIONS: tuple[Question, ...] = (*INSTANCES, *CONNECTIONS, ServiceName("dc1", "web"))

_checks = st.sampled_from(["passing", "warning", "critical"])
_of_instances = st.one_of(
    st.builds(CheckIs, _checks, st.sampled_from(["", "HTTP", "Latency"])),
    st.just(Maintenance()),
    st.just(Absent()),
)
_of_nodes = st.one_of(st.builds(CheckIs, _checks), st.just(Maintenance()), st.just(Absent()))
_of_connections: st.SearchStrategy[Effect] = st.sampled_from(
    [UNAUTHORIZED, NOT_PAID, RATE_LIMITED, UNAVAILABLE, HANG, HTML, NoToken()]
)


def _episodes(
    subjects: st.SearchStrategy[Subject], effects: st.SearchStrategy[Effect]
) -> st.SearchStrategy[Episode]:
    times = st.integers(-20, END + 20)
    periods = st.sampled_from([0, 0, 2, 4, 10, 28])
    return st.builds(Episode, subjects, times, times, effects, periods)


episodes = st.one_of(
    _episodes(st.sampled_from(INSTANCES), _of_instances),
    _episodes(st.sampled_from(NODES), _of_nodes),
    _episodes(st.sampled_from(CONNECTIONS), _of_connections),
    _episodes(st.just(EVOTOR), st.sampled_from([UNAVAILABLE, HTML])),
)
worlds = st.builds(
    lambda found: World(INSTANCES, CONNECTIONS, fixed(*found)), st.lists(episodes, max_size=12)
)
times = st.integers(0, END - 1)
