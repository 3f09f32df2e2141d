"""Every answer Consul, or something in its place, can give: the poll fails with its reason, or goes on."""

import asyncio
import gzip
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from exporter.errors import PollError, ProviderError, Refused, reasons
from exporter.exposition.samples import instance_lines, node_lines
from exporter.state import ServiceState
from tests.consul.fake import CATALOG, DETAILS, STATE, FakeConsul, Json
from tests.consul.polling import Polled

SECRET = "8f246b77-f3e1-ff88-5b48-8ec93abf3e05"
LACKS = "Permission denied: token with AccessorID '0' lacks permission 'node:read'"
LIMITED = "rate limit exceeded, try again later or against a different server"
LEADER_LIMITED = "rate limit exceeded for operation that can only be performed by the leader, try again later"

REFUSALS: dict[str, tuple[int, str, str]] = {
    "no leader": (500, "No cluster leader", "no_leader"),
    "no leader, one hop": (500, "rpc error making call: No cluster leader", "no_leader"),
    "no leader, two hops": (
        500,
        "rpc error making call: rpc error making call: No cluster leader",
        "no_leader",
    ),
    "no servers": (500, "No known Consul servers", "no_leader"),
    "leader not ready": (500, "Not ready to serve consistent reads", "no_leader"),
    "unknown datacenter": (500, "No path to datacenter", "no_path"),
    "datacenter down": (500, "Remote DC has no server currently reachable", "no_path"),
    "server gone": (500, "rpc error getting client: failed to get conn: dial tcp: refused", "no_path"),
    "unknown token": (403, "ACL not found", "acl_not_found"),
    "unknown token, one hop": (403, "rpc error making call: ACL not found", "acl_not_found"),
    "unknown token as 500": (500, "rpc error making call: ACL not found", "acl_not_found"),
    "weak token": (403, LACKS, "acl_denied"),
    "weak token, old": (403, "Permission denied", "acl_denied"),
    "weak token as 500": (500, "rpc error making call: Permission denied", "acl_denied"),
    "endpoint blocked": (403, "Endpoint is blocked by agent configuration", "unexpected_status"),
    "client limited": (429, "RPC rate limit exceeded", "rate_limited"),
    "client limited, old": (429, "", "rate_limited"),
    "server limited": (429, LIMITED, "rate_limited"),
    "leader limited": (503, f"rpc error making call: {LEADER_LIMITED}", "rate_limited"),
    "limited as 500": (500, f"rpc error making call: {LIMITED}", "rate_limited"),
    "balancer": (503, "<html>no server is available</html>", "server_error"),
    "gateway": (502, "", "server_error"),
    "unknown 500": (500, "stream closed", "server_error"),
    "namespace": (400, 'Invalid query parameter: "ns"', "unexpected_status"),
    "unknown path": (404, "", "unexpected_status"),
    "no content": (204, "", "unexpected_status"),
    "redirect": (301, "", "redirect"),
    "not modified": (304, "", "redirect"),
}


def failure(answer: Callable[[], httpx.Response], place: str = STATE, **settings: Any) -> PollError:
    """Give `answer` at `place`, and return why the poll failed."""
    consul = FakeConsul("web")
    consul.instead[place] = answer
    with Polled(handler=consul, **settings) as polled, pytest.raises(PollError) as raised:
        polled.instances()
    return raised.value


@pytest.mark.parametrize("place", [STATE, CATALOG])
@pytest.mark.parametrize(("status", "text", "reason"), REFUSALS.values(), ids=REFUSALS)
def test_refusals(status: int, text: str, reason: str, place: str) -> None:
    """Each answer other than 200 has its reason, told by the status and the text, whatever stands around it."""
    error = failure(lambda: httpx.Response(status, text=text), place)
    assert error.reason == reason
    assert f"http://consul:8500: {str(error).split(': ', 2)[2]}" in str(error)
    assert f"HTTP {status}" in str(error)


class SeveralPorts(FakeConsul):
    """A Consul whose registrations have a list of ports in the place of one."""

    ports: Any = ()

    def _service(self, service: str) -> Json:
        return super()._service(service) | {"Port": 0, "Ports": self.ports}


