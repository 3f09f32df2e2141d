"""A real Consul that can't be asked: each trouble has its reason, and what still answers is found."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from exporter.errors import PollError
from tests.conftest import StartConsul, binary
from tests.consul.polling import Polled
from tests.real import ConsulAgent
from tests.real.process import free_ports, wait_for

WEB = {"Name": "web", "ID": "web-1", "Check": {"CheckID": "web-ttl", "TTL": "1h", "Status": "passing"}}
FOUND = {("web", "web-1", "agent"): "passing"}
DENY = {"acl": {"enabled": True, "default_policy": "deny"}}
READ = 'node_prefix "" { policy = "read" } service_prefix "" { policy = "read" }'


def failure_of(polled: Polled) -> PollError:
    """Poll, and return why that failed."""
    with pytest.raises(PollError) as raised:
        polled.instances()
    return raised.value


@pytest.fixture
def closed() -> str:
    """An address where nobody listens."""
    return f"http://127.0.0.1:{free_ports(1)[0]}"


@pytest.fixture
def silent() -> Iterator[str]:
    """An address that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_addresses_are_tried_in_order(consul_agent: ConsulAgent, closed: str, silent: str) -> None:
    """Addresses that are dead or hang are passed over, and the one that answered is asked from then on."""
    consul_agent.register(WEB)
    with Polled(closed, silent, consul_agent.address, timeout="3s") as polled:
        assert polled.statuses() == FOUND
        assert polled.statuses() == FOUND
        assert {str(request.url.port) for request in polled.requests} == {str(consul_agent.ports["http"])}


@pytest.mark.parametrize(("which", "reason"), [("closed", "connect"), ("silent", "timeout")])
def test_no_address_answers(which: str, reason: str, request: pytest.FixtureRequest) -> None:
    """A poll without any answer fails with its reason, and says which address it was."""
    address = request.getfixturevalue(which)
    with Polled(address, timeout="500ms") as polled:
        error = failure_of(polled)
    assert error.reason == reason
    assert address in str(error)


def test_a_socket(start_consul: StartConsul, tmp_path: Path) -> None:
    """An agent is asked through a Unix socket as over TCP."""
    agent = start_consul(addresses={"http": f"127.0.0.1 unix://{tmp_path}/http.sock"})
    agent.register(WEB)
    with Polled(f"unix://{tmp_path}/http.sock") as polled:
        assert polled.statuses() == FOUND


def test_killed_and_started_again(start_consul: StartConsul) -> None:
    """A crashed agent fails the poll; when it is back the poll finds the same as before."""
    agent = start_consul()
    agent.register(WEB)
    with Polled(agent.address) as polled:
        assert polled.statuses() == FOUND
        agent.kill()
        assert failure_of(polled).reason == "connect"
        agent.start()
        wait_for(lambda: agent.get("/v1/health/service/web"), what="the agent's services")
        # A TTL check may have run out meanwhile, and the node may still count as lost for a moment.
        agent.set_check("web-ttl", "passing")
        wait_for(lambda: polled.statuses() == FOUND, what="what was there before")


def test_tokens(start_consul: StartConsul, tmp_path: Path) -> None:
    """No token, an unknown, a weak and a right one are told apart, and a new one in the file counts at once."""
    agent = start_consul(**DENY)
    agent.bootstrap_acl()
    agent.register(WEB)
    file = tmp_path / "token"
    tokens = {
        "11111111-2222-3333-4444-555555555555": "acl_not_found",
        agent.create_token('service_prefix "" { policy = "read" }'): "acl_filtered",
        agent.create_token('node_prefix "" { policy = "read" }'): "acl_filtered",
        agent.create_token('key_prefix "" { policy = "read" }'): "empty_catalog",
        "": "token",
    }
    right = agent.create_token(READ)
    with Polled(agent.address) as polled:
        assert failure_of(polled).reason == "empty_catalog"
    with Polled(agent.address, token_file=str(file)) as polled:
        for token, reason in tokens.items():
            file.write_text(token)
            error = failure_of(polled)
            assert error.reason == reason
            assert not token or token not in str(error)
            file.write_text(f"{right}\n")
            assert polled.statuses() == FOUND


def test_a_token_for_some_services(start_consul: StartConsul) -> None:
    """With a token that may see only some services these are found, and no others."""
    agent = start_consul(**DENY)
    agent.bootstrap_acl()
    agent.register(WEB)
    agent.register({"Name": "db"})
    token = agent.create_token('node_prefix "" { policy = "read" } service "web" { policy = "read" }')
    with Polled(agent.address, token=token) as polled:
        assert polled.statuses() == FOUND


