"""Every failure the exporter distinguishes.

ExporterError
├── ConfigError            the configuration can't be used; lists every problem with its place
└── PollError              a poll failed; `reason` is the value of the metric label
    ├── Refused            the API answered: this token is not accepted
    │   ├── Unauthorized      401
    │   ├── PaymentRequired   402
    │   └── Forbidden         403
    ├── RateLimited        429; `retry_after` in seconds, when the API said so
    ├── ServerError        5xx
    ├── UnexpectedStatus   any other status than the one asked for
    ├── UnexpectedBody     the answer came, its body is not the expected one
    ├── Intermediary       something between us and the API answered in its place
    ├── Redirected         the answer sends us to another address
    ├── Malformed          the body is not what the API promises
    ├── TooLarge           the body is larger than we are willing to read
    ├── TimedOut           no complete answer in time
    ├── NameResolution     the host name has no address
    ├── ConnectFailed      no connection, or it broke off
    ├── TlsFailed          the TLS handshake or a certificate
    ├── TokenUnusable      the secret can't be read, or can't be sent
    ├── Internal           a defect of ours
    ├── ProviderError      what only a provider of connections says
    │   ├── Unreadable         a file isn't there, or can't be read
    │   ├── LoginRefused       the database server refused the user, the password, or the database
    │   ├── QueryRefused       the database can't carry out the query
    │   ├── WrongColumns       the query's columns are not the settings that are needed
    │   └── DatabaseLocked     another program holds a lock that the query waits for
    └── ConsulError        what only Consul says
        ├── AclDenied         the token lacks a permission
        ├── AclNotFound       the token is unknown, deleted or expired
        ├── AclFiltered       the ACLs left nothing of the answer
        ├── EmptyCatalog      an empty catalog, as default-deny gives without a token
        ├── NoLeader          no leader, or no server known
        ├── NoPath            the datacenter can't be reached
        └── DatacenterTaken   another cluster already shows this datacenter
"""

from collections.abc import Iterable, Iterator
from typing import ClassVar, NamedTuple, Self

_MOST_SHOWN = 20


class Problem(NamedTuple):
    """One mistake in the configuration: `place` is a dotted path such as `connections[0].interval`."""

    place: str
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.place else self.message


class ExporterError(Exception):
    """Base of all errors of this package."""


class ConfigError(ExporterError):
    """The configuration can't be used; `problems` holds every mistake found."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.shown)))

    @property
    def shown(self) -> tuple[Problem, ...]:
        """The first problems, and how many there are besides: thousands are no help to anybody."""
        more = len(self.problems) - _MOST_SHOWN
        if more <= 0:
            return self.problems
        return (*self.problems[:_MOST_SHOWN], Problem("", f"and {more} more problem{'s' * (more > 1)}"))


class PollError(ExporterError):
    """A poll failed; the message never holds a secret or a body of the answer."""

    reason: ClassVar[str] = "internal"

    def without_frames(self) -> Self:
        """Forget where it was raised, as those frames hold the answer; return itself, to be kept."""
        self.__traceback__ = self.__context__ = self.__cause__ = None
        return self


class Refused(PollError):
    """The API answered that it doesn't accept this token; raise one of the three below."""


class Unauthorized(Refused):
    """401: the token is wrong, unknown or expired."""

    reason = "unauthorized"


class PaymentRequired(Refused):
    """402: the service is not paid for."""

    reason = "payment_required"


class Forbidden(Refused):
    """403: the token is known, and lacks the right."""

    reason = "forbidden"


class RateLimited(PollError):
    """429: more requests than allowed; `retry_after` is in seconds, None when the API didn't say."""

    reason = "rate_limited"

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ServerError(PollError):
    """5xx: the API has a problem of its own."""

    reason = "server_error"


class UnexpectedStatus(PollError):
    """A status that says nothing about the token."""

    reason = "unexpected_status"


class UnexpectedBody(PollError):
    """The status was expected, the body was not."""

    reason = "unexpected_body"


class Intermediary(PollError):
    """A firewall, a proxy or a login page answered in the API's place."""

    reason = "intermediary"


class Redirected(PollError):
    """The answer sends us elsewhere; a token never goes along."""

    reason = "redirect"


class Malformed(PollError):
    """The body is not what the API promises."""

    reason = "malformed"


class TooLarge(PollError):
    """The body is larger than we are willing to read."""

    reason = "too_large"


class TimedOut(PollError):
    """No complete answer in time."""

    reason = "timeout"


class NameResolution(PollError):
    """The host name has no address."""

    reason = "dns"


class ConnectFailed(PollError):
    """No connection could be made, or it broke off."""

    reason = "connect"


class TlsFailed(PollError):
    """The TLS handshake failed, or a certificate is not trusted."""

    reason = "tls"


class TokenUnusable(PollError):
    """The secret can't be read, or is not one that can be sent."""

    reason = "token"


class ConsulError(PollError):
    """What only a Consul cluster says."""


class AclDenied(ConsulError):
    """The token lacks a permission."""

    reason = "acl_denied"


class AclNotFound(ConsulError):
    """The token is unknown, deleted or expired."""

    reason = "acl_not_found"


class AclFiltered(ConsulError):
    """The ACLs left nothing of the answer."""

    reason = "acl_filtered"


class EmptyCatalog(ConsulError):
    """The catalog is empty, as default-deny gives to a client without a token."""

    reason = "empty_catalog"


class NoLeader(ConsulError):
    """There is no cluster leader, or the agent knows no server."""

    reason = "no_leader"


class NoPath(ConsulError):
    """The datacenter is unknown, or none of its servers can be reached."""

    reason = "no_path"


class DatacenterTaken(ConsulError):
    """Another configured cluster already shows this datacenter; its series would be the same."""

    reason = "datacenter_taken"


class ProviderError(PollError):
    """What only a provider of connections says."""


class Unreadable(ProviderError):
    """A file isn't there, or can't be read."""

    reason = "unreadable"


class LoginRefused(ProviderError):
    """The database server refused the user, the password, or the database."""

    reason = "login"


class QueryRefused(ProviderError):
    """The database can't carry out the query."""

    reason = "query"


class WrongColumns(ProviderError):
    """The query gives columns that are no settings, or lacks one that is needed."""

    reason = "columns"


class DatabaseLocked(ProviderError):
    """Another program holds a lock that the query waits for."""

    reason = "locked"


class Internal(PollError):
    """A defect of ours; the log has the traceback."""

    reason = "internal"


def reasons(*, without: tuple[type[PollError], ...]) -> tuple[str, ...]:
    """Return the reasons of all errors that a poll can fail with, but for those of these families."""
    return tuple(sorted({error.reason for error in _leaves(PollError) if not issubclass(error, without)}))


def _leaves(family: type[PollError]) -> Iterator[type[PollError]]:
    children = family.__subclasses__()
    for child in children:
        yield from _leaves(child)
    if not children:
        yield family
