"""What an episode can do to its subject: change a check, take something away, spoil the answers of an API."""

from dataclasses import dataclass
from typing import Literal

from exporter.model import CheckStatus

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class CheckIs:
    """An instance's check has this status, or a node's; without a name, all checks of the instance or serfHealth."""

    status: CheckStatus
    check: str = ""
    output: str = ""


@dataclass(frozen=True, slots=True)
class Maintenance:
    """An instance or a node is in maintenance mode."""

    notes: str = "Planned work"


@dataclass(frozen=True, slots=True)
class Absent:
    """An instance is not registered, or a node has left with all of its instances."""


@dataclass(frozen=True, slots=True)
class NoToken:
    """There is no token for a connection: its token file is missing."""


@dataclass(frozen=True, slots=True)
class TokenIs:
    """A connection has another token than at first; the API accepts only this one."""

    token: str


@dataclass(frozen=True, slots=True)
class RateRemaining:
    """Few requests are left in the current window of a connection's rate limit."""

    remaining: int


@dataclass(frozen=True, slots=True)
class Hidden:
    """Consul's ACLs hide some services, or all; `told` says whether the answer admits it in a header."""

    services: tuple[str, ...] = ()
    told: bool = True

    @property
    def reason(self) -> str:
        if self.services:
            return ""
        return "acl_filtered" if self.told else "empty_catalog"


@dataclass(frozen=True, slots=True)
class LeaderLost:
    """Consul has no leader: reads fail, except those that allow stale answers."""

    reason: str = "no_leader"


@dataclass(frozen=True, slots=True)
class FixedAnswer:
    """The API gives this answer to everything; `reason` is what a client should make of it."""

    status: int
    reason: str
    body: str = ""
    headers: Headers = ()
    media_type: str = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Broken:
    """The API's answers break: never come, end too early, come in drops, or never end."""

    how: Literal["hang", "truncated_json", "dropped", "drip", "flood"]

    @property
    def reason(self) -> str:
        reasons = {"truncated_json": "malformed", "dropped": "connect", "flood": "too_large"}
        return reasons.get(self.how, "timeout")


Fault = FixedAnswer | Broken | LeaderLost | Hidden
Effect = CheckIs | Maintenance | Absent | NoToken | TokenIs | RateRemaining | Fault

HANG = Broken("hang")
TRUNCATED_JSON = Broken("truncated_json")
DROPPED = Broken("dropped")
DRIP = Broken("drip")
FLOOD = Broken("flood")
HTML = FixedAnswer(200, "malformed", "<!doctype html><h1>Welcome to the proxy</h1>", media_type="text/html")
UNAVAILABLE = FixedAnswer(503, "server_error", "Service Unavailable")
BAD_GATEWAY = FixedAnswer(502, "server_error", "<h1>502 Bad Gateway</h1>", media_type="text/html")

UNAUTHORIZED = FixedAnswer(401, "unauthorized", '{"code":"unauthorized"}', media_type="application/json")
NOT_PAID = FixedAnswer(402, "payment_required", '{"code":"payment_required"}', media_type="application/json")
NOT_INSTALLED = FixedAnswer(403, "forbidden")
RATE_LIMITED = FixedAnswer(429, "rate_limited", headers=(("Retry-After", "120"),))
RATE_LIMITED_RESET = FixedAnswer(429, "rate_limited", headers=(("X-RateLimit-Reset", "120"),))
RATE_LIMITED_BARE = FixedAnswer(429, "rate_limited")

NO_LEADER = FixedAnswer(500, "no_leader", "No cluster leader")
NO_SERVERS = FixedAnswer(500, "no_leader", "No known Consul servers")
NO_PATH = FixedAnswer(500, "no_path", "No path to datacenter")
ACL_NOT_FOUND = FixedAnswer(403, "acl_not_found", "ACL not found")
ACL_DENIED = FixedAnswer(403, "acl_denied", "Permission denied")
RPC_LIMITED = FixedAnswer(
    429, "rate_limited", "rate limit exceeded, try again later or against a different server"
)
FILTERED = Hidden()
DEFAULT_DENY = Hidden(told=False)
