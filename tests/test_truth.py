"""The rules of truth, each read off /metrics itself."""

import asyncio
import inspect
import logging
import traceback
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from exporter import errors
from exporter.errors import PollError, ProviderError, Refused, TimedOut, reasons
from exporter.exposition.text import Exposition
from exporter.logs import Json, Logfmt
from exporter.model import ServiceInstance
from exporter.polling.limits import RequestLimits
from exporter.polling.poller import Poller
from exporter.sources.connections.connection import FAILURE_REASONS, ConnectionSource
from exporter.sources.contract import Findings, ServiceFindings, Source
from exporter.sources.providers.source import FAILURE_REASONS as PROVIDER_REASONS
from exporter.state import PollResult, Store
from tests.connections.checking import TOKEN, Api, answering, ask, source
from tests.facts import NOW, Polled, instance

STORES = {"items": [{"id": "1", "name": "Лавка"}]}
ONLINE, REFUSES, BROKEN = answering(200, STORES), answering(401, b""), answering(503, b"")
CONSUL_REASONS = reasons(without=(Refused, ProviderError))
CLUSTER = Polled("main", "consul", failure_reasons=CONSUL_REASONS)
Labels = dict[str, str]


class Told:
    """Sources, what was found out of them so far, and what /metrics says of it."""

    def __init__(self, *sources: Source) -> None:
        self.now = NOW
        self.store = Store(lambda: self.now)
        self.adopt(*sources)

    def adopt(self, *sources: Source) -> None:
        self.store.adopt(source.info for source in sources)

    def poll(
        self, of: Source, findings: Findings | None, error: PollError | None = None, after: float = 60
    ) -> None:
        self.now += after
        self.store.drop_stale()
        self.store.record(of.info.id, PollResult(self.now, 0.1, findings, error))

    def services(self, *found: ServiceInstance, of: Source = CLUSTER, **rejected: int) -> None:
        self.poll(of, ServiceFindings({"dc1": found}, rejected=rejected))

    def check(self, of: ConnectionSource, after: float = 60) -> None:
        try:
            self.poll(of, asyncio.run(ask(of)), after=after)
        except PollError as error:
            self.poll(of, of.failed(error), error, after=after)

    @property
    def text(self) -> str:
        return Exposition().render(self.store.snapshot).bodies["text"].with_tail(b"").decode()

    def samples(self, name: str) -> list[tuple[Labels, float]]:
        families = text_string_to_metric_families(self.text)
        return [(s.labels, s.value) for family in families for s in family.samples if s.name == name]

    def value(self, name: str, **labels: str) -> float:
        (value,) = [v for found, v in self.samples(name) if labels.items() <= found.items()]
        return value

    def statuses(self, metric: str, label: str) -> dict[str, str]:
        """Return the status that is 1, by service or connection; the others must be 0."""
        current: dict[str, list[str]] = {}
        for labels, value in self.samples(metric):
            assert value in (0, 1)
            current.setdefault(labels[label], []).extend([labels["status"]] * int(value))
        return {name: status for name, (status,) in current.items()}

    @property
    def shown(self) -> dict[str, str]:
        return self.statuses("service_status", "service")

    @property
    def connections(self) -> dict[str, str]:
        return self.statuses("connection_status", "connection")


def changing(*apis: Api) -> Api:
    """Behave like one API after the other, the last for ever."""
    rest = list(apis)
    return lambda request: (rest.pop(0) if len(rest) > 1 else rest[0])(request)


def test_1_a_status_is_shown_only_while_it_is_known() -> None:
    """The last status stays while polls fail, with its age beside it, and leaves when it is stale."""
    told = Told(CLUSTER)
    told.services(instance("web"))
    seen = NOW + 60
    told.poll(CLUSTER, None, TimedOut("x"), after=179)
    assert told.shown == {"web": "passing"}
    assert told.value("service_last_checked_timestamp_seconds", service="web") == seen
    told.poll(CLUSTER, None, TimedOut("x"), after=1)
    assert [line for line in told.text.splitlines() if line.startswith("service_")] == []
    assert told.value("source_last_success_timestamp_seconds", source="main") == seen
    told.services(instance("web", "critical"))
    assert told.shown == {"web": "critical"}


