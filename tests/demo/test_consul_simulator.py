"""What Consul's simulator answers, read without our own code, is what is true of the world."""

import asyncio
import gzip
import json
from collections.abc import Iterable
from itertools import chain
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given
from starlette.types import ASGIApp

from exporter.demo.consul_query import go_duration
from exporter.demo.consul_simulator import consul_app
from exporter.demo.effects import (
    ACL_NOT_FOUND,
    DEFAULT_DENY,
    FILTERED,
    HTML,
    NO_LEADER,
    NO_PATH,
    NO_SERVERS,
    RPC_LIMITED,
    Absent,
    CheckIs,
    Fault,
    Hidden,
    LeaderLost,
)
from exporter.demo.script import CONSUL, Episode, Instance, Node, System, fixed
from exporter.demo.world import World
from tests.demo.worlds import times, worlds

N1, FAR = Node("n1"), Node("far", datacenter="dc2")
WEB, DB = Instance("web", N1, port=80, tags=("a",)), Instance("db", N1, checks=())
READS = ("health/state/any", "health/service/web", "catalog/services", "catalog/nodes")
FILTERED_HEADER = "x-consul-results-filtered-by-acls"


def one_time(world: World, t: float = 0, token: str | None = None) -> ASGIApp:
    return consul_app(world, lambda: t, token=token)


def get(app: ASGIApp, *paths: str, **headers: str) -> list[httpx.Response]:
    async def ask() -> list[httpx.Response]:
        async with client_of(app) as client:
            return [await client.get(path, headers=headers) for path in paths]

    return asyncio.run(ask())


def client_of(app: ASGIApp) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://consul/v1/")


def with_fault(fault: Fault, subject: System = CONSUL) -> ASGIApp:
    return one_time(World((WEB, DB), (), fixed(Episode(subject, 0, 1, fault))))


def status_by_rule(checks: Iterable[dict[str, Any]]) -> str:
    ids = [check["CheckID"] for check in checks]
    if any(i == "_node_maintenance" or i.startswith("_service_maintenance:") for i in ids):
        return "maintenance"
    statuses = {check["Status"] for check in checks}
    return next((word for word in ("critical", "warning") if word in statuses), "passing")


@given(worlds, times)
def test_the_health_of_all_services_is_the_worlds(world: World, t: int) -> None:
    """catalog/services and then health/service of each name give every instance as it is, and no other."""
    app = one_time(world, t)
    (listed,) = get(app, "catalog/services")
    names = list(listed.json())
    found = {}
    for name, answer in zip(
        names, get(app, *(f"health/service/{quote(n, safe='')}" for n in names)), strict=True
    ):
        for entry in answer.json():
            node, service = entry["Node"], entry["Service"]
            assert service["Service"].lower() == name.lower()
            key = (node["Datacenter"], service["Service"], service["ID"], node["Node"])
            found[key] = (
                status_by_rule(entry["Checks"]),
                service["Address"] or node["Address"],
                service["Port"],
                tuple(service["Tags"]),
                tuple((service["Meta"] or {}).items()),
            )
    expected = {
        i.key: (status, i.address or i.node.address, i.port, i.tags, i.meta)
        for i, status, _ in world.instances(t)
    }
    assert found == expected


@given(worlds, times)
def test_the_state_of_all_checks_is_the_worlds(world: World, t: int) -> None:
    """health/state/any gives the status of every instance that has checks, its node's checks included."""
    app = one_time(world, t)
    rows = get(app, "health/state/any")[0].json()
    states = world.instances(t)
    for state in states:
        instance = state.instance
        own = [
            r
            for r in rows
            if (r["Node"], r["ServiceID"]) in ((instance.node.name, x) for x in (instance.id, ""))
        ]
        assert status_by_rule(own) == state.status
    assert len({(r["Node"], r["CheckID"]) for r in rows}) == len(rows)
    by_status = [
        get(app, f"health/state/{status}")[0].json() for status in ("passing", "warning", "critical")
    ]
    assert sorted(map(str, chain(*by_status))) == sorted(map(str, rows))


