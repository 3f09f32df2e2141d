"""The text of /metrics, rendered when the snapshot changes and not when somebody asks."""

import time
import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from exporter.families import lines_of
from exporter.metrics import CORE
from exporter.model import Metric
from exporter.snapshot import Snapshot, SourceId, View

Format = Literal["text", "openmetrics"]
_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_ORDER = {metric.name: number for number, metric in enumerate(CORE)}


@dataclass(frozen=True, slots=True)
class Body:
    """Rendered text, and the same compressed so that more can still be appended."""

    plain: bytes
    deflated: bytes
    checksum: int

    def with_tail(self, tail: bytes) -> bytes:
        """Return the plain text with `tail` behind it."""
        return self.plain + tail

    def gzipped_with_tail(self, tail: bytes) -> bytes:
        """Return one gzip member of the text with `tail` behind it; only the tail is compressed now."""
        compressor = zlib.compressobj(1, wbits=-zlib.MAX_WBITS)
        end = compressor.compress(tail) + compressor.flush()
        checksum = zlib.crc32(tail, self.checksum)
        size = (len(self.plain) + len(tail)) & 0xFFFFFFFF
        return b"".join(
            (_GZIP_HEADER, self.deflated, end, checksum.to_bytes(4, "little"), size.to_bytes(4, "little"))
        )


@dataclass(frozen=True, slots=True)
class Rendered:
    """One snapshot in both formats; `duration` in seconds, `series` is the number of sample lines."""

    bodies: Mapping[Format, Body]
    series: int = 0
    duration: float = 0.0


@dataclass(frozen=True, slots=True)
class _Fragment:
    """The lines of one view by metric."""

    view: View
    lines: Mapping[Metric, str]
    series: int


class Exposition:
    """Renders snapshots; what a source said is written again only after it said something new."""

    def __init__(self) -> None:
        self._fragments: dict[SourceId, _Fragment] = {}

    def render(self, snapshot: Snapshot) -> Rendered:
        """Return the text of `snapshot` in both formats."""
        started = time.perf_counter()
        self._fragments = {id_: self._fragment(id_, view) for id_, view in snapshot.items()}
        families = self._families()
        bodies = {format_: _body(families, format_) for format_ in FORMATS}
        series = sum(fragment.series for fragment in self._fragments.values())
        return Rendered(bodies, series, time.perf_counter() - started)

    def _fragment(self, id_: SourceId, view: View) -> _Fragment:
        known = self._fragments.get(id_)
        return known if known and known.view is view else _fragment(view)

    def _families(self) -> list[tuple[Metric, str]]:
        collected: dict[Metric, list[str]] = defaultdict(list)
        for fragment in self._fragments.values():
            for metric, lines in fragment.lines.items():
                collected[metric].append(lines)
        order = sorted(collected, key=lambda metric: (_ORDER.get(metric.name, len(_ORDER)), metric.name))
        return [(metric, "".join(collected[metric])) for metric in order]


def _fragment(view: View) -> _Fragment:
    collected: dict[Metric, list[str]] = defaultdict(list)
    for metric, line in lines_of(view):
        collected[metric].append(line)
    lines = {metric: "".join(parts) for metric, parts in collected.items()}
    return _Fragment(view, lines, sum(map(len, collected.values())))


FORMATS: tuple[Format, ...] = ("text", "openmetrics")


def _body(families: Iterable[tuple[Metric, str]], format_: Format) -> Body:
    text = "".join(part for metric, lines in families for part in (header(metric, format_), lines))
    plain = text.encode("utf-8", "replace")
    compressor = zlib.compressobj(1, wbits=-zlib.MAX_WBITS)
    # A full flush ends on a byte and forgets what came before, so that another stream can follow.
    deflated = compressor.compress(plain) + compressor.flush(zlib.Z_FULL_FLUSH)
    return Body(plain, deflated, zlib.crc32(plain))


def header(metric: Metric, format_: Format) -> str:
    """Return the HELP and TYPE lines of a family."""
    help_ = metric.help.replace("\\", r"\\").replace("\n", r"\n")
    if format_ == "text":
        return f"# HELP {metric.name} {help_}\n# TYPE {metric.name} {metric.type}\n"
    name, quoted = metric.name.removesuffix("_total"), help_.replace('"', r"\"")
    return f"# HELP {name} {quoted}\n# TYPE {name} {metric.type}\n"


EMPTY = Rendered({format_: _body((), format_) for format_ in FORMATS})
