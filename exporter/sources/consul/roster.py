"""The instances of one datacenter: what the details and the checks tell, joined."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from operator import is_
from typing import NamedTuple

from exporter.model import Endpoint, InstanceKey, ServiceInstance
from exporter.sources.consul.describing import meta_labels, url_of
from exporter.sources.consul.details import Details, Sighting
from exporter.sources.consul.health import Health
from exporter.sources.consul.records import Entry, Registration
from exporter.sources.consul.settings import SIDECAR, TYPICAL, Consul
from exporter.timing import in_steps


class _Place(NamedTuple):
    """Who is shown, and where it listens if that is known."""

    key: InstanceKey
    endpoint: Endpoint | None


class Roster:
    """All instances in the order of their keys; those that stay as they are stay the same objects."""

    def __init__(self, datacenter: str, settings: Consul) -> None:
        self.instances: tuple[ServiceInstance, ...] = ()
        self._datacenter = datacenter
        self._shown_as = settings.shown_as(datacenter)
        self._settings = settings
        self._places: dict[Registration, _Place] = {}
        self._sidecars: dict[Registration, Registration] = {}
        self._of: dict[Registration, list[Registration]] = {}
        self._on_node: dict[Registration, list[Registration]] = {}
        self._shown: dict[Registration, ServiceInstance] = {}

    async def join(self, sightings: Mapping[str, Sighting], health: Health, details: Details) -> None:
        """Find out anew who there is: of whom the details tell and who is still there, then of whom only the checks tell."""
        places: dict[Registration, _Place] = {}
        entries = details.entries()
        self._sidecars = self._found_sidecars(entries)
        async for registration, entry in in_steps(entries.items()):
            if not self._settings.kinds.shows(entry.endpoint.kind or TYPICAL):
                continue
            if health.has_own(registration) or (not entry.checked and details.confirms(entry.service)):
                key = InstanceKey(self._shown_as, entry.service, entry.service_id, entry.node)
                places[registration] = _Place(key, entry.endpoint)
        for service, sighting in sightings.items():
            for registration in sighting.registrations:
                if registration in entries:
                    continue
                check = health.checks_of(registration)[0]
                key = InstanceKey(self._shown_as, service, check.service_id, check.node)
                places[registration] = _Place(key, None)
        self._of = _by_served(self._sidecars)
        self._places = dict(sorted(places.items(), key=lambda item: item[1].key))
        self._on_node = _by_node(self._places)
        shown: dict[Registration, ServiceInstance] = {}
        async for registration in in_steps(self._places):
            if instance := self._instance(registration, health):
                shown[registration] = instance
        self._show(shown)

    def _found_sidecars(self, entries: Mapping[Registration, Entry]) -> dict[Registration, Registration]:
        """Return which instance each sidecar serves, unless their checks say nothing about these."""
        if not self._settings.sidecar_checks:
            return {}
        return {
            sidecar: Registration.of(entry.node, entry.serves)
            for sidecar, entry in entries.items()
            if entry.endpoint.kind == SIDECAR and entry.serves
        }

    def update(self, owners: Iterable[Registration], health: Health) -> None:
        """Look again at those, and at the instances on those nodes, whose checks have changed."""
        shown = dict(self._shown)
        for owner in owners:
            served = (owner, self._sidecars.get(owner, owner))
            for registration in served if owner.service_id else self._on_node.get(owner, ()):
                if registration in self._places:
                    self._put(shown, registration, self._instance(registration, health))
        ordered = len(shown) == len(self._shown)  # One that came anew stands at the end.
        self._show(shown if ordered else {r: shown[r] for r in self._places if r in shown})

    def _put(
        self,
        shown: dict[Registration, ServiceInstance],
        registration: Registration,
        instance: ServiceInstance | None,
    ) -> None:
        if instance:
            shown[registration] = instance
        else:
            shown.pop(registration, None)

    def _show(self, shown: dict[Registration, ServiceInstance]) -> None:
        """Keep the very same tuple when nothing has changed: who gets it sees at once that nothing has."""
        instances = tuple(shown.values())
        same = len(instances) == len(self.instances) and all(map(is_, instances, self.instances))
        self._shown = shown
        self.instances = self.instances if same else instances

    def _instance(self, registration: Registration, health: Health) -> ServiceInstance | None:
        place, sidecars = self._places[registration], self._of.get(registration, ())
        status = health.status_of(registration, *sidecars)
        if not status:
            return None
        checks = health.checks_of(registration)
        for sidecar in sidecars:
            checks += health.own_checks_of(sidecar)
        known = self._shown.get(registration)
        same = known and (known.key, known.status, known.checks) == (place.key, status, checks)
        if known and same and known.endpoint is place.endpoint:
            return known
        url, meta = self._described(place, known)
        return ServiceInstance(place.key, status, checks, place.endpoint, url, meta, self._settings.scope)

    def _described(
        self, place: _Place, known: ServiceInstance | None
    ) -> tuple[str, tuple[tuple[str, str], ...]]:
        """Return the URL and the labels of meta keys, those that are known while the details are the same."""
        if known and known.endpoint is place.endpoint and known.key == place.key:
            return known.url, known.meta_labels
        key = place.key._replace(datacenter=self._datacenter)  # As Consul's own DNS calls it.
        url = url_of(self._settings, key, place.endpoint) if place.endpoint else ""
        return url, meta_labels(self._settings.meta, place.endpoint)


def _by_served(sidecars: Mapping[Registration, Registration]) -> dict[Registration, list[Registration]]:
    of: dict[Registration, list[Registration]] = defaultdict(list)
    for sidecar, served in sidecars.items():
        of[served].append(sidecar)
    return of


def _by_node(places: Iterable[Registration]) -> dict[Registration, list[Registration]]:
    nodes: dict[Registration, list[Registration]] = defaultdict(list)
    for registration in places:
        nodes[registration.of_node()].append(registration)
    return nodes
