"""What a real Consul holds is what a poll finds, however odd it is."""

from typing import Any
from urllib.parse import unquote

import pytest

from exporter.model import InstanceKey
from tests.consul.polling import Polled
from tests.consul.truth import health_of, instances_in
from tests.real import ConsulAgent

Json = dict[str, Any]

PLAIN_NAMES = (
    *("web", "Web", "WEB", "a/b", "trail/", "sp ace", "q?x", "h#x", "100%", "%2Fx", "%", "a&b", "+plus"),
    *("dots.in.name", "semi;colon", "back\\slash", 'quo"te', "Ünïcode", "магазин", "🚀"),
)
# Consul can't be asked for these by path.
PATHLESS_NAMES = ("/lead", "a//b", ".", "..", "x/../y", "//", "new\nline", "no\u00a0break", '/`"\\', "/\r")


def put(
    agent: ConsulAgent, service: Json, *checks: Json, node: str = "n1", address: str = "10.0.0.1"
) -> None:
    """Register a service with its checks on any node."""
    service_id = service.setdefault("ID", service["Service"])
    agent.register_catalog(
        {
            "Node": node,
            "Address": address,
            "Service": service,
            "Checks": [{"ServiceID": service_id, "Name": check["CheckID"], **check} for check in checks],
        }
    )


def found_in(agent: ConsulAgent, **settings: Any) -> dict[InstanceKey, Any]:
    with Polled(agent.address, **settings) as polled:
        return dict(polled.instances())


@pytest.mark.parametrize("names", [PLAIN_NAMES, PATHLESS_NAMES], ids=["fit a path", "fit no path"])
def test_names(consul_agent: ConsulAgent, names: tuple[str, ...]) -> None:
    """A service with any name Consul takes is found with its status and details, checks or no checks."""
    for number, name in enumerate(names):
        port, tags = 1000 + number, [f"tag of {name}"]
        critical = {"CheckID": f"check-{number}", "Status": "critical"}
        put(consul_agent, {"Service": name, "ID": f"checked-{number}", "Port": port, "Tags": tags}, critical)
        put(consul_agent, {"Service": name, "ID": f"unchecked-{number}", "Port": port, "Tags": tags})
    truth, found = instances_in(consul_agent), found_in(consul_agent)
    assert {key.service for key in truth} == {*names, "consul"}
    assert {key: instance.status for key, instance in found.items()} == {
        key: service["Status"] for key, service in truth.items()
    }
    for key, instance in found.items():
        assert instance.endpoint is not None, key
        told = (instance.endpoint.address, instance.endpoint.port, list(instance.endpoint.tags))
        assert told == (truth[key]["Address"], truth[key]["Port"], truth[key]["Tags"])


def test_plain_names_agree_with_the_health_endpoint(consul_agent: ConsulAgent) -> None:
    """For names that fit a path the statuses are those of /v1/health/service."""
    for number, name in enumerate(PLAIN_NAMES):
        status = ("passing", "warning", "critical")[number % 3]
        put(
            consul_agent,
            {"Service": name},
            {"CheckID": f"check-{number}", "Status": status},
            node=f"n{number}",
        )
    said = {key: status for name in PLAIN_NAMES for key, status in health_of(consul_agent, name).items()}
    found = {key: instance.status for key, instance in found_in(consul_agent).items()}
    assert said == {key: status for key, status in found.items() if key.service != "consul"}
    assert len(said) == len(PLAIN_NAMES)


def test_one_id_on_two_nodes(consul_agent: ConsulAgent) -> None:
    """The same service_id on two nodes is two instances, each with the checks of its own node."""
    for node, status in (("n1", "passing"), ("n2", "critical")):
        put(consul_agent, {"Service": "web", "ID": "web-1"}, {"CheckID": "c", "Status": status}, node=node)
    with Polled(consul_agent.address) as polled:
        assert polled.statuses() == {("web", "web-1", "n1"): "passing", ("web", "web-1", "n2"): "critical"}


def test_spelling_of_owners(consul_agent: ConsulAgent) -> None:
    """A check counts for the service it belongs to also when it spells node and service_id in another case."""
    put(consul_agent, {"Service": "web", "ID": "Web-1"}, {"CheckID": "own", "Status": "passing"}, node="Node")
    base = {"Node": "node", "Address": "10.0.0.1", "SkipNodeUpdate": True}
    check = {"CheckID": "later", "Name": "later", "Status": "warning", "ServiceID": "WEB-1"}
    consul_agent.register_catalog(base | {"Check": check})
    with Polled(consul_agent.address) as polled:
        assert polled.statuses() == {("web", "Web-1", "Node"): "warning"}
        consul_agent.register_catalog(base | {"Check": check | {"ServiceID": "", "Status": "critical"}})
        assert polled.statuses() == {("web", "Web-1", "Node"): "critical"}


