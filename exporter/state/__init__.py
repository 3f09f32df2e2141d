"""What is known of every source, since when, and whether it is too old to be shown."""

from exporter.sources.contract import SourceId
from exporter.state.keeper import Keeper
from exporter.state.snapshot import (
    BUCKETS,
    ConnectionState,
    Group,
    PollResult,
    ServiceState,
    Snapshot,
    SourceState,
    first_state,
)
from exporter.state.store import Store
from exporter.state.transitions import advance, age

__all__ = [
    "BUCKETS",
    "ConnectionState",
    "Group",
    "Keeper",
    "PollResult",
    "ServiceState",
    "Snapshot",
    "SourceId",
    "SourceState",
    "Store",
    "advance",
    "age",
    "first_state",
]
