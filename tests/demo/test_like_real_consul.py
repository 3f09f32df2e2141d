"""The simulator against a real Consul with the same registrations: nobody can tell them apart."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from exporter.demo.consul_simulator import consul_app
from exporter.demo.effects import CheckIs, Maintenance
from exporter.demo.script import Episode, Instance, Node, fixed
from exporter.demo.states import CheckState, InstanceTruth
from exporter.demo.world import World
from tests.conftest import StartConsul
from tests.demo.serving import serving
from tests.real import ConsulAgent
from tests.real.http import Answer, request

N1, N2 = Node("n1", "10.0.0.1", meta=(("rack", "7"),)), Node("n2", "2001:db8::2", serf=False)
WEB = Instance("web", N1, "web-1", "10.1.1.1", 80, ("b", "a"), (("team", "shop"),), ("HTTP", "Latency"))
SAME_ID = Instance("web", N2, "web-1", port=8080, tags=("c",))
UPPER, ODD, BARE = Instance("Web", N2, "upper"), Instance('a/b "c" я', N1), Instance("bare", N2, checks=())
WORLD = World(
    (WEB, SAME_ID, UPPER, ODD, BARE),
    (),
    fixed(
        Episode(WEB, 0, 9, CheckIs("warning", "Latency", "slow <1 s> & more")),
        Episode(SAME_ID, 0, 9, Maintenance("on purpose")),
        Episode(N2, 0, 9, CheckIs("critical", "Disk space")),
    ),
)
READS = [
    "health/state/any",
    "health/state/critical",
    "health/state/nonsense",
    "health/service/web",
    "health/service/WEB?passing",
    "health/service/" + quote(ODD.service, safe=""),
    "health/service/" + quote(ODD.service, safe="/"),
    "health/service/unknown",
    "health/service/bare?stale",
    "catalog/services?dc=dc1",
    "catalog/services?consistent",
    "catalog/nodes",
    "catalog/datacenters",
    "health/service/%2Fbare",
    "health/service/x%2F..%2Fbare",
]
REFUSED = [
    "health/state/any?index=1&wait=5",
    "health/state/any?wait=1m5",
    "health/state/any?index=-1",
    "health/state/any?index=x",
    "health/state/any?dc=nowhere",
    "catalog/services?stale&consistent",
    "health/service/web?passing=maybe",
    "health/service/",
    "health/state/",
]


@pytest.fixture(scope="module")
def simulator() -> Iterator[str]:
    """The simulator's base URL."""
    with serving(consul_app(WORLD, lambda: 5)) as url:
        yield url


@pytest.fixture
def consul(consul_agent: ConsulAgent) -> ConsulAgent:
    """A real Consul that was told what is in the world."""
    for state in WORLD.instances(5):
        consul_agent.register_catalog(registration(state))
    return consul_agent


def registration(state: InstanceTruth) -> dict[str, Any]:
    instance, node = state.instance, state.instance.node
    service = {"ID": instance.id, "Service": instance.service, "Port": instance.port}
    service |= {"Tags": instance.tags, "Address": instance.address, "Meta": dict(instance.meta) or None}
    return {
        "Node": node.name,
        "Address": node.address,
        "NodeMeta": dict(node.meta) or None,
        "Service": service,
        "Checks": [check_of(check) for check in state.checks],
    }


def check_of(check: CheckState) -> dict[str, Any]:
    owner = {"ServiceID": check.instance.id, "ServiceName": check.instance.service} if check.instance else {}
    texts = {"Name": check.name, "Status": check.status, "Notes": check.notes, "Output": check.output}
    return {"Node": check.node.name, "CheckID": check.check_id, **texts, **owner}


def comparable(content: Any) -> Any:
    """Leave out indexes and what the real agent registers of itself, and put lists in order."""
    if isinstance(content, dict):
        return {
            key: comparable(value)
            for key, value in content.items()
            if key not in ("CreateIndex", "ModifyIndex", "consul")
        }
    if isinstance(content, list):
        return sorted((comparable(x) for x in content if x == str(x) or x.get("Node") != "agent"), key=str)
    return content