@given(worlds, times)
def test_passing_leaves_out_an_instance_with_any_other_check(world: World, t: int) -> None:
    """?passing is stricter than being routed to: a warning, own or of the node, is enough to be left out."""
    (answer,) = get(one_time(world, t), "health/service/web?passing")
    expected = [
        s.instance.node.name
        for s in world.instances(t)
        if s.instance.service.lower() == "web" and all(c.status == "passing" for c in s.checks)
    ]
    assert [entry["Node"]["Node"] for entry in answer.json()] == expected


def test_a_node_without_services_is_listed_with_its_checks() -> None:
    """Nodes and their checks are there whether or not anything is registered on them."""
    idle = Node("idle")
    nodes, checks = get(one_time(World((WEB,), more_nodes=(idle,))), "catalog/nodes", "health/state/any")
    assert [node["Node"] for node in nodes.json()] == ["n1", "idle"]
    assert ("idle", "serfHealth") in {(row["Node"], row["CheckID"]) for row in checks.json()}


def test_names_are_found_without_regard_to_case_and_with_slashes_and_spaces() -> None:
    """Consul looks names up in lower case; a percent-encoded name is the name; an unknown one is an empty list."""
    odd = Instance('a/b "c" я', N1)
    app = one_time(World((WEB, odd)))
    answers = get(
        app, "health/service/WEB", "health/service/" + quote(odd.service, safe=""), "health/service/no"
    )
    assert [[e["Service"]["Service"] for e in a.json()] for a in answers] == [["web"], [odd.service], []]


def test_a_name_that_begins_with_a_slash_is_redirected_to_another_path() -> None:
    """Go's router tidies the path before Consul sees it: such a service can't be asked for."""
    (answer,) = get(one_time(World((WEB,))), "health/service/%2Fweb?dc=dc1")
    assert (answer.status_code, answer.headers["location"]) == (301, "/v1/health/service/web?dc=dc1")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("health/state/any?index=1&wait=5", "Invalid wait time"),
        ("catalog/services?wait=1m5", "Invalid wait time"),
        ("health/state/any?index=x", "Invalid index"),
        (
            "health/state/any?stale&consistent",
            "Cannot specify ?stale with ?consistent, conflicting semantics.",
        ),
        ("health/service/web?passing=maybe", "Invalid value for ?passing"),
        ("health/service/", "Missing service name"),
        ("health/state/", "Missing check state"),
    ],
)
def test_a_bad_request_is_400_with_consuls_words(path: str, message: str) -> None:
    """What Consul refuses, the simulator refuses."""
    (answer,) = get(one_time(World((WEB,))), path)
    assert (answer.status_code, answer.text) == (400, message)
    assert answer.headers["content-type"].startswith("text/plain")


def test_a_go_duration_needs_units() -> None:
    """Numbers with units add up; a bare number other than 0 is no duration."""
    assert [go_duration(d) for d in ("1m30s", "120000ms", "1.5h", ".5s", "-2s", "0")] == [
        90,
        120,
        5400,
        0.5,
        -2,
        0,
    ]
    for bad in ("5", "", "s", "5x", "1m5", "+"):
        with pytest.raises(ValueError, match="duration"):
            go_duration(bad)


@pytest.mark.parametrize("path", READS)
def test_reads_carry_index_leader_and_consistency(path: str) -> None:
    """A read has Consul's headers, and says which consistency it had."""
    for query, consistency in (("", "leader"), ("?stale", "stale"), ("?consistent", "consistent")):
        headers = get(one_time(World((WEB,))), path + query)[0].headers
        assert int(headers["X-Consul-Index"]) > 0
        assert headers["X-Consul-KnownLeader"] == "true"
        assert headers["X-Consul-LastContact"] == "0"
        assert headers["X-Consul-Effective-Consistency"] == consistency


