"""What changes in a real Consul is seen by the next poll."""

from typing import Any

import pytest

from exporter.model import Endpoint, InstanceKey
from tests.consul.fake import CATALOG, NODES, STATE
from tests.consul.polling import Polled
from tests.consul.test_real_catalog import put
from tests.real import ConsulAgent

WEB = {"Name": "web", "ID": "web-1", "Check": {"CheckID": "web-ttl", "TTL": "1h", "Status": "passing"}}
KEY = ("web", "web-1", "agent")


def drop(agent: ConsulAgent, **what: str) -> None:
    """Take away a service or a check of node n1, or the node."""
    agent.deregister_catalog({"Node": "n1", "Datacenter": agent.datacenter, **what})


def test_statuses_come_and_go(consul_agent: ConsulAgent) -> None:
    """Each poll finds the present status: of the check, of maintenance of service and node, and back."""
    consul_agent.register(WEB)
    with Polled(consul_agent.address) as polled:
        for status in ("passing", "warning", "critical", "passing"):
            consul_agent.set_check("web-ttl", status)
            assert polled.statuses() == {KEY: status}
        for maintained in ("web-1", None):
            consul_agent.maintenance(enable=True, service_id=maintained, reason="upgrade")
            assert polled.statuses() == {KEY: "maintenance"}
            consul_agent.maintenance(enable=False, service_id=maintained)
            assert polled.statuses() == {KEY: "passing"}


def test_maintenance_of_an_instance_without_checks(consul_agent: ConsulAgent) -> None:
    """An instance without checks is passing, in maintenance, and passing again."""
    consul_agent.register({"Name": "web", "ID": "web-1"})
    with Polled(consul_agent.address) as polled:
        for enable, status in ((True, "maintenance"), (False, "passing")):
            consul_agent.maintenance(enable=enable, service_id="web-1")
            assert polled.statuses() == {KEY: status}


def test_counts_of_checks(consul_agent: ConsulAgent) -> None:
    """An instance's checks are its own and its node's, those of maintenance as critical."""
    consul_agent.register(WEB)
    consul_agent.maintenance(enable=True, service_id="web-1")
    with Polled(consul_agent.address) as polled:
        instance = polled.instances()[InstanceKey("dc1", *KEY)]
    counted = {check.check_id: check.status for check in instance.checks}
    assert counted == {
        "web-ttl": "passing",
        "_service_maintenance:web-1": "critical",
        "serfHealth": "passing",
    }


def test_instances_without_checks(consul_agent: ConsulAgent) -> None:
    """One that appears is found, one that vanishes leaves, whatever else the service has."""
    put(consul_agent, {"Service": "web", "ID": "checked"}, {"CheckID": "c", "Status": "passing"})
    with Polled(consul_agent.address) as polled:
        assert polled.statuses() == {("web", "checked", "n1"): "passing"}
        put(consul_agent, {"Service": "web", "ID": "bare-1", "Tags": ["new"]})
        put(consul_agent, {"Service": "web", "ID": "bare-2"})
        assert set(polled.statuses()) == {("web", i, "n1") for i in ("checked", "bare-1", "bare-2")}
        drop(consul_agent, ServiceID="bare-2")
        assert set(polled.statuses()) == {("web", i, "n1") for i in ("checked", "bare-1")}
        drop(consul_agent, ServiceID="checked")
        assert set(polled.statuses()) == {("web", "bare-1", "n1")}
        drop(consul_agent)
        assert polled.statuses() == {}


def test_many_services_without_checks(consul_agent: ConsulAgent) -> None:
    """Of many services whose instances have no checks, the one that went is gone with the next poll."""
    for number in range(120):
        put(consul_agent, {"Service": f"bare-{number}", "ID": "a"}, node=f"n{number}")
        put(consul_agent, {"Service": f"bare-{number}", "ID": "b"}, node=f"n{number}")
    with Polled(consul_agent.address) as polled:
        assert len(polled.statuses()) == 240
        consul_agent.deregister_catalog({"Node": "n77", "Datacenter": "dc1", "ServiceID": "b"})
        assert len(polled.statuses()) == 239


def test_checks_removed_and_added(consul_agent: ConsulAgent) -> None:
    """An instance stays when its only check goes, and has the new check's status when one comes."""
    check = {"CheckID": "c", "Status": "critical"}
    put(consul_agent, {"Service": "web"}, check)
    with Polled(consul_agent.address) as polled:
        for step, status in (("", "critical"), ("remove", "passing"), ("add", "critical")):
            if step == "remove":
                drop(consul_agent, CheckID="c")
            elif step == "add":
                put(consul_agent, {"Service": "web"}, check)
            assert polled.statuses() == {("web", "web", "n1"): status}


