"""What `/v1/health/state/any` tells of one datacenter, and Consul's index at which that was so."""

import re
from collections import Counter
from dataclasses import dataclass, replace
from urllib.parse import quote

from exporter.errors import PollError
from exporter.model import Check
from exporter.sources.consul.api import STATE, ConsulApi, Reply
from exporter.sources.consul.health import Health
from exporter.sources.consul.records import CheckKey, Checks, Registration, Rejected, key_of
from exporter.sources.consul.rows import checks_in

# Selects few rows of many; the index that comes along is that of all checks, whatever a filter leaves.
NOT_PASSING = 'Status != "passing"'
# The longest filter, as it is in a URL: proxies bear so much.
_LONGEST_FILTER = 4000


@dataclass(frozen=True, slots=True)
class News:
    """How checks differ from what was known: old ones by new ones, and those that failed and don't any longer."""

    index: int
    changed: dict[Check, Check]
    recovered: tuple[Check, ...]


class Statuses:
    """The checks of a datacenter as they were at `index`, which is 0 while that isn't known.

    `differing` collects the owners whose checks have changed, for whoever takes them away; `members` changes when an
    owner comes or goes. `is_complete` until only failing checks were asked for: since then passing ones may have come
    or gone.
    """

    def __init__(self, api: ConsulApi, datacenter: str, namespace: str = "") -> None:
        self.index = 0
        self.health = Health(Checks(()))
        self.differing = set[Registration]()
        self.members = 0
        self.is_complete = False
        self.is_filtered = False
        self.rejected = Counter[str]()
        self._api = api
        self._datacenter = datacenter
        self._namespace = namespace
        self._checks: dict[CheckKey, Check] = {}
        self._failing: dict[CheckKey, Check] = {}
        self._unreadable = frozenset[Registration]()

    async def refresh(self) -> bool:
        """Ask what has changed; return whether that took asking for all checks."""
        if self.index and self.is_complete:
            reply = await self._ask(filter=NOT_PASSING)
            news = await self._news(reply) if reply.index == self.index else None
            if news and not (news.changed or news.recovered):
                return False
        await self.read()
        return True

    async def read(self) -> None:
        """Ask for all checks."""
        reply, rejected = await self._ask(), Rejected()
        checks = await checks_in(reply.content, rejected, self._checks, self._namespace)
        health = Health(checks, self.health)
        self.members += not health.has_owners_of(self.health)
        self.differing |= health.differing(self.health)
        self._checks = {key_of(check): check for check in checks.readable}
        self._failing = {key: check for key, check in self._checks.items() if check.status != "passing"}
        self._unreadable = checks.unreadable
        self.health, self.index, self.is_complete = health, reply.index, True
        self.rejected, self.is_filtered = rejected.counts, reply.filtered

    async def absorb(self, reply: Reply) -> bool:
        """Take an answer about the checks that aren't passing; return whether it covered all that is new."""
        if not self.index or reply.index <= self.index:
            return self.index > 0  # More than it says is known by now.
        news = await self._news(reply)
        if news is None or not await self._are_there(news.recovered):
            self.is_complete = False
            return False
        self._apply(news)
        return True

    async def _are_there(self, recovered: tuple[Check, ...]) -> bool:
        """Ask whether checks that fail no longer are still there: else they are gone, which is another thing."""
        filter_ = selecting({check.check_id for check in recovered})
        if not recovered or not filter_:
            return not recovered
        try:
            reply = await self._ask(filter=filter_)
        except PollError:
            return False  # An old Consul that knows no such filter; if it is anything else, asking for all will fail too.
        found = await checks_in(reply.content, Rejected(), {}, self._namespace)
        return {key_of(check) for check in recovered} <= {key_of(check) for check in found.readable}

    async def _ask(self, **params: str) -> Reply:
        return await self._api.get_body(STATE, dc=self._datacenter, **params)

    async def _news(self, reply: Reply) -> News | None:
        """Compare an answer about the checks that aren't passing; None when it can't tell all that is new."""
        checks = await checks_in(reply.content, Rejected(), self._checks, self._namespace)
        found = {key_of(check): check for check in checks.readable}
        if checks.unreadable != self._unreadable or any(key not in self._checks for key in found):
            return None
        changed = {self._checks[key]: check for key, check in found.items() if self._checks[key] != check}
        if any(old.service != new.service for old, new in changed.items()):
            return None
        recovered = tuple(check for key, check in self._failing.items() if key not in found)
        return News(reply.index, changed, recovered)

    def _apply(self, news: News) -> None:
        """Take what is new, the recovered being there and passing."""
        changed = news.changed | {check: replace(check, status="passing") for check in news.recovered}
        for check in changed.values():
            key = key_of(check)
            self._checks[key] = check
            self._failing.pop(key, None)
            if check.status != "passing":
                self._failing[key] = check
        self.index, self.is_complete = news.index, False
        self.differing |= self.health.replace(changed)


def selecting(check_ids: set[str]) -> str:
    """Return what selects just the checks with these ids; "" when it would be too long or can't be quoted."""
    if any(not {"`", "\r"}.isdisjoint(check_id) for check_id in check_ids):
        return ""
    filter_ = f"CheckID matches `^({'|'.join(map(re.escape, sorted(check_ids)))})$`"
    return filter_ if len(quote(filter_)) <= _LONGEST_FILTER else ""
