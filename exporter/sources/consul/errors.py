"""What Consul's refusals mean; texts differ by version and by the hops they came through."""

from exporter.client import Answer
from exporter.errors import (
    AclDenied,
    AclNotFound,
    NoLeader,
    NoPath,
    PollError,
    RateLimited,
    Redirected,
    ServerError,
    UnexpectedStatus,
)

_UNKNOWN_TOKEN = "the ACL token is unknown, deleted or expired"  # noqa: S105 -- no token
_WEAK_TOKEN = "the ACL token, or having none, doesn't permit this"  # noqa: S105 -- no token
_UNREACHABLE = "no server of the datacenter can be reached"

# The first row whose status and text (in lower case) both fit decides.
_ERRORS: tuple[tuple[range, str, type[PollError], str], ...] = (
    (range(300, 400), "", Redirected, "the answer sends us elsewhere, as login pages and ports of HTTP do"),
    (
        range(400, 401),
        "https",
        UnexpectedStatus,
        "an HTTP request was sent to an HTTPS port: the address needs https://",
    ),
    (range(400, 401), '"ns"', UnexpectedStatus, "only Consul Enterprise has namespaces: leave namespace out"),
    (
        range(400, 401),
        '"partition"',
        UnexpectedStatus,
        "only Consul Enterprise has partitions: leave partition out",
    ),
    (range(400, 401), "ssl cert", UnexpectedStatus, "a client certificate is wanted: set tls.cert_file"),
    (
        range(401, 402),
        "",
        UnexpectedStatus,
        "something before Consul wants a user and a password: set http_auth",
    ),
    (range(403, 404), "<html", AclDenied, "a page of HTML forbids this: a proxy's, as Consul sends none"),
    (range(403, 404), "acl not found", AclNotFound, _UNKNOWN_TOKEN),
    (range(403, 404), "blocked by agent", UnexpectedStatus, "the agent's configuration blocks this endpoint"),
    (range(403, 404), "", AclDenied, _WEAK_TOKEN),
    (range(429, 430), "", RateLimited, "Consul limits our requests"),
    (range(500, 504), "rate limit", RateLimited, "Consul limits our requests"),
    (range(500, 501), "no cluster leader", NoLeader, "the cluster has no leader"),
    (range(500, 501), "no known consul servers", NoLeader, "the agent knows no server"),
    (range(500, 501), "not ready to serve consistent", NoLeader, "the cluster's leader is not ready yet"),
    (range(500, 501), "no path to datacenter", NoPath, "no path to the datacenter"),
    (range(500, 501), "no server currently reachable", NoPath, _UNREACHABLE),
    (range(500, 501), "rpc error getting client", NoPath, _UNREACHABLE),
    (range(500, 501), "acl not found", AclNotFound, _UNKNOWN_TOKEN),
    (range(500, 501), "permission denied", AclDenied, _WEAK_TOKEN),
    (range(500, 600), "", ServerError, "Consul has a problem of its own"),
)


def error_of(answer: Answer) -> PollError:
    """Return the error that an answer other than 200 is."""
    text = answer.body[:4096].decode(errors="replace").lower()
    for statuses, sign, error, message in _ERRORS:
        if answer.status in statuses and sign in text:
            return error(f"{message} (HTTP {answer.status})")
    return UnexpectedStatus(f"an answer that Consul should not give here (HTTP {answer.status})")
