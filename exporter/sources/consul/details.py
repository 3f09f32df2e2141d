"""Addresses, ports, tags and meta of instances: asked for when a service is new or changed, else now and then."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass

from exporter.errors import PollError, TimedOut
from exporter.sources.consul.records import Entry, Registration
from exporter.timing import Clock, deadline

# Every service is asked for again within this time, in seconds; polls share the work evenly.
REFRESH_WITHIN = 600.0
AT_ONCE = 4
# A catalog that changes all the time must not make us ask for every service without checks each time.
_MOST_PERHAPS = 500
_TOO_MANY_FAILURES = 10

Fetch = Callable[[str], Awaitable[tuple[Entry, ...]]]


@dataclass(frozen=True, slots=True)
class Sighting:
    """What the cheap answers of a poll show of one service: when tags or registrations differ, it has changed.

    `index` is that of the whole catalog: nothing else moves when an instance without checks comes or goes.
    """

    tags: tuple[str, ...]
    registrations: frozenset[Registration]
    index: str


@dataclass(slots=True)
class _Known:
    """The latest answer about a service, what was seen then, and when that was last known to be so."""

    entries: tuple[Entry, ...]
    seen: Sighting
    confirmed_at: float

    def differs(self, seen: Sighting) -> bool:
        return (self.seen.tags, self.seen.registrations) != (seen.tags, seen.registrations)

    def is_current(self, seen: Sighting) -> bool:
        """Nothing in the catalog has changed since."""
        return bool(seen.index) and self.seen.index == seen.index

    def may_differ(self, seen: Sighting) -> bool:
        """The answer lacked an instance that has checks; or one without checks may have come or gone since."""
        checked = {entry.registration for entry in self.entries if entry.checked}
        if not seen.registrations <= checked:
            return True
        return len(checked) < len(self.entries) and not self.is_current(seen)


class Details:
    """What is known of the services of one datacenter beyond their checks; times are in seconds."""

    def __init__(self, interval: float, stale_after: float, clock: Clock) -> None:
        self._interval = interval
        self._stale_after = stale_after
        self._clock = clock
        self._known: dict[str, _Known] = {}  # In the order of the answers.
        self._tried_at: dict[str, float] = {}
        self._failing: set[str] = set()

    def entries(self) -> dict[Registration, Entry]:
        """Return all that is known; where a registration went to another service, the latest answer counts."""
        return {entry.registration: entry for known in self._known.values() for entry in known.entries}

    def confirms(self, service: str) -> bool:
        """Return whether what is known of instances without checks isn't stale."""
        return self._clock() - self._known[service].confirmed_at < self._stale_after

    async def refresh(
        self, sightings: Mapping[str, Sighting], fetch: Fetch, budget: float
    ) -> list[PollError]:
        """Ask for what is new, changed or due, for at most `budget` seconds; return what failed.

        What could not be asked for keeps its old answer, and its turn comes again with the next poll.
        """
        self._forget(self._tried_at.keys() - sightings.keys())
        waiting = iter(self._wanted(sightings))
        failures: list[PollError] = []
        try:
            async with deadline(budget, "no time left to ask for details"), asyncio.TaskGroup() as workers:
                for _ in range(AT_ONCE):
                    workers.create_task(self._ask(waiting, sightings, fetch, failures))
        except TimedOut as error:
            failures.append(error)
        self._confirm(sightings)
        return failures

    def _forget(self, gone: set[str]) -> None:
        self._failing -= gone
        for service in gone:
            del self._tried_at[service]
            self._known.pop(service, None)

    def _confirm(self, sightings: Mapping[str, Sighting]) -> None:
        now = self._clock()
        for service, known in self._known.items():
            if known.is_current(sightings[service]):
                known.confirmed_at = now

    def _wanted(self, sightings: Mapping[str, Sighting]) -> list[str]:
        """Return the services to ask for: changed, then perhaps changed, then the oldest; failing ones last."""
        turn = sorted(sightings, key=lambda service: self._tried_at.get(service, -math.inf))
        changed = {service: None for service in turn if self._has_changed(service, sightings[service])}
        perhaps = [service for service in turn if self._may_have_changed(service, sightings[service])]
        share = math.ceil(len(turn) * min(1.0, self._interval / (0.9 * REFRESH_WITHIN)))
        due = [service for service in turn if service not in changed][:share]
        wanted = dict.fromkeys([*changed, *perhaps[:_MOST_PERHAPS], *due])
        return sorted(wanted, key=self._failing.__contains__)

    def _has_changed(self, service: str, seen: Sighting) -> bool:
        known = self._known.get(service)
        return known is None or known.differs(seen)

    def _may_have_changed(self, service: str, seen: Sighting) -> bool:
        known = self._known.get(service)
        return known is not None and known.may_differ(seen)

    async def _ask(
        self,
        waiting: Iterator[str],
        sightings: Mapping[str, Sighting],
        fetch: Fetch,
        failures: list[PollError],
    ) -> None:
        for service in waiting:
            self._tried_at[service] = self._clock()
            self._failing.add(service)  # Also when the time runs out meanwhile.
            try:
                entries = await fetch(service)
            except PollError as error:
                failures.append(error)
                if len(failures) >= _TOO_MANY_FAILURES:
                    return
            else:
                self._failing.discard(service)
                self._known.pop(service, None)
                self._known[service] = _Known(entries, sightings[service], self._clock())
