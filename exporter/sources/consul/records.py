"""Read Consul's JSON record by record: what can't be used is counted and left out, the rest goes on."""

import re
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
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
LONGEST_NAME = 1024
_SURROGATE = re.compile("[\ud800-\udfff]")


class Registration(NamedTuple):
    """Who owns a check, within one datacenter: an instance, or with "" as `service_id` the node itself.

    In lower case: that is how Consul compares them, and checks may spell them unlike their service does.
    """

    node: str
    service_id: str

    @staticmethod
    @lru_cache(maxsize=2**16)
    def of(node: str, service_id: str) -> "Registration":
        """Make it from names in any case."""
        return Registration(node.lower(), service_id.lower())

    def of_node(self) -> "Registration":
        """Return the owner of its node's checks."""
        return Registration(self.node, "")


# What tells a check from all others of a datacenter: node, service_id, check_id.
CheckKey = tuple[str, str, str]


class _Unusable(Exception):
    """A record that can't be used; the argument is the reason."""


@dataclass(frozen=True, slots=True)
class Checks:
    """All checks of a datacenter; `unreadable` are the owners of rejected ones."""

    readable: tuple[Check, ...]
    unreadable: frozenset[Registration] = frozenset()


@dataclass(frozen=True, slots=True)
class Entry:
    """One instance as the catalog knows it; `checked` when it has health checks of its own.

    `serves` is the id of the instance on the same node whose sidecar it is, "" when it is none.
    """

    service: str
    service_id: str
    node: str
    endpoint: Endpoint
    checked: bool
    serves: str = ""

    @property
    def registration(self) -> Registration:
        """Who it is, to join it with its checks."""
        return Registration.of(self.node, self.service_id)


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


def read_checks(content: Any, rejected: Rejected, namespace: str = "") -> Checks:
    """Read `/v1/health/state/any`: a list of checks; of a namespace only its services', and all of nodes."""
    readable: dict[CheckKey, Check] = {}
    unreadable: set[Registration] = set()
    for row in _rows(content):
        try:
            check = _check(row)
            if namespace and check.service_id and row.get("Namespace") != namespace:
                continue
            readable[key_of(check)] = check
        except _Unusable as error:
            rejected.add(str(error))
            unreadable.update(_owner(row))
    return Checks(tuple(readable.values()), frozenset(unreadable))


def key_of(check: Check) -> CheckKey:
    """Return what tells the check from all others of its datacenter."""
    return check.node, check.service_id, check.check_id


def _check(row: Any) -> Check:
    status = _text(row, "Status")
    if status not in CHECK_STATUSES:
        raise _Unusable("unknown_status")
    check_id = _text(row, "CheckID")
    service_id = _text(row, "ServiceID", optional=True)
    service = _text(row, "ServiceName", optional=not service_id)
    name = row.get("Name")
    shown = name if isinstance(name, str) and name and _is_usable(name) else check_id
    return Check(_text(row, "Node"), check_id, shown, status, service_id, service)


def _owner(row: Any) -> tuple[Registration, ...]:
    """Return the owner of a check; nothing when it can't be known."""
    if isinstance(row, dict) and isinstance(node := row.get("Node"), str):
        service_id = row.get("ServiceID") or ""
        if isinstance(service_id, str):
            return (Registration.of(node, service_id),)
    return ()


def read_names(content: Any, rejected: Rejected) -> dict[str, tuple[str, ...]]:
    """Read `/v1/catalog/services`: service names, each with the sorted tags of all its instances."""
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise Malformed("/v1/catalog/services is not a mapping of names to tags")
    names = {}
    for name, tags in content.items():
        try:
            names[_usable(name)] = tuple(sorted(tag for tag in _list(tags) if isinstance(tag, str)))
        except _Unusable as error:
            rejected.add(str(error))
    return names


def read_nodes(content: Any, rejected: Rejected) -> frozenset[str]:
    """Read `/v1/catalog/nodes`: the names of the nodes."""
    names = set()
    for row in _rows(content):
        try:
            names.add(_text(row, "Node"))
        except _Unusable as error:
            rejected.add(str(error))
    return frozenset(names)


def read_entries(content: Any, service: str | None, rejected: Rejected) -> tuple[Entry, ...]:
    """Read `/v1/health/service/<name>`: a list of instances with their node and checks.

    Others than those of `service` are passed over, unless it is None: Consul looks names up without regard to case.
    """
    entries = []
    for row in _rows(content):
        try:
            if service is None or _mapping(row, "Service").get("Service") == service:
                entries.append(_entry(row, rejected))
        except _Unusable as error:
            rejected.add(str(error))
    return tuple(entries)


