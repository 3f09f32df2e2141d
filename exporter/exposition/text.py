"""The text of /metrics, rendered when the snapshot changes and not when somebody asks."""

import time
import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from exporter.exposition.durations import KindDurations
from exporter.exposition.samples import Line, lines_of
from exporter.metrics import CORE
from exporter.model import Metric
from exporter.state import Snapshot, SourceId, SourceState

Format = Literal["text", "openmetrics"]
FORMATS: tuple[Format, ...] = ("text", "openmetrics")
_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_ORDER = {metric.name: number for number, metric in enumerate(CORE)}


@dataclass(frozen=True, slots=True)
class Piece:
    """Some text, and the same compressed so that other pieces can stand before and behind it."""

    plain: bytes
    deflated: bytes


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
    """One snapshot in both formats; `duration` in seconds, `series` is the number of sample lines."""

    bodies: Mapping[Format, Body]
    series: int = 0
    duration: float = 0.0


@dataclass(frozen=True, slots=True)
class _Fragment:
    """Lines by metric, and the state that they are about, if it is one."""

    state: SourceState | None
    lines: Mapping[Metric, bytes]
    series: int


class Exposition:
    """Renders snapshots; what a source said is written again only after it said something new."""

    def __init__(self) -> None:
        self._fragments: dict[SourceId, _Fragment] = {}
        self._families: dict[Metric, Piece] = {}
        self._durations = KindDurations()

    def render(self, snapshot: Snapshot) -> Rendered:
        """Return the text of `snapshot` in both formats."""
        started = time.perf_counter()
        self._fragments = {id_: self._fragment(id_, state) for id_, state in snapshot.items()}
        fragments = [*self._fragments.values(), _fragment(self._durations.lines())]
        self._families = {metric: self._family(metric, lines) for metric, lines in _collected(fragments)}
        bodies = {format_: _body(self._families, format_) for format_ in FORMATS}
        series = sum(fragment.series for fragment in fragments)
        return Rendered(bodies, series, time.perf_counter() - started)

    def _fragment(self, id_: SourceId, state: SourceState) -> _Fragment:
        known = self._fragments.get(id_)
        if known and known.state is state:
            return known
        self._durations.add(state, known.state if known else None)
        return _fragment(lines_of(state), state)

    def _family(self, metric: Metric, lines: Iterable[bytes]) -> Piece:
        plain, known = b"".join(lines), self._families.get(metric)
        return known if known and known.plain == plain else _piece(plain)


def _collected(fragments: Iterable[_Fragment]) -> list[tuple[Metric, list[bytes]]]:
    """Bring the lines of each metric together: a family has to be in one place."""
    collected: dict[Metric, list[bytes]] = defaultdict(list)
    for fragment in fragments:
        for metric, lines in fragment.lines.items():
            collected[metric].append(lines)
    return sorted(collected.items(), key=lambda family: _place(family[0]))


def _place(metric: Metric) -> tuple[int, str]:
    return _ORDER.get(metric.name, len(_ORDER)), metric.name


def _fragment(found: Iterable[Line], state: SourceState | None = None) -> _Fragment:
    collected: dict[Metric, list[str]] = defaultdict(list)
    for metric, line in found:
        collected[metric].append(line)
    lines = {metric: "".join(parts).encode() for metric, parts in collected.items()}
    return _Fragment(state, lines, sum(map(len, collected.values())))


def _piece(plain: bytes) -> Piece:
    compressor = zlib.compressobj(1, wbits=-zlib.MAX_WBITS)
    # Flushed so, it ends on a whole byte and is not the end of the stream: another piece can follow.
    return Piece(plain, compressor.compress(plain) + compressor.flush(zlib.Z_SYNC_FLUSH))


def _body(families: Mapping[Metric, Piece], format_: Format) -> Body:
    headed = ((_piece(header(metric, format_).encode()), lines) for metric, lines in families.items())
    pieces = tuple(piece for family in headed for piece in family)
    checksum = 0
    for piece in pieces:
        checksum = zlib.crc32(piece.plain, checksum)
    return Body(pieces, sum(len(piece.plain) for piece in pieces), checksum)


def header(metric: Metric, format_: Format) -> str:
    """Return the HELP and TYPE lines of a family; the demo's history writes them too."""
    help_ = metric.help.replace("\\", r"\\").replace("\n", r"\n")
    if format_ == "text":
        return f"# HELP {metric.name} {help_}\n# TYPE {metric.name} {metric.type}\n"
    name, quoted = metric.name.removesuffix("_total"), help_.replace('"', r"\"")
    return f"# HELP {name} {quoted}\n# TYPE {name} {metric.type}\n"


EMPTY = Rendered({format_: _body({}, format_) for format_ in FORMATS})
