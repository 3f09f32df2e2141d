"""Consul's long lists, decoded by their types in short steps; what doesn't fit these is read record by record.

A list of 20,000 checks takes about 30 ms of a processor; between its pieces the event loop serves others.
"""

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Annotated, Any, TypeVar

import msgspec

from exporter.errors import Malformed
from exporter.jsontext import Text, listed, parsed, pieces_of_list
from exporter.model import Check, CheckStatus
from exporter.sources.consul.records import (
    LONGEST_NAME,
    CheckKey,
    Checks,
    Entry,
    Registration,
    Rejected,
    endpoint_of,
    entries_of_nodes,
    key_of,
    listening_on,
    read_checks,
    read_entries,
    read_nodes,
)

T = TypeVar("T")
_PIECE = 2**17
# What is left after the last cut is mostly shorter than two pieces.
_LONGEST_REST = 2**20
_WHOLE_LIST = re.compile(rb"\s*\[")
# Where a row ends and the next begins. Inside a string each quote has a backslash before it: it is never there.
_CHECK = re.compile(rb'\},(?=\{"Node":")')
_INSTANCE = re.compile(rb'\},(?=\{"Node":\{"ID":")')
_NODE = re.compile(rb'\},(?=\{"ID":"[^"\\]*","Node":")')

_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_NAME)]
_Text = Annotated[str, msgspec.Meta(max_length=LONGEST_NAME)]


class _CheckRow(msgspec.Struct, frozen=True, gc=False, rename="pascal"):
    node: _Name
    check_id: _Name = msgspec.field(name="CheckID")
    name: _Name
    status: CheckStatus
    service_id: _Text = msgspec.field(name="ServiceID", default="")
    service: _Text = msgspec.field(name="ServiceName", default="")
    namespace: str = ""


class _ProxyRow(msgspec.Struct, frozen=True, gc=False, rename="pascal"):
    serves: _Text | None = msgspec.field(name="DestinationServiceID", default=None)


class _ServiceRow(msgspec.Struct, frozen=True, gc=False, rename="pascal"):
    service_id: _Name = msgspec.field(name="ID")
    service: _Name
    address: _Text | None = None
    port: int | None = None
    ports: Any = None
    tags: list[str] | None = None
    meta: dict[str, str] | None = None
    kind: _Text | None = None
    proxy: _ProxyRow | None = None


class _OwnerRow(msgspec.Struct, frozen=True, gc=False, rename="pascal"):
    node: str
    service_id: str | None = msgspec.field(name="ServiceID", default=None)


class _NodeRow(msgspec.Struct, frozen=True, gc=False, rename="pascal"):
    node: _Name
    address: _Text | None = None
    services: list[_ServiceRow] | None = None
    checks: list[_OwnerRow] | None = None
    peer_name: str | None = None


class _NameRow(msgspec.Struct, frozen=True, gc=False, rename="pascal"):
    node: _Name


_name_rows = msgspec.json.Decoder(list[_NameRow])
_check_rows = msgspec.json.Decoder(list[_CheckRow])
_node_rows = msgspec.json.Decoder(list[_NodeRow])


class _Unfit(Exception):
    """The rows are JSON, and not what their type says."""


async def checks_in(
    body: Text, rejected: Rejected, known: Mapping[CheckKey, Check], namespace: str = ""
) -> Checks:
    """Read the body of `/v1/health/state/any`; a check that is as in `known` is that very object.

    With a namespace, the checks of services in others are passed over.
    """

    def typed(piece: bytes, _: Rejected) -> Checks:
        return _checks(piece, known, namespace)

    parts = await _read(body, _CHECK, typed, partial(read_checks, namespace=namespace), rejected)
    readable = {key_of(check): check for part in parts for check in part.readable}
    return Checks(tuple(readable.values()), frozenset().union(*(part.unreadable for part in parts)))


def _checks(piece: bytes, known: Mapping[CheckKey, Check], namespace: str) -> Checks:
    found = []
    for row in _check_rows.decode(piece):
        if row.service_id and not row.service:
            raise _Unfit
        if namespace and row.service_id and row.namespace != namespace:
            continue
        old = known.get((row.node, row.service_id, row.check_id))
        same = old and (old.status, old.name, old.service) == (row.status, row.name, row.service)
        found.append(old if old and same else _check(row))
    return Checks(tuple(found))


def _check(row: _CheckRow) -> Check:
    return Check(row.node, row.check_id, row.name, row.status, row.service_id, row.service)


async def entries_in(body: Text, rejected: Rejected) -> tuple[Entry, ...]:
    """Read the body of `/v1/internal/ui/nodes`: every instance of every service, without those of peers."""
    shared: dict[object, Any] = {}

    def typed(piece: bytes, counted: Rejected) -> tuple[Entry, ...]:
        return tuple(entry for node in _node_rows.decode(piece) for entry in _entries(node, counted, shared))

    def careful(rows: Any, counted: Rejected) -> tuple[Entry, ...]:
        return read_entries(entries_of_nodes(rows), None, counted)

    parts = await _read(body, _NODE, typed, careful, rejected)
    return tuple(entry for part in parts for entry in part)


