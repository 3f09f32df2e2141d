"""A simulator that speaks Consul's HTTP API about a world.

Endpoints: /v1/health/state/<state>, /v1/health/service/<name>, /v1/catalog/{services,nodes,datacenters},
/v1/agent/self, /v1/status/leader; with ?dc, ?stale, ?consistent, ?passing, blocking queries, ACLs and gzip.
"""

import asyncio
import gzip
import json
import posixpath
from collections.abc import Callable
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from exporter.demo.consul_query import BadQuery, Query, flag, token_of
from exporter.demo.consul_records import Catalog, Indexes
from exporter.demo.effects import (
    ACL_DENIED,
    ACL_NOT_FOUND,
    DEFAULT_DENY,
    NO_LEADER,
    NO_PATH,
    Broken,
    Fault,
    FixedAnswer,
    Hidden,
    LeaderLost,
)
from exporter.demo.faults import spoiled
from exporter.demo.script import CONSUL, System
from exporter.demo.states import Effects
from exporter.demo.world import World

Clock = Callable[[], float]
Build = Callable[[Catalog], object]
_VARY = {"Vary": "Accept-Encoding"}
_NO_ANSWER = _VARY | {"X-Consul-Index": "1", "X-Consul-Knownleader": "false", "X-Consul-Lastcontact": "0"}
_FILTERED = {"X-Consul-Results-Filtered-By-Acls": "true"}


def consul_app(world: World, clock: Clock, *, token: str | None = None) -> ASGIApp:
    """Make a simulator; with a `token` the ACLs deny by default and accept only this one."""
    simulator = _Simulator(world, clock, token)
    routes = [
        Route("/v1/health/state/{state:path}", simulator.health_state),
        Route("/v1/health/service/{name:path}", simulator.health_service),
        Route("/v1/catalog/services", simulator.catalog_services),
        Route("/v1/catalog/nodes", simulator.catalog_nodes),
        Route("/v1/catalog/datacenters", simulator.catalog_datacenters),
        Route("/v1/agent/self", simulator.agent_self),
        Route("/v1/status/leader", simulator.status_leader),
    ]
    return _CleanPaths(Starlette(routes=routes, exception_handlers={BadQuery: _bad_query}))


