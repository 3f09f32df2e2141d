"""An answer of bytes that many clients share: what a slow one has not taken yet is in memory once, not once each."""

from collections.abc import Iterable, Iterator, Mapping

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

# Large enough that a step costs little, small enough that hundreds of stuck clients do.
_STEP = 65_536


class Pieces(Response):
    """Sends `pieces` in steps, the next one when the client has taken most of those before."""

    def __init__(self, pieces: Iterable[bytes], headers: Mapping[str, str]) -> None:
        self._pieces = tuple(pieces)
        size = sum(map(len, self._pieces))
        super().__init__(headers={**headers, "Content-Length": str(size)})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send all of it."""
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        for step in steps(self._pieces):
            await send({"type": "http.response.body", "body": step, "more_body": True})
        await send({"type": "http.response.body"})


def steps(pieces: Iterable[bytes]) -> Iterator[bytes | memoryview]:
    """Yield the same bytes: small pieces joined, large ones sliced without a copy."""
    small: list[bytes] = []
    room = _STEP
    for piece in pieces:
        if len(piece) <= room:
            small.append(piece)
            room -= len(piece)
            continue
        if small:
            yield b"".join(small)
        small, room = [], _STEP
        if len(piece) <= _STEP:
            small, room = [piece], _STEP - len(piece)
        else:
            yield from _sliced(piece)
    if small:
        yield b"".join(small)


def _sliced(piece: bytes) -> Iterator[memoryview]:
    view = memoryview(piece)
    return (view[start : start + _STEP] for start in range(0, len(view), _STEP))