@pytest.mark.parametrize("answers_all", [True, False])
@pytest.mark.parametrize(
    ("ports", "default", "label"),
    [
        (
            [{"Name": "admin", "Port": 9090}, {"Name": "http", "Port": 8080, "Default": True}],
            8080,
            ',ports=",http:8080,admin:9090,"',
        ),
        ([{"Name": "a", "Port": 1}, {"Name": "b", "Port": 2}], 1, ',ports=",a:1,b:2,"'),
        ([{"Name": "a", "Port": "1"}, 7, {"Port": 3}, {"Name": "b", "Port": 70000}], 3, ',ports=",:3,"'),
        ([], 0, ""),
        (None, 0, ""),
        ("odd", 0, ""),
    ],
)
def test_several_ports(ports: Any, default: int, label: str, answers_all: bool) -> None:
    """Every port is known by its name, and the default one is the instance's and the URL's."""
    consul = SeveralPorts(*(f"s-{number}" for number in range(12)), answers_all=answers_all)
    consul.ports = ports
    with Polled(handler=consul) as polled:
        found = polled.instances().values()
    for each in found:
        assert each.endpoint
        assert (each.endpoint.port, each.url.endswith(f":{default}")) == (default, default > 0)
        lines = [line for _, line in instance_lines([ServiceState(each, since=0.0)], shows_checks=False)]
        (info,) = [line for line in lines if line.startswith("service_info")]
        assert info.endswith(f"{label}}} 1\n")
        assert ("ports=" in info) == bool(label)


class Enterprise(FakeConsul):
    """Answers about checks hold those of all namespaces when asked so, as the documentation has it."""

    def checks(self) -> list[Json]:
        own = [check | {"Namespace": "team-a"} for check in super().checks()]
        node = {"Node": "n1", "CheckID": "serfHealth", "Name": "serf", "Status": "warning"}
        node |= {"ServiceID": "", "ServiceName": "", "Namespace": "default"}
        other = own[0] | {"Namespace": "team-b", "Status": "critical", "ServiceID": "x", "ServiceName": "x"}
        return [*own, node, other, other | {"ServiceID": "web", "ServiceName": "web", "CheckID": "c2"}]


@pytest.mark.parametrize("answers_all", [True, False])
def test_a_namespace_and_a_partition(answers_all: bool) -> None:
    """All requests name both; checks of nodes count, those of services elsewhere don't; the labels say where it is."""
    consul = Enterprise("web", answers_all=answers_all)
    with Polled(handler=consul, namespace="team-a", partition="east") as polled:
        (web,) = polled.instances().values()
        asked = {r.url.path: (r.url.params["ns"], r.url.params["partition"]) for r in polled.requests}
    assert (web.key.service, web.status) == ("web", "warning")
    assert asked.pop(STATE) == ("*", "east")
    assert set(asked.values()) == {("team-a", "east")}
    state = ServiceState(web, since=0.0, changes=0)
    lines = [line for _, line in (*instance_lines([state], shows_checks=True), *node_lines([state]))]
    assert all('namespace="team-a",partition="east"' in line for line in lines)


def test_without_namespaces_nothing_says_so() -> None:
    """Neither the requests nor the labels."""
    with Polled(handler=FakeConsul("web")) as polled:
        (web,) = polled.instances().values()
        assert not any({"ns", "partition"} & request.url.params.keys() for request in polled.requests)
    lines = [line for _, line in instance_lines([ServiceState(web, since=0.0, changes=0)], shows_checks=True)]
    assert not any("namespace" in line or "partition" in line for line in lines)


