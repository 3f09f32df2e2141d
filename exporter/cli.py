"""The command line, in the manner of Prometheus."""

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from exporter import __version__
from exporter.config import parse_duration
from exporter.exposition.labels import DEFAULT_LIMIT
from exporter.logs import LEVELS, LogFormat
from exporter.sharding import WHOLE, Shard

# Below this no value could be told from another one.
_SHORTEST_LABEL = 64
_RESERVED = ("/-/healthy", "/-/ready", "/-/reload", "/-/poll")


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen; an empty host means every interface."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


DEFAULT_ADDRESS = Address("", 10117)


@dataclass(frozen=True, slots=True)
class Flags:
    """What the command line said."""

    config_file: Path | None = None
    config_check: bool = False
    state_file: Path | None = None
    shard: Shard = WHOLE
    listen_address: Address = DEFAULT_ADDRESS
    telemetry_path: str = "/metrics"
    web_config_file: Path | None = None
    enable_lifecycle: bool = False
    max_connections: int = 512
    read_timeout: float = 10.0
    write_timeout: float = 60.0
    label_limit: int = DEFAULT_LIMIT
    log_level: str = "info"
    log_format: LogFormat = "logfmt"


def parse_flags(arguments: Sequence[str]) -> Flags:
    """Return the flags; like argparse, exit with 2 and one message when they can't be used."""
    parser = _parser()
    found = parser.parse_args(arguments)
    if found.shard_index >= found.shard_count:
        parser.error(f"--shard.index {found.shard_index} must be less than --shard.count {found.shard_count}")
    return Flags(
        found.config_file,
        found.config_check,
        found.state_file,
        Shard(found.shard_index, found.shard_count),
        found.listen_address,
        found.telemetry_path,
        found.web_config_file,
        found.enable_lifecycle,
        found.max_connections,
        found.read_timeout,
        found.write_timeout,
        found.label_limit,
        found.log_level,
        found.log_format,
    )


def listen_address(text: str) -> Address:
    """Read `:10117`, `127.0.0.1:10117` or `[::1]:10117`."""
    match = re.fullmatch(r"(?:\[([0-9A-Fa-f:.%]+)\]|([^\[\]:/\s]*)):(\d{1,5})", text)
    if not match or int(match[3]) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not an address such as :10117 or 127.0.0.1:10117")
    return Address(match[1] or match[2] or "", int(match[3]))


def telemetry_path(text: str) -> str:
    """Read a path that no other endpoint has."""
    if not re.fullmatch(r"/[A-Za-z0-9._~/-]*", text) or text in _RESERVED:
        raise argparse.ArgumentTypeError(f"{text!r} is not a free path such as /metrics")
    return text


def shard_index(text: str) -> int:
    """Read 2, or status-exporter-2 as a StatefulSet calls its pod."""
    match = re.fullmatch(r"(?:.*-)?(\d{1,5})", text, re.ASCII)
    if not match:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number such as 0, nor a name that ends in one")
    return int(match[1])


def duration(text: str) -> float:
    """Read a duration such as 10s."""
    try:
        return parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{error}") from None


def _some(text: str) -> int:
    if not re.fullmatch(r"[1-9]\d{0,4}", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to 99999")
    return int(text)


def _label_limit(text: str) -> int:
    if (size := _some(text)) < _SHORTEST_LABEL:
        raise argparse.ArgumentTypeError(f"must be at least {_SHORTEST_LABEL}")
    return size


def _patience(text: str) -> float:
    seconds = duration(text)
    if not 0.1 <= seconds <= 3600:
        raise argparse.ArgumentTypeError("must be from 100ms to 1h")
    return seconds


class _Parser(argparse.ArgumentParser):
    """argparse with one message instead of a page of usage before it."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="status-exporter",
        description="Prometheus exporter for Consul service health and customers' connections.",
        epilog="Without --config.file, CONSUL_HTTP_ADDR, CONSUL_HTTP_TOKEN and the like, and EVOTOR_TOKEN, are read. "
        "'status-exporter demo' runs everything against built-in simulators.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--config.file", dest="config_file", type=Path, metavar="FILE", help="configuration file (YAML)")
    add("--config.check", dest="config_check", action="store_true", help="check the configuration and exit")
    add(
        "--state.file",
        dest="state_file",
        type=Path,
        metavar="FILE",
        help="keep since-times and counts in this file over a restart",
    )
    add(
        "--shard.index",
        dest="shard_index",
        type=shard_index,
        default=0,
        metavar="NUMBER",
        help="which part to poll, from 0; or the name of a StatefulSet's pod, which ends in it (default 0)",
    )
    add(
        "--shard.count",
        dest="shard_count",
        type=_some,
        default=1,
        metavar="NUMBER",
        help="among how many exporters connections and datacenters are split (default 1)",
    )
    add(
        "--web.listen-address",
        dest="listen_address",
        type=listen_address,
        default=DEFAULT_ADDRESS,
        metavar="ADDRESS",
        help="where to listen (default :10117)",
    )
    add(
        "--web.telemetry-path",
        dest="telemetry_path",
        type=telemetry_path,
        default="/metrics",
        metavar="PATH",
        help="path of the metrics (default /metrics)",
    )
    add(
        "--web.config.file",
        dest="web_config_file",
        type=Path,
        metavar="FILE",
        help="TLS and basic authentication, in the format of exporter-toolkit",
    )
    add(
        "--web.enable-lifecycle",
        dest="enable_lifecycle",
        action="store_true",
        help="allow POST /-/reload and /-/poll",
    )
    add(
        "--web.max-connections",
        dest="max_connections",
        type=_some,
        default=512,
        metavar="NUMBER",
        help="how many clients may be connected at once (default 512)",
    )
    add(
        "--web.read-timeout",
        dest="read_timeout",
        type=_patience,
        default="10s",
        metavar="DURATION",
        help="how long a client may take for a request, or to begin another one (default 10s)",
    )
    add(
        "--web.write-timeout",
        dest="write_timeout",
        type=_patience,
        default="60s",
        metavar="DURATION",
        help="how long a client may take for an answer (default 60s)",
    )
    add(
        "--web.label-value-length-limit",
        dest="label_limit",
        type=_label_limit,
        default=DEFAULT_LIMIT,
        metavar="BYTES",
        help=f"the longest value of a label; longer ones are cut (default {DEFAULT_LIMIT})",
    )
    add(
        "--log.level",
        dest="log_level",
        choices=LEVELS,
        default="info",
        help="least level shown (default info)",
    )
    add(
        "--log.format", dest="log_format", choices=("logfmt", "json"), default="logfmt", help="default logfmt"
    )
    add("--version", action="version", version=f"status-exporter {__version__}")
    return parser
