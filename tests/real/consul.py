"""A real Consul server that is a cluster of its own."""

import json
import subprocess
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.real.http import Answer, request
from tests.real.process import Process, clean_environment, free_ports, wait_for

PORTS = ("http", "server", "serf_lan", "serf_wan")
Json = dict[str, Any]


class ConsulAgent:
    """One Consul server agent; its data outlives `stop()` and `start()`.

    `settings` are merged over the configuration, for example `{"acl": {"enabled": True, "default_policy": "deny"}}`.
    """

    def __init__(self, binary: Path, folder: Path, settings: Mapping[str, Any] | None = None) -> None:
        self._binary = binary
        self._folder = folder
        self.ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
        self.config = self._base() | dict(settings or {})
        self.token = ""
        self._process: Process | None = None
        self.log = folder / "consul.log"
        self._file = folder / "consul.json"
        folder.mkdir(parents=True, exist_ok=True)
        self._file.write_text(json.dumps(self.config))

    def _base(self) -> Json:
        return {
            "server": True,
            "bootstrap_expect": 1,
            "datacenter": "dc1",
            "node_name": "agent",
            "data_dir": str(self._folder / "data"),
            "bind_addr": "127.0.0.1",
            "client_addr": "127.0.0.1",
            "ports": {**self.ports, "dns": -1, "grpc": -1},
            "performance": {"raft_multiplier": 1},
            "check_update_interval": "0s",
            "disable_update_check": True,
            "leave_on_terminate": False,
            "log_level": "info",
        }

    @property
    def address(self) -> str:
        """The base URL of its HTTP API."""
        return f"http://127.0.0.1:{self.ports['http']}"

    @property
    def datacenter(self) -> str:
        return str(self.config["datacenter"])

    @property
    def node(self) -> str:
        """The name of its own node, where `register` puts services."""
        return str(self.config["node_name"])

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.running

    def start(self, *arguments: str) -> "ConsulAgent":
        """Start it, again after a stop on the same ports, and wait until there is a leader."""
        assert not self.running, "it is running already"
        command: list[str | Path] = [self._binary, "agent", "-config-file", self._file, *arguments]
        self._process = Process(command, self.log).wait_ready(self._leads)
        return self

    def _leads(self) -> bool:
        """A leader that has written to the catalog; with ACLs only the leader itself can be seen."""
        if self.request("GET", "/v1/status/leader").text.strip() in ("", '""'):
            return False
        if "acl" in self.config:
            return True
        return '"serfHealth"' in self.request("GET", f"/v1/health/node/{self.node}").text

    def stop(self) -> None:
        """Stop it; requests are refused from now on."""
        if self._process:
            self._process.stop()

    def kill(self) -> None:
        """End it as a crash does."""
        if self._process:
            self._process.kill()

    def request(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        """Send a request with the agent's token; any status is returned."""
        token = {"X-Consul-Token": self.token} if self.token else {}
        return request(method, self.address + path, body, token | headers)

    def get(self, path: str) -> Any:
        """Read `path` as JSON; AssertionError when the status is not 200."""
        return self.request("GET", path).expect().json()

    def put(self, path: str, body: object = None) -> Any:
        """Write `body` as JSON to `path`, and return the answer's JSON, None when it is empty."""
        text = self.request("PUT", path, body).expect().text
        return json.loads(text) if text.strip() else None

    def register(self, payload: Json) -> None:
        """Register a service with its checks on this agent: the body of /v1/agent/service/register."""
        self.put("/v1/agent/service/register", payload)
        self._synced(payload.get("ID") or payload["Name"], registered=True)

    def deregister(self, service_id: str) -> None:
        """Take a service of this agent away."""
        self.put(f"/v1/agent/service/deregister/{quote(service_id, safe='')}")
        self._synced(service_id, registered=False)

    def _synced(self, service_id: str, *, registered: bool) -> None:
        """The agent tells the catalog later, on its own time; a test wants to go on from a known state."""
        wait_for(
            lambda: (service_id in self._own_services()) == registered, what=f"{service_id} in the catalog"
        )

    def _own_services(self) -> Json:
        node = self.get(f"/v1/catalog/node/{quote(self.node, safe='')}")
        return (node or {}).get("Services") or {}

    def register_catalog(self, payload: Json) -> None:
        """Register anything on any node: the body of /v1/catalog/register."""
        self.put("/v1/catalog/register", payload)

    def deregister_catalog(self, payload: Json) -> None:
        """Take away a node, a service or a check: the body of /v1/catalog/deregister."""
        self.put("/v1/catalog/deregister", payload)

    def set_check(self, check_id: str, status: str, output: str = "") -> None:
        """Set the status of a TTL check of this agent, and wait until the catalog has it."""
        path = f"/v1/agent/check/update/{quote(check_id, safe='')}"
        self.put(path, {"Status": status, "Output": output})
        wait_for(lambda: self._status_of(check_id) == status, what=f"{check_id} being {status}")

    def _status_of(self, check_id: str) -> str | None:
        checks = self.get(f"/v1/health/node/{quote(self.node, safe='')}")
        return next((check["Status"] for check in checks if check["CheckID"] == check_id), None)

    def maintenance(self, *, enable: bool, service_id: str | None = None, reason: str = "") -> None:
        """Put one service of this agent, or the whole node, into maintenance or take it out."""
        which = f"service/maintenance/{quote(service_id, safe='')}" if service_id else "maintenance"
        self.put(f"/v1/agent/{which}?enable={str(enable).lower()}&reason={quote(reason)}")
        check_id = f"_service_maintenance:{service_id}" if service_id else "_node_maintenance"
        wait_for(lambda: (self._status_of(check_id) is not None) == enable, what=check_id)

    def wipe(self) -> None:
        """Take away every service, check and node that is not the server's own."""
        for service_id in self.get("/v1/agent/services"):
            self.put(f"/v1/agent/service/deregister/{quote(service_id, safe='')}")
        self.put("/v1/agent/maintenance?enable=false")
        for check_id in self.get("/v1/agent/checks"):
            self.put(f"/v1/agent/check/deregister/{quote(check_id, safe='')}")
        for node in self.get("/v1/catalog/nodes"):
            if node["Node"] != self.node:
                self.deregister_catalog({"Node": node["Node"], "Datacenter": node["Datacenter"]})
        wait_for(self._wiped, what="an empty catalog")

    def _wiped(self) -> bool:
        checks = {check["CheckID"] for check in self.get("/v1/health/state/any")}
        return set(self.get("/v1/catalog/services")) == {"consul"} and checks == {"serfHealth"}

    def join_wan(self, other: "ConsulAgent") -> None:
        """Make two datacenters know each other, and wait until both answer for both."""
        self.put(f"/v1/agent/join/127.0.0.1:{other.ports['serf_wan']}?wan=1")
        for agent, far in ((self, other), (other, self)):
            wait_for(partial(agent._reaches, far), what="joining over WAN")

    def _reaches(self, other: "ConsulAgent") -> bool:
        path = f"/v1/catalog/services?dc={other.datacenter}"
        return self.request("GET", path).status == 200

    def bootstrap_acl(self) -> str:
        """Make the first management token, use it from now on, and return it."""
        answer = wait_for(self._bootstrapped, what="the ACL system")
        self.token = answer.json()["SecretID"]
        return self.token

    def _bootstrapped(self) -> Answer | None:
        answer = self.request("PUT", "/v1/acl/bootstrap")
        return answer if answer.status == 200 else None

    def create_token(self, rules: str) -> str:
        """Make a token that is allowed what `rules` (HCL) say, and return its secret."""
        name = f"policy-{len(self.get('/v1/acl/policies'))}"
        policy = self.put("/v1/acl/policy", {"Name": name, "Rules": rules})
        token = self.put("/v1/acl/token", {"Policies": [{"ID": policy["ID"]}]})
        return str(token["SecretID"])

    def delete_token(self, secret: str) -> None:
        """Revoke a token."""
        self.request("DELETE", f"/v1/acl/token/{self._own_token(secret)['AccessorID']}").expect()

    def change_rules(self, secret: str, rules: str) -> None:
        """Let a token do what `rules` say from now on."""
        (policy,) = self._own_token(secret)["Policies"]
        known = self.get(f"/v1/acl/policy/{policy['ID']}")
        self.put(f"/v1/acl/policy/{policy['ID']}", {"Name": known["Name"], "Rules": rules})

    def _own_token(self, secret: str) -> Json:
        answer = self.request("GET", "/v1/acl/token/self", None, **{"X-Consul-Token": secret})
        return dict(answer.expect().json())

    def save_snapshot(self, folder: Path) -> Path:
        """Save the whole state of the cluster to a file, and return it."""
        return self._snapshot("save", folder / "state.snap")

    def restore_snapshot(self, file: Path) -> None:
        """Put a saved state in the place of the present one."""
        self._snapshot("restore", file)

    def _snapshot(self, what: str, file: Path) -> Path:
        command: list[str | Path] = [self._binary, "snapshot", what, f"-http-addr={self.address}", file]
        subprocess.run(command, check=True, capture_output=True, env=clean_environment())
        return file

    @property
    def pid(self) -> int:
        """The process."""
        assert self._process
        return self._process.pid