LIKELY: dict[str, tuple[httpx.Response, str]] = {
    "Go's HTTPS port": (
        httpx.Response(400, text="Client sent an HTTP request to an HTTPS server.\n"),
        "the address needs https://",
    ),
    "nginx's HTTPS port": (
        httpx.Response(400, html="<h1>The plain HTTP request was sent to HTTPS port</h1>"),
        "the address needs https://",
    ),
    "no client certificate": (
        httpx.Response(400, html="<h1>No required SSL certificate was sent</h1>"),
        "tls.cert_file",
    ),
    "no namespaces": (
        httpx.Response(
            400, text='Invalid query parameter: "ns" - Namespaces are a Consul Enterprise feature'
        ),
        "leave namespace out",
    ),
    "basic authentication": (httpx.Response(401, html="<html>"), "http_auth"),
    "a forbidding proxy": (httpx.Response(403, html="<html>Forbidden"), "a proxy's"),
    "a login page": (httpx.Response(200, html="\n<!DOCTYPE html><form>"), "login page"),
    "a redirect to it": (httpx.Response(302, headers={"Location": "https://login"}), "login page"),
}


@pytest.mark.parametrize(("answer", "words"), LIKELY.values(), ids=LIKELY)
@pytest.mark.parametrize("place", [STATE, CATALOG])
def test_the_likely_cause_is_said(answer: httpx.Response, words: str, place: str) -> None:
    """What stands in Consul's way mostly can be told, and which setting helps."""
    assert words in str(failure(lambda: answer, place))


@pytest.mark.parametrize("place", ["/v1/agent/self", "/v1/catalog/datacenters"])
def test_refused_before_the_datacenters_are_known(place: str) -> None:
    """When it can't be found out which datacenters there are, the poll itself fails with the reason."""
    datacenters = "all" if place.endswith("datacenters") else None
    settings = {"datacenters": datacenters} if datacenters else {}
    assert (
        failure(lambda: httpx.Response(500, text="No cluster leader"), place, **settings).reason
        == "no_leader"
    )


@pytest.mark.parametrize("status", [301, 401, 403, 404, 405])
def test_an_agent_that_may_not_be_asked(status: int, caplog: pytest.LogCaptureFixture) -> None:
    """The catalog tells the datacenter too, and the log says once which setting makes asking unnecessary."""
    consul = FakeConsul("web")
    consul.instead["/v1/agent/self"] = lambda: httpx.Response(status, html="<html>Sign in</html>")
    with Polled(handler=consul) as polled:
        for _ in range(2):
            assert polled.statuses() == {("web", "web", "n1"): "passing"}
    (said,) = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert "set datacenters" in said


@pytest.mark.parametrize(("status", "reason"), [(403, "acl_denied"), (404, "unexpected_status")])
def test_an_own_datacenter_that_cant_be_found_out(status: int, reason: str) -> None:
    """Where the catalog knows several, the error names the setting."""
    consul = FakeConsul("web")
    consul.instead["/v1/agent/self"] = lambda: httpx.Response(status)
    consul.instead["/v1/catalog/datacenters"] = lambda: httpx.Response(200, json=["dc1", "dc2"])
    with Polled(handler=consul) as polled, pytest.raises(PollError, match="set datacenters") as raised:
        polled.poll()
    assert raised.value.reason == reason


def test_datacenters_called_otherwise() -> None:
    """Labels have the new name, and so has what failed; requests and URLs keep Consul's."""
    consul = FakeConsul("web")
    names = {"dc1": "berlin", "dc2": "munich"}
    with Polled(handler=consul, datacenters=["dc1", "dc2", "dc3"], datacenter_names=names) as polled:
        found = polled.poll()
        assert {request.url.params["dc"] for request in polled.requests} == {"dc1", "dc2", "dc3"}
        urls = {i.key.datacenter: i.url for shown in found.instances.values() for i in shown}
        assert {shown: {i.key.datacenter for i in found.instances[shown]} for shown in found.instances} == {
            "berlin": {"berlin"},
            "munich": {"munich"},
            "dc3": {"dc3"},
        }
        assert urls == {
            "berlin": "http://web.service.dc1.consul:80",
            "munich": "http://web.service.dc2.consul:80",
            "dc3": "http://web.service.dc3.consul:80",
        }
        consul.instead[STATE] = lambda: httpx.Response(500)
        assert set(polled.poll().failures) == {"berlin", "munich", "dc3"}


