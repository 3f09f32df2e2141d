"""The status rule: from a datacenter's checks to the status of each registration.

maintenance > critical > warning > passing, over an instance's own and its node's checks; no checks is passing.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from exporter.model import Check, ServiceStatus
from exporter.sources.consul.records import Checks, Registration, is_maintenance

_SEVERITY: Mapping[ServiceStatus, int] = {"passing": 0, "warning": 1, "critical": 2, "maintenance": 3}


class _Owned(NamedTuple):
    """The checks of one owner, and the worst that they say."""

    checks: tuple[Check, ...] = ()
    worst: ServiceStatus = "passing"


_NOTHING = _Owned()


class Health:
    """The checks of one datacenter, ready to be asked about any registration.

    What is as it was `before` needs not be worked out again.
    """

    def __init__(self, checks: Checks, before: "Health | None" = None) -> None:
        by_owner: dict[Registration, list[Check]] = defaultdict(list)
        for check in checks.readable:
            by_owner[Registration.of(check.node, check.service_id)].append(check)
        olds: dict[Registration, _Owned] = before._owned if before else {}
        self._owned: dict[Registration, _Owned] = {
            owner: _owned(found, olds.get(owner)) for owner, found in by_owner.items()
        }
        self._unreadable = checks.unreadable

    @property
    def has_any(self) -> bool:
        """Whether there is any check at all."""
        return bool(self._owned or self._unreadable)

    def has_own(self, registration: Registration) -> bool:
        """Return whether it has checks beside its node's; then it is there."""
        return registration in self._owned

    def has_owners_of(self, other: "Health") -> bool:
        """Return whether the two have checks of the same owners."""
        return self._owned.keys() == other._owned.keys()

    def services(self) -> dict[str, set[Registration]]:
        """Return the registrations that have checks of their own, by the service the checks name."""
        services: dict[str, set[Registration]] = defaultdict(set)
        for owner, owned in self._owned.items():
            if owner.service_id:
                services[owned.checks[0].service].add(owner)
        return services

    def own_checks_of(self, registration: Registration) -> tuple[Check, ...]:
        """Return the checks that are not its node's."""
        return self._of(registration).checks

    def checks_of(self, registration: Registration) -> tuple[Check, ...]:
        """Return its own checks and then its node's."""
        return self._of(registration).checks + self._of(registration.of_node()).checks

    def status_of(self, registration: Registration, *sidecars: Registration) -> ServiceStatus | None:
        """Return the status, those of its sidecars counted; None when a check that could make it worse can't be read."""
        owners = (registration, registration.of_node(), *sidecars)
        status = worst(self._of(owner).worst for owner in owners)
        hidden = self._unreadable and not self._unreadable.isdisjoint(owners)
        return None if hidden and _SEVERITY[status] < _SEVERITY["critical"] else status

    def replace(self, changed: Mapping[Check, Check]) -> set[Registration]:
        """Put new checks in the place of old ones of the same owners; return these."""
        owners = {Registration.of(check.node, check.service_id) for check in changed}
        for owner in owners:
            self._owned[owner] = _owned(changed.get(check, check) for check in self._owned[owner].checks)
        return owners

    def differing(self, other: "Health") -> set[Registration]:
        """Return the owners whose checks, or whether these can be read, the two don't have in common."""
        changed = {owner for owner, owned in self._owned.items() if owned != other._owned.get(owner)}
        gone = other._owned.keys() - self._owned.keys()
        return changed | gone | (self._unreadable ^ other._unreadable)

    def _of(self, owner: Registration) -> _Owned:
        return self._owned.get(owner, _NOTHING)


def _owned(checks: Iterable[Check], old: _Owned | None = None) -> _Owned:
    found = tuple(checks)
    return old if old and old.checks == found else _Owned(found, worst(map(_meaning, found)))


def worst(statuses: Iterable[ServiceStatus]) -> ServiceStatus:
    """Return the worst of the statuses, passing when there is none."""
    return max(statuses, key=_SEVERITY.__getitem__, default="passing")


def node_status(checks: Iterable[Check]) -> ServiceStatus:
    """Return the status of a node by its own checks, given all those of an instance on it."""
    return worst(_meaning(check) for check in checks if not check.service_id)


def _meaning(check: Check) -> ServiceStatus:
    return "maintenance" if is_maintenance(check.check_id) else check.status
