"""The keys of the configuration file that are about connections; a kind adds its own settings."""

from typing import Annotated, Any

from pydantic import Field

from exporter.config import Duration, HttpUrl, Name, Polled, Strict


class ConnectionOptions(Polled):
    """What connections of every kind have; a kind adds its own."""

    interval: Duration = 600.0
    timeout: Duration = 20.0
    stale_after: Duration = 1800.0
    id: Name
    kind: str
    name: str = ""
    icon: str = ""
    details: str = ""
    connect_url: HttpUrl | None = None
    disconnect_url: HttpUrl | None = None


class ConnectionsFile(Strict):
    """The keys of the file; `connections` and `defaults` stay raw, as their settings are the kinds' own."""

    # Not in the repr: raw mappings show their tokens.
    connections: Annotated[tuple[dict[str, Any], ...], Field(strict=False, repr=False)] = ()
    defaults: Annotated[dict[str, dict[str, Any]], Field(default_factory=dict, repr=False)]
    connection_concurrency: Annotated[int, Field(ge=1, le=1000)] = 20