def test_gzip_is_used_when_asked_for() -> None:
    """The same JSON, compressed, for a client that accepts gzip."""

    async def raw(encoding: str) -> tuple[httpx.Headers, bytes]:
        async with (
            client_of(one_time(World((WEB,)))) as client,
            client.stream("GET", "health/state/any", headers={"Accept-Encoding": encoding}) as answer,
        ):
            return answer.headers, b"".join([part async for part in answer.aiter_raw()])

    (plain_headers, plain), (headers, packed) = asyncio.run(raw("identity")), asyncio.run(raw("gzip"))
    assert "content-encoding" not in plain_headers
    assert headers["content-encoding"] == "gzip"
    assert json.loads(gzip.decompress(packed)) == json.loads(plain)


def test_each_datacenter_has_its_own_services() -> None:
    """?dc= chooses, without it the agent's own answers, and an unknown one has no path."""
    app = one_time(World((WEB, Instance("web", FAR, "far-web"), Instance("db", FAR))))
    names = [sorted(a.json()) for a in get(app, "catalog/services", "catalog/services?dc=dc2")]
    assert names == [["web"], ["db", "web"]]
    assert get(app, "catalog/datacenters")[0].json() == ["dc1", "dc2"]
    assert get(app, "agent/self")[0].json()["Config"]["Datacenter"] == "dc1"
    (unknown,) = get(app, "catalog/services?dc=dc3")
    assert (unknown.status_code, unknown.text) == (500, "No path to datacenter")


def test_a_blocking_query_answers_when_something_changes() -> None:
    """It stays open while its index is current, and the answer to a change has a higher index."""

    async def play() -> None:
        now = 0.0
        world = World((WEB,), (), fixed(Episode(WEB, 10, 20, CheckIs("critical"))))
        async with client_of(consul_app(world, lambda: now)) as client:
            before = await client.get("health/state/any")
            index = int(before.headers["X-Consul-Index"])
            assert (await client.get("health/state/any?index=1")).json() == before.json()
            waiting = asyncio.create_task(client.get(f"health/state/any?index={index}&wait=1m", timeout=60))
            done, _ = await asyncio.wait({waiting}, timeout=0.2)
            assert not done
            now = 10.0
            after = await waiting
        assert int(after.headers["X-Consul-Index"]) > index
        assert "critical" in {row["Status"] for row in after.json()}

    asyncio.run(play())


def test_a_blocking_query_without_a_change_answers_with_the_same_index_when_its_time_is_up() -> None:
    """Nothing new: the index says so."""
    app = one_time(World((WEB,)))
    index = get(app, "catalog/services")[0].headers["X-Consul-Index"]
    (answer,) = get(app, f"catalog/services?index={index}&wait=1ms")
    assert (answer.status_code, answer.headers["X-Consul-Index"]) == (200, index)


def test_the_index_of_the_catalog_moves_with_registrations_and_not_with_checks() -> None:
    """Another registration with known tags leaves the answer as it was and moves its index; a check moves neither."""
    now, other = 0.0, Instance("web", N1, "web-2", tags=("a",))
    slow, gone = Episode(WEB, 1, 2, CheckIs("warning")), Episode(other, 2, 3, Absent())
    app = consul_app(World((WEB, other), (), fixed(slow, gone)), lambda: now)
    seen = []
    for now in (0.0, 1.0, 2.0):  # noqa: B007 -- the app's clock reads it
        answer, checks = get(app, "catalog/services", "health/state/any")
        seen.append((answer.json(), answer.headers["X-Consul-Index"], checks.headers["X-Consul-Index"]))
    bodies, catalog, of_checks = zip(*seen, strict=True)
    assert bodies[0] == bodies[1] == bodies[2]
    assert catalog[0] == catalog[1] != catalog[2]
    assert of_checks[0] != of_checks[1] != of_checks[2]


