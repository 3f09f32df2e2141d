"""Read Consul's JSON record by record: what can't be used is counted and left out, the rest goes on."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from exporter.errors import Malformed
from exporter.model import CHECK_STATUSES, Check, Endpoint

REJECTIONS = (
    "acl_filtered",
    "details_failed",
    "duplicate_tag",
    "missing_field",
    "odd_name",
    "unknown_status",
)
_LONGEST_NAME = 1024
_SURROGATE = re.compile("[\ud800-\udfff]")


class Registration(NamedTuple):
    """Who owns a check, within one datacenter: an instance, or with "" as `service_id` the node itself."""

    node: str
    service_id: str


class _Unusable(Exception):
    """A record that can't be used; the argument is the reason."""


@dataclass(frozen=True, slots=True)
class Checks:
    """All checks of a datacenter; `unreadable` are the owners of rejected ones."""

    readable: tuple[Check, ...]
    unreadable: frozenset[Registration] = frozenset()


@dataclass(frozen=True, slots=True)
class Entry:
    """One instance of `/v1/health/service/<name>`; `checked` when it has health checks of its own."""

    service: str
    registration: Registration
    endpoint: Endpoint
    checked: bool


@dataclass(slots=True)
class Rejected:
    """Counts of records left out, by reason."""

    counts: Counter[str] = field(default_factory=Counter)

    def add(self, reason: str, count: int = 1) -> None:
        """Count records left out."""
        if count:
            self.counts[reason] += count


def is_maintenance(check_id: str) -> bool:
    """Return whether the check is how Consul marks maintenance, of a node or of a service."""
    return check_id == "_node_maintenance" or check_id.startswith("_service_maintenance:")


def read_checks(content: Any, rejected: Rejected) -> Checks:
    """Read `/v1/health/state/any`: a list of checks."""
    readable: dict[tuple[str, str, str], Check] = {}
    unreadable: set[Registration] = set()
    for row in _rows(content):
        try:
            check = _check(row)
            readable[check.node, check.service_id, check.check_id] = check
        except _Unusable as error:
            rejected.add(str(error))
            unreadable.update(_owner(row))
    return Checks(tuple(readable.values()), frozenset(unreadable))


def _check(row: Any) -> Check:
    status = _text(row, "Status")
    if status not in CHECK_STATUSES:
        raise _Unusable("unknown_status")
    check_id = _text(row, "CheckID")
    service_id = _text(row, "ServiceID", optional=True)
    service = _text(row, "ServiceName", optional=not service_id)
    name = _text(row, "Name", optional=True) or check_id
    return Check(_text(row, "Node"), check_id, name, status, service_id, service)


def _owner(row: Any) -> Iterator[Registration]:
    if isinstance(row, Mapping) and isinstance(node := row.get("Node"), str):
        service_id = row.get("ServiceID") or ""
        if isinstance(service_id, str):
            yield Registration(node, service_id)


def read_names(content: Any, rejected: Rejected) -> dict[str, tuple[str, ...]]:
    """Read `/v1/catalog/services`: service names, each with the sorted tags of all its instances."""
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise Malformed("/v1/catalog/services is not a mapping of names to tags")
    names = {}
    for name, tags in content.items():
        try:
            names[_usable(name)] = tuple(sorted(tag for tag in tags or () if isinstance(tag, str)))
        except _Unusable as error:
            rejected.add(str(error))
        except TypeError:
            rejected.add("missing_field")
    return names


def read_entries(content: Any, rejected: Rejected) -> tuple[Entry, ...]:
    """Read `/v1/health/service/<name>`: a list of instances with their node and checks."""
    entries: dict[tuple[str, Registration], Entry] = {}
    for row in _rows(content):
        try:
            entry = _entry(row, rejected)
            entries[entry.service, entry.registration] = entry
        except _Unusable as error:
            rejected.add(str(error))
    return tuple(entries.values())


def _entry(row: Any, rejected: Rejected) -> Entry:
    node, service = _mapping(row, "Node"), _mapping(row, "Service")
    registration = Registration(_text(node, "Node"), _text(service, "ID"))
    address = _text(service, "Address", optional=True) or _text(node, "Address", optional=True)
    port = service.get("Port")
    endpoint = Endpoint(
        address,
        port if isinstance(port, int) and 0 < port < 65536 else 0,
        _tags(service.get("Tags"), rejected),
        _meta(service.get("Meta")),
    )
    return Entry(_text(service, "Service"), registration, endpoint, _has_checks(row, registration.service_id))


def _tags(tags: Any, rejected: Rejected) -> tuple[str, ...]:
    if not isinstance(tags, list):
        return ()
    usable = [tag for tag in tags if isinstance(tag, str) and _is_usable(tag)]
    rejected.add("odd_name", len(tags) - len(usable))
    unique = sorted(set(usable))
    rejected.add("duplicate_tag", len(usable) - len(unique))
    return tuple(unique)


def _meta(meta: Any) -> dict[str, str]:
    pairs = meta.items() if isinstance(meta, dict) else ()
    return {key: value for key, value in pairs if isinstance(value, str) and _is_usable(value)}


def _has_checks(row: Mapping[str, Any], service_id: str) -> bool:
    checks: Iterable[Any] = row.get("Checks") or ()
    own = (check for check in checks if isinstance(check, dict) and check.get("ServiceID") == service_id)
    return any(not is_maintenance(str(check.get("CheckID"))) for check in own)


def read_datacenters(content: Any) -> tuple[str, ...]:
    """Read `/v1/catalog/datacenters`: a list of names."""
    if not isinstance(content, list) or not all(isinstance(name, str) and name for name in content):
        raise Malformed("/v1/catalog/datacenters is not a list of names")
    return tuple(content)


def read_own_datacenter(content: Any) -> str:
    """Read the agent's datacenter from `/v1/agent/self`."""
    try:
        name = content["Config"]["Datacenter"]
    except (KeyError, TypeError):
        name = None
    if not isinstance(name, str) or not name:
        raise Malformed("/v1/agent/self names no datacenter")
    return name


def _rows(content: Any) -> list[Any]:
    if content is None:  # How Go writes an empty list that was never made.
        return []
    if not isinstance(content, list):
        raise Malformed("the answer is not a list")
    return content


def _mapping(row: Any, key: str) -> Mapping[str, Any]:
    value = row.get(key) if isinstance(row, Mapping) else None
    if not isinstance(value, Mapping):
        raise _Unusable("missing_field")
    return value


def _text(row: Any, key: str, *, optional: bool = False) -> str:
    value = row.get(key) if isinstance(row, Mapping) else None
    if optional and not value:
        return ""
    if not isinstance(value, str) or not value:
        raise _Unusable("missing_field")
    return _usable(value)


def _usable(name: str) -> str:
    if not _is_usable(name):
        raise _Unusable("odd_name")
    return name


def _is_usable(name: str) -> bool:
    """Return whether it can be a label: no half of a surrogate pair, and of a bearable length."""
    return len(name) <= _LONGEST_NAME and (name.isascii() or not _SURROGATE.search(name))
