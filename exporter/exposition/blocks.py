"""The lines of a snapshot in blocks: what was written once is used again until what it says has changed."""

import zlib
from array import array
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from itertools import accumulate
from operator import is_
from typing import TypeVar

from exporter.exposition.durations import KindDurations
from exporter.exposition.labels import CUT
from exporter.exposition.samples import (
    Line,
    checked_lines,
    identity_of,
    instance_lines,
    node_lines,
    source_lines,
)
from exporter.model import Metric
from exporter.state import Group, ServiceState, Snapshot, SourceState

# How many sources share a block on average, and how many instances.
_SOURCES = 64
_INSTANCES = 128
_CUT = CUT.encode()

BlockKey = tuple[object, ...]
_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Piece:
    """Some text, its CRC-32, and the same compressed so that other pieces can stand before and behind it."""

    plain: bytes
    deflated: bytes
    checksum: int


@dataclass(frozen=True, slots=True)
class _Part:
    """The lines that were written of something, those of each metric together; `ends` is where these end.

    Kept so, and not as a mapping of many small texts, as there is one of it for each of thousands of connections.
    """

    made_of: tuple[object, ...]
    metrics: tuple[Metric, ...]
    text: bytes
    ends: "array[int]"
    series: int
    cut: int

    def lines(self) -> Iterator[tuple[Metric, bytes]]:
        """Yield the lines of each metric."""
        begin = 0
        for metric, end in zip(self.metrics, self.ends, strict=True):
            yield metric, self.text[begin:end]
            begin = end


@dataclass(frozen=True, slots=True)
class Block:
    """The lines of some parts by metric, compressed; `identities` are the labels of the instances in it."""

    parts: tuple[_Part, ...] = ()
    pieces: Mapping[Metric, Piece] = field(default_factory=dict)
    identities: tuple[str, ...] = ()

    @property
    def series(self) -> int:
        """The number of sample lines."""
        return sum(part.series for part in self.parts)

    @property
    def cut(self) -> int:
        """The number of label values that were too long."""
        return sum(part.cut for part in self.parts)


class Blocks:
    """The blocks of the latest snapshot."""

    def __init__(self) -> None:
        self._blocks: dict[BlockKey, Block] = {}
        self._states: Snapshot = {}
        self._durations = KindDurations()
        self._runs: dict[BlockKey, tuple[Sequence[ServiceState], list[Sequence[ServiceState]]]] = {}

    def of(self, snapshot: Snapshot) -> Iterable[Block]:
        """Return the blocks of the snapshot; those that are as they were in the one before are the very same."""
        for id_, state in snapshot.items():
            if state is not (before := self._states.get(id_)):
                self._durations.add(state, before)
        self._states = snapshot
        self._blocks = dict(self._all(list(snapshot.values())))
        self._runs = {key: runs for key, runs in self._runs.items() if (*key, "nodes") in self._blocks}
        return self._blocks.values()

    def _all(self, states: Sequence[SourceState]) -> Iterator[tuple[BlockKey, Block]]:
        for run in _runs(states, [state.info.id for state in states], _SOURCES):
            key = ("sources", run[0].info.id)
            yield key, _of_sources(self._known(key), run)
        lines = tuple(self._durations.lines())
        yield (
            ("durations",),
            _block(self._known(("durations",)), (_part(None, (lines,), lambda: iter(lines)),)),
        )
        for state in states:
            for name, group in state.groups.items():
                if not group.stale:
                    yield from self._of_group((state.info.id, name), group)

    def _of_group(self, place: BlockKey, group: Group) -> Iterator[tuple[BlockKey, Block]]:
        for states in self._runs_of(place, group.states):
            key = (*place, states[0].instance.key)
            yield key, _of_instances(self._known(key), states, group)
        key = (*place, "nodes")
        yield key, _of_nodes(self._known(key), group.states)

    def _runs_of(self, place: BlockKey, states: Sequence[ServiceState]) -> list[Sequence[ServiceState]]:
        known = self._runs.get(place)
        if not known or known[0] is not states:
            keys = [state.instance.key for state in states]
            known = self._runs[place] = (states, list(_runs(states, keys, _INSTANCES)))
        return known[1]

    def _known(self, key: BlockKey) -> Block:
        return self._blocks.get(key, _EMPTY)


