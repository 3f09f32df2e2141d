"""What the soak asks: a Consul in which something always changes, and APIs of which some fail."""

import asyncio
import json
import time
from urllib.parse import parse_qs, urlsplit

from tests.siege.upstream import OK, Peer, Talk, body, raw, status

SERVICES = 200
_BEGINS = time.monotonic()
# An age lasts so many seconds; with each some checks, ports and tags change, and so does Consul's index.
_AGE = 3.0


def _age() -> int:
    return 1 + int((time.monotonic() - _BEGINS) / _AGE)


def talk_of(path: str) -> Talk:
    """How a request is answered."""
    parts = urlsplit(path)
    if parts.path.startswith("/api/"):
        return _api(int(parts.path.rpartition("/")[2]))
    return _consul(parts.path, int(parse_qs(parts.query).get("index", ["0"])[0]))


def _api(number: int) -> Talk:
    """Every fifth fails in a way that changes."""
    if number % 5:
        return body(b"{}")
    failures = (status(401), status(503), raw(b"nonsense"), raw(then="reset"), body(b"x" * 5 * 2**20))
    return failures[_age() % 5]


def _consul(path: str, index: int) -> Talk:
    """Answer when the index is another one than the client's, as Consul does."""

    async def talk(peer: Peer) -> None:
        if index == _age():
            await asyncio.sleep(_AGE - (time.monotonic() - _BEGINS) % _AGE)
        age = _age()
        content = json.dumps(_told(path, age), separators=(",", ":")).encode()
        await body(content, OK + b"X-Consul-Index: %d\r\n" % age)(peer)

    return talk


def _told(path: str, age: int) -> object:
    services = {f"web-{number}": [_tag(number, age)] for number in range(SERVICES)}
    if path == "/v1/agent/self":
        return {"Config": {"Datacenter": "dc1"}}
    if path == "/v1/health/state/any":
        return [_check(number, age) for number in range(SERVICES)]
    if path == "/v1/catalog/services":
        return {"consul": [], **services}
    if path == "/v1/internal/ui/nodes":
        return [{**_NODE, "Services": [_service(number, age) for number in range(SERVICES)]}]
    name = path.removeprefix("/v1/health/service/")
    if name in services:
        return [_entry(_service(int(name.rpartition("-")[2]), age))]
    return [_entry({"ID": "consul", "Service": "consul", "Port": 8300})] if name == "consul" else []


_NODE = {"Node": "n1", "Address": "10.0.0.1", "Datacenter": "dc1"}


def _entry(service: dict[str, object]) -> dict[str, object]:
    return {"Node": _NODE, "Service": service, "Checks": []}


def _turns(number: int, age: int, of: int) -> int:
    """How often something has changed that changes once in so many ages, in each at another service."""
    return (age + number) // of


def _tag(number: int, age: int) -> str:
    return f"tag-{_turns(number, age, 100) % 7}"


def _check(number: int, age: int) -> dict[str, str]:
    state = ("passing", "warning", "critical")[_turns(number, age, 10) % 3]
    owner = {"ServiceID": f"web-{number}", "ServiceName": f"web-{number}"}
    return {"Node": "n1", "CheckID": f"c-{number}", "Name": "check", "Status": state, **owner}


def _service(number: int, age: int) -> dict[str, object]:
    name = f"web-{number}"
    port = 8000 + _turns(number, age, 100) % 100
    return {"ID": name, "Service": name, "Port": port, "Tags": [_tag(number, age)]}
