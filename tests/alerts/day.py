"""A day of incidents, and what a person must be told of it. Times are minutes of the day; one takes FASTER times less."""

from collections.abc import Iterable
from typing import NamedTuple

from exporter.demo.effects import (
    NO_SERVERS,
    UNAUTHORIZED,
    UNAVAILABLE,
    Absent,
    CheckIs,
    Effect,
    Maintenance,
    NoToken,
    RateRemaining,
    TokenIs,
)
from exporter.demo.script import CONSUL, EVOTOR, Connection, Episode, Instance, Node, Subject, fixed
from exporter.demo.world import World
from tests.alerts.fast import FASTER

LENGTH = 84.0
FOREVER = 10_000.0
MINUTE = 60 / FASTER

NODE, LOST, SERVICED = Node("n1"), Node("lost"), Node("serviced")


def _service(name: str, *nodes: Node) -> tuple[Instance, ...]:
    return tuple(Instance(name, node, f"{name}-{number}") for number, node in enumerate(nodes, 1))


def _connection(name: str, kind: str = "evotor") -> Connection:
    return Connection(name, kind, token=f"token-of-{name}")


QUIET, DOWN, BESIDE, BEFORE, DURING = (
    _service(name, NODE) for name in ("quiet", "down", "beside", "before", "during")
)
PART, FLAPS, WARNS = (_service(name, NODE, NODE) for name in ("part", "flaps", "warns"))
RESTARTED, REPLACED = _service("restarted", NODE, NODE, NODE), _service("replaced", NODE, NODE, NODE, NODE)
VANISHED, REDEPLOYED, RETIRED = (_service(name, NODE) for name in ("vanished", "redeployed", "retired"))
MAINTAINED, FORGOTTEN = _service("maintained", NODE), _service("forgotten", NODE, NODE)
ON_LOST = [_service(name, NODE, LOST) for name in ("cart", "search", "wallet")]
ON_SERVICED = [_service(name, SERVICED) for name in ("mail", "print")]
SERVICES = (
    QUIET,
    DOWN,
    BESIDE,
    BEFORE,
    DURING,
    PART,
    FLAPS,
    WARNS,
    RESTARTED,
    REPLACED,
    VANISHED,
    REDEPLOYED,
    RETIRED,
    MAINTAINED,
)

TILLS = FINE, REVOKED, GLITCHED, UNPLUGGED = tuple(
    _connection(name) for name in ("fine", "revoked", "glitched", "unplugged")
)
BANK, PARTNER = _connection("bank", "http"), _connection("partner", "http")

CRITICAL = CheckIs("critical")
KILLED, RESTARTED_AT = 30.0, (68.0, 75.0)
BAD_CONFIG, GOOD_CONFIG = 42.0, 50.0


class Told(NamedTuple):
    """One alert of the day: by which receiver, and about whom."""

    receiver: str
    alert: str
    who: str


TOLD = {
    Told("critical", "ServiceCritical", "down"),
    Told("critical", "ServiceCritical", "beside"),
    Told("critical", "ServiceCritical", "before"),
    Told("warning", "ServiceInstanceCritical", "part"),
    Told("warning", "NodeCritical", "lost"),
    Told("warning", "ServiceWarning", "warns"),
    Told("warning", "ServiceFlapping", "flaps"),
    Told("warning", "ServiceDisappeared", "vanished"),
    Told("info", "ServiceMaintenanceForgotten", "forgotten"),
    Told("warning", "ConnectionRefused", "revoked"),
    Told("warning", "ConnectionUnreachable", "bank"),
    Told("warning", "ConnectionRateLimitNear", "fine"),
    Told("info", "ConnectionNotConnected", "unplugged"),
    Told("critical", "ConnectionKindUnreachable", "evotor"),
    Told("critical", "ConsulPollFailing", "main"),
    Told("critical", "ExporterDown", "status-exporter"),
    Told("warning", "ConfigReloadFailed", "status-exporter"),
    Told("heartbeat", "Watchdog", "status-exporter"),
}
UNFINISHED = {
    Told("info", "ServiceMaintenanceForgotten", "forgotten"),
    Told("heartbeat", "Watchdog", "status-exporter"),
}


def world(start: float) -> World:
    """Return the world of a day that starts at a Unix time."""
    happenings = (*_services(), *_systems(), *_connections())
    episodes = (
        Episode(subject, start + begin * MINUTE, start + end * MINUTE, effect, period * MINUTE)
        for subject, begin, end, effect, period in happenings
    )
    instances = [
        instance for service in (*SERVICES, FORGOTTEN, *ON_LOST, *ON_SERVICED) for instance in service
    ]
    return World(tuple(instances), (*TILLS, BANK, PARTNER), fixed(*episodes))


Happening = tuple[Subject, float, float, Effect, float]


def _services() -> Iterable[Happening]:
    yield DOWN[0], 5, 17, CRITICAL, 0
    yield BESIDE[0], 5, 17, CRITICAL, 0
    yield PART[0], 5, 20, CRITICAL, 0
    yield FLAPS[0], 4, 20, CRITICAL, 4
    yield WARNS[0], 4, 30, CheckIs("warning"), 0
    for number, instance in enumerate(RESTARTED):
        yield instance, 6 + 2 * number, 7 + 2 * number, CRITICAL, 0
    yield REPLACED[0], 10, FOREVER, Absent(), 0
    yield REPLACED[1], 12, FOREVER, Absent(), 0
    for number, instance in enumerate(REPLACED[2:]):
        yield instance, -FOREVER, 10 + 2 * number, Absent(), 0
        yield instance, 10 + 2 * number, 11 + 2 * number, CRITICAL, 0
    yield VANISHED[0], 6, 26, Absent(), 0
    yield REDEPLOYED[0], 8, 14, Absent(), 0
    yield RETIRED[0], 5, 8, Maintenance(), 0
    yield RETIRED[0], 8, FOREVER, Absent(), 0
    yield MAINTAINED[0], 5, 15, Maintenance(), 0
    yield MAINTAINED[0], 6, 14, CRITICAL, 0
    yield FORGOTTEN[0], 5, FOREVER, Maintenance(), 0
    yield BEFORE[0], 36, 50, CRITICAL, 0
    yield DURING[0], 47, 54, CRITICAL, 0


def _systems() -> Iterable[Happening]:
    yield LOST, 22, 31, CRITICAL, 0
    yield SERVICED, 20, 33, Maintenance(), 0
    yield CONSUL, 44, 58, NO_SERVERS, 0
    yield EVOTOR, 36, 58, UNAVAILABLE, 0


def _connections() -> Iterable[Happening]:
    yield REVOKED, 5, 33, UNAUTHORIZED, 0
    yield REVOKED, 33, FOREVER, TokenIs("another-token"), 0
    yield FINE, 3, 34, RateRemaining(5), 0
    yield GLITCHED, 9, 10.5, UNAUTHORIZED, 0
    yield BANK, 5, 40, UNAVAILABLE, 0
    yield UNPLUGGED, 50, 82, NoToken(), 0
