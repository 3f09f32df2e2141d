"""The contract between what is polled and who polls it."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol

from exporter.errors import PollError
from exporter.model import ConnectionCheck, ServiceInstance


@dataclass(frozen=True, slots=True)
class ServiceFindings:
    """What a poll of a Consul cluster found, by datacenter; one that failed is in `failures` instead."""

    instances: Mapping[str, tuple[ServiceInstance, ...]]
    failures: Mapping[str, PollError] = field(default_factory=dict)
    rejected: Mapping[str, int] = field(default_factory=dict)

    @property
    def failure(self) -> PollError | None:
        """The first datacenter's failure, None when all answered."""
        return next(iter(self.failures.values()), None)


@dataclass(frozen=True, slots=True)
class ConnectionFindings:
    """What a check of a connection found; its `check.reason` says why it is not online."""

    check: ConnectionCheck
    rejected: Mapping[str, int] = field(default_factory=dict)


Findings = ServiceFindings | ConnectionFindings


class Source(Protocol):
    """Something polled on its own timer; times are in seconds."""

    @property
    def name(self) -> str:
        """The `source` label."""

    @property
    def kind(self) -> str:
        """The `kind` label: consul, or the connection's kind."""

    @property
    def interval(self) -> float:
        """Time between two polls."""

    @property
    def timeout(self) -> float:
        """The longest a whole poll may take."""

    @property
    def stale_after(self) -> float:
        """The age at which what was found is no longer shown."""

    @property
    def failure_reasons(self) -> tuple[str, ...]:
        """The reasons of `source_poll_failures_total` to show at 0 from the start."""

    @property
    def rejections(self) -> tuple[str, ...]:
        """The reasons of `source_records_rejected_total` to show at 0 from the start."""

    def slot(self) -> AbstractAsyncContextManager[None]:
        """Return what to hold while polling, so that not too many ask at once."""

    def signature(self) -> object:
        """Return what changes when the source's secret file does."""

    async def poll(self) -> Findings:
        """Ask once; raise PollError when nothing was found."""

    def failed(self, error: PollError) -> Findings | None:
        """Return what a failed poll says nevertheless: of a connection that it is unreachable."""
