"""Pictures for the documentation: the same, in at most 256 colours, which is a fraction of the bytes."""

import struct
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

_MAGIC = b"\x89PNG\r\n\x1a\n"
_COLORS = 256
_RGB, _PALETTE = 2, 3
Color = bytes


def shrink(picture: Path) -> None:
    """Write the picture anew, in its 256 most frequent colours; every other becomes the nearest of them."""
    width, rows = _read(picture.read_bytes())
    pixels = [[row[x : x + 3] for x in range(0, len(row), 3)] for row in rows]
    counted = Counter(color for row in pixels for color in row)
    palette = [color for color, _ in counted.most_common(_COLORS)]
    numbers = {color: _nearest(color, palette) for color in counted}
    picture.write_bytes(_written(width, palette, pixels, numbers))


def _nearest(color: Color, palette: list[Color]) -> int:
    return min(
        range(len(palette)), key=lambda n: sum((a - b) ** 2 for a, b in zip(color, palette[n], strict=True))
    )


def _written(
    width: int, palette: list[Color], pixels: list[list[Color]], numbers: Mapping[Color, int]
) -> bytes:
    lines = b"".join(b"\0" + bytes(numbers[color] for color in row) for row in pixels)
    head = struct.pack(">IIBBBBB", width, len(pixels), 8, _PALETTE, 0, 0, 0)
    chunks = (
        (b"IHDR", head),
        (b"PLTE", b"".join(palette)),
        (b"IDAT", zlib.compress(lines, 9)),
        (b"IEND", b""),
    )
    return _MAGIC + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def _read(png: bytes) -> tuple[int, Iterator[bytes]]:
    """Width and rows of a picture as Chromium writes it: 8 bits of red, green and blue."""
    chunks = list(_chunks(png))
    width, _, depth, kind, *_ = struct.unpack(">IIBBBBB", dict(chunks)[b"IHDR"])
    if (depth, kind) != (8, _RGB):
        raise ValueError("not a picture of 8 bits of red, green and blue")
    packed = b"".join(data for name, data in chunks if name == b"IDAT")
    return width, _unfiltered(zlib.decompress(packed), 3 * width)


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(_MAGIC)
    while at < len(png):
        (size,) = struct.unpack(">I", png[at : at + 4])
        yield png[at + 4 : at + 8], png[at + 8 : at + 8 + size]
        at += 12 + size


def _unfiltered(data: bytes, size: int) -> Iterator[bytes]:
    """Take back what each row was predicted from: the pixel to the left, above, both, or left above (PNG, 9.2)."""
    above = bytes(size)
    for start in range(0, len(data), size + 1):
        row, how = bytearray(data[start + 1 : start + 1 + size]), data[start]
        for x in range(size) if how else ():
            left, corner = (row[x - 3], above[x - 3]) if x >= 3 else (0, 0)
            row[x] = (row[x] + _predicted(how, left, above[x], corner)) & 255
        above = bytes(row)
        yield above


def _predicted(how: int, left: int, up: int, corner: int) -> int:
    if how < 4:
        return (0, left, up, (left + up) // 2)[how]
    near = left + up - corner
    return min((left, up, corner), key=lambda value: abs(near - value))
