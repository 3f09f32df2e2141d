"""The key of the configuration file that says where lists of connections come from."""

from typing import Annotated, Any

from pydantic import Field

from exporter.config import Duration, Name, Strict, Timed


class ProviderSettings(Timed):
    """What providers of every sort have; `connection` holds settings that all its connections share."""

    interval: Duration = 5.0
    timeout: Duration = 5.0
    stale_after: Duration = 15.0
    name: Name
    provider: str
    # Raw, as its settings are the kinds' own; not in the repr, which would show tokens.
    connection: Annotated[dict[str, Any], Field(default_factory=dict, repr=False)]


class ProvidersFile(Strict):
    """The key of the file; entries stay raw, as their settings are the providers' own."""

    connections_from: Annotated[tuple[dict[str, Any], ...], Field(strict=False, repr=False)] = ()