def test_1_an_unreachable_connection_is_known_to_be_unreachable() -> None:
    """That the API doesn't answer is a status as long as it is asked, and leaves when nobody asks any more."""
    till = source(BROKEN, interval="60s")
    told = Told(till)
    for _ in range(10):
        told.check(till)
    assert told.connections == {"a": "unreachable"}
    told.now += 180
    told.store.drop_stale()
    assert told.connections == {}


def test_2_a_failed_poll_is_no_status_of_a_service() -> None:
    """Statuses stay as they were; the failure is counted by its reason, and source_up is 0."""
    told = Told(CLUSTER)
    told.services(instance("web"), instance("db", "critical"))
    before = told.shown
    told.poll(CLUSTER, None, TimedOut("x"), after=10)
    assert told.shown == before
    assert told.value("source_up", source="main") == 0
    assert told.value("source_poll_failures_total", reason="timeout") == 1
    assert told.value("service_status_changes_total", service="web") == 0


EXPECTED = {200: ("online", 1), 401: ("offline", 1), 402: ("offline", 1), 403: ("offline", 1)}
SILENT: dict[int, tuple[str, int]] = dict.fromkeys((302, 404, 429, 500, 503), ("unreachable", 0))


@pytest.mark.parametrize(("status", "expected"), [*EXPECTED.items(), *SILENT.items()])
def test_2_a_failed_check_is_unreachable_and_never_offline(status: int, expected: tuple[str, int]) -> None:
    """Offline is an answer, and its source is up; no answer about the token is unreachable, and its source is not."""
    till = source(changing(ONLINE, answering(status, STORES)))
    told = Told(till)
    told.check(till)
    told.check(till)
    assert (told.connections["a"], told.value("source_up", source="a")) == expected
    assert told.value("connection_online") == (expected[0] == "online")
    new = {labels["reason"]: value for labels, value in told.samples("connection_check_failures_total")}
    told.now += 60
    told.store.drop_stale()
    counts = {labels["reason"]: value for labels, value in told.samples("connection_check_failures_total")}
    assert set(counts) <= set(FAILURE_REASONS)
    assert (list(new.values()), list(counts.values())) == (([], []) if status == 200 else ([0], [1]))


def test_2_the_first_failure_of_a_reason_is_an_increase() -> None:
    """A new reason is exposed as 0 for a minute, whatever comes meanwhile, and then with all that was counted."""
    till = source(changing(answering(503, STORES), answering(401, STORES), answering(503, STORES), ONLINE))
    told, seen = Told(till), []
    for after in (60, 30, 20, 9, 2):
        told.check(till, after=after)
        found = told.samples("connection_check_failures_total")
        seen.append({labels["reason"]: value for labels, value in found})
    assert seen[:2] == [{"server_error": 0}, {"server_error": 0, "unauthorized": 0}]
    assert seen[2:4] == [{"server_error": 0, "unauthorized": 0}] * 2
    assert seen[4] == {"server_error": 2, "unauthorized": 0}


def test_3_one_bad_record_is_counted_and_the_others_go_on() -> None:
    """Bad records are left out and counted by reason; what was found beside them is shown."""
    till = source(answering(200, {"items": [None, {"id": "1"}]}))
    told = Told(CLUSTER, till)
    told.services(instance("web"), duplicate_tag=2)
    told.check(till)
    assert (told.shown, told.value("evotor_stores")) == ({"web": "passing"}, 1)
    rejected = {labels["source"]: value for labels, value in told.samples("source_records_rejected_total")}
    assert rejected == {"main": 2, "a": 1}


def test_3_one_source_failing_never_blanks_another() -> None:
    """Clusters and connections are known each for itself."""
    other, till = Polled("other", "consul"), source(ONLINE)
    told = Told(CLUSTER, other, till)
    told.services(instance("web"))
    told.poll(other, None, TimedOut("x"))
    told.check(till)
    assert (told.shown, told.connections) == ({"web": "passing"}, {"a": "online"})
    assert {labels["source"]: v for labels, v in told.samples("source_up")} == {"main": 1, "other": 0, "a": 1}


