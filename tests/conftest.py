"""Fixtures for every test: real components, and an environment that leads nowhere."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any, Protocol, TypeVar

import pytest
from hypothesis import settings

from tests.copying import copied
from tests.real import Alertmanager, ConsulAgent, NotStarted, Prometheus
from tests.real.missing import component, summary
from tests.real.process import leads_elsewhere
from tests.real.server import Config

settings.register_profile("tests", deadline=None, print_blob=True)
settings.load_profile("tests")

ATTEMPTS = 3  # a port that was free may be taken by the time a component binds it

Server = TypeVar("Server", ConsulAgent, Prometheus, Alertmanager)
binary = cache(component)


class StartConsul(Protocol):
    def __call__(self, **settings: Any) -> ConsulAgent: ...


class StartPrometheus(Protocol):
    def __call__(self, config: Config, data_dir: Path | None = None, *arguments: str) -> Prometheus: ...


class StartAlertmanager(Protocol):
    def __call__(self, config: Config, *arguments: str) -> Alertmanager: ...


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test asks a Consul or Evotor that this machine knows, nor goes through a proxy."""
    for name in filter(leads_elsewhere, list(os.environ)):
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def promtool() -> Path:
    """The path of promtool."""
    return binary("promtool")


@pytest.fixture(scope="session")
def amtool() -> Path:
    """The path of amtool, which comes with the Alertmanager."""
    return binary("amtool")


@pytest.fixture(scope="session")
def docker_compose() -> Path:
    """The path of docker-compose; `docker-compose config` needs no engine."""
    return binary("docker-compose")


@pytest.fixture(scope="session")
def consul_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsulAgent]:
    """The Consul server that tests share; ask for `consul_agent`, which is empty."""
    path = binary("consul")
    with ExitStack() as stack:
        yield _started(stack, lambda: ConsulAgent(path, tmp_path_factory.mktemp("consul")))


@pytest.fixture
def consul_agent(consul_server: ConsulAgent) -> ConsulAgent:
    """A running Consul server with nothing registered but itself."""
    if not consul_server.running:
        consul_server.start()
    consul_server.wipe()
    return consul_server


@pytest.fixture
def start_consul(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartConsul]:
    """Start a Consul server of one's own; keywords are settings of its configuration."""
    path = binary("consul")
    with ExitStack() as stack:

        def start(**settings: Any) -> ConsulAgent:
            return _started(stack, lambda: ConsulAgent(path, tmp_path_factory.mktemp("consul"), settings))

        yield start


@pytest.fixture
def start_prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartPrometheus]:
    """Start a Prometheus server with a configuration, on data that may be there already."""
    path = binary("prometheus")
    with ExitStack() as stack:

        def start(config: Config, data_dir: Path | None = None, *arguments: str) -> Prometheus:
            def make() -> Prometheus:
                return Prometheus(path, tmp_path_factory.mktemp("prometheus"), config, data_dir)

            return _started(stack, make, *arguments)

        yield start


@pytest.fixture
def start_alertmanager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartAlertmanager]:
    """Start an Alertmanager with a configuration."""
    path = binary("alertmanager")
    with ExitStack() as stack:

        def start(config: Config, *arguments: str) -> Alertmanager:
            def make() -> Alertmanager:
                return Alertmanager(path, tmp_path_factory.mktemp("alertmanager"), config)

            return _started(stack, make, *arguments)

        yield start


def _started(stack: ExitStack, make: Callable[[], Server], *arguments: str) -> Server:
    """Start what `make` makes; once more on other ports when another process has taken one meanwhile."""
    for attempt in range(1, ATTEMPTS + 1):
        server = make()
        stack.callback(server.kill)
        try:
            server.start(*arguments)
        except NotStarted as failure:
            if attempt == ATTEMPTS or "address already in use" not in str(failure):
                raise
        else:
            break
    return server


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Iterator[None]:
    """Say last, in one line, what was skipped because a real component is missing."""
    yield
    skipped = terminalreporter.stats.get("skipped", [])
    if line := summary(report.longrepr[2] for report in skipped):
        terminalreporter.write_line(line, yellow=True)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the project to change."""
    return copied(tmp_path)
