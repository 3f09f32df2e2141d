"""The status rule: from a datacenter's checks to the status of each registration.

maintenance > critical > warning > passing, over an instance's own and its node's checks; no checks is passing.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from exporter.model import Check, ServiceStatus
from exporter.sources.consul.records import Checks, Registration, is_maintenance

_SEVERITY: Mapping[ServiceStatus, int] = {"passing": 0, "warning": 1, "critical": 2, "maintenance": 3}


class Health:
    """The checks of one datacenter, ready to be asked about any registration."""

    def __init__(self, checks: Checks) -> None:
        self._by_owner: dict[Registration, list[Check]] = defaultdict(list)
        for check in checks.readable:
            self._by_owner[Registration.of(check.node, check.service_id)].append(check)
        self._unreadable = checks.unreadable

    @property
    def has_any(self) -> bool:
        """Whether there is any check at all."""
        return bool(self._by_owner or self._unreadable)

    def has_own(self, registration: Registration) -> bool:
        """Return whether it has checks beside its node's; then it is there."""
        return registration in self._by_owner

    def services(self) -> dict[str, set[Registration]]:
        """Return the registrations that have checks of their own, by the service the checks name."""
        services: dict[str, set[Registration]] = defaultdict(set)
        for owner, checks in self._by_owner.items():
            if owner.service_id:
                services[checks[0].service].add(owner)
        return services

    def checks_of(self, registration: Registration) -> tuple[Check, ...]:
        """Return its own checks and then its node's."""
        node = registration.of_node()
        return (*self._by_owner.get(registration, ()), *self._by_owner.get(node, ()))

    def status_of(self, registration: Registration) -> ServiceStatus | None:
        """Return the status; None when a check that could make it worse can't be read."""
        status = worst(_meaning(check) for check in self.checks_of(registration))
        hidden = {registration, registration.of_node()} & self._unreadable
        return None if hidden and _SEVERITY[status] < _SEVERITY["critical"] else status


def worst(statuses: Iterable[ServiceStatus]) -> ServiceStatus:
    """Return the worst of the statuses, passing when there is none."""
    return max(statuses, key=_SEVERITY.__getitem__, default="passing")


def node_status(checks: Iterable[Check]) -> ServiceStatus:
    """Return the status of a node by its own checks, given all those of an instance on it."""
    return worst(_meaning(check) for check in checks if not check.service_id)


def _meaning(check: Check) -> ServiceStatus:
    return "maintenance" if is_maintenance(check.check_id) else check.status
