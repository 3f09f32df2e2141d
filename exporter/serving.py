"""Run the exporter with its web server until a signal ends it."""

import asyncio
import signal
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from exporter.app import App
from exporter.cli import Flags
from exporter.descriptors import raise_limit
from exporter.errors import ConfigError
from exporter.logs import Log
from exporter.memory import settle
from exporter.sources.plan import Plan
from exporter.web.connection import Patience
from exporter.web.listener import Bounds, Server, address_of, listening, server_of
from exporter.web.security import Guard, Security
from exporter.web.server import web_app

# How long open requests may go on after a signal to stop, in seconds.
_GRACE = 3
_THREADS = 64


async def serve(flags: Flags, read_plan: Callable[[], Plan]) -> None:
    """Serve until SIGTERM or SIGINT; SIGHUP reloads. ConfigError when it can't be started."""
    raise_limit()
    settle()
    security = Security(flags.web_config_file)
    app = App(read_plan, security.renew, flags.state_file, flags.shard)
    # Names are looked up in threads: many that hang must not keep rendering and the look at files waiting.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(_THREADS))
    stopped = _on_signals(app)
    try:
        with listening(flags.listen_address) as listener:
            await app.load()
            asgi = web_app(app, app.own, flags.telemetry_path, flags.enable_lifecycle)
            bounds = Bounds(flags.max_connections, Patience(flags.read_timeout, flags.write_timeout))
            server = server_of(Guard(asgi, security), security.context, grace=_GRACE, bounds=bounds)
            Log("web").info("listening", address=address_of(listener), tls=security.tls)
            await _run(app, security, server, listener, stopped)
    finally:
        await app.stop()


async def _run(
    app: App, security: Security, server: Server, listener: socket.socket, stopped: asyncio.Event
) -> None:
    """Run all; when one ends, by a signal or a defect, so do the others."""
    serving = asyncio.create_task(server.serve([listener]))
    others = [asyncio.create_task(work) for work in (app.run(), security.watch())]
    waiting = asyncio.create_task(stopped.wait())
    await asyncio.wait({serving, waiting, *others}, return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    await serving
    waiting.cancel()
    for task in others:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def _on_signals(app: App) -> asyncio.Event:
    """Handle signals from now on; the event is set when one says that we shall stop."""
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()
    reloads: set[asyncio.Task[None]] = set()

    def reload() -> None:
        task = loop.create_task(_reload(app))
        reloads.add(task)
        task.add_done_callback(reloads.discard)

    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    loop.add_signal_handler(signal.SIGINT, stopped.set)
    loop.add_signal_handler(signal.SIGHUP, reload)
    return stopped


async def _reload(app: App) -> None:
    with suppress(ConfigError):  # It is logged, and the old configuration stays in force.
        await app.reload()