def _entry(row: Any, rejected: Rejected) -> Entry:
    node, service = _mapping(row, "Node"), _mapping(row, "Service")
    name, service_id = _text(node, "Node"), _text(service, "ID")
    address = _text(service, "Address", optional=True) or _text(node, "Address", optional=True)
    kind, proxy = _text(service, "Kind", optional=True), service.get("Proxy")
    endpoint = endpoint_of(
        address,
        listening_on(service.get("Port"), service.get("Ports")),
        service.get("Tags"),
        service.get("Meta"),
        kind,
        rejected,
        {},
    )
    serves = _text(proxy, "DestinationServiceID", optional=True)
    checked = _has_checks(row.get("Checks"), Registration.of(name, service_id))
    return Entry(_text(service, "Service"), service_id, name, endpoint, checked, serves)


def endpoint_of(
    address: str,
    ports: "Ports",
    tags: Any,
    meta: Any,
    kind: str,
    rejected: Rejected,
    shared: dict[object, Any],
) -> Endpoint:
    """Make one of what a service says; tags and meta that were there before are taken from `shared`."""
    usable, pairs = _tags(tags, rejected), _meta(meta)
    return Endpoint(
        address,
        ports.default,
        shared.setdefault(usable, usable),
        shared.setdefault(frozenset(pairs.items()), pairs),
        kind,
        ports.named,
    )


class Ports(NamedTuple):
    """The port that an instance is reached at, and those with names where it has several, the default one first."""

    default: int
    named: tuple[tuple[str, int], ...] = ()


def listening_on(port: Any, ports: Any) -> Ports:
    """Read `Port`, or the list `Ports` that newer versions of Consul have instead."""
    rows = [row for row in _list(ports) if isinstance(row, dict) and _port(row.get("Port"))]
    rows.sort(key=lambda row: row.get("Default") is not True)
    named = tuple(
        (name if isinstance(name := row.get("Name"), str) and _is_usable(name) else "", row["Port"])
        for row in rows
    )
    return Ports(_port(port) or (named[0][1] if named else 0), named)


def entries_of_nodes(content: Any) -> list[dict[str, Any]]:
    """Turn `/v1/internal/ui/nodes` into what `/v1/health/service/<name>` would answer for all services."""
    nodes = [node for node in _rows(content) if isinstance(node, dict) and not node.get("PeerName")]
    return [
        {"Node": node, "Service": service, "Checks": node.get("Checks")}
        for node in nodes
        for service in _list(node.get("Services"))
    ]


def _port(port: Any) -> int:
    return port if type(port) is int and 0 < port < 65536 else 0


def _tags(tags: Any, rejected: Rejected) -> tuple[str, ...]:
    usable = [tag for tag in _list(tags) if isinstance(tag, str) and _is_usable(tag)]
    rejected.add("odd_name", len(_list(tags)) - len(usable))
    unique = sorted(set(usable))
    rejected.add("duplicate_tag", len(usable) - len(unique))
    return tuple(unique)


def _meta(meta: Any) -> dict[str, str]:
    pairs = meta.items() if isinstance(meta, dict) else ()
    return {key: value for key, value in pairs if isinstance(value, str) and _is_usable(value)}


def _has_checks(checks: Any, owner: Registration) -> bool:
    return any(owner in _owner(check) for check in _list(checks))


def read_datacenters(content: Any) -> tuple[str, ...]:
    """Read `/v1/catalog/datacenters`: a list of names, at least one."""
    names = _list(content)
    if not names or not all(isinstance(name, str) and name and _is_usable(name) for name in names):
        raise Malformed("/v1/catalog/datacenters is not a list of names")
    return tuple(dict.fromkeys(names))


def read_home(content: Any) -> str:
    """Read the datacenter of the first instance in `/v1/health/service/<name>`, "" when there is none."""
    for row in _rows(content):
        with suppress(_Unusable):
            return _text(_mapping(row, "Node"), "Datacenter")
    return ""


def read_own_datacenter(content: Any) -> str:
    """Read the agent's datacenter from `/v1/agent/self`."""
    try:
        name = content["Config"]["Datacenter"]
    except (KeyError, TypeError):
        name = None
    if not isinstance(name, str) or not name or not _is_usable(name):
        raise Malformed("/v1/agent/self names no datacenter")
    return name


def _rows(content: Any) -> list[Any]:
    if content is None:  # How Go writes an empty list that was never made.
        return []
    if not isinstance(content, list):
        raise Malformed("the answer is not a list")
    return content


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _mapping(row: Any, key: str) -> dict[str, Any]:
    value = row.get(key) if isinstance(row, dict) else None
    if not isinstance(value, dict):
        raise _Unusable("missing_field")
    return value


def _text(row: Any, key: str, *, optional: bool = False) -> str:
    value = row.get(key) if isinstance(row, dict) else None
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
    return len(name) <= LONGEST_NAME and (name.isascii() or not _SURROGATE.search(name))
