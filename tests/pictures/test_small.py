"""Pictures for the documentation."""

import struct
import zlib
from pathlib import Path

import pytest

from pictures.small import _read, shrink

DOCS = Path(__file__).parents[2] / "docs"
LARGEST = 200 * 1024
COLORS = [bytes((n, 255 - n, n // 2)) for n in range(256)]


def png(rows: list[bytes], filters: list[int]) -> bytes:
    """A picture whose rows are filtered as the PNG standard says."""
    width, packed, above = len(rows[0]) // 3, b"", bytes(len(rows[0]))
    for row, how in zip(rows, filters, strict=True):
        packed += bytes([how]) + bytes(
            (value - predicted(how, row, above, x)) & 255 for x, value in enumerate(row)
        )
        above = row
    head = struct.pack(">IIBBBBB", width, len(rows), 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(packed)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def predicted(how: int, row: bytes, above: bytes, x: int) -> int:
    a, b, c = (row[x - 3] if x >= 3 else 0), above[x], (above[x - 3] if x >= 3 else 0)
    pa, pb, pc = abs(b - c), abs(a - c), abs(a + b - 2 * c)
    paeth = a if pa <= pb and pa <= pc else b if pb <= pc else c
    return (0, a, b, (a + b) // 2, paeth)[how]


@pytest.mark.parametrize("how", range(5))
def test_few_colours_stay_as_they_are(tmp_path: Path, how: int) -> None:
    """Whatever the rows are predicted from, every pixel has its colour after it."""
    rows = [b"".join(COLORS[(n * 7 + y * 31) % 256] for n in range(256)) for y in range(6)]
    picture = tmp_path / "picture.png"
    picture.write_bytes(png(rows, [how] * len(rows)))
    assert [bytes(row) for row in _read(picture.read_bytes())[1]] == rows

    shrink(picture)

    small = picture.read_bytes()
    (palette,) = (data for kind, data in chunks_of(small) if kind == b"PLTE")
    (packed,) = (data for kind, data in chunks_of(small) if kind == b"IDAT")
    lines = zlib.decompress(packed)
    drawn = [
        b"".join(palette[3 * n : 3 * n + 3] for n in lines[y * 257 + 1 : (y + 1) * 257])
        for y in range(len(rows))
    ]
    assert drawn == rows


def chunks_of(data: bytes) -> list[tuple[bytes, bytes]]:
    """The pieces of a PNG file, whose check sums hold."""
    found, at = [], 8
    while at < len(data):
        (size,) = struct.unpack(">I", data[at : at + 4])
        body = data[at + 4 : at + 8 + size]
        assert struct.unpack(">I", data[at + 8 + size : at + 12 + size])[0] == zlib.crc32(body)
        found.append((body[:4], body[4:]))
        at += 12 + size
    return found


def test_pictures_of_the_documentation_are_small_and_shown() -> None:
    """Each is at most 200 KB, stands in a page, and says what it was drawn with."""
    pages = [DOCS.parent / "README.md", *DOCS.glob("*.md")]
    shown = "\n".join(page.read_text("utf-8") for page in pages)
    pictures = list((DOCS / "pictures").glob("*.png"))

    assert len(pictures) == 3
    for picture in pictures:
        assert picture.stat().st_size <= LARGEST
        assert f"pictures/{picture.name})" in shown
    for page in pages[0], DOCS / "dashboards.md":
        assert "drawn with Grafana's panel components" in page.read_text("utf-8")