def test_two_datacenters_called_alike() -> None:
    """They would have the same series: the poll says so."""
    names = {"dc1": "dc2"}
    with (
        Polled(handler=FakeConsul("web"), datacenters=["dc1", "dc2"], datacenter_names=names) as polled,
        pytest.raises(PollError, match="two datacenters are called dc2") as raised,
    ):
        polled.poll()
    assert raised.value.reason == "datacenter_taken"


def broken(error: Exception) -> Callable[[], httpx.Response]:
    def answer() -> httpx.Response:
        raise error

    return answer


def endless() -> httpx.Response:
    return httpx.Response(200, stream=Endless())


class Endless(httpx.AsyncByteStream):
    """A body that never ends; `piece` after piece, each after a pause of seconds."""

    def __init__(self, piece: bytes = b" " * 2**22, pause: float = 0.0) -> None:
        self._piece = piece
        self._pause = pause

    async def __aiter__(self) -> Any:
        while True:
            yield self._piece
            await asyncio.sleep(self._pause)


BODIES: dict[str, tuple[Callable[[], httpx.Response], str]] = {
    "closed without an answer": (broken(httpx.RemoteProtocolError("closed")), "connect"),
    "reset": (broken(httpx.ReadError("reset")), "connect"),
    "HTML": (lambda: httpx.Response(200, html="<html>Sign in</html>"), "malformed"),
    "truncated": (lambda: httpx.Response(200, text='[{"Node":"n1","Chec'), "malformed"),
    "empty": (lambda: httpx.Response(200), "malformed"),
    "not UTF-8": (lambda: httpx.Response(200, content=b'["\xff\xfe\xfa"]'), "malformed"),
    "nested too deep": (lambda: httpx.Response(200, text="[" * 100_000), "malformed"),
    "no gzip": (
        lambda: httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=httpx.ByteStream(b"[]")),
        "malformed",
    ),
    "text": (lambda: httpx.Response(200, json="[]"), "malformed"),
    "number": (lambda: httpx.Response(200, json=1), "malformed"),
    "other kind": (lambda: httpx.Response(200, json=True), "malformed"),
    "too large": (endless, "too_large"),
    "gzip bomb": (
        lambda: httpx.Response(
            200,
            headers={"Content-Encoding": "gzip"},
            stream=httpx.ByteStream(gzip.compress(b" " * 2**27, 1)),
        ),
        "too_large",
    ),
    "drip-feed": (lambda: httpx.Response(200, stream=Endless(b" ", 0.01)), "timeout"),
}


@pytest.mark.parametrize("place", [STATE, CATALOG])
@pytest.mark.parametrize(("answer", "reason"), BODIES.values(), ids=BODIES)
def test_nonsense(answer: Callable[[], httpx.Response], reason: str, place: str) -> None:
    """Whatever comes in place of an answer fails the poll with a reason, bounded in time and memory."""
    assert failure(answer, place, timeout="400ms" if reason == "timeout" else "30s").reason == reason


@pytest.mark.parametrize(
    ("place", "content"), [(STATE, {}), (CATALOG, []), ("/v1/agent/self", {"Config": 1})]
)
def test_wrong_shape(place: str, content: Any) -> None:
    """JSON of another shape than promised fails the poll."""
    assert failure(lambda: httpx.Response(200, json=content), place).reason == "malformed"


@pytest.mark.parametrize("content", [[], None, {}, ["dc1", 2], ["\ud800"]])
def test_no_datacenters(content: Any) -> None:
    """A list of datacenters that names none, or not by names, never makes all instances vanish."""
    error = failure(
        lambda: httpx.Response(200, text=json.dumps(content)), "/v1/catalog/datacenters", datacenters="all"
    )
    assert error.reason == "malformed"


