"""The simulators as servers on this machine, and the tokens of the demo's connections."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

from starlette.types import ASGIApp

from exporter.cli import Address
from exporter.demo.consul_simulator import consul_app
from exporter.demo.database import shop_database, write_shop
from exporter.demo.evotor_simulator import evotor_app
from exporter.demo.world import World
from exporter.web.listener import address_of, listening, server_of

# How often token files are brought in line with the world, in seconds.
_TOKENS_EVERY = 1.0


@asynccontextmanager
async def simulators(
    world: World, consul: Address, evotor: Address, tokens: Path
) -> AsyncIterator[tuple[str, str]]:
    """Run both; yield their addresses. Token files in `tokens`, and rows of the shop beside it, follow the world."""
    async with AsyncExitStack() as stack:
        keeper = asyncio.create_task(_keep_tokens(world, tokens))
        stack.push_async_callback(_cancelled, keeper)
        addresses = [
            await stack.enter_async_context(_served(app, address))
            for app, address in (
                (consul_app(world, time.time), consul),
                (evotor_app(world, time.time), evotor),
            )
        ]
        yield addresses[0], addresses[1]


@asynccontextmanager
async def _served(app: ASGIApp, address: Address) -> AsyncIterator[str]:
    server = server_of(app, grace=1)
    with listening(address) as listener:
        task = asyncio.create_task(server.serve([listener]))
        while not (server.started or task.done()):  # noqa: ASYNC110 -- the server has no event for it
            await asyncio.sleep(0.01)
        try:
            yield f"http://{address_of(listener)}"
        finally:
            server.should_exit = True
            await task


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def _keep_tokens(world: World, folder: Path) -> None:
    while True:
        write_tokens(world, folder, time.time())
        write_shop(world, shop_database(folder), time.time())
        await asyncio.sleep(_TOKENS_EVERY)


def write_tokens(world: World, folder: Path, at: float) -> None:
    """Bring the token files in line with the world at a Unix time; a connection without a token has no file."""
    for state in world.connections(at):
        file = folder / state.connection.id
        if state.token is None:
            file.unlink(missing_ok=True)
        elif not file.exists() or file.read_text() != state.token:
            file.touch(mode=0o600)
            file.write_text(state.token)
