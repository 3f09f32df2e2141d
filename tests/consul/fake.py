"""Consul at the edge: answers from a list of services, and what a test puts in the place of an answer."""

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import httpx

Json = dict[str, Any]
STATE, CATALOG, DETAILS = "/v1/health/state/any", "/v1/catalog/services", "/v1/health/service/"
NODES, ALL = "/v1/catalog/nodes", "/v1/internal/ui/nodes"


class FakeConsul:
    """One instance per service on node n1 with one check each, unless the service is in `bare`.

    Without `answers_all` it doesn't know the request about all services at once.
    """

    def __init__(self, *services: str, bare: tuple[str, ...] = (), answers_all: bool = False) -> None:
        self.answers_all = answers_all
        self.tags: dict[str, list[str]] = {service: [] for service in (*services, *bare)}
        self.bare = set(bare)
        self.status = "passing"
        self.port = 80
        self.index = self.nodes_index = self.checks_index = 1
        self.headers: dict[str, str] = {}
        self.instead: dict[str, Callable[[], httpx.Response]] = {}
        self.failing: set[str] = set()
        self.hanging: set[str] = set()
        self.busy = self.busiest = 0

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.busy += 1
        self.busiest = max(self.busy, self.busiest)
        await asyncio.sleep(60 if request.url.path.removeprefix(DETAILS) in self.hanging else 0)
        self.busy -= 1
        return self._answer(request.url.path)

    def _answer(self, path: str) -> httpx.Response:
        for place, answer in self.instead.items():
            if path.startswith(place):
                return answer()
        if path.startswith(DETAILS):
            return self._details(unquote(path.removeprefix(DETAILS)))
        local: Json = {
            "/v1/agent/self": {"Config": {"Datacenter": "dc1"}},
            "/v1/catalog/datacenters": ["dc1"],
            NODES: [{"ID": "1", "Node": "n1", "Address": "10.0.0.1"}],
        }
        if path == ALL:
            return (
                self._indexed([self.node()], max(self.index, self.nodes_index))
                if self.answers_all
                else httpx.Response(404)
            )
        if path in local:
            return self._indexed(local[path], self.nodes_index)
        if path == STATE:
            return self._indexed(self.checks(), self.checks_index)
        return self._indexed(self.tags)

    def _indexed(self, content: object, index: int = 0) -> httpx.Response:
        sent = {"X-Consul-Index": str(index or self.index)} | self.headers
        return httpx.Response(200, json=content, headers=sent)

    def node(self) -> Json:
        services = [self._service(service) for service in self.tags if service not in self.failing]
        return {"ID": "1", "Node": "n1", "Address": "10.0.0.1", "Services": services, "Checks": self.checks()}

    def _service(self, service: str) -> Json:
        return {"ID": service, "Service": service, "Port": self.port, "Tags": self.tags[service]}

    def checks(self) -> list[Json]:
        return [self._check(service) for service in self.tags if service not in self.bare]

    def _check(self, service: str) -> Json:
        check = {"Node": "n1", "CheckID": f"check-{service}", "Name": "c", "Status": self.status}
        return check | {"ServiceID": service, "ServiceName": service}

    def _details(self, service: str) -> httpx.Response:
        if service in self.failing:
            return httpx.Response(500, text="rpc error making call: EOF")
        if service not in self.tags:
            return httpx.Response(200, json=[])
        entry = {
            "Node": {"Node": "n1", "Address": "10.0.0.1"},
            "Service": self._service(service),
            "Checks": [] if service in self.bare else [self._check(service)],
        }
        return httpx.Response(200, json=[entry])
