"""`status-exporter demo`: the exporter against built-in simulators, or their world's past as text."""

import argparse
import asyncio
import fcntl
import signal
import sys
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

from exporter.cli import Address, Flags, duration, listen_address
from exporter.demo.database import shop_database, write_shop
from exporter.demo.history import STEP, write_history
from exporter.demo.leftover import end_leftover
from exporter.demo.prometheus import (
    Programs,
    PrometheusFailed,
    evaluate_rules,
    fill,
    fill_only,
    running,
    settle,
)
from exporter.demo.settings import settings
from exporter.demo.shop import demo_world
from exporter.demo.simulators import simulators, write_tokens
from exporter.demo.world import World
from exporter.errors import ConfigError, Problem
from exporter.logs import configure, finish
from exporter.serving import serve
from exporter.sources.plan import plan
from exporter.web.listener import listening

_HOURS = 24.0
_PROMETHEUS = "prometheus"
_ANY = Address("127.0.0.1", 0)


def main(arguments: Sequence[str]) -> int:
    """Run the demo; return the exit code, 2 when it can't be started."""
    flags = demo_flags(arguments)
    configure(flags.log_level, "logfmt")
    world = demo_world(flags.seed)
    if flags.history:
        end = time.time() // STEP * STEP
        write_history(world, end - flags.history, end, sys.stdout.buffer)
        return 0
    try:
        asyncio.run(_part(flags)(world, flags))
    except KeyboardInterrupt:
        return 130
    except (ConfigError, PrometheusFailed) as error:
        sys.stderr.write(f"status-exporter demo: {error}\n")
        return 2
    finally:
        finish()
    return 0


def _part(flags: argparse.Namespace) -> Callable[[World, argparse.Namespace], Coroutine[None, None, None]]:
    if flags.fill:
        return _fill
    return _simulate if flags.simulators_only else _demo


def demo_flags(arguments: Sequence[str]) -> argparse.Namespace:
    """Return what the command line says; like argparse, exit with 2 when it can't be used."""
    return _parser().parse_args(arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="status-exporter demo",
        description="Run the exporter against built-in simulators of Consul and Evotor, with incidents that come and go.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--seed", type=int, default=1, help="another number, other incidents (default 1)")
    add(
        "--history",
        type=duration,
        metavar="DURATION",
        help="print the past (24h) as OpenMetrics text, and exit",
    )
    add(
        "--web.listen-address",
        dest="listen_address",
        type=listen_address,
        default=Address("", 10117),
        metavar="ADDRESS",
        help="of the exporter (default :10117)",
    )
    add(
        "--prometheus",
        type=Path,
        metavar="FILE",
        help="a prometheus program to run beside, filled with history",
    )
    add("--promtool", type=Path, metavar="FILE", help="the promtool program that fills it")
    add(
        "--prometheus.fill",
        dest="fill",
        type=Path,
        metavar="DIR",
        help="write the last 24 hours into the data directory of a Prometheus that isn't running, and exit",
    )
    add(
        "--prometheus.listen-address",
        dest="prometheus_address",
        type=listen_address,
        default=Address("127.0.0.1", 9090),
        metavar="ADDRESS",
        help="default 127.0.0.1:9090",
    )
    add(
        "--data.directory",
        dest="folder",
        type=Path,
        default=Path(".demo"),
        metavar="DIR",
        help="for token files and history (default .demo)",
    )
    add(
        "--simulators-only", action="store_true", help="run the simulators alone, for an exporter of your own"
    )
    add(
        "--consul.listen-address",
        dest="consul",
        type=listen_address,
        default=_ANY,
        metavar="ADDRESS",
        help="of the Consul simulator (default: any free port)",
    )
    add(
        "--evotor.listen-address",
        dest="evotor",
        type=listen_address,
        default=_ANY,
        metavar="ADDRESS",
        help="of the Evotor simulator (default: any free port)",
    )
    add(
        "--log.level",
        dest="log_level",
        choices=("debug", "info", "warn", "error"),
        default="warn",
        help="default warn",
    )
    return parser


