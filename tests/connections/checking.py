"""Check one connection against a made-up API."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from exporter.client import HttpClient
from exporter.config import Tls
from exporter.errors import PollError
from exporter.model import ConnectionCheck
from exporter.sources.connections.connection import ConnectionSource
from exporter.sources.connections.kinds import KINDS
from exporter.sources.connections.reading import options_of
from exporter.sources.contract import ConnectionFindings

Api = Callable[[httpx.Request], httpx.Response]
TOKEN = "5f2f5a9e-made-up"


def source(api: Api, **section: Any) -> ConnectionSource:
    """Make the connection `a`, of kind evotor unless the section says otherwise."""
    secret = {} if {"token", "token_file"} & section.keys() else {"token": TOKEN}
    (options,) = options_of(({"id": "a", "kind": "evotor", **secret, **section},))
    client = HttpClient(Tls(), transport=httpx.MockTransport(api))
    return ConnectionSource(KINDS[options.kind](options), client, 5)


async def ask(made: ConnectionSource) -> ConnectionFindings:
    """Read the token and poll, as the poller does; PollError when that fails."""
    return await made.poll(await made.token.get())


def check(api: Api, **section: Any) -> ConnectionCheck:
    """Check it once, as the poller does."""
    made = source(api, **section)
    try:
        return asyncio.run(ask(made)).check
    except PollError as error:
        return made.failed(error).check


def answering(status: int, content: Any = None, **headers: str) -> Api:
    """Answer every request alike: bytes as they are, all else as JSON."""
    body: Mapping[str, Any] = {"content": content} if isinstance(content, bytes) else {"json": content}
    return lambda request: httpx.Response(status, headers=headers, **body)


def values(found: ConnectionCheck) -> dict[str, float]:
    """Return the kind's own readings by the metric's name."""
    assert all(reading.values == (found.connection, found.kind) for reading in found.readings)
    return {reading.metric.name: reading.value for reading in found.readings}
