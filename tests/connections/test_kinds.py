"""Kinds as a whole: all are registered, none gets in another's way, and a new one is one entry more."""

import asyncio
import importlib
import inspect
import pkgutil
import re
from pathlib import Path
from typing import Any, Literal, get_args

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from exporter import metrics
from exporter.client import HttpClient
from exporter.config import HttpUrl, Tls, Token
from exporter.errors import ConfigError
from exporter.exposition.text import Exposition
from exporter.model import Metric
from exporter.polling.limits import RequestLimits
from exporter.polling.poller import Poller
from exporter.sources.connections import kinds
from exporter.sources.connections.answers import failure_of
from exporter.sources.connections.connection import ConnectionSource
from exporter.sources.connections.kind import CONNECTION_LABELS, Accepted, Kind
from exporter.sources.connections.kinds import KINDS
from exporter.sources.connections.reading import options_of
from exporter.sources.connections.settings import ConnectionOptions
from exporter.state import Store

DOCUMENT = Path(__file__).parents[2] / "docs" / "adding-a-kind.md"
SHARED = "connection_rate_limit_"


def _defined() -> list[type[Kind[Any]]]:
    names = [module.name for module in pkgutil.iter_modules(kinds.__path__)]
    modules = [importlib.import_module(f"exporter.sources.connections.kinds.{name}") for name in names]
    found = {c for m in modules for _, c in inspect.getmembers(m, inspect.isclass) if issubclass(c, Kind)}
    return [kind for kind in found if not inspect.isabstract(kind)]


def test_every_kind_is_registered() -> None:
    """A kind that a module defines can be configured, by the word that its own options demand."""
    assert set(_defined()) == set(KINDS.values())
    words = {word: get_args(kind.Options.model_fields["kind"].annotation) for word, kind in KINDS.items()}
    assert words == {word: (word,) for word in KINDS}


@pytest.mark.parametrize(("word", "kind"), KINDS.items())
def test_a_kind_owns_its_metrics(word: str, kind: type[Kind[Any]]) -> None:
    """A kind's metrics are about one connection, are named after it or shared, and follow the rules for names."""
    for metric in kind.METRICS:
        assert metric.labels == CONNECTION_LABELS
        assert metric.name.startswith((f"{word}_", SHARED))
        assert re.fullmatch(r"[a-z][a-z0-9_]*", metric.name)
        assert (metric.type == "counter") == metric.name.endswith("_total")
        assert metric.help.endswith(".")


def test_no_metric_is_declared_twice() -> None:
    """A name stands for one metric, in the core and in all kinds together."""
    declared = {*metrics.CORE, *(metric for kind in KINDS.values() for metric in kind.METRICS)}
    names = [metric.name for metric in declared]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("word", KINDS)
def test_a_kind_shows_a_sample_of_its_output(word: str) -> None:
    """The module of a kind begins with what it adds to /metrics, which is valid text."""
    doc = inspect.getdoc(inspect.getmodule(KINDS[word])) or ""
    sample = "".join(f"{line}\n" for line in doc.splitlines() if re.search(r"\} \d", line))
    found = [s for family in text_string_to_metric_families(sample) for s in family.samples]
    assert found
    assert {s.labels["kind"] for s in found} == {word}


class ParcelOptions(ConnectionOptions):
    kind: Literal["parcel"]
    address: HttpUrl = "https://parcel.example"


PARCELS = Metric("parcel_waiting", "gauge", "Parcels that wait.", CONNECTION_LABELS)
UNDECLARED = Metric("parcel_lost", "gauge", "Parcels that are lost.", CONNECTION_LABELS)


class Parcel(Kind[ParcelOptions]):
    Options = ParcelOptions
    METRICS = (PARCELS,)
    ICON = "parcel"

    @property
    def address(self) -> str:
        return f"{self.options.address}/parcels"

    async def check(self, client: HttpClient, token: str) -> Accepted:
        answer = await client.get(self.address, {"X-Parcel-Key": token}, max_body=100)
        if answer.status != 200:
            raise failure_of(answer)
        found = answer.json()
        metric = UNDECLARED if "lost" in found else PARCELS
        return Accepted(f"{found['waiting']} parcels", {metric: found["waiting"]})


@pytest.fixture
def _with_parcel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KINDS, "parcel", Parcel)