async def _simulate(world: World, flags: argparse.Namespace) -> None:
    tokens = _token_folder(flags)
    async with simulators(world, flags.consul, flags.evotor, tokens) as (consul, evotor):
        _say(
            f"Consul simulator   {consul}\nEvotor simulator   {evotor}\nToken files        {tokens}\nCtrl-C stops them."
        )
        await _until_signal()


async def _fill(world: World, flags: argparse.Namespace) -> None:
    programs = _programs(flags)
    if not programs:
        raise PrometheusFailed("--prometheus.fill needs --prometheus and --promtool")
    filled = await fill_only(programs, world, flags.fill, _HOURS)
    _say(f"{flags.fill} holds the last {_HOURS:.0f} hours." if filled else f"{flags.fill} has data already.")


async def _demo(world: World, flags: argparse.Namespace) -> None:
    tokens, programs = _token_folder(flags), _programs(flags)
    with _alone_in(flags.folder):
        if programs and end_leftover(flags.folder / _PROMETHEUS):
            _say("Ended the Prometheus that an earlier demo had left running.")
        await _play(world, flags, tokens, programs)


async def _play(world: World, flags: argparse.Namespace, tokens: Path, programs: Programs | None) -> None:
    _check_free("--web.listen-address", flags.listen_address)
    if programs:
        _check_free("--prometheus.listen-address", flags.prometheus_address)
    async with AsyncExitStack() as stack:
        consul, evotor = await stack.enter_async_context(
            simulators(world, flags.consul, flags.evotor, tokens)
        )
        write_tokens(world, tokens, time.time())
        if programs:
            await _with_history(stack, programs, world, flags.folder / _PROMETHEUS)
        write_shop(world, shop_database(tokens), time.time())
        wanted = plan(settings(world, consul, evotor, tokens, shop_database(tokens)))
        _say(_welcome(flags, programs, consul, evotor))
        await serve(Flags(listen_address=flags.listen_address), lambda: wanted)


async def _with_history(stack: AsyncExitStack, programs: Programs, world: World, folder: Path) -> None:
    _say(f"Filling Prometheus with the last {_HOURS:.0f} hours, this takes about half a minute ...")
    settle(programs, folder)
    data = folder / "data"
    with _interruptible():
        fill(programs, world, data, _HOURS)
    await stack.enter_async_context(running(programs, folder, data))
    await asyncio.to_thread(evaluate_rules, programs, data, _HOURS)


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Keep another demo out of the folder, whose files it would write anew; ConfigError when one is there."""
    with (folder / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ConfigError([Problem(str(folder), "another demo is running there")]) from None
        yield


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let Ctrl-C end what runs inside at once; the event loop would wait until it is over."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _check_free(flag: str, address: Address) -> None:
    """Find out that an address is in use before half a minute is spent; ConfigError then."""
    with listening(address, flag):
        pass


def _programs(flags: argparse.Namespace) -> Programs | None:
    if not (flags.prometheus and flags.promtool):
        return None
    return Programs(
        flags.prometheus, flags.promtool, _local(flags.prometheus_address), _local(flags.listen_address)
    )


def _token_folder(flags: argparse.Namespace) -> Path:
    folder: Path = flags.folder / "tokens"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder.resolve()


def _local(address: Address) -> str:
    """Return how this machine reaches what listens there."""
    host = "localhost" if address.host in ("", "0.0.0.0", "::") else address.host  # noqa: S104 -- compared, not bound
    return f"[{host}]:{address.port}" if ":" in host else f"{host}:{address.port}"


async def _until_signal() -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await stopped.wait()


def _welcome(flags: argparse.Namespace, programs: Programs | None, consul: str, evotor: str) -> str:
    exporter = f"http://{_local(flags.listen_address)}"
    prometheus = (
        f"http://{programs.address}" if programs else "not running: no prometheus and promtool were found"
    )
    lines = {
        "Status page": f"{exporter}/",
        "Metrics": f"{exporter}/metrics",
        "Prometheus": prometheus,
        "Consul simulator": consul,
        "Evotor simulator": evotor,
    }
    return "\n".join(
        ["", *(f"  {name:<18}{value}" for name, value in lines.items()), "", "Ctrl-C stops all of it."]
    )


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