class _CleanPaths:
    """Redirects to the tidy form of a path with empty or dotted segments, as Go's router does."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or (tidy := _tidy(scope["path"])) == scope["path"]:
            await self._app(scope, receive, send)
            return
        query = scope["query_string"].decode()
        await RedirectResponse(quote(tidy) + ("?" + query if query else ""), 301)(scope, receive, send)


def _tidy(path: str) -> str:
    tidy = "/" + posixpath.normpath(path).lstrip("/")
    return tidy + "/" if path.endswith("/") and tidy != "/" else tidy


async def _bad_query(request: Request, error: Exception) -> Response:
    return PlainTextResponse(str(error), 400, _VARY)


def _encoded(request: Request, body: object, headers: dict[str, str]) -> Response:
    content = json.dumps(body, ensure_ascii=False).encode()
    headers = headers | _VARY
    if "gzip" in request.headers.get("accept-encoding", ""):
        content, headers["Content-Encoding"] = gzip.compress(content, 1), "gzip"
    return Response(content, headers=headers, media_type="application/json")


def _answer(
    request: Request, query: Query, build: Build, catalog: Catalog, index: int, fault: Fault | None
) -> Response:
    body = build(catalog)
    if isinstance(fault, FixedAnswer | Broken):
        response = spoiled(fault, json.dumps(body).encode())
        response.headers.update(_NO_ANSWER)
        return response
    headers = _headers(query, fault, index)
    if isinstance(fault, Hidden) and (readable := build(catalog.without(fault.services))) != body:
        body, headers = readable, headers | (_FILTERED if fault.told else {})
    return _encoded(request, body, headers)


def _headers(query: Query, fault: Fault | None, index: int) -> dict[str, str]:
    return {
        "X-Consul-Effective-Consistency": query.consistency,
        "X-Consul-Index": str(index),
        "X-Consul-Knownleader": "false" if isinstance(fault, LeaderLost) else "true",
        "X-Consul-Lastcontact": "30000" if isinstance(fault, LeaderLost) else "0",
    }


class _Simulator:
    """The endpoints, and what they remember: the index of the latest change of everything."""

    def __init__(self, world: World, clock: Clock, token: str | None) -> None:
        self._world = world
        self._clock = clock
        self._token = token
        self._indexes = Indexes()
        self._effects: Effects = {}
        self._catalogs: dict[str, Catalog] = {}

    async def health_state(self, request: Request) -> Response:
        state = request.path_params["state"]
        if not state:
            raise BadQuery("Missing check state")
        return await self._read(request, lambda c: c.checks(state), "checks", lambda c: c.checks("any"))

    async def health_service(self, request: Request) -> Response:
        name, passing = request.path_params["name"], flag(request, "passing")
        if not name:
            raise BadQuery("Missing service name")
        build, whole = lambda c: c.service(name, passing), lambda c: c.service(name, False)
        return await self._read(request, build, f"service/{name}", whole)

    async def catalog_services(self, request: Request) -> Response:
        return await self._read(request, Catalog.services, "services", Catalog.registrations)

    async def catalog_nodes(self, request: Request) -> Response:
        return await self._read(request, Catalog.node_list, "nodes", Catalog.node_list)

    async def catalog_datacenters(self, request: Request) -> Response:
        return self._local(request, list(self._world.datacenters))

    async def status_leader(self, request: Request) -> Response:
        led = self._world.failure(CONSUL, self._clock()) != "no_leader"
        return self._local(request, "10.0.0.1:8300" if led else "")

    async def agent_self(self, request: Request) -> Response:
        if self._token is not None and (given := token_of(request)) != self._token:
            return spoiled(ACL_NOT_FOUND if given else ACL_DENIED)
        datacenter = self._world.datacenters[0]
        config = {"Datacenter": datacenter, "NodeName": "agent", "NodeID": "", "Server": True}
        config |= {"Revision": "", "Version": "1.8.7"}
        member = {"Name": "agent", "Addr": "10.0.0.1", "Port": 8301, "Tags": {"dc": datacenter}, "Status": 1}
        return self._local(request, {"Config": config, "Member": member, "Meta": {}}, 403)

    def _local(self, request: Request, body: object, *more_statuses: int) -> Response:
        """Answer what the agent knows by itself: the servers' errors don't matter."""
        fault = self._world.fault(CONSUL, self._clock())
        statuses = (200, 429, 503, *more_statuses)
        if isinstance(fault, Broken) or (isinstance(fault, FixedAnswer) and fault.status in statuses):
            return spoiled(fault, json.dumps(body).encode())
        return _encoded(request, body, {})

    async def _read(self, request: Request, build: Build, table: str, whole: Build) -> Response:
        """Answer from the servers' state; a blocking query waits until the whole table has changed since its index."""
        query = Query.of(request)
        patience = asyncio.get_running_loop().time() + query.wait
        while True:
            datacenter = query.datacenter or self._world.datacenters[0]
            catalog = self._catalog(datacenter)
            index = self._indexes.modified(("table", datacenter, table), whole(catalog))
            fault = self._fault(request, query, datacenter)
            if not query.index or index > query.index or isinstance(fault, FixedAnswer | Broken):
                break
            if asyncio.get_running_loop().time() >= patience or await request.is_disconnected():
                break
            await asyncio.sleep(0.05)
        return _answer(request, query, build, catalog, index, fault)

    def _fault(self, request: Request, query: Query, datacenter: str) -> Fault | None:
        fault = self._world.fault(System("consul", datacenter), self._clock())
        if isinstance(fault, FixedAnswer | Broken):
            return fault
        if isinstance(fault, LeaderLost) and not query.stale:
            return NO_LEADER
        if datacenter not in self._world.datacenters:
            return NO_PATH
        if self._token is not None and (given := token_of(request)) != self._token:
            return ACL_NOT_FOUND if given else DEFAULT_DENY
        return fault

    def _catalog(self, datacenter: str) -> Catalog:
        """Return the datacenter's catalog, the one from before while nothing happens in the world."""
        now = self._clock()
        if (effects := self._world.effects(now)) != self._effects:
            self._effects, self._catalogs = effects, {}
        if datacenter not in self._catalogs:
            nodes = (n for n in self._world.nodes(now) if n.node.datacenter == datacenter)
            instances = (i for i in self._world.instances(now) if i.instance.node.datacenter == datacenter)
            self._catalogs[datacenter] = Catalog(self._indexes, tuple(nodes), tuple(instances))
        return self._catalogs[datacenter]
