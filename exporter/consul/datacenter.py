"""One datacenter's services: what the checks tell, joined with what is known of addresses and tags."""

from collections.abc import Iterator
from urllib.parse import quote

from exporter.config import Consul
from exporter.consul.api import ConsulApi
from exporter.consul.details import Details, Sighting
from exporter.consul.health import Health
from exporter.consul.records import Entry, Registration, Rejected, read_checks, read_entries, read_names
from exporter.errors import AclFiltered, EmptyCatalog
from exporter.model import Endpoint, InstanceKey, ServiceInstance

# The part of a poll's time that may go into asking for details; statuses don't wait longer for them.
_DETAILS_SHARE = 0.5


class Datacenter:
    """Polls one datacenter of a cluster and remembers the details of its services."""

    def __init__(self, name: str, settings: Consul, api: ConsulApi) -> None:
        self._name = name
        self._settings = settings
        self._api = api
        self._details = Details(settings.interval)

    async def poll(self, rejected: Rejected) -> tuple[ServiceInstance, ...]:
        """Return every instance whose status is known; PollError when the datacenter can't be asked."""
        checks = await self._api.get("/v1/health/state/any", dc=self._name)
        catalog = await self._api.get("/v1/catalog/services", dc=self._name)
        rejected.add("acl_filtered", int(checks.filtered or catalog.filtered))
        health = Health(read_checks(checks.content, rejected))
        names = read_names(catalog.content, rejected)
        if not names:
            raise _nothing_shown(catalog.filtered)
        sightings = self._sightings(names, health, catalog.index)
        await self._refresh_details(sightings, rejected)
        instances = tuple(self._instances(sightings, health))
        if not instances and not health.has_any:
            raise _nothing_shown(filtered=True)
        return instances

    def _sightings(
        self, names: dict[str, tuple[str, ...]], health: Health, index: str
    ) -> dict[str, Sighting]:
        registrations = health.services()
        shown = filter(self._settings.services.shows, {**names, **dict.fromkeys(registrations)})
        return {
            service: Sighting(names.get(service, ()), frozenset(registrations.get(service, ())), index)
            for service in shown
        }

    async def _refresh_details(self, sightings: dict[str, Sighting], rejected: Rejected) -> None:
        async def fetch(service: str) -> tuple[Entry, ...]:
            page = await self._api.get(f"/v1/health/service/{quote(service, safe='')}", dc=self._name)
            return read_entries(page.content, rejected)

        failures = await self._details.refresh(sightings, fetch, _DETAILS_SHARE * self._settings.timeout)
        rejected.add("details_failed", len(failures))

    def _instances(self, sightings: dict[str, Sighting], health: Health) -> Iterator[ServiceInstance]:
        for service, sighting in sightings.items():
            entries = {entry.registration: entry for entry in self._details.entries(service)}
            unchecked = {registration for registration, entry in entries.items() if not entry.checked}
            for registration in sighting.registrations | unchecked:
                entry = entries.get(registration)
                instance = self._instance(service, registration, entry, health)
                if instance:
                    yield instance

    def _instance(
        self, service: str, registration: Registration, entry: Entry | None, health: Health
    ) -> ServiceInstance | None:
        status = health.status_of(registration)
        if status is None:
            return None
        key = InstanceKey(self._name, service, registration.service_id, registration.node)
        endpoint = entry.endpoint if entry else None
        return ServiceInstance(
            key,
            status,
            health.checks_of(registration),
            endpoint,
            url_of(self._settings.service_url, key, endpoint) if endpoint else "",
            meta_labels(self._settings.meta, endpoint),
            self._settings.detail == "check",
        )


def url_of(template: str, key: InstanceKey, endpoint: Endpoint) -> str:
    """Fill the template; an instance without a port has no address to open."""
    if "{port}" in template and not endpoint.port:
        return ""
    address = f"[{endpoint.address}]" if ":" in endpoint.address else endpoint.address
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