def test_renamed_service(consul_agent: ConsulAgent) -> None:
    """A registration that became another service's is shown there alone, though its checks name the old one."""
    for service_id in ("x", "y"):
        check = {"CheckID": service_id, "Status": "warning"}
        put(consul_agent, {"Service": "old", "ID": service_id}, check)
    with Polled(consul_agent.address) as polled:
        assert len(polled.statuses(of="old")) == 2
        put(consul_agent, {"Service": "new", "ID": "x"})
        names = {check["ServiceName"] for check in consul_agent.get("/v1/health/node/n1")}
        assert names == {"old"}, "Consul itself corrects the checks nowadays"
        assert polled.statuses() == {("new", "x", "n1"): "warning", ("old", "y", "n1"): "warning"}


def test_renamed_to_a_known_service(consul_agent: ConsulAgent) -> None:
    """A registration that went to a service known before is that one's as soon as Consul's answers tell."""
    for service, service_id in (("new", "z"), ("old", "x"), ("old", "y")):
        put(
            consul_agent, {"Service": service, "ID": service_id}, {"CheckID": service_id, "Status": "warning"}
        )
    with Polled(consul_agent.address) as polled:
        assert len(polled.statuses()) == 3
        put(consul_agent, {"Service": "new", "ID": "x", "Tags": ["moved"]})
        assert set(polled.statuses()) == {("new", "z", "n1"), ("new", "x", "n1"), ("old", "y", "n1")}


STATUS_CASES: dict[str, tuple[list[Json], str | None]] = {
    "no checks": ([], "passing"),
    "passing": ([{"Status": "passing"}], "passing"),
    "warning beats passing": ([{"Status": "warning"}, {"Status": "passing"}], "warning"),
    "critical beats warning": ([{"Status": "warning"}, {"Status": "critical"}], "critical"),
    "the node's checks count": ([{"Status": "passing"}, {"Status": "critical", "ServiceID": ""}], "critical"),
    "the node's alone": ([{"Status": "critical", "ServiceID": "", "CheckID": "serfHealth"}], "critical"),
    "maintenance beats critical": (
        [{"Status": "critical"}, {"Status": "critical", "CheckID": "_service_maintenance:web"}],
        "maintenance",
    ),
    "maintenance of the node": (
        [{"Status": "critical", "ServiceID": "", "CheckID": "_node_maintenance"}],
        "maintenance",
    ),
    "unknown": ([{"Status": "weird"}, {"Status": "passing"}], None),
    "unknown beside critical": ([{"Status": "weird"}, {"Status": "critical"}], "critical"),
    "unknown of the node": ([{"Status": "Passing", "ServiceID": ""}], None),
    "maintenance is no status": ([{"Status": "maintenance"}], None),
}


@pytest.mark.parametrize(("checks", "status"), STATUS_CASES.values(), ids=STATUS_CASES)
def test_status(consul_agent: ConsulAgent, checks: list[Json], status: str | None) -> None:
    """An instance has the worst status of its own and its node's checks, and none while that can't be known."""
    numbered = [{"CheckID": f"check-{number}", **check} for number, check in enumerate(checks)]
    put(consul_agent, {"Service": "web"}, *numbered)
    put(consul_agent, {"Service": "other"}, {"CheckID": "other", "Status": "passing"}, node="n2")
    with Polled(consul_agent.address) as polled:
        findings = polled.poll()
    found = {i.key.service: i.status for i in findings.instances["dc1"]}
    expected = {"web": status} if status else {}
    assert found == {"consul": "passing", "other": "passing", **expected}
    unknown = sum(check["Status"] not in ("passing", "warning", "critical") for check in checks)
    assert findings.rejected.get("unknown_status", 0) == unknown


