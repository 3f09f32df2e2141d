"""Addresses, ports, tags and meta of instances: asked for when they may have changed, and not while they can't have."""

import asyncio
import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

from exporter.errors import AclDenied, Malformed, PollError, Redirected, TimedOut, TooLarge, UnexpectedStatus
from exporter.sources.consul.records import Entry, Registration
from exporter.timing import Clock, deadline

AT_ONCE = 4
# More services than these are asked for in one request about all of them, where Consul answers that.
FEW = 10
# Else every service that may have changed is asked for within this time, in seconds; polls share the work evenly.
REFRESH_WITHIN = 600.0
# So long one request about all services is not tried again after it was refused, or took too long.
_REFUSED_FOR = 600.0
# A catalog that changes all the time must not make us ask for every service without checks each time.
_MOST_PERHAPS = 500
_TOO_MANY_FAILURES = 10
_REFUSALS = (AclDenied, Malformed, Redirected, TimedOut, TooLarge, UnexpectedStatus)


class Index(NamedTuple):
    """Consul's indexes of the tables that hold details; while both stay, no detail has changed."""

    services: int
    nodes: int


@dataclass(frozen=True, slots=True)
class Sighting:
    """What the cheap answers of a poll show of one service: when it differs, the service has changed."""

    tags: tuple[str, ...]
    registrations: frozenset[Registration]


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered, with the records left out; `index` is Consul's of all that was asked for, 0 when unknown."""

    entries: tuple[Entry, ...]
    rejected: Counter[str]
    index: int = 0


class Asking(Protocol):
    """Who asks Consul for details; both raise PollError."""

    async def one(self, service: str) -> Answer:
        """Ask for the instances of one service."""

    async def all(self) -> Answer:
        """Ask for the instances of all services at once."""


@dataclass(slots=True)
class _Known:
    """The latest answer about a service, what was seen then, and the index at which it was given, if that is known.

    `lags` when an instance that has checks isn't in it. Instances without checks come and go unseen.
    """

    entries: tuple[Entry, ...]
    seen: Sighting
    index: Index | None
    confirmed_at: float
    rejected: Counter[str]
    lags: bool
    has_unchecked: bool


def _known(answer: Answer, seen: Sighting, index: Index | None, now: float) -> _Known:
    checked = {entry.registration for entry in answer.entries if entry.checked}
    has_unchecked = len(checked) < len(answer.entries)
    lags = not seen.registrations <= checked
    return _Known(answer.entries, seen, index, now, answer.rejected, lags, has_unchecked)