def consuls_headers(answer: Answer) -> dict[str, str]:
    """Return the headers that Consul's documents speak of; an index is only known to be a positive number."""
    named = {name.lower(): value for name, value in answer.headers.items()}
    found = {name: value for name, value in named.items() if name.startswith("x-consul-")}
    found |= {name: named[name] for name in ("content-type", "vary", "content-encoding") if name in named}
    if "x-consul-index" in found:
        found["x-consul-index"] = "positive" if int(found["x-consul-index"]) > 0 else "none"
    return found


def outcome(answer: Answer) -> tuple[int, Any, dict[str, str]]:
    body = comparable(answer.json()) if answer.status == 200 else answer.text
    return answer.status, body, consuls_headers(answer)


def answers(consul: ConsulAgent, simulator: str, path: str, **headers: str) -> tuple[Answer, Answer]:
    real, simulated = (f"{base}/v1/{path}" for base in (consul.address, simulator))
    return request("GET", real, headers=headers), request("GET", simulated, headers=headers)


@pytest.mark.parametrize("path", READS)
def test_a_read_gives_the_same_records_and_headers(consul: ConsulAgent, simulator: str, path: str) -> None:
    """Every field has the same name and value, indexes apart."""
    real, simulated = answers(consul, simulator, path)
    assert real.status == 200
    assert outcome(simulated) == outcome(real)


@pytest.mark.parametrize("path", REFUSED)
def test_a_refusal_has_the_same_words(consul: ConsulAgent, simulator: str, path: str) -> None:
    """The same status, text and headers."""
    real, simulated = answers(consul, simulator, path)
    assert outcome(simulated) == outcome(real)
    assert real.status in (400, 500)


def test_an_unknown_path_and_method_have_the_same_status(consul: ConsulAgent, simulator: str) -> None:
    """404 for what isn't there, 405 for what can't be done with it."""
    for method, path in (("GET", "/v1/nothing/here"), ("POST", "/v1/health/state/any")):
        statuses = {request(method, base + path).status for base in (consul.address, simulator)}
        assert statuses == {404 if method == "GET" else 405}


def test_the_agent_describes_itself_alike(consul: ConsulAgent, simulator: str) -> None:
    """What the simulator tells of itself is there in a real answer, with the same types."""
    real, simulated = answers(consul, simulator, "agent/self")
    for part, fields in simulated.json().items():
        for name, value in fields.items():
            assert type(real.json()[part][name]) is type(value), (part, name)
    assert simulated.json()["Config"]["Datacenter"] == real.json()["Config"]["Datacenter"]


def test_a_blocking_query_that_sees_no_change_answers_alike(consul: ConsulAgent, simulator: str) -> None:
    """After its time, with 200 and the index it was asked with."""
    for base in (consul.address, simulator):
        path = f"{base}/v1/catalog/services"
        index = request("GET", path).headers["X-Consul-Index"]
        assert request("GET", f"{path}?index={index}&wait=10ms").expect().headers["X-Consul-Index"] == index


def test_acls_answer_alike(start_consul: StartConsul) -> None:
    """With default deny: the right token, a wrong one, one in each header, and none, on every endpoint."""
    consul = start_consul(acl={"enabled": True, "default_policy": "deny"})
    token = consul.bootstrap_acl()
    cases = [{"X-Consul-Token": t} for t in (token, "wrong")]
    cases += [{"Authorization": f"Bearer {t}"} for t in (token, "wrong")] + [{}]
    with serving(consul_app(World((WEB,)), lambda: 5, token=token)) as simulator:
        consul.register_catalog(registration(World((WEB,)).instances(5)[0]))
        for case in cases:
            for path in ("health/state/any", "health/service/web", "catalog/services", "catalog/nodes"):
                real, simulated = answers(consul, simulator, path, **case)
                assert outcome(simulated) == outcome(real), (case, path)
            real, simulated = answers(consul, simulator, "agent/self", **case)
            assert simulated.status == real.status
            assert simulated.status == 200 or simulated.text == real.text