ENDPOINTS: dict[str, tuple[Json, str, str, str]] = {
    "its own address": ({"Address": "10.9.9.9", "Port": 80}, "10.0.0.1", "10.9.9.9", "http://10.9.9.9:80/"),
    "else its node's": ({"Port": 80}, "10.0.0.1", "10.0.0.1", "http://10.0.0.1:80/"),
    "IPv6": ({"Address": "2001:db8::1", "Port": 80}, "10.0.0.1", "2001:db8::1", "http://[2001:db8::1]:80/"),
    "IPv6 with a zone": ({"Port": 80}, "fe80::1%eth0", "fe80::1%eth0", "http://[fe80::1%25eth0]:80/"),
    "brackets of its own": ({"Address": "[::1]", "Port": 80}, "10.0.0.1", "[::1]", "http://[::1]:80/"),
    "a name": ({"Address": "db.example", "Port": 80}, "10.0.0.1", "db.example", "http://db.example:80/"),
    "a URL": (
        {"Address": "http://10.0.0.5", "Port": 80},
        "10.0.0.1",
        "http://10.0.0.5",
        "http://10.0.0.5:80/",
    ),
    "a URL of HTTPS": (
        {"Address": "https://db.example/", "Port": 0},
        "10.0.0.1",
        "https://db.example/",
        "",
    ),
    "its scheme counts": (
        {"Address": "https://db.example", "Port": 8443},
        "10.0.0.1",
        "https://db.example",
        "https://db.example:8443/",
    ),
    "a port in it": ({"Address": "10.0.0.5:5000"}, "10.0.0.1", "10.0.0.5:5000", "http://10.0.0.5:5000/"),
    "the same port twice": (
        {"Address": "[::1]:5000", "Port": 5000},
        "10.0.0.1",
        "[::1]:5000",
        "http://[::1]:5000/",
    ),
    "another port in it": ({"Address": "10.0.0.5:5000", "Port": 80}, "10.0.0.1", "10.0.0.5:5000", ""),
    "a URL with a path": ({"Address": "http://h/a", "Port": 80}, "10.0.0.1", "http://h/a", ""),
    "a URL with a password": ({"Address": "http://u:p@h", "Port": 80}, "10.0.0.1", "http://u:p@h", ""),
    "another scheme": ({"Address": "tcp://h", "Port": 80}, "10.0.0.1", "tcp://h", ""),
    "no host": ({"Address": "no host", "Port": 80}, "10.0.0.1", "no host", ""),
    "no port": ({"Address": "h:http", "Port": 80}, "10.0.0.1", "h:http", ""),
    "port 0": ({"Address": "10.9.9.9", "Port": 0}, "10.0.0.1", "10.9.9.9", ""),
    "no such port": ({"Port": 99999}, "10.0.0.1", "10.0.0.1", ""),
}


@pytest.mark.parametrize(("service", "node", "address", "url"), ENDPOINTS.values(), ids=ENDPOINTS)
def test_endpoint(consul_agent: ConsulAgent, service: Json, node: str, address: str, url: str) -> None:
    """The URL is the template filled with what fits a URL, and empty when what it asks for is missing."""
    put(consul_agent, {"Service": "web", **service}, node="n1", address=node)
    found = found_in(consul_agent, service_url="http://{address}:{port}/")
    instance = found[InstanceKey("dc1", "web", "web", "n1")]
    assert instance.endpoint is not None
    assert (instance.endpoint.address, instance.url) == (address, url)


RULED: dict[str, tuple[Json, str]] = {
    "nothing special": ({"Port": 80}, "http://x.service.dc1.consul:80"),
    "a port of another protocol": ({"Port": 5432}, ""),
    "a tag that says so": ({"Port": 80, "Tags": ["a", "tcp"]}, ""),
    "a URL of its own": (
        {"Port": 5432, "Meta": {"url": "https://x.example/ü"}},
        "https://x.example/ü",
    ),
    "a URL that is none": ({"Port": 80, "Meta": {"url": "javascript:1"}}, "http://x.service.dc1.consul:80"),
    "a URL with a password": (
        {"Port": 80, "Meta": {"url": "http://u:p@h"}},
        "http://x.service.dc1.consul:80",
    ),
}


@pytest.mark.parametrize(("service", "url"), RULED.values(), ids=RULED)
def test_rules_of_urls(consul_agent: ConsulAgent, service: Json, url: str) -> None:
    """By default what speaks no HTTP has no link, and the meta `url` is one."""
    put(consul_agent, {"Service": "x", **service})
    assert found_in(consul_agent)[InstanceKey("dc1", "x", "x", "n1")].url == url


def test_rules_of_ones_own(consul_agent: ConsulAgent) -> None:
    """All that a rule says must fit, the first one that fits decides, and they take the place of those by default."""
    rules = [
        {"service": "adm.*", "tag": "https?", "meta": {"zone": "a|b"}, "url": "https://{address}:{port}/"},
        {"port": 5432, "url": "http://db/{service_id}"},
        {"port": [80, 81], "url": ""},
    ]
    whole = {"Port": 9, "Tags": ["https"], "Meta": {"zone": "b"}}
    services: dict[str, tuple[Json, str]] = {
        "admin": (whole, "https://10.0.0.1:9/"),
        "other": (whole, "http://other"),
        "adm-1": (whole | {"Tags": ["x-https"]}, "http://adm-1"),
        "adm-2": (whole | {"Meta": {}}, "http://adm-2"),
        "db": ({"Port": 5432, "Meta": {"url": "http://h"}}, "http://db/db"),
        "web": ({"Port": 81}, ""),
    }
    for name, (service, _) in services.items():
        put(consul_agent, {"Service": name, **service})
    found = found_in(consul_agent, service_url="http://{service}", service_url_rules=rules)
    urls = {key.service: instance.url for key, instance in found.items() if key.service != "consul"}
    assert urls == {name: url for name, (_, url) in services.items()}


