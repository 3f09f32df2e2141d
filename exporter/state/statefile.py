"""The file that brings since-times and counts over a restart: written whole or not at all, and never trusted blindly."""

import os
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

import msgspec

from exporter.config import read_regular
from exporter.sources.contract import SourceId
from exporter.state.past import ConnectionPast, DatacenterPast, InstancePast, SourcePast
from exporter.state.snapshot import ConnectionState, Group, Snapshot, SourceState

VERSION = 1
LARGEST = 256 * 2**20  # bytes; a hundred thousand instances take about 15 MB
# What was not heard of for so long, in seconds, is forgotten.
_FORGOTTEN_AFTER = 86400.0


class StateFileUnusable(Exception):
    """The file can't be read or written; the message says why."""


class _Content(msgspec.Struct, frozen=True):
    version: int
    sources: tuple[SourcePast, ...]


class _Version(msgspec.Struct, frozen=True):
    version: int


class StateFile:
    """The file at `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self) -> dict[SourceId, SourcePast]:
        """Return what it holds, nothing when it isn't there; StateFileUnusable when it is no such file."""
        try:
            text = read_regular(self.path, LARGEST)
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise StateFileUnusable(f"can't be read: {error.strerror}") from None
        return {SourceId(past.kind, past.name): past for past in _decoded(text).sources}

    def save(self, pasts: Iterable[SourcePast]) -> None:
        """Replace it in one step; StateFileUnusable when that can't be done, and the old one stays."""
        text = msgspec.json.encode(_Content(VERSION, tuple(pasts)))
        if len(text) > LARGEST:
            raise StateFileUnusable(f"would be larger than {LARGEST} bytes")
        if self.path.exists() and not self.path.is_file():
            raise StateFileUnusable("is not a regular file")
        fresh = self.path.with_name(f"{self.path.name}.new")
        try:
            _write(fresh, text)
            fresh.replace(self.path)
        except OSError as error:
            with suppress(OSError):
                fresh.unlink()
            raise StateFileUnusable(f"can't be written: {error.strerror}") from None


def _write(path: Path, text: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
    with open(descriptor, "wb") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)


def _decoded(text: bytes) -> _Content:
    if len(text) > LARGEST:
        raise StateFileUnusable(f"is larger than {LARGEST} bytes")
    try:
        version = msgspec.json.decode(text, type=_Version).version
        if version != VERSION:
            raise StateFileUnusable(f"has version {version}, known is {VERSION}")
        return msgspec.json.decode(text, type=_Content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise StateFileUnusable("is no state file, or a damaged one") from None


def pasts_of(snapshot: Snapshot, unused: Mapping[SourceId, SourcePast]) -> list[SourcePast]:
    """Return what is to be kept of all sources, `unused` being what an earlier run left of others."""
    known = [_past_of(state) for state in snapshot.values()]
    oldest = time.time() - _FORGOTTEN_AFTER
    others = [past for id_, past in unused.items() if id_ not in snapshot and _heard_at(past) >= oldest]
    return [past for past in (*known, *others) if past.datacenters or past.connection]


def _heard_at(past: SourcePast) -> float:
    times = [datacenter.checked_at for datacenter in past.datacenters.values()]
    return max([*times, *([past.connection.checked_at] if past.connection else [])], default=0.0)


def _past_of(state: SourceState) -> SourcePast:
    kind, name = state.info.id
    past = state.past or SourcePast(kind, name)
    datacenters = {name: _datacenter(group) for name, group in state.groups.items()}
    connection = _connection(state.connection) if state.connection else past.connection
    return SourcePast(kind, name, {**past.datacenters, **datacenters}, connection)


def _datacenter(group: Group) -> DatacenterPast:
    instances = (
        InstancePast(*state.instance.key[1:], state.instance.status, state.since, state.changes)
        for state in group.states
    )
    return DatacenterPast(group.checked_at, tuple(instances))


def _connection(state: ConnectionState) -> ConnectionPast:
    return ConnectionPast(
        state.check.status,
        state.checked_at,
        state.since,
        state.changes,
        state.checks,
        dict(state.failures),
        state.online_at,
        state.last_reason,
    )
