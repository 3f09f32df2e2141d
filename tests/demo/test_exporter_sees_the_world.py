"""The exporter's own sources, asked about a world through its simulators, find what is true of it."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.client import HttpClient
from exporter.config import Tls
from exporter.demo.consul_simulator import consul_app
from exporter.demo.effects import (
    ACL_DENIED,
    ACL_NOT_FOUND,
    DEFAULT_DENY,
    FILTERED,
    HANG,
    HTML,
    NO_LEADER,
    NO_PATH,
    NO_SERVERS,
    RPC_LIMITED,
    TRUNCATED_JSON,
    UNAVAILABLE,
    Fault,
    LeaderLost,
)
from exporter.demo.evotor_simulator import evotor_app
from exporter.demo.script import CONSUL, Episode, Instance, Node, fixed
from exporter.demo.shop import demo_world
from exporter.demo.states import ConnectionTruth
from exporter.demo.world import World
from exporter.errors import PollError
from exporter.model import ConnectionCheck, InstanceKey, ServiceInstance
from exporter.sources.connections.connection import ConnectionSource
from exporter.sources.connections.kinds import KINDS
from exporter.sources.connections.reading import options_of
from exporter.sources.consul.cluster import ConsulSource
from exporter.sources.consul.settings import Consul
from tests.connections.checking import ask
from tests.demo.worlds import times, worlds

CONSUL_ITSELF = Instance("consul", Node("server"), port=8300, checks=())
DEMO = demo_world(3)
days = st.floats(1.7e9, 2e9)


def services_seen(world: World, t: float, **settings: object) -> Mapping[InstanceKey, ServiceInstance]:
    """Poll the simulated Consul once."""

    async def poll() -> Mapping[InstanceKey, ServiceInstance]:
        section = {"name": "main", "address": "http://consul:8500", "timeout": "10s", **settings}
        client = HttpClient(Tls(), transport=httpx.ASGITransport(consul_app(world, lambda: t)))
        cluster = ConsulSource(Consul.model_validate(section), {"http://consul:8500": client})
        findings = await cluster.poll("")
        if findings.errors:
            raise findings.errors[0]
        return {i.key: i for found in findings.instances.values() for i in found}

    return asyncio.run(poll())


def connections_seen(world: World, t: float, states: tuple[ConnectionTruth, ...]) -> list[ConnectionCheck]:
    """Check connections once, each with its token of that time."""

    async def check(state: ConnectionTruth, client: HttpClient) -> ConnectionCheck:
        (options,) = options_of((section(state),))
        source = ConnectionSource(KINDS[options.kind](options), client, 1)
        try:
            async with asyncio.timeout(0.2 if state.reason == "timeout" else 10):
                return (await ask(source)).check
        except PollError as error:
            return source.failed(error).check
        except TimeoutError:
            return replace(source.failed(PollError()).check, reason="timeout")

    async def check_all() -> list[ConnectionCheck]:
        client = HttpClient(Tls(), transport=httpx.ASGITransport(evotor_app(world, lambda: t)))
        return list(await asyncio.gather(*(check(state, client) for state in states)))

    return asyncio.run(check_all())


def section(state: ConnectionTruth) -> dict[str, str]:
    connection = state.connection
    token = {"token": state.token} if state.token else {"token_file": "/missing"}
    place = (
        {"address": "http://evotor"}
        if connection.kind == "evotor"
        else {"url": f"http://x/ping/{connection.id}"}
    )
    return {"id": connection.id, "kind": connection.kind, **token, **place}


def assert_services_are_true(world: World, t: float) -> None:
    seen = services_seen(world, t)
    assert {key: i.status for key, i in seen.items()} == {
        s.instance.key: s.status for s in world.instances(t)
    }
    for state in world.instances(t):
        instance, endpoint = state.instance, seen[state.instance.key].endpoint
        assert endpoint is not None
        assert (endpoint.address, endpoint.port) == (instance.address or instance.node.address, instance.port)
        assert endpoint.tags == tuple(sorted(instance.tags))
        assert endpoint.meta == dict(instance.meta)


def assert_connections_are_true(world: World, t: float) -> None:
    states = world.connections(t)
    seen = [(check.status, check.reason) for check in connections_seen(world, t, states)]
    assert seen == [(state.status, state.reason) for state in states]


@given(worlds, times)
def test_services_of_any_world(world: World, t: int) -> None:
    """Status, address, port, tags and meta of every instance are the world's, and no other instance is seen."""
    assert_services_are_true(replace(world, all_instances=(*world.all_instances, CONSUL_ITSELF)), t)


@settings(max_examples=25)
@given(worlds, times)
def test_connections_of_any_world(world: World, t: int) -> None:
    """Status and reason of every connection are the world's."""
    assert_connections_are_true(world, t)


@settings(max_examples=25)
@given(days)
def test_the_demos_world(t: float) -> None:
    """Whatever is going on, the exporter sees the demo's world as it is, or why it can't."""
    if failure := DEMO.failure(CONSUL, t):
        with pytest.raises(PollError) as raised:
            services_seen(DEMO, t)
        assert raised.value.reason == failure
    else:
        assert_services_are_true(DEMO, t)
    assert_connections_are_true(DEMO, t)


@pytest.mark.parametrize(
    "fault",
    [
        NO_LEADER,
        NO_SERVERS,
        NO_PATH,
        ACL_NOT_FOUND,
        ACL_DENIED,
        RPC_LIMITED,
        UNAVAILABLE,
        HTML,
        TRUNCATED_JSON,
        HANG,
        FILTERED,
        DEFAULT_DENY,
        LeaderLost(),
    ],
)
def test_a_fault_of_consul_has_its_reason(fault: Fault) -> None:
    """The exporter finds the reason that the world gives."""
    world = World((CONSUL_ITSELF,), (), fixed(Episode(CONSUL, 0, 1, fault)))
    with pytest.raises(PollError) as raised:
        services_seen(world, 0, timeout="1s", datacenters=["dc1"], allow_stale=False)
    assert raised.value.reason == world.failure(CONSUL, 0)
