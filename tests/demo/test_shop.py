"""The demo's world always has something to show, and shows the same to everyone who asks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.demo.effects import Absent, Maintenance
from exporter.demo.script import CONSUL, EVOTOR, Episode, ServiceName
from exporter.demo.shop import demo_world
from exporter.demo.world import ABSENT, World
from exporter.model import SERVICE_STATUSES

HOUR, DAY = 3600, 86400
WORLDS = {seed: demo_world(seed) for seed in range(4)}
seeds = st.sampled_from(sorted(WORLDS))
moments = st.floats(-4e9, 8e9)


def of_service(world: World, name: str) -> ServiceName:
    return ServiceName(world.datacenters[0], name)


def test_it_is_a_shop_of_forty_services_and_eight_connections() -> None:
    """About 40 services, 70 instances on several nodes; hard cases are among them."""
    world = demo_world(1)
    assert 38 <= len({i.service for i in world.all_instances}) <= 45
    assert 65 <= len(world.all_instances) <= 85
    assert [c.kind for c in world.all_connections] == ["evotor"] * 6 + ["http"] * 2
    assert len({c.token for c in world.all_connections}) == 8
    assert len({i.key for i in world.all_instances}) == len(world.all_instances)
    assert any(":" in i.address for i in world.all_instances)
    assert any(i.port == 0 for i in world.all_instances)
    assert any(not i.checks and not i.node.serf for i in world.all_instances)


@given(seeds, moments)
def test_something_is_always_in_each_state_worth_showing(seed: int, t: float) -> None:
    """At every moment something is green, yellow, red and flapping, and a connection is not connected."""
    world = WORLDS[seed]
    assert {"passing", "warning", "critical"} <= {s.status for s in world.instances(t)}
    assert any(e.period and e.start <= t < e.end for e in world.script(t, t))
    statuses = {s.status for s in world.connections(t)}
    assert {"online", "not_connected"} <= statuses
    assert "offline" in statuses or world.failure(EVOTOR, t)


@given(seeds, moments)
def test_a_service_is_born_and_one_removed_within_any_day(seed: int, start: float) -> None:
    """In 24 h something leaves for hours and something comes that was not there for hours."""
    world = WORLDS[seed]
    gone = [e for e in world.script(start, start + DAY) if isinstance(e.effect, Absent)]
    long_gone = [e for e in gone if e.end - e.start > HOUR]
    assert any(start <= e.start < start + DAY for e in long_gone)
    assert any(start <= e.end < start + DAY for e in long_gone)
    share = world.share(of_service(world, "promo-landing"), ABSENT, start, start + DAY)
    assert 0 < share < 0.6


@pytest.mark.parametrize("seed", sorted(WORLDS))
def test_most_hours_have_maintenance(seed: int) -> None:
    """Of 100 hours at least 90 see an instance in maintenance."""
    script = WORLDS[seed].script
    hours = [
        any(isinstance(e.effect, Maintenance) for e in script(h, h + HOUR))
        for h in range(0, 100 * HOUR, HOUR)
    ]
    assert sum(hours) >= 90


@pytest.mark.parametrize("seed", sorted(WORLDS))
def test_consul_and_evotor_are_down_for_minutes_a_day(seed: int) -> None:
    """Outages of the sources come about once a day, and last for minutes."""
    world, minutes = WORLDS[seed], range(0, 10 * DAY, 60)
    for system, least, most in ((CONSUL, 5, 8), (EVOTOR, 10, 15)):
        down = sum(bool(world.failure(system, t)) for t in minutes)
        assert 8 * least <= down <= 12 * most


@given(seeds, moments)
def test_a_moment_sees_what_a_long_look_sees(seed: int, t: float) -> None:
    """Asking about a moment finds every episode that asking about days around it finds."""
    script = WORLDS[seed].script

    def holding(episodes: list[Episode]) -> list[Episode]:
        return [e for e in episodes if e.holds(t)]

    assert holding(list(script(t, t))) == holding(list(script(t - 2 * DAY, t + 2 * DAY)))


@given(st.integers(), st.floats(0, 4e9))
def test_a_seed_is_one_world_whatever_was_asked_before(seed: int, t: float) -> None:
    """Two worlds of a seed agree about any time, also when one was asked about other times first."""
    fresh, used = demo_world(seed), demo_world(seed)
    used.instances(t - DAY)
    used.connections(t + DAY)
    assert used.instances(t) == fresh.instances(t)
    assert used.connections(t) == fresh.connections(t)


def test_seeds_make_different_worlds() -> None:
    """Another seed: other tokens, other incidents."""
    one, other = WORLDS[0], WORLDS[1]
    assert {c.token for c in one.all_connections}.isdisjoint(c.token for c in other.all_connections)
    assert [s.status for s in one.instances(0)] != [s.status for s in other.instances(0)]


@pytest.mark.parametrize("seed", sorted(WORLDS))
def test_every_status_has_a_share_of_the_day(seed: int) -> None:
    """Over a day, each status is seen, and most of the time most is well."""
    world = WORLDS[seed]
    names = {i.service for i in world.all_instances}
    shares = {
        status: sum(world.share(of_service(world, name), status, 0, DAY) for name in names) / len(names)
        for status in SERVICE_STATUSES
    }
    assert all(share > 0.001 for share in shares.values())
    assert shares["passing"] > 0.85
