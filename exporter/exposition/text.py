"""The text of /metrics, rendered when the snapshot changes and not when somebody asks."""

import time
import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from operator import is_
from typing import Literal

from exporter.exposition.blocks import Block, Blocks, Piece, piece_of
from exporter.exposition.checksums import joined
from exporter.metrics import CORE
from exporter.model import Metric
from exporter.state import Snapshot

Format = Literal["text", "openmetrics"]
FORMATS: tuple[Format, ...] = ("text", "openmetrics")
_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_ORDER = {metric.name: number for number, metric in enumerate(CORE)}


@dataclass(frozen=True, slots=True)
class Body:
    """Rendered text in pieces, of which both formats have the most in common; `size` in bytes."""

    pieces: tuple[Piece, ...]
    size: int
    checksum: int

    def plain(self, tail: bytes) -> tuple[bytes, ...]:
        """Return the plain text in pieces, `tail` behind it."""
        return (*(piece.plain for piece in self.pieces), tail)

    def packed(self, tail: bytes) -> tuple[bytes, ...]:
        """Return one gzip member of the text in pieces, `tail` behind it; only the tail is compressed now."""
        compressor = zlib.compressobj(1, wbits=-zlib.MAX_WBITS)
        end = compressor.compress(tail) + compressor.flush()
        checksum = zlib.crc32(tail, self.checksum).to_bytes(4, "little")
        size = ((self.size + len(tail)) & 0xFFFFFFFF).to_bytes(4, "little")
        return (_GZIP_HEADER, *(piece.deflated for piece in self.pieces), end, checksum, size)

    def with_tail(self, tail: bytes) -> bytes:
        """Return the plain text as a whole."""
        return b"".join(self.plain(tail))

    def gzipped_with_tail(self, tail: bytes) -> bytes:
        """Return the compressed text as a whole."""
        return b"".join(self.packed(tail))


@dataclass(frozen=True, slots=True)
class Rendered:
    """One snapshot in both formats; `duration` and `cpu` in seconds, `series` is the number of sample lines."""

    bodies: Mapping[Format, Body]
    series: int = 0
    cut: int = 0
    duration: float = 0.0
    cpu: float = 0.0


class Exposition:
    """Renders snapshots; only what has changed since the one before is written, and compressed, again."""

    def __init__(self) -> None:
        self._blocks = Blocks()
        self._families: dict[Metric, Body] = {}

    def render(self, snapshot: Snapshot) -> Rendered:
        """Return the text of `snapshot` in both formats."""
        started, cpu = time.perf_counter(), time.thread_time()
        blocks = self._blocks.of(snapshot)
        self._families = {metric: self._family(metric, pieces) for metric, pieces in _collected(blocks)}
        bodies = {format_: _body(self._families, format_) for format_ in FORMATS}
        series, cut = sum(block.series for block in blocks), sum(block.cut for block in blocks)
        return Rendered(bodies, series, cut, time.perf_counter() - started, time.thread_time() - cpu)

    def _family(self, metric: Metric, pieces: list[Piece]) -> Body:
        known = self._families.get(metric)
        same = known and len(known.pieces) == len(pieces) and all(map(is_, known.pieces, pieces))
        return known if known and same else _together(map(_alone, pieces))


def _collected(blocks: Iterable[Block]) -> list[tuple[Metric, list[Piece]]]:
    """Bring the lines of each metric together: a family may stand in one place only."""
    collected: dict[Metric, list[Piece]] = defaultdict(list)
    for block in blocks:
        for metric, piece in block.pieces.items():
            collected[metric].append(piece)
    return sorted(collected.items(), key=lambda family: _place(family[0]))


def _place(metric: Metric) -> tuple[int, str]:
    return _ORDER.get(metric.name, len(_ORDER)), metric.name


def _body(families: Mapping[Metric, Body], format_: Format) -> Body:
    return _together(part for metric, lines in families.items() for part in (_head(metric, format_), lines))


def _together(bodies: Iterable[Body]) -> Body:
    pieces, size, checksum = list[Piece](), 0, 0
    for body in bodies:
        pieces += body.pieces
        size, checksum = size + body.size, joined(checksum, body.checksum, body.size)
    return Body(tuple(pieces), size, checksum)


def _alone(piece: Piece) -> Body:
    return Body((piece,), len(piece.plain), piece.checksum)


@cache
def _head(metric: Metric, format_: Format) -> Body:
    return _alone(piece_of(header(metric, format_).encode()))


def header(metric: Metric, format_: Format) -> str:
    """Return the HELP and TYPE lines of a family; the demo's history writes them too."""
    help_ = metric.help.replace("\\", r"\\").replace("\n", r"\n")
    if format_ == "text":
        return f"# HELP {metric.name} {help_}\n# TYPE {metric.name} {metric.type}\n"
    name, quoted = metric.name.removesuffix("_total"), help_.replace('"', r"\"")
    return f"# HELP {name} {quoted}\n# TYPE {name} {metric.type}\n"


EMPTY = Rendered({format_: _body({}, format_) for format_ in FORMATS})
