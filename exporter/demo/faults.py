"""Faults of the world played over ASGI."""

import asyncio
from collections.abc import AsyncIterator

from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from exporter.demo.effects import Broken, FixedAnswer

_MEGABYTE = b" " * (1 << 20)


class _Hanging(Response):
    """Never answers; ends when the client gives up."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass


class _Dropped(Response):
    """Promises a long body, sends a little of it and leaves: the server then closes the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"application/json"), (b"content-length", b"100000")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"[", "more_body": True})


async def _drops() -> AsyncIterator[bytes]:
    yield b"["
    while True:
        await asyncio.sleep(0.5)
        yield b" "


async def _flood() -> AsyncIterator[bytes]:
    while True:
        yield _MEGABYTE
        await asyncio.sleep(0)


def spoiled(fault: FixedAnswer | Broken, body: bytes = b'[{"truncated": "here"}]') -> Response:
    """Return what a client gets instead of the normal JSON `body`."""
    if isinstance(fault, FixedAnswer):
        return Response(fault.body, fault.status, dict(fault.headers), fault.media_type)
    match fault.how:
        case "hang":
            return _Hanging()
        case "dropped":
            return _Dropped()
        case "truncated_json":
            return Response(body[: len(body) // 2], media_type="application/json")
        case "drip":
            return StreamingResponse(_drops(), media_type="application/json")
        case "flood":
            return StreamingResponse(_flood(), media_type="application/json")
