"""What happens in the demo's world: a script without end, the same for the past and the future.

Time is cut into shifts, of another length for each kind of incident; the seed and the number of the shift decide what
happens in it. Kinds that last for whole shifts leave no gap: something is always red, something always yellow.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from math import floor
from random import Random
from typing import NamedTuple

from exporter.demo.effects import (
    BAD_GATEWAY,
    HANG,
    NO_SERVERS,
    NOT_INSTALLED,
    NOT_PAID,
    RATE_LIMITED,
    UNAUTHORIZED,
    UNAVAILABLE,
    Absent,
    CheckIs,
    Effect,
    Maintenance,
    NoToken,
    RateRemaining,
)
from exporter.demo.script import CONSUL, EVOTOR, Connection, Episode, Instance, Script, Subject

Happening = Callable[[Random, float, float], Iterable[Episode]]
_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86400.0


class Kind(NamedTuple):
    """One kind of incident; `happen` gives the episodes of a shift from chance and the shift's start and end."""

    name: str
    shift: float
    happen: Happening


def endless_script(seed: int, instances: Sequence[Instance], connections: Sequence[Connection]) -> Script:
    """Make the demo's script for these instances and connections."""
    return _script(seed, (*_of_services(seed, instances), *_of_connections(connections)))


def _script(seed: int, kinds: Sequence[Kind]) -> Script:
    def begins(kind: Kind, number: int) -> float:
        return (number + _chance(seed, kind.name, number, "begin").random() / 4) * kind.shift

    @lru_cache(maxsize=10_000)
    def episodes(kind: Kind, number: int) -> tuple[Episode, ...]:
        chance = _chance(seed, kind.name, number)
        return tuple(kind.happen(chance, begins(kind, number), begins(kind, number + 1)))

    def script(start: float, end: float) -> Iterator[Episode]:
        for kind in kinds:
            for number in range(floor(start / kind.shift) - 1, floor(end / kind.shift) + 1):
                yield from (e for e in episodes(kind, number) if e.start <= end and e.end > start)

    return script


def _chance(*what: object) -> Random:
    return Random("/".join(map(str, what)))  # noqa: S311 -- nothing secret


def _of_services(seed: int, instances: Sequence[Instance]) -> Iterator[Kind]:
    red, yellow, flapping, maintained, restarted = _pools(seed, instances)
    failing, serviced = sorted(
        {i.node for i in instances if i.node.name.startswith("batch")}, key=lambda n: n.name
    )
    yield Kind("critical", 50 * _MINUTE, _whole_shift(red, CheckIs("critical")))
    yield Kind("warning", 35 * _MINUTE, _whole_shift(yellow, CheckIs("warning")))
    yield Kind("flapping", 3 * _HOUR, _flapping(flapping))
    yield Kind("maintenance", _HOUR, _for_a_while(25, 38, maintained, Maintenance("Update to a new version")))
    yield Kind("restart", 6 * _HOUR, _rolling_restart(restarted))
    yield Kind("node lost", _DAY, _for_a_while(6, 12, [failing], CheckIs("critical")))
    yield Kind("node serviced", _DAY, _for_a_while(20, 40, [serviced], Maintenance("New disks")))
    for name in sorted({i.service for i in instances if "campaign" in i.tags}):
        yield Kind(f"end of {name}", 16 * _HOUR, _gone([i for i in instances if i.service == name]))
    yield Kind("no servers", _DAY, _for_a_while(5, 8, [CONSUL], NO_SERVERS))


def _of_connections(connections: Sequence[Connection]) -> Iterator[Kind]:
    tills = [c for c in connections if c.kind == "evotor"]
    plain = [c for c in connections if c.kind == "http"]
    refused = _whole_shift(tills[1:4], UNAUTHORIZED, NOT_PAID, NOT_INSTALLED)
    yield Kind("refused", 7 * _HOUR, refused)
    yield Kind("not connected", 11 * _HOUR, _whole_shift(tills[4:], NoToken()))
    yield Kind("limit near", 8 * _HOUR, _for_a_while(20, 40, tills[:1], RateRemaining(5)))
    yield Kind("limited", 9 * _HOUR, _for_a_while(15, 25, tills[:1], RATE_LIMITED))
    yield Kind("unreachable", 4 * _HOUR, _for_a_while(8, 25, plain, HANG, UNAVAILABLE, BAD_GATEWAY))
    yield Kind("evotor down", _DAY, _for_a_while(10, 15, [EVOTOR], UNAVAILABLE))


def _pools(seed: int, instances: Sequence[Instance]) -> Iterator[list[Instance]]:
    """Deal the services of the app nodes out, so that one kind of incident never covers another."""
    services = sorted({i.service for i in instances if _on_app_node(i) and "campaign" not in i.tags})
    _chance(seed, "pools").shuffle(services)
    for n in range(5):
        yield [i for i in instances if i.service in services[n::5]]


def _on_app_node(instance: Instance) -> bool:
    return instance.node.name.startswith("app")


def _whole_shift(subjects: Sequence[Subject], *effects: Effect) -> Happening:
    """One of the subjects has one of the effects, from the shift's start to its end."""

    def happen(chance: Random, start: float, end: float) -> Iterator[Episode]:
        yield Episode(chance.choice(subjects), start, end, chance.choice(effects))

    return happen


def _for_a_while(least: float, most: float, subjects: Sequence[Subject], *effects: Effect) -> Happening:
    """One of the subjects has one of the effects for some minutes of the shift."""

    def happen(chance: Random, start: float, end: float) -> Iterator[Episode]:
        lasts = chance.uniform(least, most) * _MINUTE
        begin = start + chance.random() * (end - start - lasts)
        yield Episode(chance.choice(subjects), begin, begin + lasts, chance.choice(effects))

    return happen


def _flapping(instances: Sequence[Instance]) -> Happening:
    def happen(chance: Random, start: float, end: float) -> Iterator[Episode]:
        period = chance.uniform(4, 12) * _MINUTE
        yield Episode(chance.choice(instances), start, end, CheckIs("critical"), period)

    return happen


def _gone(instances: Sequence[Instance]) -> Happening:
    """All instances of a service are gone for some hours; it comes back as a new one."""

    def happen(chance: Random, start: float, end: float) -> Iterator[Episode]:
        back = start + chance.uniform(4, 6) * _HOUR
        yield from (Episode(instance, start, back, Absent()) for instance in instances)

    return happen


def _rolling_restart(instances: Sequence[Instance]) -> Happening:
    """The instances of one service leave for 40 s each, one after the other."""

    def happen(chance: Random, start: float, end: float) -> Iterator[Episode]:
        service, begin = chance.choice(instances).service, start + chance.uniform(0, 4) * _HOUR
        for n, instance in enumerate(i for i in instances if i.service == service):
            yield Episode(instance, begin + 60 * n, begin + 60 * n + 40, Absent())

    return happen
