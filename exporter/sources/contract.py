"""The contract between what is polled and who polls it."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Protocol, Self, runtime_checkable

from exporter.config import Strict, Timed, Token, anchored
from exporter.errors import PollError
from exporter.model import ConnectionCheck, ServiceInstance
from exporter.sharding import Shard
from exporter.sources.clients import ClientLease


class SourceId(NamedTuple):
    """The identity of a source; a cluster and a connection may have the same name."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """A source as the snapshot describes it; `id` gives the labels `kind` and `source`, times are in seconds.

    The reasons are those of `source_poll_failures_total` and `source_records_rejected_total` to show at 0 from the
    start. /-/ready waits for the first poll of each source with `is_awaited`. Of a source that `is_one_of_many`, as a
    connection is, only those `source_*` series are exposed that no other series of it tells.
    """

    id: SourceId
    interval: float
    stale_after: float
    failure_reasons: tuple[str, ...] = ()
    rejections: tuple[str, ...] = ()
    is_awaited: bool = False
    is_one_of_many: bool = False


class Summary(NamedTuple):
    """What the log says about findings: one line, whether it is good news, and the facts beside it."""

    line: str
    is_good: bool
    facts: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Findings:
    """What a poll found; `rejected` counts by reason the records that could not be used.

    `received` counts the bytes of the answers since the findings before, and `wakeups` how often the source itself said
    that there is news.
    """

    rejected: Mapping[str, int] = field(default_factory=dict, kw_only=True)
    received: int = field(default=0, kw_only=True)
    wakeups: int = field(default=0, kw_only=True)

    @property
    def errors(self) -> tuple[PollError, ...]:
        """Why parts of the source could not be polled; the first one is the poll's."""
        return ()

    @property
    def is_partial(self) -> bool:
        """Whether only a part of the source was asked: what failed before may fail still."""
        return False

    @property
    def needs_second_look(self) -> bool:
        """Whether to poll again soon although the poll succeeded."""
        return False

    @property
    def summary(self) -> Summary:
        """What the log says when nothing failed and nothing was rejected."""
        return Summary("poll succeeded", True, {})


@dataclass(frozen=True, slots=True)
class ServiceFindings(Findings):
    """What a poll of a Consul cluster found, by datacenter; one that failed is in `failures` instead.

    Of those in `kept` nothing was asked: what is known of them stays, and ages. With `shows_checks` each check has
    series of its own.
    """

    instances: Mapping[str, tuple[ServiceInstance, ...]]
    failures: Mapping[str, PollError] = field(default_factory=dict)
    shows_checks: bool = False
    kept: frozenset[str] = frozenset()

    @property
    def errors(self) -> tuple[PollError, ...]:
        """The failures of the datacenters."""
        return tuple(self.failures.values())

    @property
    def is_partial(self) -> bool:
        """Whether not all datacenters were asked."""
        return bool(self.kept)


@dataclass(frozen=True, slots=True)
class ConnectionFindings(Findings):
    """What a check of a connection found; its `check.reason` says why it is not online."""

    check: ConnectionCheck

    @property
    def needs_second_look(self) -> bool:
        """Whether the token was refused: one odd answer is no revoked token."""
        return self.check.status == "offline"

    @property
    def summary(self) -> Summary:
        """The status, and the reason when it is not online; a customer who never connected is nothing to warn of."""
        line, reason = f"connection is {self.check.status.replace('_', ' ')}", self.check.reason
        if not reason:
            return Summary(line, True, {})
        return Summary(f"{line}: {reason}", reason == "no_token", {"reason": reason})


@dataclass(frozen=True, slots=True)
class ProviderFindings(Findings):
    """The sources that a provider listed, and why parts of the list could not be read anew and are as they were."""

    sources: "tuple[PlannedSource, ...]"
    failures: tuple[PollError, ...] = ()

    @property
    def errors(self) -> tuple[PollError, ...]:
        """The failures of the parts."""
        return self.failures


class RequestLimit(NamedTuple):
    """So many requests may be under way to `host` at once, over all sources that ask it."""

    host: str
    at_once: int


class Source(Protocol):
    """Something polled on its own timer."""

    @property
    def info(self) -> SourceInfo:
        """How it is described."""

    @property
    def timeout(self) -> float:
        """The longest a whole poll may take, in seconds."""

    @property
    def token(self) -> Token:
        """The secret that each poll needs."""

    def request_limit(self, token: str) -> RequestLimit | None:
        """Return what bounds the poll; None when nothing is asked, or sources of the kind are few."""

    async def poll(self, token: str) -> Findings:
        """Ask once with the secret, "" when there is none; raise PollError when nothing was found."""

    def failed(self, error: PollError) -> Findings | None:
        """Return what a failed poll says nevertheless: of a connection that it is unreachable."""


@runtime_checkable
class Watched(Protocol):
    """A source that notices by itself when there is news."""

    async def watch(self, wake: Callable[[], None]) -> None:
        """Run beside the polls, and call `wake` when one is worth making before its time."""


@dataclass(frozen=True)
class PlannedSource(ABC):
    """The checked settings of one source; `place` is where in the configuration they are."""

    place: str = field(compare=False)
    id: SourceId
    settings: Timed

    def anchored(self, folder: Path) -> Self:
        """Return it with relative paths starting at the folder of the file that they stand in."""
        return replace(self, settings=anchored(self.settings, folder))

    def part(self, shard: Shard) -> Self | None:
        """Return what of it the shard polls, None when that is nothing."""
        return self if shard.owns(*self.id) else None

    @abstractmethod
    def make(self, clients: ClientLease) -> Source:
        """Make the source; nothing is asked until it is polled."""


class SourceKind(ABC):
    """A part of the configuration file that names sources; one line in `sources/registry.py` each.

    `File` declares the keys of the file that are the kind's, `borrowed` those of other kinds that it needs to know,
    `variables` the environment variable for a place in it.
    """

    File: ClassVar[type[Strict]]
    borrowed: ClassVar[frozenset[str]] = frozenset()
    variables: ClassVar[Mapping[str, str]] = {}

    @abstractmethod
    def read(self, part: Mapping[str, Any]) -> list[PlannedSource]:
        """Validate the kind's keys of the file; ConfigError lists every problem of them, but none of borrowed ones."""

    def from_environment(self, environ: Mapping[str, str]) -> dict[str, Any]:
        """Return the part of the file that the environment describes; ConfigError when it can't be used."""
        return {}

    def with_environment(self, raw: Mapping[str, Any], environ: Mapping[str, str]) -> Mapping[str, Any]:
        """Return what a file holds, with what the kind takes from the environment where the file says nothing."""
        return raw
