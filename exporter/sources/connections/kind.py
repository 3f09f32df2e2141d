"""What a kind of connection is."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Generic, TypeVar

from exporter.client import HttpClient
from exporter.model import Metric
from exporter.sources.connections.settings import ConnectionOptions

OptionsT = TypeVar("OptionsT", bound=ConnectionOptions)
CONNECTION_LABELS = ("connection", "kind")

RATE_LIMIT_LIMIT = Metric(
    "connection_rate_limit_limit",
    "gauge",
    "Requests the API allows this token per period, as its latest answer said.",
    CONNECTION_LABELS,
)
RATE_LIMIT_REMAINING = Metric(
    "connection_rate_limit_remaining",
    "gauge",
    "Requests the API still allows this token in the current period, as its latest answer said.",
    CONNECTION_LABELS,
)


@dataclass(frozen=True, slots=True)
class Accepted:
    """The API accepted the token; `details` is a short text for people, `rejected` counts unusable records.

    `values` are those of the kind's own metrics that have one now; `token_expires_at` (Unix time) is what the API said.
    """

    details: str = ""
    values: Mapping[Metric, float] = field(default_factory=dict)
    rejected: int = 0
    token_expires_at: float | None = None


class Kind(ABC, Generic[OptionsT]):
    """One connection of the kind: `Options` are its settings, `METRICS` what it exposes beyond the common ones.

    Each metric has CONNECTION_LABELS and a name that begins with the kind's. Constructing a kind never connects.
    """

    Options: ClassVar[type[ConnectionOptions]]
    METRICS: ClassVar[tuple[Metric, ...]] = ()
    ICON: ClassVar[str] = ""

    def __init__(self, options: OptionsT) -> None:
        self.options = options

    @property
    def needs_token(self) -> bool:
        """Whether no token means not connected; otherwise the check is made without one."""
        return True

    @property
    @abstractmethod
    def address(self) -> str:
        """The URL that is asked; connections to one host share a bounded number of requests."""

    @abstractmethod
    async def check(self, client: HttpClient, token: str) -> Accepted:
        """Ask the API once: return what it said, raise Refused when it refuses the token, else PollError."""
