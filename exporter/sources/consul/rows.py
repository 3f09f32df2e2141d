"""Consul's long lists, decoded by their types in short steps; what doesn't fit these is read record by record.

A list of 20,000 checks takes about 30 ms of a processor; between its pieces the event loop serves others.
"""

import asyncio
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, TypeVar

import msgspec

from exporter.errors import Malformed
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
    read_checks,
    read_entries,
    read_nodes,
)

T = TypeVar("T")
_PIECE = 2**17
# Where a row ends and the next begins. Inside a string each quote has a backslash before it: it is never there.
_CHECK = re.compile(rb'\},(?=\{"Node":")')
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


class _ServiceRow(msgspec.Struct, frozen=True, gc=False, rename="pascal"):
    service_id: _Name = msgspec.field(name="ID")
    service: _Name
    address: _Text | None = None
    port: int | None = None
    tags: list[str] | None = None
    meta: dict[str, str] | None = None


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


async def checks_in(body: bytes, rejected: Rejected, known: Mapping[CheckKey, Check]) -> Checks:
    """Read the body of `/v1/health/state/any`; a check that is as in `known` is that very object."""
    parts = await _read(body, _CHECK, lambda piece, _: _checks(piece, known), read_checks, rejected)
    readable = {key_of(check): check for part in parts for check in part.readable}
    return Checks(tuple(readable.values()), frozenset().union(*(part.unreadable for part in parts)))


def _checks(piece: bytes, known: Mapping[CheckKey, Check]) -> Checks:
    found = []
    for row in _check_rows.decode(piece):
        if row.service_id and not row.service:
            raise _Unfit
        old = known.get((row.node, row.service_id, row.check_id))
        same = old and (old.status, old.name, old.service) == (row.status, row.name, row.service)
        found.append(old if old and same else _check(row))
    return Checks(tuple(found))


def _check(row: _CheckRow) -> Check:
    return Check(row.node, row.check_id, row.name, row.status, row.service_id, row.service)


async def entries_in(body: bytes, rejected: Rejected) -> tuple[Entry, ...]:
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
        endpoint = endpoint_of(address, row.port, row.tags, row.meta, rejected, shared)
        of = Registration.of(node.node, row.service_id)
        yield Entry(row.service, row.service_id, node.node, endpoint, of in checked)


async def nodes_in(body: bytes, rejected: Rejected) -> frozenset[str]:
    """Read the body of `/v1/catalog/nodes`: the names of the nodes."""

    def typed(piece: bytes, _: Rejected) -> frozenset[str]:
        return frozenset(row.node for row in _name_rows.decode(piece))

    return frozenset().union(*await _read(body, _NODE, typed, read_nodes, rejected))


async def _read(
    body: bytes,
    start: re.Pattern[bytes],
    typed: Callable[[bytes, Rejected], T],
    careful: Callable[[Any, Rejected], T],
    rejected: Rejected,
) -> list[T]:
    """Read a list piece by piece; whole, when it can't be cut so."""
    counted, parts = Rejected(), list[T]()
    try:
        for piece in _pieces(body, start):
            parts.append(_part(piece, typed, careful, counted))
            await asyncio.sleep(0)
    except (ValueError, RecursionError):
        counted = Rejected()
        parts = [careful(_json(body), counted)]
    rejected.counts.update(counted.counts)
    return parts


def _part(
    piece: bytes,
    typed: Callable[[bytes, Rejected], T],
    careful: Callable[[Any, Rejected], T],
    rejected: Rejected,
) -> T:
    counted = Rejected()
    try:
        part = typed(piece, counted)
    except (msgspec.MsgspecError, _Unfit, RecursionError):
        counted = Rejected()
        part = careful(json.loads(piece), counted)
    rejected.counts.update(counted.counts)
    return part


def _pieces(body: bytes, start: re.Pattern[bytes]) -> Iterator[bytes]:
    """Cut a list into shorter ones; ValueError when it is none."""
    body = body.strip()
    if not (body.startswith(b"[") and body.endswith(b"]")):
        raise ValueError("no list")
    begin, end = 1, len(body) - 1
    while cut := start.search(body, begin + _PIECE):
        yield b"[%b]" % body[begin : cut.start() + 1]
        begin = cut.end()
    yield b"[%b]" % body[begin:end]


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise Malformed("the body of the 200 answer is not JSON") from None
