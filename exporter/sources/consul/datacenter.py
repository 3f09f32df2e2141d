"""One datacenter's services: what the checks tell, joined with what is known of addresses and tags."""

from collections.abc import Iterator, Mapping
from urllib.parse import quote

from exporter.errors import AclFiltered, EmptyCatalog, PollError
from exporter.logs import Log
from exporter.model import Endpoint, InstanceKey, ServiceInstance
from exporter.sources.consul.api import ConsulApi
from exporter.sources.consul.details import Details, Sighting
from exporter.sources.consul.health import Health
from exporter.sources.consul.records import (
    Entry,
    Registration,
    Rejected,
    read_checks,
    read_entries,
    read_names,
)
from exporter.sources.consul.settings import Consul
from exporter.timing import Clock

# The part of a poll's time that may go into asking for details, and the part after which that ends anyway.
_DETAILS_SHARE = 0.5
_DETAILS_END = 0.8


class Datacenter:
    """Polls one datacenter of a cluster and remembers the details of its services."""

    def __init__(self, name: str, settings: Consul, api: ConsulApi, clock: Clock) -> None:
        self._name = name
        self._settings = settings
        self._api = api
        self._clock = clock
        self._log = Log("consul", source=settings.name, datacenter=name)
        self._details = Details(settings.interval, settings.stale_after, clock)
        self._shown: dict[InstanceKey, ServiceInstance] = {}

    async def poll(self, rejected: Rejected) -> tuple[ServiceInstance, ...]:
        """Return every instance whose status is known; PollError when the datacenter can't be asked."""
        started = self._clock()
        checks = await self._api.get("/v1/health/state/any", dc=self._name)
        catalog = await self._api.get("/v1/catalog/services", dc=self._name)
        rejected.add("acl_filtered", int(checks.filtered or catalog.filtered))
        health = Health(read_checks(checks.content, rejected))
        names = read_names(catalog.content, rejected)
        if not names:
            raise _nothing_shown(catalog.filtered or health.has_any)
        sightings = self._sightings(names, health, catalog.index)
        failures = await self._refresh_details(sightings, rejected, started)
        instances = tuple(sorted(self._instances(sightings, health), key=lambda instance: instance.key))
        if not instances and not health.has_any:
            raise failures[0] if failures else _nothing_shown(filtered=True)
        self._shown = {instance.key: instance for instance in instances}
        return instances

    def _sightings(
        self, names: Mapping[str, tuple[str, ...]], health: Health, index: str
    ) -> dict[str, Sighting]:
        owners = health.services()
        return {
            service: Sighting(tags, frozenset(owners.get(service, ())), index)
            for service, tags in names.items()
            if self._settings.services.shows(service)
        }

    async def _refresh_details(
        self, sightings: Mapping[str, Sighting], rejected: Rejected, started: float
    ) -> list[PollError]:
        async def fetch(service: str) -> tuple[Entry, ...]:
            reply = await self._api.service_instances(service, self._name)
            rejected.add("acl_filtered", int(reply.filtered))
            return read_entries(reply.content, service, rejected)

        left = _DETAILS_END * self._settings.timeout - (self._clock() - started)
        budget = min(left, _DETAILS_SHARE * self._settings.timeout)
        failures = await self._details.refresh(sightings, fetch, budget)
        rejected.add("details_failed", len(failures))
        for error in failures:
            self._log.debug("no details", reason=error.reason, error=error)
        return failures

    def _instances(self, sightings: Mapping[str, Sighting], health: Health) -> Iterator[ServiceInstance]:
        """Yield what the details tell of and is still there, then what only the checks tell of."""
        entries = self._details.entries()
        for registration, entry in entries.items():
            if health.has_own(registration) or (not entry.checked and self._details.confirms(entry.service)):
                key = InstanceKey(self._name, entry.service, entry.service_id, entry.node)
                yield from self._instance(key, registration, entry.endpoint, health)
        for service, sighting in sightings.items():
            for registration in sighting.registrations:
                if registration in entries:
                    continue
                check = health.checks_of(registration)[0]
                key = InstanceKey(self._name, service, check.service_id, check.node)
                yield from self._instance(key, registration, None, health)

    def _instance(
        self, key: InstanceKey, registration: Registration, endpoint: Endpoint | None, health: Health
    ) -> Iterator[ServiceInstance]:
        if status := health.status_of(registration):
            url, meta = self._described(key, endpoint)
            checks = health.checks_of(registration)
            yield ServiceInstance(key, status, checks, endpoint, url, meta)

    def _described(
        self, key: InstanceKey, endpoint: Endpoint | None
    ) -> tuple[str, tuple[tuple[str, str], ...]]:
        """Return the URL and the labels of meta keys, those of the latest poll while the details are the same."""
        known = self._shown.get(key)
        if known and known.endpoint is endpoint:
            return known.url, known.meta_labels
        url = url_of(self._settings.service_url, key, endpoint) if endpoint else ""
        return url, meta_labels(self._settings.meta, endpoint)


def url_of(template: str, key: InstanceKey, endpoint: Endpoint) -> str:
    """Fill the template; an instance that lacks the port or the address it asks for has none to open."""
    if ("{port}" in template and not endpoint.port) or ("{address}" in template and not endpoint.address):
        return ""
    bare = endpoint.address.removeprefix("[").removesuffix("]")
    address = f"[{quote(bare, safe=':')}]" if ":" in bare else quote(bare, safe="")
    words = {word: quote(value, safe="") for word, value in key._asdict().items()}
    return template.format(**words, address=address, port=endpoint.port)


def meta_labels(keys: tuple[str, ...], endpoint: Endpoint | None) -> tuple[tuple[str, str], ...]:
    """Return the label and the value of each configured meta key, "" where the instance has none."""
    meta = endpoint.meta if endpoint else {}
    return tuple((f"meta_{key.replace('-', '_')}", meta.get(key, "")) for key in keys)


def _nothing_shown(filtered: bool) -> AclFiltered | EmptyCatalog:
    if filtered:
        return AclFiltered("the ACLs of the token leave nothing: it needs node:read and service:read")
    return EmptyCatalog(
        "the catalog is empty, not even consul is in it: default-deny ACLs, and a token is needed"
    )