@pytest.mark.parametrize(
    ("checks", "catalog", "header", "reason"),
    [
        ([], {}, "", "empty_catalog"),
        (None, None, "", "empty_catalog"),
        ([], {}, "true", "acl_filtered"),
        ([], {"web": []}, "", "acl_filtered"),
        (FakeConsul("web").checks(), {}, "", "acl_filtered"),
    ],
    ids=["default deny", "null", "filtered", "no nodes", "no services"],
)
def test_nothing_left(checks: Any, catalog: Any, header: str, reason: str) -> None:
    """Answers that ACLs left empty fail the poll: they never mean that all services are gone."""
    consul = FakeConsul()
    headers = {"X-Consul-Results-Filtered-By-ACLs": header} if header else {}
    consul.instead = {
        STATE: lambda: httpx.Response(200, text=json.dumps(checks), headers=headers),
        CATALOG: lambda: httpx.Response(200, text=json.dumps(catalog), headers=headers),
    }
    with Polled(handler=consul) as polled, pytest.raises(PollError) as raised:
        polled.instances()
    assert raised.value.reason == reason


def test_filtered_with_data_left() -> None:
    """What ACLs left is used, and that something was left out is counted."""
    consul = FakeConsul("web")
    consul.headers = {"X-Consul-Results-Filtered-By-Acls": "true"}
    with Polled(handler=consul) as polled:
        findings = polled.poll()
    assert [instance.key.service for instance in findings.instances["dc1"]] == ["web"]
    assert findings.rejected == {"acl_filtered": 1}


def test_filtered_details() -> None:
    """That ACLs left something out of a service's details is counted as well."""
    consul = FakeConsul("web")
    filtered = {"X-Consul-Results-Filtered-By-ACLs": "true"}
    consul.instead[DETAILS] = lambda: httpx.Response(200, json=[], headers=filtered)
    with Polled(handler=consul) as polled:
        assert polled.poll().rejected == {"acl_filtered": 1}


def test_nothing_known_because_details_failed() -> None:
    """When there are no checks at all and details can't be had, the reason is that of the details."""
    consul = FakeConsul(bare=("web",))
    consul.instead[DETAILS] = lambda: httpx.Response(429)
    with Polled(handler=consul) as polled, pytest.raises(PollError) as raised:
        polled.instances()
    assert raised.value.reason == "rate_limited"


@pytest.mark.parametrize(("name", "only"), [("/lead", "Services.Service == `/lead`"), ("/`", None)])
def test_a_name_that_fits_no_path(name: str, only: str | None) -> None:
    """Such a service is looked up among the nodes, only those that have it where the name can be quoted."""
    consul = FakeConsul(name)
    consul.instead[DETAILS] = lambda: httpx.Response(301)
    with Polled(handler=consul) as polled:
        polled.poll()
        (asked,) = (r.url.params for r in polled.requests if r.url.path == "/v1/internal/ui/nodes")
    assert asked.get("filter") == only


def test_headers_of_streaming() -> None:
    """Answers from the streaming backend, which knows no leader, count like all others."""
    consul = FakeConsul("web")
    consul.headers = {"X-Consul-KnownLeader": "false", "X-Consul-LastContact": "0"}
    with Polled(handler=consul) as polled:
        assert polled.statuses() == {("web", "web", "n1"): "passing"}


def test_the_token_stays_with_its_server() -> None:
    """The token goes in a header to the configured address alone, never along a redirect or into an error."""
    consul = FakeConsul("web")
    consul.instead[STATE] = lambda: httpx.Response(
        302, headers={"Location": f"http://evil.example/?{SECRET}"}
    )
    with Polled(handler=consul, token=SECRET) as polled:
        findings = polled.poll()
        asked = polled.requests
    assert {request.headers["X-Consul-Token"] for request in asked} == {SECRET}
    assert {request.url.host for request in asked} == {"consul"}
    assert not any(SECRET in str(request.url) for request in asked)
    assert SECRET not in repr(findings) + str(findings.errors) + repr(polled.settings)


def test_basic_authentication() -> None:
    """`http_auth` is sent as basic authentication."""
    with Polled(handler=FakeConsul("web"), http_auth="user:secret") as polled:
        polled.poll()
        assert {r.headers["Authorization"] for r in polled.requests} == {"Basic dXNlcjpzZWNyZXQ="}


