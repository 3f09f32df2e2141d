"""A snapshot made of facts at fixed times: every status, odd names, every kind of detail."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from exporter.config import Token
from exporter.errors import NoLeader, PollError
from exporter.model import (
    Check,
    CheckStatus,
    ConnectionCheck,
    ConnectionStatus,
    Display,
    Endpoint,
    InstanceKey,
    Reading,
    ServiceInstance,
    ServiceStatus,
)
from exporter.sources.connections.kind import RATE_LIMIT_REMAINING
from exporter.sources.connections.kinds.evotor import STORES
from exporter.sources.contract import (
    ConnectionFindings,
    Findings,
    ProviderFindings,
    RequestLimit,
    ServiceFindings,
    SourceInfo,
)
from exporter.sources.plan import plan
from exporter.state import PollResult, Snapshot, SourceId, SourceState, advance, age, first_state

NOW = 1_700_000_000.0
ODD = 'a"b\\c\nd/e <script>alert(1)</script> Ö 🚀'


@dataclass(frozen=True)
class Polled:
    """A source that is never asked."""

    name: str
    kind: str
    interval: float = 60.0
    timeout: float = 30.0
    stale_after: float = 180.0
    failure_reasons: tuple[str, ...] = ()
    rejections: tuple[str, ...] = ()
    is_one_of_many: bool = False

    @property
    def info(self) -> SourceInfo:
        id_ = SourceId(self.kind, self.name)
        reasons = (self.failure_reasons, self.rejections)
        few = self.kind == "consul"
        return SourceInfo(id_, self.interval, self.stale_after, *reasons, few, self.is_one_of_many)

    @property
    def token(self) -> Token:
        return Token()

    def request_limit(self, token: str) -> RequestLimit | None:
        return None

    async def poll(self, token: str) -> Findings:
        raise AssertionError("not asked in tests")

    def failed(self, error: PollError) -> Findings | None:
        return None


def instance(
    service: str,
    status: ServiceStatus = "passing",
    number: int = 1,
    checks: Iterable[Check] = (),
    endpoint: Endpoint | None = None,
    datacenter: str = "dc1",
    meta: tuple[tuple[str, str], ...] = (),
) -> ServiceInstance:
    key = InstanceKey(datacenter, service, f"{service}-{number}", f"node-{number}")
    url = f"http://{service}.example:{endpoint.port}" if endpoint else ""
    return ServiceInstance(key, status, tuple(checks), endpoint, url, meta)


def check(name: str, status: CheckStatus) -> Check:
    return Check("node-1", f"service:{name}", name, status)


def polled(source: Polled, *outcomes: PollResult) -> tuple[SourceId, SourceState]:
    """The view of a source after these polls."""
    view = first_state(source.info)
    for outcome in outcomes:
        view = advance(view, outcome, now=outcome.ended_at)
    return source.info.id, view


def services(instances: Iterable[ServiceInstance], at: float = NOW, **more: object) -> PollResult:
    found: dict[str, tuple[ServiceInstance, ...]] = {}
    for made in instances:
        found[made.key.datacenter] = (*found.get(made.key.datacenter, ()), made)
    return PollResult(
        at,
        0.25,
        ServiceFindings(
            found, shows_checks=any(made.checks for made in instances), rejected={"duplicate_tag": 2}
        ),
    )


def connection(
    id_: str,
    status: ConnectionStatus,
    reason: str = "",
    at: float = NOW,
    name: str = "Эвотор",
    error: PollError | None = None,
) -> PollResult:
    connect = "https://shop.example/connect" if status in ("not_connected", "offline") else ""
    disconnect = "https://shop.example/disconnect" if status != "not_connected" else ""
    display = Display(name, "evotor", connect, disconnect)
    labels = (id_, "evotor")
    readings = (Reading(STORES, labels, 2), Reading(RATE_LIMIT_REMAINING, labels, 41))
    online = status == "online"
    details = "Лавка, Киоск" if online else ""
    shown = readings if online else ()
    ends = (1.9e9, 1.8e9) if online else (None, None)
    found = ConnectionCheck(
        id_, "evotor", display, status, reason, details, shown, "api.evotor.example", *ends
    )
    return PollResult(at, 0.5, ConnectionFindings(found), error)


def listed(*ids: str) -> PollResult:
    """A provider's list, of which one entry can't be used."""
    connections = [{"id": id_, "kind": "evotor", "token": "t"} for id_ in ids]
    sources = plan({"connections": connections}).sources
    return PollResult(NOW, 0.01, ProviderFindings(sources, rejected={"setting": 1}))


def everything() -> Snapshot:
    """An instance and a connection of every status, a source that is down and one that was never polled."""
    web = Endpoint("10.0.0.1", 8080, ("blue", "v1"), {"team": "a"})
    odd = Endpoint("2001:db8::1", 0, (ODD,), {})
    found = [
        instance("web", endpoint=web, meta=(("meta_team", "a"),)),
        instance("web", "warning", 2, checks=(check("HTTP", "warning"), check("Serf", "passing"))),
        instance("db", "critical", checks=(check("TCP", "critical"),)),
        instance("mail", "maintenance"),
        instance(ODD, endpoint=odd),
        instance("web", datacenter="dc2"),
    ]
    main = Polled("main", "consul", failure_reasons=("connect", "no_leader"), rejections=("duplicate_tag",))
    accounts = [
        (
            "lenina",
            [connection("lenina", "offline", "unauthorized", NOW - 600), connection("lenina", "online")],
        ),
        ("refused", [connection("refused", "offline", "unauthorized")]),
        ("silent", [connection("silent", "unreachable", "timeout", error=NoLeader("no answer"))]),
        ("new", [connection("new", "not_connected")]),
        (ODD, [connection(ODD, "online", name=ODD)]),
    ]
    views = [
        polled(main, services([instance("web", "critical")], NOW - 60), services(found)),
        polled(
            Polled("other", "consul"),
            services([instance("old", datacenter="dc9")], NOW - 1000),
            PollResult(NOW - 1, 30.0, None, NoLeader("the cluster has no leader (HTTP 500)")),
        ),
        polled(Polled("waiting", "consul")),
        polled(Polled("shop", "files_provider", 5, 5, 15, rejections=("setting",)), listed("lenina", "new")),
        *(
            polled(Polled(id_, "evotor", 600, 20, 1800, is_one_of_many=True), *outcomes)
            for id_, outcomes in accounts
        ),
    ]
    return aged(dict(views), NOW)


def aged(views: Mapping[SourceId, SourceState], now: float) -> Snapshot:
    return {id_: age(view, now) for id_, view in views.items()}


def many(count: int) -> Snapshot:
    """So many services, one in a hundred critical."""
    made = (
        instance(f"service-{number:05}", "passing" if number % 100 else "critical") for number in range(count)
    )
    return dict([polled(Polled("main", "consul"), services(made))])