@pytest.fixture
def joined(start_consul: StartConsul) -> tuple[ConsulAgent, ConsulAgent]:
    """Two datacenters, each with a service of the same name."""
    agents = [start_consul(datacenter=f"dc{n}", node_name=f"agent-{n}") for n in (1, 2)]
    for agent in agents:
        agent.register(WEB)
    agents[0].join_wan(agents[1])
    return agents[0], agents[1]


@pytest.mark.parametrize("datacenters", ["all", ["dc2", "dc1"]], ids=["all", "listed"])
def test_a_datacenter_dies(joined: tuple[ConsulAgent, ConsulAgent], datacenters: str | list[str]) -> None:
    """The other datacenter is found without it, the dead one is named with its reason until it is back."""
    near, far = joined
    with Polled(near.address, datacenters=datacenters) as polled:
        found = polled.poll()
        assert {name: {i.key.service for i in inside} for name, inside in found.instances.items()} == {
            "dc1": {"consul", "web"},
            "dc2": {"consul", "web"},
        }
        far.kill()
        wait_for(lambda: near.request("GET", "/v1/health/state/any?dc=dc2").status == 500, what="its death")
        broken = polled.poll()
        assert set(broken.instances) == {"dc1"}
        assert broken.instances["dc1"] == found.instances["dc1"]
        assert {name: error.reason for name, error in broken.failures.items()} == {"dc2": "no_path"}
        assert "datacenter dc2" in str(broken.errors)
        far.start()
        wait_for(lambda: not polled.poll().failures, what="its return")


def test_an_unknown_datacenter(consul_agent: ConsulAgent) -> None:
    """A configured datacenter that doesn't exist fails alone."""
    with Polled(consul_agent.address, datacenters=["dc1", "nowhere"]) as polled:
        findings = polled.poll()
    assert set(findings.instances) == {"dc1"}
    assert {name: error.reason for name, error in findings.failures.items()} == {"nowhere": "no_path"}


def test_no_namespaces(consul_agent: ConsulAgent) -> None:
    """A Consul that has none says so, and so does the error, instead of showing other services."""
    with Polled(consul_agent.address, datacenters=["dc1"], namespace="team-a") as polled:
        (error,) = polled.poll().failures.values()
    assert (error.reason, "leave namespace out" in str(error)) == ("unexpected_status", True)


def test_the_own_datacenter_among_several(start_consul: StartConsul) -> None:
    """A token that may only read nodes and services suffices to find out the agent's datacenter."""
    deny = {"acl": {**DENY["acl"], "tokens": {}}, "primary_datacenter": "dc1"}
    agents = [start_consul(datacenter=f"dc{n}", node_name=f"agent-{n}", **deny) for n in (1, 2)]
    agents[0].bootstrap_acl()
    agents[1].token = agents[0].token
    agents[0].put(f"/v1/agent/join/127.0.0.1:{agents[1].ports['serf_wan']}?wan=1")
    wait_for(lambda: len(agents[0].get("/v1/catalog/datacenters")) == 2, what="joining over WAN")
    with Polled(agents[0].address, token=agents[0].create_token(READ)) as polled:
        assert set(polled.poll().instances) == {"dc1"}


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[ConsulAgent, ConsulAgent]]:
    """A cluster of two servers: without one of them there is no leader."""
    path, expect = binary("consul"), {"bootstrap_expect": 2, "retry_interval": "1s"}
    first = ConsulAgent(path, tmp_path / "first", expect)
    join = [f"127.0.0.1:{first.ports['serf_lan']}"]
    second = ConsulAgent(path, tmp_path / "second", expect | {"node_name": "second", "retry_join": join})
    try:
        with ThreadPoolExecutor() as together:
            list(together.map(ConsulAgent.start, (first, second)))
        yield first, second
    finally:
        first.stop()
        second.stop()


def test_a_lost_leader(pair: tuple[ConsulAgent, ConsulAgent]) -> None:
    """A server without a leader answers from memory; that is believed for an interval, and then the poll fails."""
    left, killed = pair
    with Polled(left.address, interval="2s") as polled:
        assert polled.statuses() == {}
        killed.kill()
        wait_for(lambda: polled.poll().failures, what="the poll failing")
        assert left.request("GET", "/v1/health/state/any?stale").status == 200
    with Polled(left.address, allow_stale=False) as patient:
        assert failure_of(patient).reason == "no_leader"
