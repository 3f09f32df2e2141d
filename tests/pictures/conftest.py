"""What is needed for drawing, or a skip that says what is missing."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from pictures.drawing import Drawn, Page, draw
from pictures.packages import NotInstalled, install
from tests.real import Prometheus
from tests.real.missing import component, missing

Draw = Callable[[Sequence[Page]], list[Drawn]]


@pytest.fixture(scope="session")
def empty_prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """A server that knows nothing."""
    server = Prometheus(component("prometheus"), tmp_path_factory.mktemp("prometheus"), {"global": {}})
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="session")
def pages(empty_prometheus: Prometheus, tmp_path_factory: pytest.TempPathFactory) -> Draw:
    """Draw pages that ask the empty server."""
    chromium = component("chromium")
    try:
        install()
    except NotInstalled:
        missing("Grafana's packages")
    folder = tmp_path_factory.mktemp("pictures")
    return lambda asked: asyncio.run(draw(asked, chromium, empty_prometheus.url, Path(folder)))
