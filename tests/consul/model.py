"""A Consul in memory that keeps its indexes as the real one does, and waits with its answers when asked to."""

import asyncio
import json
import re
from collections import defaultdict
from contextlib import suppress
from typing import Any
from urllib.parse import unquote

import httpx

Json = dict[str, Any]
NOT_PASSING = 'Status != "passing"'
ONLY = re.compile(r"CheckID matches `(.*)`")
CHECKS, SERVICES, NODES = "checks", "services", "nodes"


class ModelConsul:
    """Services and checks on nodes; each change moves the index of its table. All methods are safe at any time.

    `deaf` is how a server, or what stands before it, behaves that knows no blocking queries.
    """

    def __init__(self) -> None:
        self.index: dict[str, int] = defaultdict(lambda: 1)
        self.services: dict[tuple[str, str], Json] = {}
        self.checks: dict[tuple[str, str], Json] = {}
        self.nodes = {"n1": "10.0.0.1", "n2": "10.0.0.2"}
        self.deaf = False
        self.failing: httpx.Response | None = None
        self.requests: list[httpx.Request] = []
        self._moved = asyncio.Event()
        self.register("consul", "consul")

    def _move(self, *tables: str) -> None:
        latest = max(self.index.values(), default=1) + 1
        self.index |= dict.fromkeys(tables, latest)
        self.look()

    def look(self) -> None:
        """Let those who wait look again."""
        self._moved.set()
        self._moved = asyncio.Event()

    def register(
        self, name: str, service_id: str, node: str = "n1", status: str | None = None, port: int = 80
    ) -> None:
        """Register an instance, with a check when it is to have a status."""
        service = {"ID": service_id, "Service": name, "Port": port, "Tags": [], "Meta": {}}
        if self.services.get((node, service_id)) != service:
            self.services[node, service_id] = service
            self._move(SERVICES)
        if status:
            self.check(node, service_id, status, f"check-{service_id}")

    def check(self, node: str, service_id: str, status: str, check_id: str) -> None:
        """Set a check of an instance, or with "" of a node."""
        name = self.services[node, service_id]["Service"] if service_id else ""
        row = {"Node": node, "CheckID": check_id, "Name": "c", "Status": status, "Output": "", "Notes": ""}
        row |= {"ServiceID": service_id, "ServiceName": name}
        if self.checks.get((node, check_id)) != row:
            self.checks[node, check_id] = row
            self._move(CHECKS)

    def uncheck(self, node: str, check_id: str) -> None:
        """Take a check away."""
        if self.checks.pop((node, check_id), None):
            self._move(CHECKS)

    def deregister(self, node: str, service_id: str) -> None:
        """Take an instance away, with its checks."""
        if self.services.pop((node, service_id), None):
            own = [
                key for key, row in self.checks.items() if (key[0], row["ServiceID"]) == (node, service_id)
            ]
            for key in own:
                del self.checks[key]
            self._move(SERVICES, *[CHECKS] * bool(own))

    def move_node(self, node: str, address: str) -> None:
        """Give a node another address."""
        self.nodes[node] = address
        self._move(NODES)

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer a request; one with an index when its table has moved on, or after its wait."""
        self.requests.append(request)
        path, params = request.url.path, request.url.params
        table = {"/v1/health/state/any": CHECKS, "/v1/catalog/services": SERVICES}.get(path, NODES)
        deadline = asyncio.get_running_loop().time() + float(params.get("wait", "0s").removesuffix("s"))
        while not self.deaf and not self.failing and self.index[table] <= int(params.get("index", "0")):
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                break
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._moved.wait()
        if self.failing:
            return self.failing
        index = max(self.index.values()) if path == "/v1/internal/ui/nodes" else self.index[table]
        content = json.dumps(self._content(path, params.get("filter", "")), separators=(",", ":"))
        headers = {"X-Consul-Index": str(index), "Content-Type": "application/json"}
        return httpx.Response(200, text=content, headers=headers)

    def _content(self, path: str, filter_: str) -> object:
        place, _, name = path.rpartition("/")
        rows = [self.checks[key] for key in sorted(self.checks)]
        if path == "/v1/health/state/any":
            if only := ONLY.fullmatch(filter_):
                return [row for row in rows if re.search(only[1], row["CheckID"])]
            return [row for row in rows if filter_ != NOT_PASSING or row["Status"] != "passing"]
        if place == "/v1/health/service":
            return [
                self._entry(*key) for key in self.services if self.services[key]["Service"] == unquote(name)
            ]
        if path == "/v1/catalog/services":
            return {service["Service"]: service["Tags"] for service in self.services.values()}
        if path == "/v1/agent/self":
            return {"Config": {"Datacenter": "dc1"}}
        return [self._node(node, whole=path == "/v1/internal/ui/nodes") for node in self.nodes]

    def _entry(self, node: str, service_id: str) -> Json:
        own = [r for r in self.checks.values() if r["Node"] == node and r["ServiceID"] in ("", service_id)]
        return {"Node": self._node(node), "Service": self.services[node, service_id], "Checks": own}

    def _node(self, node: str, *, whole: bool = False) -> Json:
        row: Json = {"ID": "", "Node": node, "Address": self.nodes[node]}
        if not whole:
            return row
        services = [service for (on, _), service in self.services.items() if on == node]
        return row | {"Services": services, "Checks": [r for r in self.checks.values() if r["Node"] == node]}

    def truth(self) -> dict[tuple[str, str, str], str]:
        """The status of every instance, by service, id and node, but of Consul itself."""
        severity = ("passing", "warning", "critical")
        return {
            (service["Service"], service_id, node): max(
                ("passing", *(r["Status"] for r in self._entry(node, service_id)["Checks"])),
                key=severity.index,
            )
            for (node, service_id), service in self.services.items()
            if service_id != "consul"
        }