def put_mesh(agent: ConsulAgent) -> None:
    """Register a service with a sidecar, each with a check that passes, and a gateway."""
    sidecar = {
        "Kind": "connect-proxy",
        "Proxy": {"DestinationServiceName": "web", "DestinationServiceID": "web-1"},
    }
    put(agent, {"Service": "web", "ID": "web-1"}, {"CheckID": "own", "Status": "passing"})
    put_sidecar_check(agent, "passing", **sidecar)
    put(agent, {"Service": "edge", "Kind": "mesh-gateway", "Port": 443})


def put_sidecar_check(agent: ConsulAgent, status: str, **sidecar: Any) -> None:
    service = {"Service": "web-sidecar-proxy", "ID": "web-1-sidecar", "Port": 21000, **sidecar}
    if sidecar:
        put(agent, service, {"CheckID": "proxy", "Status": status})
    else:
        check = {"CheckID": "proxy", "Name": "proxy", "ServiceID": service["ID"], "Status": status}
        agent.register_catalog({"Node": "n1", "Address": "10.0.0.1", "Check": check})


@pytest.mark.parametrize(
    ("kinds", "shown"),
    [
        (None, {"web": "", "edge": "mesh-gateway"}),
        ({"exclude": []}, {"web": "", "web-sidecar-proxy": "connect-proxy", "edge": "mesh-gateway"}),
        ({"include": ["typical"]}, {"web": ""}),
        ({"include": [".*-gateway"]}, {"edge": "mesh-gateway"}),
    ],
    ids=["default", "all", "typical", "gateways"],
)
def test_kinds(consul_agent: ConsulAgent, kinds: Json | None, shown: dict[str, str]) -> None:
    """By default all but sidecars are shown, each with its kind."""
    put_mesh(consul_agent)
    found = found_in(consul_agent, **({"kinds": kinds} if kinds else {}), services={"exclude": ["consul"]})
    assert {key.service: i.endpoint.kind for key, i in found.items() if i.endpoint} == shown


@pytest.mark.parametrize("counted", [False, True])
def test_a_sidecar_that_fails(consul_agent: ConsulAgent, counted: bool) -> None:
    """Its instance fails with it only if that is wanted, at once and for as long as it fails."""
    put_mesh(consul_agent)
    with Polled(consul_agent.address, sidecar_checks=counted) as polled:
        for status in ("passing", "critical", "warning", "passing"):
            put_sidecar_check(consul_agent, status)
            (web,) = [i for key, i in polled.instances().items() if key.service == "web"]
            expected = ["own", "proxy"] if counted else ["own"]
            assert (web.status, [check.check_id for check in web.checks]) == (
                status if counted else "passing",
                expected,
            )


def test_words_of_the_url(consul_agent: ConsulAgent) -> None:
    """Every word of the template stands in the URL as it must be written there."""
    put(consul_agent, {"Service": "a b/ü", "ID": "a?1", "Port": 80}, node="n#1")
    found = found_in(consul_agent, service_url="http://h/{service}/{service_id}/{node}/{datacenter}")
    (instance,) = (instance for key, instance in found.items() if key.service != "consul")
    assert [unquote(word) for word in instance.url.split("/")[3:]] == ["a b/ü", "a?1", "n#1", "dc1"]
    assert instance.url.isascii()


def test_tags_and_meta(consul_agent: ConsulAgent) -> None:
    """Tags are sorted, each once, the repeated ones counted; configured meta keys stand beside them."""
    service = {"Service": "web", "Tags": ["b", "a", "b", "b"], "Meta": {"version": "1", "team": "x"}}
    put(consul_agent, service)
    with Polled(consul_agent.address, meta=["version", "git-sha"]) as polled:
        findings = polled.poll()
    (web,) = (i for i in findings.instances["dc1"] if i.key.service == "web")
    assert web.endpoint is not None
    assert web.endpoint.tags == ("a", "b")
    assert web.meta_labels == (("meta_version", "1"), ("meta_git_sha", ""))
    assert findings.rejected == {"duplicate_tag": 2}


def test_filter(consul_agent: ConsulAgent) -> None:
    """Only services that the patterns let through are found, and only they are asked for."""
    for name in ("web", "web-admin", "db"):
        put(consul_agent, {"Service": name})
    services = {"include": ["web.*", "db"], "exclude": ["web-.*"]}
    with Polled(consul_agent.address, services=services, datacenters=["dc1"]) as polled:
        assert {key[0] for key in polled.statuses()} == {"web", "db"}
        assert len(polled.requests) == 5
