"""What is kept in memory after a poll, and for how long."""

import asyncio
import gc
import tracemalloc

from exporter.polling.limits import RequestLimits
from exporter.polling.poller import Poller
from exporter.sources.factory import SourceFactory
from exporter.sources.plan import plan
from exporter.state import Store
from tests.siege.upstream import Talk, body, chunks, large, serving

MIB = 2**20


def after_a_poll(talk: Talk, **settings: object) -> tuple[int, int, str]:
    """Poll a Consul that gives this list of checks; the traced bytes at the peak, and after it, and the reason."""

    def talk_of(path: str) -> Talk:
        if path.startswith("/v1/agent/self"):
            return body(b'{"Config": {"Datacenter": "dc1"}}')
        return talk if path.startswith("/v1/health/state") else body(b'{"consul": []}')

    async def run(port: int) -> tuple[int, int, str]:
        raw = {"consul": [{"name": "a", "address": f"http://127.0.0.1:{port}", **settings}]}
        ((id_, source),) = SourceFactory().sources(plan(raw).sources).items()
        store = Store()
        store.adopt([source.info])
        poller = Poller(source, store, RequestLimits(), 0.0)
        gc.collect()
        gc.disable()
        tracemalloc.start()
        result = store.record(id_, await poller._timely())
        kept, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        gc.enable()
        return peak, kept, result.error.reason if result.error else ""

    with serving(talk_of) as port:
        return asyncio.run(run(port))


def test_too_large_a_body_is_kept_once_and_not_for_long() -> None:
    """The limit is what is held of it, and nothing after the poll, although its error is kept."""
    peak, kept, reason = after_a_poll(chunks(b" " * 65_536, 64 * MIB), body_size_limit="16MB")

    assert reason == "too_large"
    assert peak < 1.5 * 16 * MIB
    assert kept < MIB


def test_an_announced_body_that_is_too_large_is_not_read() -> None:
    """What says of itself that it is too large costs nothing."""
    peak, _, reason = after_a_poll(large(2**30), body_size_limit="16MB")

    assert reason == "too_large"
    assert peak < 8 * MIB


def test_a_body_that_is_no_json_is_not_kept() -> None:
    """The kept error holds no frame that holds the answer."""
    _, kept, reason = after_a_poll(large(8 * MIB, b"x"))

    assert reason == "malformed"
    assert kept < MIB
