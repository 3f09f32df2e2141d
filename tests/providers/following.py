"""What tests of providers share: a cloud, an exporter that follows a list, and polls without a process."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import yaml

from exporter.config import Origin
from exporter.sources.clients import ClientPool
from exporter.sources.contract import ProviderFindings
from exporter.sources.plan import plan
from exporter.sources.providers.source import ProviderSource
from tests.running import Api, Reply, api


def _reply(path: str, headers: Mapping[str, str]) -> Reply:
    accepted = headers.get("Authorization", "").startswith("Bearer good")
    return (200, {}, b'{"items": [], "paging": {}}') if accepted else (401, {}, b'{"message": "no"}')


@contextmanager
def cloud() -> Iterator[Api]:
    """An Evotor cloud in which tokens that begin with `good` are accepted; the path of each request names its connection."""
    with api(_reply) as served:
        yield served


def provider(sort: str, served: Api | None = None, **settings: Any) -> dict[str, Any]:
    """An entry of `connections_from` for Evotor connections that are checked once an hour."""
    shared = {"kind": "evotor", "interval": "1h"} | ({"address": served.url} if served else {})
    return {"name": "shop", "provider": sort, "interval": "1s", "connection": shared, **settings}


def config(*providers: Mapping[str, Any], **more: Any) -> str:
    return str(yaml.safe_dump({"connections_from": list(providers), **more}, sort_keys=False))


def made(entry: Mapping[str, Any], origin: Origin | None = None, **more: Any) -> ProviderSource:
    """The provider of an entry, to be polled by hand."""
    planned = plan({"connections_from": [entry], **more}, origin or Origin()).sources[-1]
    source = planned.make(ClientPool().lease())
    assert isinstance(source, ProviderSource)
    return source


def polled(source: ProviderSource) -> ProviderFindings:
    """What one poll finds; PollError when nothing."""

    async def poll() -> ProviderFindings:
        return await source.poll(await source.token.get())

    return asyncio.run(poll())


def tokens(findings: ProviderFindings) -> dict[str, str]:
    """The token of each connection of a list."""
    return {
        each.id.name: each.settings.secret().written() if not each.settings.secret().file else "(a file)"
        for each in findings.sources
    }
