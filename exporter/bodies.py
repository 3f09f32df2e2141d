"""The body of an answer while it arrives: kept once, within a bound, and unpacked no further than that."""

import zlib
from collections.abc import AsyncIterable, Iterator

from exporter.errors import Malformed, TooLarge

# So much is unpacked in one step: a small piece of a bomb would grow to gigabytes.
_STEP = 2**20


class Body:
    """Collects up to `bound` bytes of `content`; PollError when there are more, or they can't be unpacked.

    `received` counts the bytes as they came, packed or not.
    """

    def __init__(self, coding: str, bound: int) -> None:
        coding = coding.strip().lower() or "identity"
        self.content = bytearray()
        self.received = 0
        self._bound = bound
        self._gzip = zlib.decompressobj(wbits=31) if coding in ("gzip", "x-gzip") else None
        if self._gzip is None and coding != "identity":
            raise Malformed("the body is packed in a way that was not asked for")

    async def fill(self, stream: AsyncIterable[bytes]) -> None:
        """Read all of the stream."""
        async for chunk in stream:
            self.received += len(chunk)
            for part in self._unpacked(chunk):
                self.content += part
                if len(self.content) > self._bound:
                    raise self._too_large()
        if self._gzip and self.content and not self._gzip.eof:
            raise Malformed("the compressed body ends too early")

    def expect(self, length: str) -> None:
        """Raise TooLarge when the announced length says already that it will be."""
        if self._gzip is None and length.isascii() and length.isdigit() and int(length[:20]) > self._bound:
            raise self._too_large()

    def _unpacked(self, chunk: bytes) -> Iterator[bytes]:
        if self._gzip is None:
            yield chunk
            return
        try:
            while chunk:
                if self._gzip.eof:  # One member may follow another.
                    self._gzip = zlib.decompressobj(wbits=31)
                yield self._gzip.decompress(chunk, _STEP)
                chunk = self._gzip.unconsumed_tail or self._gzip.unused_data
        except zlib.error:
            raise Malformed("the body can't be decompressed") from None

    def _too_large(self) -> TooLarge:
        return TooLarge(f"the body is larger than {self._bound} bytes")