class Details:
    """What is known of the services of one datacenter beyond their checks; times are in seconds."""

    def __init__(self, interval: float, stale_after: float, clock: Clock) -> None:
        self._interval = interval
        self._stale_after = stale_after
        self._clock = clock
        self._index: Index | None = None
        self._known: dict[str, _Known] = {}  # In the order of the answers.
        self._entries: dict[Registration, Entry] | None = {}
        self._tried_at: dict[str, float] = {}
        self._failing: set[str] = set()
        self._all_refused = False
        self._all_again_at = -math.inf

    def entries(self) -> dict[Registration, Entry]:
        """Return all that is known, the same object until that changes.

        Where a registration went to another service, the latest answer counts.
        """
        if self._entries is None:
            self._entries = {
                entry.registration: entry for known in self._known.values() for entry in known.entries
            }
        return self._entries

    def distrust(self) -> None:
        """Ask for everything again."""
        for known in self._known.values():
            known.index = None

    def expired(self) -> frozenset[str]:
        """Return the services whose instances without checks are not known to be there any longer."""
        return frozenset(
            name for name, known in self._known.items() if known.has_unchecked and not self.confirms(name)
        )

    def confirms(self, service: str) -> bool:
        """Return whether what is known of instances without checks isn't stale."""
        return self._clock() - self._known[service].confirmed_at < self._stale_after

    def rejected(self) -> Counter[str]:
        """Return the records left out of the answers that are in use."""
        return sum((known.rejected for known in self._known.values() if known.rejected), Counter[str]())

    async def refresh(
        self, sightings: Mapping[str, Sighting], index: Index | None, asking: Asking, budget: float
    ) -> list[PollError]:
        """Ask for what is new or may have changed, for at most `budget` seconds; return what failed.

        What could not be asked for keeps its old answer, and its turn comes again with the next poll.
        """
        self._forget(self._tried_at.keys() - sightings.keys())
        failures: list[PollError] = []
        try:
            async with deadline(budget, "no time left to ask for details"):
                if self._is_worth_all(sightings, index):
                    await self._ask_all(sightings, index, asking, 0.9 * budget, failures)
                waiting = iter(self._wanted(sightings, index))
                async with asyncio.TaskGroup() as workers:
                    for _ in range(AT_ONCE):
                        workers.create_task(self._ask_each(waiting, sightings, index, asking, failures))
        except TimedOut as error:
            failures.append(error)
        self._confirm(index)
        return failures

    def _forget(self, gone: set[str]) -> None:
        self._failing -= gone
        for service in gone:
            del self._tried_at[service]
            if self._known.pop(service, None):
                self._entries = None

    def _confirm(self, index: Index | None) -> None:
        now = self._clock()
        for known in self._known.values():
            if index and known.index == index:
                known.confirmed_at = now

    def _is_worth_all(self, sightings: Mapping[str, Sighting], index: Index | None) -> bool:
        """Tell whether to ask for all at once: once in an interval at most, however fast the catalog changes."""
        if self._clock() < self._all_again_at:
            return False
        return sum(self._is_behind(service, seen, index) for service, seen in sightings.items()) > FEW

    def _wanted(self, sightings: Mapping[str, Sighting], index: Index | None) -> list[str]:
        """Return the services to ask for one by one, failing ones last."""
        turn = sorted(sightings, key=lambda service: self._tried_at.get(service, -math.inf))
        behind = [service for service in turn if self._is_behind(service, sightings[service], index)]
        if len(behind) > FEW:
            behind = self._most_urgent(behind, sightings)
        return sorted(behind, key=self._failing.__contains__)

    def _most_urgent(self, behind: list[str], sightings: Mapping[str, Sighting]) -> list[str]:
        """Return those that changed; unless all can be asked for at once soon, also what may be new, and the oldest."""
        changed = [service for service in behind if self._has_changed(service, sightings[service])]
        if not self._all_refused:
            return changed
        known = [service for service in behind if service in self._known]
        perhaps = [service for service in known if self._known[service].has_unchecked][:_MOST_PERHAPS]
        share = math.ceil(len(sightings) * min(1.0, self._interval / (0.9 * REFRESH_WITHIN)))
        due = [service for service in behind if service not in changed][:share]
        return list(dict.fromkeys([*changed, *perhaps, *due]))

    def _has_changed(self, service: str, seen: Sighting) -> bool:
        known = self._known.get(service)
        return known is None or known.lags or known.seen != seen

    def _is_behind(self, service: str, seen: Sighting, index: Index | None) -> bool:
        """Tell whether the answer isn't proven to be what Consul would answer now."""
        return self._has_changed(service, seen) or index is None or self._known[service].index != index

    async def _ask_all(
        self,
        sightings: Mapping[str, Sighting],
        index: Index | None,
        asking: Asking,
        budget: float,
        failures: list[PollError],
    ) -> None:
        self._all_again_at = self._clock() + 0.9 * self._interval
        try:
            async with deadline(budget, "no answer about all services in time"):
                answer = await asking.all()
        except PollError as error:
            self._all_refused = isinstance(error, _REFUSALS)
            if self._all_refused:
                self._all_again_at = self._clock() + _REFUSED_FOR
            else:
                failures.append(error)
            return
        self._all_refused = False
        self._take_all(answer, sightings, index if index and answer.index >= max(index) else None)

    def _take_all(self, answer: Answer, sightings: Mapping[str, Sighting], index: Index | None) -> None:
        entries: dict[str, list[Entry]] = defaultdict(list)
        for entry in answer.entries:
            entries[entry.service].append(entry)
        rejected = answer.rejected
        for service, seen in sightings.items():
            self._take(service, Answer(tuple(entries[service]), rejected), seen, index)
            rejected = Counter[str]()  # Once is enough.

    async def _ask_each(
        self,
        waiting: Iterator[str],
        sightings: Mapping[str, Sighting],
        index: Index | None,
        asking: Asking,
        failures: list[PollError],
    ) -> None:
        for service in waiting:
            self._tried_at[service] = self._clock()
            self._failing.add(service)  # Also when the time runs out meanwhile.
            try:
                answer = await asking.one(service)
            except PollError as error:
                failures.append(error)
                if len(failures) >= _TOO_MANY_FAILURES:
                    return
            else:
                self._take(service, answer, sightings[service], index)

    def _take(self, service: str, answer: Answer, seen: Sighting, index: Index | None) -> None:
        now, old = self._clock(), self._known.pop(service, None)
        same = old is not None and old.entries == answer.entries
        if old and same:
            answer = replace(answer, entries=old.entries)
        else:
            self._entries = None
        self._known[service] = _known(answer, seen, index, now)
        self._tried_at[service] = now
        self._failing.discard(service)
