"""Entry point of `status-exporter` and `python -m exporter`."""

import asyncio
import os
import sys
from collections.abc import Callable, Sequence

from exporter.building import plan
from exporter.cli import Flags, parse_flags
from exporter.config import Config, from_environment, load
from exporter.errors import ConfigError
from exporter.logs import configure
from exporter.serving import serve

USAGE_ERROR = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return the exit code, 2 for anything wrong with flags or configuration."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] == ["demo"]:
        from exporter.demo.cli import main as demo

        return demo(words[1:])
    flags = parse_flags(words)
    configure(flags.log_level, flags.log_format)
    try:
        return _run(flags)
    except ConfigError as error:
        for problem in error.problems:
            sys.stderr.write(f"status-exporter: {problem}\n")
        return USAGE_ERROR


def _run(flags: Flags) -> int:
    read = _reader(flags)
    if flags.config_check:
        for warning in plan(read()).warnings:
            sys.stdout.write(f"warning: {warning}\n")
        sys.stdout.write("The configuration is valid.\n")
        return 0
    asyncio.run(serve(flags, read))
    return 0


def _reader(flags: Flags) -> Callable[[], Config]:
    path = flags.config_file
    return (lambda: load(path)) if path else (lambda: from_environment(os.environ))


if __name__ == "__main__":
    sys.exit(main())
