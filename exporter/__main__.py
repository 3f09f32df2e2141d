"""Entry point of `status-exporter` and `python -m exporter`."""

import asyncio
import os
import sys
import threading
from collections.abc import Callable, Sequence

from exporter.cli import Flags, parse_flags
from exporter.errors import ConfigError
from exporter.exposition.labels import limit_values
from exporter.logs import configure, finish
from exporter.serving import serve
from exporter.sources.plan import Plan, from_environment, read_file
from exporter.web.webconfig import load_web_config

USAGE_ERROR = 2
_LAST_SECONDS = 2.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return the exit code, 2 for anything wrong with flags or configuration."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] == ["demo"]:
        from exporter.demo.cli import main as demo

        return demo(words[1:])
    flags = parse_flags(words)
    configure(flags.log_level, flags.log_format)
    try:
        return _check(flags) if flags.config_check else _serve(flags)
    except ConfigError as error:
        finish()
        for problem in error.shown:
            sys.stderr.write(f"status-exporter: {problem}\n")
        return USAGE_ERROR
    finally:
        finish()


def _check(flags: Flags) -> int:
    """Validate all files without asking anything of anyone."""
    load_web_config(flags.web_config_file)
    for warning in _reader(flags)().warnings:
        sys.stdout.write(f"warning: {warning}\n")
    sys.stdout.write("The configuration is valid.\n")
    return 0


def _serve(flags: Flags) -> int:
    limit_values(flags.label_limit)
    with asyncio.Runner() as runner:
        runner.run(serve(flags, _reader(flags)))
        # Closing waits for threads; one that waits for a name server can't be told to stop.
        last = threading.Timer(_LAST_SECONDS, os._exit, (0,))
        last.daemon = True
        last.start()
    last.cancel()
    return 0


def _reader(flags: Flags) -> Callable[[], Plan]:
    path = flags.config_file
    return (lambda: read_file(path)) if path else (lambda: from_environment(os.environ))


if __name__ == "__main__":
    sys.exit(main())