def piece_of(plain: bytes) -> Piece:
    """Compress a text."""
    compressor = zlib.compressobj(1, wbits=-zlib.MAX_WBITS)
    # Flushed so, it ends on a whole byte and is not the end of the stream: another piece can follow.
    deflated = compressor.compress(plain) + compressor.flush(zlib.Z_SYNC_FLUSH)
    return Piece(plain, deflated, zlib.crc32(plain))


def _of_sources(known: Block, states: Sequence[SourceState]) -> Block:
    olds = {id(part.made_of[0]): part for part in known.parts}
    lines = (_part(olds.get(id(state)), (state,), partial(source_lines, state)) for state in states)
    return _block(known, tuple(lines))


def _of_nodes(known: Block, states: Sequence[ServiceState]) -> Block:
    old = next(iter(known.parts), None)
    return _block(known, (_part(old, (states,), partial(node_lines, states)),))


def _of_instances(known: Block, states: Sequence[ServiceState], group: Group) -> Block:
    old, old_times = known.parts or (None, None)
    write = partial(instance_lines, states, group.shows_checks)
    part = _part(old, (*states, group.shows_checks), write)
    identities = known.identities if part is old else tuple(map(identity_of, states))
    write = partial(checked_lines, identities, group.checked_at)
    times = _part(old_times, (identities, group.checked_at), write)
    return _block(known, (part, times), identities)


def _runs(items: Sequence[_Item], keys: Iterable[Hashable], mean: int) -> Iterator[Sequence[_Item]]:
    """Cut where the items themselves say so: then one that comes or goes moves no other to another block."""
    begin = 0
    for end, key in enumerate(keys, start=1):
        if hash(key) % mean == 0:
            yield items[begin:end]
            begin = end
    if begin < len(items):
        yield items[begin:]


def _block(known: Block, parts: tuple[_Part, ...], identities: tuple[str, ...] = ()) -> Block:
    if _same(parts, known.parts):
        return known
    return Block(parts, _pieces(parts, known.pieces), identities)


def _part(old: _Part | None, made_of: tuple[object, ...], write: Callable[[], Iterator[Line]]) -> _Part:
    """Write it, unless that was done: `made_of` is compared by identity."""
    if old and _same(made_of, old.made_of):
        return old
    collected: dict[Metric, list[str]] = defaultdict(list)
    for metric, line in write():
        collected[metric].append(line)
    texts = ["".join(lines).encode() for lines in collected.values()]
    ends = array("L", accumulate(map(len, texts)))
    whole, series = b"".join(texts), sum(map(len, collected.values()))
    return _Part(made_of, _shared(tuple(collected)), whole, ends, series, whole.count(_CUT))


@lru_cache(maxsize=1024)
def _shared(metrics: tuple[Metric, ...]) -> tuple[Metric, ...]:
    """Return the same tuple for the same metrics."""
    return metrics


def _pieces(parts: Iterable[_Part], known: Mapping[Metric, Piece]) -> dict[Metric, Piece]:
    collected: dict[Metric, list[bytes]] = defaultdict(list)
    for part in parts:
        for metric, lines in part.lines():
            collected[metric].append(lines)
    return {metric: _piece(b"".join(lines), known.get(metric)) for metric, lines in collected.items()}


def _piece(plain: bytes, known: Piece | None) -> Piece:
    return known if known and known.plain == plain else piece_of(plain)


def _same(some: Sequence[object], others: Sequence[object]) -> bool:
    return len(some) == len(others) and all(map(is_, some, others))


_EMPTY = Block()
