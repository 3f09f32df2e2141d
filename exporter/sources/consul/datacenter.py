"""One datacenter's services: what may have changed is asked for, all else is as it was."""

import asyncio
from operator import gt

from exporter.errors import AclFiltered, EmptyCatalog, PollError
from exporter.logs import Log
from exporter.model import ServiceInstance
from exporter.sources.consul.api import ConsulApi, Reply
from exporter.sources.consul.catalog import Catalog, ask_catalog
from exporter.sources.consul.details import Details, Sighting
from exporter.sources.consul.questions import Questions
from exporter.sources.consul.records import Rejected
from exporter.sources.consul.roster import Roster
from exporter.sources.consul.settings import Consul
from exporter.sources.consul.statuses import Statuses
from exporter.timing import Clock

# The part of a poll's time that may go into asking for details, and the part after which that ends anyway.
_DETAILS_SHARE = 0.5
_DETAILS_END = 0.8
# A little less than an interval, as timers are not exact.
_ALMOST = 0.95
# As long as a poll took nothing is watched after it, but not longer than so many seconds.
_LONGEST_REST = 5.0
# However little seems to have changed, all is asked for again after this time, in seconds.
_ALL_ANEW = 3600.0


class Datacenter:
    """Polls one datacenter of a cluster; remembers what it found, and at which of Consul's indexes that was so."""

    def __init__(self, name: str, settings: Consul, api: ConsulApi, clock: Clock) -> None:
        self.name = name
        self._settings = settings
        self._api = api
        self._clock = clock
        self._log = Log("consul", source=settings.name, datacenter=name)
        self._statuses = Statuses(api, name, settings.namespace or "")
        self._catalog = Catalog()
        self._details = Details(settings.interval, settings.stale_after, clock)
        self._roster = Roster(name, settings)
        self._news: Reply | None = None
        self._has_moved = False
        self._is_settled = asyncio.Event()
        self._has_fallen = asyncio.Event()
        self._known = (0, 0)
        self._rests_until = self._due_at = clock()
        self._anew_at = clock() + _ALL_ANEW
        # From which of the parts below the sightings and the roster were made; equal ones need no new ones.
        self._sightings: dict[str, Sighting] = {}
        self._sighted: object = None
        self._joined: object = None

    @property
    def checks_index(self) -> int:
        """Consul's index of what is known of checks, 0 when it sent none."""
        return self._statuses.index

    @property
    def services_index(self) -> int:
        """Consul's index of what is known of services, 0 when it sent none."""
        return self._catalog.index.services if self._catalog.index else 0

    def take_checks(self, reply: Reply) -> None:
        """Keep for the next poll what a query of the checks that aren't passing was answered."""
        self._news = reply
        self._is_settled.clear()

    def take_services(self, reply: Reply) -> None:
        """Let the next poll ask for all: services have come, gone or changed."""
        self._has_moved = True
        self._is_settled.clear()

    @property
    def has_news(self) -> bool:
        """Whether a poll is worth making before its time."""
        return self._news is not None or self._has_moved

    @property
    def is_due(self) -> bool:
        """Whether all was last asked for so long ago that it is time to do so again."""
        return self._clock() >= self._due_at

    async def settled(self) -> None:
        """Wait until a poll has taken all news, and a while longer: who changes all the time is polled now and then."""
        while not self._is_settled.is_set() or self._clock() < self._rests_until:
            await self._is_settled.wait()
            await asyncio.sleep(self._rests_until - self._clock())

    async def fallen(self) -> None:
        """Wait until an index was found lower than before: Consul's state was restored, or is another one's."""
        await self._has_fallen.wait()
        self._has_fallen.clear()

    def distrust(self) -> None:
        """Ask for everything again, and soon: another Consul may answer by now, or to another token."""
        self._due_at = self._clock()
        self._forget()

    def _forget(self) -> None:
        self._is_settled.clear()
        self._anew_at = self._clock() + _ALL_ANEW
        self._statuses.index = 0
        self._details.distrust()

    async def poll(self, rejected: Rejected) -> tuple[ServiceInstance, ...]:
        """Return every instance whose status is known; PollError when the datacenter can't be asked.

        Where all that is new are checks that failed or recovered, and Consul said which, nothing else is asked.
        """
        started = self._clock()
        if started >= self._anew_at:
            self._forget()
        try:
            if not await self._take_news():
                await self._poll(rejected, started)
        except BaseException:
            self._forget()
            raise
        self._settle(started)
        return self._roster.instances

    async def _take_news(self) -> bool:
        """Return whether the news were all that was to be found out."""
        news, moved = self._news, self._has_moved
        self._news, self._has_moved = None, False
        if not news or moved or self.is_due or not await self._statuses.absorb(news):
            return False
        self._roster.update(self._statuses.differing, self._statuses.health)
        self._statuses.differing.clear()
        return True

    def _settle(self, started: float) -> None:
        ended = self._clock()
        shortest = min(self._settings.min_interval, self._settings.interval)
        self._rests_until = ended + max(shortest, min(ended - started, _LONGEST_REST))
        known = (self.checks_index, self.services_index)
        if any(map(gt, self._known, known)):
            self._has_fallen.set()
        self._known = known
        if not self.has_news:
            self._is_settled.set()

    async def _poll(self, rejected: Rejected, started: float) -> None:
        self._due_at = started + _ALMOST * self._settings.interval
        complete = await self._statuses.refresh()
        catalog = await ask_catalog(self._api, self.name)
        if not complete and not catalog.shows_the_same_as(self._catalog):
            await self._statuses.read()
        self._catalog = catalog
        self._count(rejected)
        if not catalog.names:
            raise _nothing_shown(catalog.is_filtered or self._statuses.health.has_any)
        failures = await self._refresh_details(rejected, started)
        await self._refresh_roster()
        if not self._roster.instances and not self._statuses.health.has_any:
            raise failures[0] if failures else _nothing_shown(filtered=True)

    def _count(self, rejected: Rejected) -> None:
        """Count what is left out with every poll that shows the rest, also when it was not asked for again."""
        rejected.add("acl_filtered", int(self._statuses.is_filtered or self._catalog.is_filtered))
        for counts in (self._statuses.rejected, self._catalog.rejected):
            rejected.counts.update(counts)

    async def _refresh_details(self, rejected: Rejected, started: float) -> list[PollError]:
        left = _DETAILS_END * self._settings.timeout - (self._clock() - started)
        budget = min(left, _DETAILS_SHARE * self._settings.timeout)
        asking = Questions(self._api, self.name, rejected)
        failures = await self._details.refresh(self._sighted_now(), self._catalog.index, asking, budget)
        rejected.add("details_failed", len(failures))
        rejected.counts.update(self._details.rejected())
        for error in failures:
            self._log.debug("no details", reason=error.reason, error=error)
        return failures

    def _sighted_now(self) -> dict[str, Sighting]:
        basis = (self._catalog.names, self._statuses.members)
        if basis != self._sighted:
            owners = self._statuses.health.services()
            self._sightings = {
                service: Sighting(tags, frozenset(owners.get(service, ())))
                for service, tags in self._catalog.names.items()
                if self._settings.services.shows(service)
            }
            self._sighted = basis
        return self._sightings

    async def _refresh_roster(self) -> None:
        """Join anew when somebody may have come or gone, else look at those alone whose checks have changed."""
        entries, expired = self._details.entries(), self._details.expired()
        basis = (self._sightings, entries, expired, self._statuses.members)
        if basis != self._joined:
            await self._roster.join(self._sightings, self._statuses.health, self._details)
            self._joined = basis
        else:
            self._roster.update(self._statuses.differing, self._statuses.health)
        self._statuses.differing.clear()


def _nothing_shown(filtered: bool) -> AclFiltered | EmptyCatalog:
    if filtered:
        return AclFiltered("the ACLs of the token leave nothing: it needs node:read and service:read")
    return EmptyCatalog(
        "the catalog is empty, not even consul is in it: default-deny ACLs, and a token is needed"
    )
