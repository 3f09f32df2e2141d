"""Consul at the edge: answers from a list of services, and what a test puts in the place of an answer."""

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import httpx

Json = dict[str, Any]
STATE, CATALOG, DETAILS = "/v1/health/state/any", "/v1/catalog/services", "/v1/health/service/"


class FakeConsul:
    """One instance per service on node n1 with one check each, unless the service is in `bare`."""

    def __init__(self, *services: str, bare: tuple[str, ...] = ()) -> None:
        self.tags: dict[str, list[str]] = {service: [] for service in (*services, *bare)}
        self.bare = set(bare)
        self.status = "passing"
        self.index = 1
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
        }
        if path in local:
            return httpx.Response(200, json=local[path])
        content = self.checks() if path == STATE else self.tags
        return httpx.Response(200, json=content, headers={"X-Consul-Index": str(self.index), **self.headers})

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
            "Service": {"ID": service, "Service": service, "Port": 80, "Tags": self.tags[service]},
            "Checks": [] if service in self.bare else [self._check(service)],
        }
        return httpx.Response(200, json=[entry])
