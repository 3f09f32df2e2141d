"""Which way requests go: directly or through a proxy, over connections that are kept, and given up when one is cancelled."""

import asyncio
import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import socksio
from pydantic import SecretStr

from exporter.proxies import NO_PROXY, from_environment

_LIMITS = httpx.Limits(max_connections=None, max_keepalive_connections=20)
# What the library for SOCKS raises about a proxy that answers something else.
_NO_SOCKS = (socksio.SOCKSError, AssertionError, ValueError, LookupError)
_POOL = "status_exporter.pool"


class _Pool:
    """Connections that are kept, and how many requests use them at present."""

    def __init__(self, transport: httpx.AsyncHTTPTransport) -> None:
        self.transport = transport
        self.users = 0
        self.is_retired = False


class Routes(httpx.AsyncBaseTransport):
    """Sends each request directly or through the proxy that leads there.

    A request that is cancelled in an unlucky moment leaves its connection open in the library's pool for ever. A
    pool in which one was cancelled is therefore used no more, and closed with all that is in it after its last request.
    """

    def __init__(self, context: ssl.SSLContext, uds: str | None, proxy: SecretStr | None) -> None:
        self._context = context
        self._uds = uds
        self._proxy = proxy
        self._environment, _ = from_environment(os.environ)
        self._pools: dict[str, _Pool] = {}
        self._closing: set[asyncio.Task[None]] = set()

    @contextmanager
    def using(self, request: httpx.Request) -> Iterator[None]:
        """Keep the pool that leads to the request's host while it is sent, perhaps twice, and answered."""
        proxy = self._proxy_to(request.url)
        pool = request.extensions[_POOL] = self._pool(proxy)
        pool.users += 1
        try:
            yield
        except asyncio.CancelledError:
            self._retire(proxy, pool)
            raise
        finally:
            pool.users -= 1
            self._close_if_done(pool)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send it."""
        pool = request.extensions[_POOL]
        try:
            return await pool.transport.handle_async_request(request)  # type: ignore[no-any-return] # extensions hold anything
        except _NO_SOCKS:
            raise httpx.ProxyError("the proxy does not support SOCKS") from None

    def _proxy_to(self, url: httpx.URL) -> str:
        proxy = self._proxy or self._environment.of(url.scheme, url.host, url.port)
        return "" if proxy is None or proxy == NO_PROXY or self._uds else proxy.get_secret_value()

    def _pool(self, proxy: str) -> _Pool:
        if proxy not in self._pools:
            transport = httpx.AsyncHTTPTransport(
                verify=self._context,
                limits=_LIMITS,
                uds=self._uds,
                proxy=httpx.Proxy(proxy) if proxy else None,
                trust_env=False,
            )
            self._pools[proxy] = _Pool(transport)
        return self._pools[proxy]

    def _retire(self, proxy: str, pool: _Pool) -> None:
        pool.is_retired = True
        if self._pools.get(proxy) is pool:
            del self._pools[proxy]

    def _close_if_done(self, pool: _Pool) -> None:
        if pool.is_retired and not pool.users:
            closing = asyncio.create_task(pool.transport.aclose())
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)

    async def aclose(self) -> None:
        """Close all connections."""
        for pool in self._pools.values():
            await pool.transport.aclose()
        await asyncio.gather(*self._closing, return_exceptions=True)