def _entries(node: _NodeRow, rejected: Rejected, shared: dict[object, Any]) -> Iterator[Entry]:
    """Yield the instances on a node; equal tags and meta of different ones are one object in `shared`."""
    checked = {
        Registration.of(check.node, check.service_id) for check in node.checks or () if check.service_id
    }
    for row in () if node.peer_name else node.services or ():
        address = row.address or node.address or ""
        endpoint = endpoint_of(
            address, listening_on(row.port, row.ports), row.tags, row.meta, row.kind or "", rejected, shared
        )
        of = Registration.of(node.node, row.service_id)
        serves = (row.proxy and row.proxy.serves) or ""
        yield Entry(row.service, row.service_id, node.node, endpoint, of in checked, serves)


async def instances_in(body: Text, service: str, rejected: Rejected) -> tuple[Entry, ...]:
    """Read the body of `/v1/health/service/<name>`: the instances of the service."""
    return await _read_instances(body, _INSTANCE, lambda rows: rows, service, rejected)


async def nodes_with(body: Text, service: str, rejected: Rejected) -> tuple[Entry, ...]:
    """Read the same out of the body of `/v1/internal/ui/nodes`."""
    return await _read_instances(body, _NODE, entries_of_nodes, service, rejected)


async def _read_instances(
    body: Text, start: re.Pattern[bytes], turn: Callable[[Any], Any], service: str, rejected: Rejected
) -> tuple[Entry, ...]:
    def careful(rows: Any, counted: Rejected) -> tuple[Entry, ...]:
        return read_entries(turn(rows), service, counted)

    def typed(piece: bytes, counted: Rejected) -> tuple[Entry, ...]:
        return careful(parsed(piece), counted)

    return tuple(entry for part in await _read(body, start, typed, careful, rejected) for entry in part)


async def nodes_in(body: Text, rejected: Rejected) -> frozenset[str]:
    """Read the body of `/v1/catalog/nodes`: the names of the nodes."""

    def typed(piece: bytes, _: Rejected) -> frozenset[str]:
        return frozenset(row.node for row in _name_rows.decode(piece))

    return frozenset().union(*await _read(body, _NODE, typed, read_nodes, rejected))


async def _read(
    body: Text,
    start: re.Pattern[bytes],
    typed: Callable[[bytes, Rejected], T],
    careful: Callable[[Any, Rejected], T],
    rejected: Rejected,
) -> list[T]:
    """Read a list piece by piece; where its rows don't begin as Consul's do, it is cut with more care."""
    try:
        counted, parts = await _read_pieces(_pieces(body, start), typed, careful)
    except Malformed:
        counted, parts = await _read_pieces(pieces_of_list(body, _PIECE), typed, careful)
    rejected.counts.update(counted.counts)
    return parts


async def _read_pieces(
    pieces: Iterator[bytes | None],
    typed: Callable[[bytes, Rejected], T],
    careful: Callable[[Any, Rejected], T],
) -> tuple[Rejected, list[T]]:
    counted, parts = Rejected(), list[T]()
    for piece in pieces:
        if piece is not None:
            parts.append(_part(piece, typed, careful, counted))
        await asyncio.sleep(0)
    return counted, parts


def _part(
    piece: bytes,
    typed: Callable[[bytes, Rejected], T],
    careful: Callable[[Any, Rejected], T],
    rejected: Rejected,
) -> T:
    counted = Rejected()
    try:
        part = typed(piece, counted)
    except (ValueError, _Unfit, RecursionError):
        counted = Rejected()
        part = careful(parsed(piece), counted)
    rejected.counts.update(counted.counts)
    return part


def _pieces(body: Text, start: re.Pattern[bytes]) -> Iterator[bytes | None]:
    """Cut a list into shorter ones; Malformed when it is none, or too little of it looks like the beginning of a row."""
    found = _WHOLE_LIST.match(body)
    if not found:
        raise Malformed("the body is not a list")
    begin, end = found.end(), _end_of(body)
    while cut := start.search(body, begin + _PIECE):
        yield listed(body, begin, cut.start() + 1)
        begin = cut.end()
    if end - begin > _LONGEST_REST:
        raise Malformed("the body can't be cut")
    yield listed(body, begin, end)


def _end_of(body: Text) -> int:
    """Return where the list's last bracket is."""
    end = len(body)
    while body[end - 1] in b" \t\r\n":
        end -= 1
    if body[end - 1] != ord("]"):
        raise Malformed("the list has no end")
    return end - 1