def test_4_what_is_gone_leaves() -> None:
    """An instance leaves with the next poll that doesn't find it, a source with the reload that doesn't name it."""
    till = source(ONLINE)
    told = Told(CLUSTER, till)
    told.services(instance("web"), instance("db"))
    told.check(till)
    told.services(instance("web"))
    assert told.shown.keys() == {"web"}
    told.adopt(CLUSTER)
    assert 'connection="a"' not in told.text
    assert 'source="a"' not in told.text


def test_5_changes_that_were_seen_are_counted() -> None:
    """Each change between two polls counts, with the time of the poll that saw it."""
    told = Told(CLUSTER)
    for status in ("passing", "critical", "critical", "warning"):
        told.services(instance("web", status))
    assert told.value("service_status_changes_total") == 2
    assert told.value("service_status_since_timestamp_seconds") == NOW + 240


def test_5_changes_of_connections_are_counted() -> None:
    """A connection that breaks and comes back has changed twice, and says when it was last online."""
    till = source(changing(ONLINE, BROKEN, ONLINE, REFUSES))
    told = Told(till)
    for _ in range(4):
        told.check(till)
    assert told.value("connection_status_changes_total") == 3
    assert told.value("connection_last_online_timestamp_seconds") == NOW + 180
    assert told.samples("connection_last_failure_info")[0][0]["reason"] == "unauthorized"


def test_6_times_are_values() -> None:
    """No sample carries a time of its own; what is a time says so in its name."""
    till = source(ONLINE)
    told = Told(CLUSTER, till)
    told.services(instance("web"))
    told.check(till)
    for family in text_string_to_metric_families(told.text):
        assert {sample.timestamp for sample in family.samples} == {None}
        if any(sample.value > 1e9 for sample in family.samples):
            assert family.name.endswith("_timestamp_seconds")


def leaking(request: httpx.Request) -> httpx.Response:
    """Fail as a library does that quotes the request."""
    raise httpx.ConnectError(f"can't send {request.headers}")


def careless(request: httpx.Request) -> httpx.Response:
    """Fail with a defect that quotes the token."""
    raise RuntimeError(f"defect near {request.headers['Authorization']}")


@pytest.mark.parametrize("api", [ONLINE, REFUSES, BROKEN, answering(200, TOKEN), leaking, careless])
def test_7_no_secret_is_shown(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever the API does, the token is in no series, no log line in either format, no error and no repr."""
    till = source(api)

    async def run() -> str:
        store, done = Store(), asyncio.Event()
        store.adopt([till.info])
        store.listen(done.set)
        poller = asyncio.create_task(Poller(till, store, RequestLimits(), 0.0).run())
        await asyncio.wait_for(done.wait(), 10)
        poller.cancel()
        return f"{store.snapshot!r} {Exposition().render(store.snapshot).bodies['text'].with_tail(b'')!r}"

    with caplog.at_level(logging.DEBUG, "exporter"):
        shown = asyncio.run(run())
    lines = [style.format(record) for record in caplog.records for style in (Logfmt(), Json())]
    assert lines
    assert TOKEN not in "".join([shown, *lines, repr(till.options), str(till.options)])


@pytest.mark.parametrize("api", [REFUSES, BROKEN, answering(200, TOKEN), leaking])
def test_7_no_traceback_shows_a_secret(api: Api) -> None:
    """An error that is printed with all that led to it doesn't hold the token either."""
    till = source(api)
    with pytest.raises(PollError) as caught:
        asyncio.run(till._kind.check(till._client, TOKEN))
    told = traceback.format_exception(caught.value, chain=True)
    assert TOKEN not in "".join(told)


def _failures() -> list[type[PollError]]:
    made: list[tuple[str, Any]] = inspect.getmembers(errors, inspect.isclass)
    bases = (errors.PollError, errors.Refused, errors.ConsulError, errors.ProviderError)
    return [c for _, c in made if issubclass(c, PollError) and c not in bases]


def test_reasons_are_unique_documented_and_declared() -> None:
    """A reason belongs to one error, which the tree describes, and its series exist at 0 from the start."""
    found = [failure.reason for failure in _failures()]
    assert (
        sorted(set(found)) == sorted(found) == sorted({*FAILURE_REASONS, *CONSUL_REASONS, *PROVIDER_REASONS})
    )
    assert [f.__name__ for f in _failures() if f"── {f.__name__} " not in str(errors.__doc__)] == []