def shown_after_a_poll(source: ConnectionSource) -> dict[str, tuple[dict[str, str], float]]:
    """Poll as the exporter does and return what /metrics holds then: labels and value by the sample's name."""

    async def run() -> str:
        store, changed = Store(), asyncio.Event()
        store.adopt([source.info])
        store.listen(changed.set)
        poller = asyncio.create_task(Poller(source, store, RequestLimits(), 0.0).run())
        await asyncio.wait_for(changed.wait(), 10)
        poller.cancel()
        return Exposition().render(store.snapshot).bodies["text"].with_tail(b"").decode()

    families = text_string_to_metric_families(asyncio.run(run()))
    samples = [sample for family in families for sample in family.samples]
    return {s.name: (s.labels, s.value) for s in samples if not ("status" in s.labels and not s.value)}


def made(answer: httpx.Response, **section: Any) -> ConnectionSource:
    (options,) = options_of(({"id": "p", "kind": "parcel", "token": "made-up", **section},))
    client = HttpClient(Tls(), transport=httpx.MockTransport(lambda _: answer))
    return ConnectionSource(KINDS["parcel"](options), client, 1)


@pytest.mark.usefixtures("_with_parcel")
def test_a_new_kind_needs_one_entry_only() -> None:
    """With its entry in KINDS a kind has its options, its status, its card and its metrics everywhere."""
    shown = shown_after_a_poll(made(httpx.Response(200, json={"waiting": 3}), name="Parcels"))
    identity = {"connection": "p", "kind": "parcel"}
    assert shown["parcel_waiting"] == (identity, 3)
    assert shown["connection_online"] == (identity, 1)
    assert shown["connection_status"][0]["status"] == "online"
    info = shown["connection_info"][0]
    assert (info["name"], info["details"], info["icon"]) == ("Parcels", "3 parcels", "parcel")
    assert info["host"] == "parcel.example"


@pytest.mark.usefixtures("_with_parcel")
def test_a_new_kind_has_strict_options() -> None:
    """Settings of a new kind are checked like all others, with the place and a suggestion."""
    with pytest.raises(ConfigError, match=r"connections\[0\]\.adress: unknown key, did you mean address"):
        made(httpx.Response(200), adress="https://x.example")


BROKEN = {
    "missing field": {"wating": 3},
    "undeclared metric": {"waiting": 3, "lost": True},
}


@pytest.mark.usefixtures("_with_parcel")
@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_defect_of_a_kind_stays_its_own(content: Any, caplog: pytest.LogCaptureFixture) -> None:
    """A kind that fails in a way of its own, or exposes what it didn't declare, is unreachable by a defect."""
    shown = shown_after_a_poll(made(httpx.Response(200, json=content)))
    assert shown["connection_last_failure_info"][0]["reason"] == "internal"
    assert "parcel_lost" not in shown
    assert "poll failed by a defect" in caplog.text


def test_the_document_tells_the_truth(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kind in docs/adding-a-kind.md works when it is added as the document says."""
    code, entry, section = _blocks()
    scope: dict[str, Any] = {"__name__": "exporter.sources.connections.example"}
    exec(compile(code, str(DOCUMENT), "exec"), scope)
    word, name = re.findall(r'"(\w+)": (\w+),', entry)[-1]
    kind: type[Kind[Any]] = scope[name]
    monkeypatch.setitem(KINDS, word, kind)
    (options,) = options_of(tuple(section["connections"]))

    def api(request: httpx.Request) -> httpx.Response:
        assert "made-up" in "".join(request.headers.values())
        return httpx.Response(200, json={"plan": "Pro", "unread": 4})

    monkeypatch.setattr(Token, "get", _made_up)
    client = HttpClient(Tls(), transport=httpx.MockTransport(api))
    shown = shown_after_a_poll(ConnectionSource(kind(options), client, 1))
    for metric in kind.METRICS:
        assert f"{metric.name}{{" in code
        assert shown[metric.name][1] == 4
    assert shown["connection_info"][0]["details"] == "Pro"
    test_a_kind_owns_its_metrics(word, kind)


async def _made_up(_: Token) -> str:
    return "made-up"


def _blocks() -> tuple[str, str, dict[str, Any]]:
    """Return the module, its line in the registry, and its section of the configuration."""
    code, entry, section = re.findall(r"```(?:python|yaml)\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    return code, entry, yaml.safe_load(section)