@pytest.mark.parametrize(
    ("allow_stale", "sent"), [(True, {"dc": "dc1", "max_stale": "90s", "stale": ""}), (False, {"dc": "dc1"})]
)
def test_parameters(allow_stale: bool, sent: dict[str, str]) -> None:
    """Each read names its datacenter and how old an answer may be."""
    with Polled(handler=FakeConsul("web"), allow_stale=allow_stale, interval="90s") as polled:
        polled.poll()
        asked = [dict(r.url.params) for r in polled.requests if r.url.path != "/v1/agent/self"]
    assert asked == [sent, sent, sent, sent]


@pytest.mark.parametrize(
    ("answer", "others_asked"),
    [
        (lambda: httpx.Response(500, text="No cluster leader"), True),
        (lambda: httpx.Response(429), True),
        (lambda: httpx.Response(200, html="<html>not Consul</html>"), True),
        (lambda: httpx.Response(404), True),
        (lambda: httpx.Response(301), True),
        (broken(httpx.ConnectError("refused")), True),
        (lambda: httpx.Response(403, text="ACL not found"), False),
        (lambda: httpx.Response(403, text="Permission denied"), False),
    ],
    ids=[
        "no leader",
        "limited",
        "not Consul",
        "not found",
        "redirect",
        "dead",
        "unknown token",
        "weak token",
    ],
)
def test_another_address(answer: Callable[[], httpx.Response], others_asked: bool) -> None:
    """The next address is asked when it may know better; what the token may not do is so everywhere."""
    consul, asked = FakeConsul("web"), list[str]()

    async def cluster(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return answer() if request.url.host == "first" else await consul(request)

    with Polled("http://first", "http://second", handler=cluster, datacenters=["dc1"]) as polled:
        findings = polled.poll()
    assert ("second" in asked) == others_asked
    assert bool(findings.failures) == (not others_asked)


def test_the_most_telling_failure() -> None:
    """When no address helps, the reason is that of one that answered rather than of a silent one."""

    def cluster(request: httpx.Request) -> httpx.Response:
        if request.url.host == "dead":
            raise httpx.ConnectError("refused")
        return httpx.Response(500, text="No cluster leader")

    for addresses in (("http://dead", "http://leaderless"), ("http://leaderless", "http://dead")):
        with Polled(*addresses, handler=cluster) as polled, pytest.raises(PollError) as raised:
            polled.instances()
        assert raised.value.reason == "no_leader"


LOOKUPS = {**BODIES, "refused": (lambda: httpx.Response(403, text=LACKS), "acl_denied")}


@pytest.mark.parametrize(("answer", "reason"), LOOKUPS.values(), ids=LOOKUPS)
def test_a_failed_lookup_decides_no_status(answer: Callable[[], httpx.Response], reason: str) -> None:
    """When details can't be had, the status of every instance with checks is found all the same."""
    consul = FakeConsul("web")
    consul.status = "critical"
    consul.instead[DETAILS] = answer
    with Polled(handler=consul, timeout="400ms" if reason == "timeout" else "30s") as polled:
        findings = polled.poll()
    (web,) = findings.instances["dc1"]
    assert (web.status, web.endpoint, web.url) == ("critical", None, "")
    assert findings.rejected == {"details_failed": 1}


def test_a_new_datacenter_behind_the_address() -> None:
    """When another datacenter's agent has the address now, it is asked for its datacenter after one failure."""
    consul = FakeConsul("web")
    with Polled(handler=consul) as polled:
        assert set(polled.poll().instances) == {"dc1"}
        consul.instead["/v1/agent/self"] = lambda: httpx.Response(200, json={"Config": {"Datacenter": "dc2"}})
        consul.instead[STATE] = lambda: httpx.Response(500, text="No path to datacenter")
        assert set(polled.poll().failures) == {"dc1"}
        del consul.instead[STATE]
        assert set(polled.poll().instances) == {"dc2"}


def test_reasons_are_declared() -> None:
    """Every reason a poll of Consul can fail with is shown at 0 from the start."""
    told = {reason for _, _, reason in REFUSALS.values()} | {reason for _, reason in BODIES.values()}
    assert told | {"acl_filtered", "empty_catalog", "dns", "tls", "token"} <= set(
        reasons(without=(Refused, ProviderError))
    )