@pytest.mark.parametrize(
    ("fault", "status", "text"),
    [
        (NO_LEADER, 500, "No cluster leader"),
        (NO_SERVERS, 500, "No known Consul servers"),
        (NO_PATH, 500, "No path to datacenter"),
        (ACL_NOT_FOUND, 403, "ACL not found"),
        (RPC_LIMITED, 429, "rate limit exceeded"),
        (HTML, 200, "<!doctype html>"),
    ],
)
def test_a_fault_is_the_answer_to_every_read(fault: Fault, status: int, text: str) -> None:
    """The world's fault, in Consul's own words, until it is over."""
    for answer in get(with_fault(fault), *READS):
        assert (answer.status_code, answer.text[: len(text)]) == (status, text)
    over = one_time(World((WEB,), (), fixed(Episode(CONSUL, 0, 1, fault))), t=1)
    assert [answer.status_code for answer in get(over, *READS)] == [200] * 4


def test_without_servers_the_agent_still_knows_itself() -> None:
    """agent/self, datacenters and leader need no server; the leader is empty then."""
    answers = get(with_fault(NO_SERVERS), "agent/self", "catalog/datacenters", "status/leader")
    assert [answer.status_code for answer in answers] == [200] * 3
    assert answers[2].json() == ""
    assert get(one_time(World((WEB,))), "status/leader")[0].json() != ""


def test_a_lost_leader_leaves_stale_reads() -> None:
    """Without a leader only reads that allow stale answers work, and they say so."""
    normal, stale = get(with_fault(LeaderLost()), "health/state/any", "health/state/any?stale")
    assert (normal.status_code, normal.text) == (500, "No cluster leader")
    assert (stale.status_code, stale.headers["X-Consul-KnownLeader"]) == (200, "false")
    assert int(stale.headers["X-Consul-LastContact"]) > 0


def test_a_fault_of_one_datacenter_leaves_the_other_alone() -> None:
    """The subject says which datacenter fails."""
    app = one_time(
        World((WEB, Instance("db", FAR)), (), fixed(Episode(System("consul", "dc2"), 0, 1, NO_PATH)))
    )
    answers = get(app, "catalog/services", "catalog/services?dc=dc2")
    assert [answer.status_code for answer in answers] == [200, 500]


@pytest.mark.parametrize(("fault", "told"), [(FILTERED, True), (DEFAULT_DENY, False)])
def test_acls_that_hide_everything_leave_empty_answers(fault: Fault, told: bool) -> None:
    """200 and nothing in it; the header is there only for a token whose results were filtered."""
    answers = get(with_fault(fault), *READS)
    assert [answer.json() for answer in answers] == [[], [], {}, []]
    assert {answer.headers.get(FILTERED_HEADER) for answer in answers} == ({"true"} if told else {None})


def test_acls_that_hide_one_service_say_so_only_where_it_was_dropped() -> None:
    """The header tells that something was dropped from this very answer."""
    app = with_fault(Hidden(("db",)))
    services, web, db = get(app, "catalog/services", "health/service/web", "health/service/db")
    assert (list(services.json()), len(web.json()), db.json()) == (["web"], 1, [])
    assert [FILTERED_HEADER in a.headers for a in (services, web, db)] == [True, False, True]


@pytest.mark.parametrize(
    ("headers", "status", "empty"),
    [
        ({"X-Consul-Token": "good"}, 200, False),
        ({"Authorization": "Bearer good"}, 200, False),
        ({"X-Consul-Token": "bad"}, 403, None),
        ({"Authorization": "Bearer bad"}, 403, None),
        ({}, 200, True),
    ],
)
def test_a_token_opens_what_is_denied_by_default(
    headers: dict[str, str], status: int, empty: bool | None
) -> None:
    """The right token sees all, a wrong one is not found, none sees nothing."""
    app = one_time(World((WEB,)), token="good")
    services, own = get(app, "catalog/services", "agent/self", **headers)
    assert services.status_code == status
    if status == 200:
        assert (services.json() == {}) == empty
    assert own.status_code == (200 if status == 200 and not empty else 403)
    assert own.text == {True: "Permission denied", None: "ACL not found"}.get(empty, own.text)


def test_an_unknown_path_is_404() -> None:
    """Nothing else is there."""
    assert get(one_time(World()), "nothing/here")[0].status_code == 404
