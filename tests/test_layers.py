"""Data flows from left to right through the package, so imports point to the left only."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "exporter"

# From left to right; modules in one line don't know each other. A new module gets its place here,
# but a new kind of connection, which is one file and a line in the registry, has one already.
LAYERS = """
exporter errors model sharding logqueue healthcheck sources polling exposition config.filework descriptors memory merging config.variables polling.wakeup
logs timing metrics exposition.labels polling.schedule bodies proxies jsontext certificates
config.durations config.expressions config.files holds routes
config.secretfile
config.problems config.fields
config.schema config.yamlfile
config.loading
config
client cli
sources.clients
sources.contract
polling.limits sources.consul.settings sources.connections.settings sources.loopback
sources.consul.errors sources.consul.records sources.consul.environment sources.consul.describing
sources.consul.api sources.consul.details sources.consul.health sources.consul.rows
sources.consul.datacenters sources.consul.catalog sources.consul.questions
sources.consul.statuses sources.consul.roster
sources.consul.datacenter
sources.consul.watch
sources.consul.cluster
sources.consul
sources.connections.kind sources.connections.jwt
sources.connections.answers sources.connections.connection
sources.connections.kinds.*
sources.connections.kinds
sources.connections.reading
sources.connections
sources.providers.settings sources.providers.looking sources.providers.refusals
sources.providers.reading
sources.providers.source sources.providers.columns
sources.providers.database
sources.providers.files sources.providers.http sources.providers.sql
sources.providers
sources.registry sources.lists
sources.plan sources.factory
state.past
state.snapshot
state.transitions state.statefile
state.store
state.keeper
state
polling.poller exposition.samples exposition.checksums
exposition.durations
exposition.blocks
polling.pollers exposition.text
web.words
web.rows
web web.connection web.users web.origins web.tls web.ratelimit web.own_metrics web.page web.pieces
web.door web.webconfig
web.listener web.security web.server
app
serving
demo demo.effects demo.consul_query demo.tied demo.leftover
demo.faults demo.script
demo.states demo.incidents
demo.world demo.consul_records
demo.consul_simulator demo.evotor_simulator demo.database demo.shop
demo.settings
demo.simulators demo.itself
demo.history
demo.prometheus
demo.cli
__main__
"""
RANKS = {name: number for number, line in enumerate(LAYERS.strip().splitlines()) for name in line.split()}


def name_of(path: Path) -> str:
    """`config.fields` for exporter/config/fields.py, `exporter` for the package itself."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts) or "exporter"


def rank(module: str) -> int | None:
    return RANKS.get(module, RANKS.get(f"{module.rpartition('.')[0]}.*"))


def imported(source: str, known: frozenset[str]) -> Iterator[str]:
    """The modules of the package that a source text imports, wherever in it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "relative imports hide where they point"
            of_package = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [
                name if name.removeprefix("exporter.") in known else node.module or "" for name in of_package
            ]
        else:
            continue
        for name in names:
            if name.split(".")[0] == "exporter":
                yield name.removeprefix("exporter.")


def violations(sources: Mapping[str, str]) -> list[str]:
    """Every import that doesn't point to the left."""
    known = frozenset(sources)
    return [
        f"{module} imports {target}"
        for module, source in sources.items()
        for target in imported(source, known)
        if (rank(target) or 0) >= (rank(module) or 0)
    ]


def sources() -> dict[str, str]:
    return {name_of(path): path.read_text() for path in PACKAGE.rglob("*.py")}


def test_imports_point_to_the_left() -> None:
    """No module imports one of its own layer or of a later one, also not inside a function."""
    assert violations(sources()) == []


def test_every_module_has_a_place() -> None:
    """A new module must be given a layer, and a layer names no module that is gone."""
    modules = sources().keys()

    assert [module for module in modules if rank(module) is None] == []
    assert [name for name in RANKS if not name.endswith("*") and name not in modules] == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from exporter.errors import ConfigError", []),
        ("from exporter import metrics", []),
        ("from exporter.app import App", ["state.store imports app"]),
        ("from exporter import app", ["state.store imports app"]),
        ("import exporter.app", ["state.store imports app"]),
        ("def late():\n    from exporter.web import page", ["state.store imports web.page"]),
        ("from exporter.state.store import Store", ["state.store imports state.store"]),
        ("import exporters.app, os", []),
    ],
)
def test_a_wrong_import_is_found(source: str, found: list[str]) -> None:
    """The test itself sees every way to import."""
    assert violations({**dict.fromkeys(sources(), ""), "state.store": source}) == found
