"""Run the exporter with its web server until a signal ends it."""

import asyncio
import contextlib
import signal
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import uvicorn
from starlette.types import ASGIApp

from exporter.app import App
from exporter.cli import Flags
from exporter.config import Config
from exporter.errors import ConfigError
from exporter.logs import Log
from exporter.web.listener import listening, spoken
from exporter.web.security import Guard, WebConfig, load_web_config
from exporter.web.server import web_app

_GRACE = 3


class _Server(uvicorn.Server):
    """uvicorn without signal handlers of its own: ours also stop the polling."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(flags: Flags, read_config: Callable[[], Config]) -> None:
    """Serve until SIGTERM or SIGINT; SIGHUP reloads. ConfigError when it can't be started."""
    web, context = load_web_config(flags.web_config_file) if flags.web_config_file else (WebConfig(), None)
    app = App(read_config)
    app.load()
    try:
        with listening(flags.listen_address) as listener:
            asgi = web_app(app, app.own, flags.telemetry_path, flags.enable_lifecycle)
            server = _server(Guard(asgi, web.basic_auth_users, web.http_server_config.headers), context)
            _handle_signals(app, server)
            Log("web").info("listening", address=spoken(listener), tls=context is not None)
            await _run(app, server, listener)
    finally:
        await app.stop()


def _server(asgi: ASGIApp, context: ssl.SSLContext | None) -> _Server:
    config = uvicorn.Config(
        asgi,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=_GRACE,
    )
    config.load()
    config.ssl = context
    return _Server(config)


async def _run(app: App, server: _Server, listener: socket.socket) -> None:
    """Run both; when either ends, by a signal or a defect, so does the other."""
    working, serving = asyncio.create_task(app.run()), asyncio.create_task(server.serve([listener]))
    await asyncio.wait({working, serving}, return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    await serving
    working.cancel()
    with suppress(asyncio.CancelledError):
        await working


def _handle_signals(app: App, server: _Server) -> None:
    loop = asyncio.get_running_loop()

    def stop() -> None:
        server.should_exit = True

    def reload() -> None:
        with contextlib.suppress(ConfigError):  # It is logged, and the old configuration stays in force.
            app.reload()

    loop.add_signal_handler(signal.SIGTERM, stop)
    loop.add_signal_handler(signal.SIGINT, stop)
    loop.add_signal_handler(signal.SIGHUP, reload)