@pytest.mark.parametrize("gone", [{"ServiceID": "web"}, {}], ids=["service", "node"])
def test_deregistered(consul_agent: ConsulAgent, gone: dict[str, str]) -> None:
    """What was deregistered leaves with the next poll, and nothing else does."""
    put(consul_agent, {"Service": "web"}, {"CheckID": "c", "Status": "passing"})
    put(consul_agent, {"Service": "db"}, {"CheckID": "c", "Status": "passing"}, node="n2")
    with Polled(consul_agent.address) as polled:
        assert len(polled.statuses()) == 2
        drop(consul_agent, **gone)
        assert set(polled.statuses()) == {("db", "db", "n2")}


def test_a_failed_node(consul_agent: ConsulAgent) -> None:
    """When a node fails, all that runs on it is critical, whatever its frozen checks say."""
    serf = {"CheckID": "serfHealth", "Status": "passing", "ServiceID": ""}
    for service, checks in (("web", [{"CheckID": "c", "Status": "passing"}]), ("bare", [])):
        put(consul_agent, {"Service": service}, *checks, serf)
    with Polled(consul_agent.address) as polled:
        assert set(polled.statuses().values()) == {"passing"}
        put(consul_agent, {"Service": "web"}, serf | {"Status": "critical"})
        assert set(polled.statuses().values()) == {"critical"}


CHANGES: dict[str, tuple[dict[str, Any], Endpoint]] = {
    "tags": ({"Tags": ["b"]}, Endpoint("10.0.0.1", 80, ("b",))),
    "port": ({"Port": 81}, Endpoint("10.0.0.1", 81)),
    "meta": ({"Meta": {"k": "v"}}, Endpoint("10.0.0.1", 80, (), {"k": "v"})),
    "address": ({"Address": "10.0.0.2"}, Endpoint("10.0.0.2", 80)),
}
CHECK, WEB_1 = {"CheckID": "c", "Status": "passing"}, InstanceKey("dc1", "web", "web", "n1")
several = pytest.mark.parametrize("services", [1, 20])  # few are asked for one by one, many at once


def fill(agent: ConsulAgent, services: int) -> None:
    """Register web and so many others."""
    put(agent, {"Service": "web", "Port": 80}, CHECK)
    for number in range(services):
        put(agent, {"Service": f"other-{number}", "Port": 80})


@several
@pytest.mark.parametrize(("change", "endpoint"), CHANGES.values(), ids=CHANGES)
def test_details_changed(
    consul_agent: ConsulAgent, change: dict[str, Any], endpoint: Endpoint, services: int
) -> None:
    """Details that changed under the same id are found by the next poll."""
    fill(consul_agent, services)
    with Polled(consul_agent.address) as polled:
        assert polled.instances()[WEB_1].endpoint == Endpoint("10.0.0.1", 80)
        put(consul_agent, {"Service": "web", "Port": 80, **change}, CHECK)
        found = polled.instances()[WEB_1]
    assert found.endpoint == endpoint
    assert found.url == f"http://web.service.dc1.consul:{endpoint.port}"


@several
def test_the_address_of_a_node_changed(consul_agent: ConsulAgent, services: int) -> None:
    """An instance without an address of its own follows its node with the next poll."""
    fill(consul_agent, services)
    with Polled(consul_agent.address) as polled:
        polled.poll()
        consul_agent.register_catalog({"Node": "n1", "Address": "10.0.0.9"})
        assert polled.instances()[WEB_1].endpoint == Endpoint("10.0.0.9", 80)


@several
def test_a_quiet_poll_takes_three_requests(consul_agent: ConsulAgent, services: int) -> None:
    """While nothing changes a poll asks for failing checks, services and nodes; a new service is asked for at once."""
    fill(consul_agent, services)
    with Polled(consul_agent.address) as polled:
        polled.poll()
        for _ in range(3):
            polled.poll()
            assert [request.url.path for request in polled.requests] == [STATE, CATALOG, NODES]
        put(consul_agent, {"Service": "new", "Port": 80}, CHECK)
        assert polled.instances()[WEB_1._replace(service="new", service_id="new")].endpoint


def test_details_that_come_and_go_again(consul_agent: ConsulAgent) -> None:
    """Statuses that change leave details alone: no request is made for them."""
    fill(consul_agent, 20)
    with Polled(consul_agent.address) as polled:
        polled.poll()
        for status in ("critical", "warning", "passing"):
            put(consul_agent, {"Service": "web", "Port": 80}, CHECK | {"Status": status})
            assert polled.statuses(of="web") == {("web", "web", "n1"): status}
            assert {request.url.path for request in polled.requests} == {STATE, CATALOG, NODES}
