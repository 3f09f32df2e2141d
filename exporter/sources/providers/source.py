"""A provider as a source: what it lists, and what can't be used of that."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Any

from exporter.config.filework import run_beside
from exporter.errors import ConsulError, Malformed, PollError, reasons
from exporter.logs import Log
from exporter.sources.contract import ProviderFindings, SourceId, SourceInfo
from exporter.sources.providers.reading import REJECTIONS, Common, ListReader, Read, Record, Rejected
from exporter.sources.providers.settings import ProviderSettings

FAILURE_REASONS = reasons(without=(ConsulError,))
# Bad entries named in the log after one poll; others follow after the next ones.
_NAMED_AT_ONCE = 100


class ProviderSource(ABC):
    """A list of connections somewhere else; its poll gives the whole list."""

    def __init__(
        self,
        settings: ProviderSettings,
        common: Common,
        entry_of: Callable[[Any], object] = lambda content: content,
    ) -> None:
        self.info = SourceInfo(
            SourceId(f"{settings.provider}_provider", settings.name),
            settings.interval,
            settings.stale_after,
            failure_reasons=FAILURE_REASONS,
            rejections=REJECTIONS,
            is_awaited=True,
        )
        self.timeout = settings.timeout
        self.token = settings.secret()
        self._reader = ListReader(common, entry_of)
        self._lane = f"{settings.provider} {settings.name}"
        self._latest = ProviderFindings(())
        self._named: set[Rejected] = set()
        self._log = Log("providers", source=settings.name, kind=self.info.id.kind)

    def request_limit(self, token: str) -> None:
        """Providers are few: each polls when it is due."""
        return

    def failed(self, error: PollError) -> None:
        """A failed poll says nothing about any connection: the list stays as it was."""
        return

    @abstractmethod
    async def poll(self, token: str) -> ProviderFindings:
        """Return the whole list; the very same when nothing changed."""

    async def _read(
        self, records: Callable[[], Iterable[Record]], failures: tuple[PollError, ...] = ()
    ) -> ProviderFindings:
        """Read the list beside the event loop, and name what is newly wrong with it."""
        read = await run_beside(self._lane, lambda: self._reader.read(records()))
        self._name(read.rejected)
        if read.rejected and not read.connections:
            # Not what customers did, but a mistake in what makes the list: it must not take all of them away.
            raise self._of_no_use
        self._latest = self._findings(read, failures)
        return self._latest

    @property
    def _of_no_use(self) -> PollError:
        return Malformed("no entry can be used: each lacks a setting, or has a wrong one; the log has them")

    def _findings(self, read: Read, failures: tuple[PollError, ...]) -> ProviderFindings:
        before = self._latest.sources
        same = len(before) == len(read.connections) and all(map(_is, before, read.connections))
        return ProviderFindings(before if same else read.connections, failures, rejected=read.counts)

    def _name(self, rejected: Iterable[Rejected]) -> None:
        """Name each bad entry once for as long as it is bad, not too many at a time."""
        bad = dict.fromkeys(rejected)
        self._named &= bad.keys()
        for each in [each for each in bad if each not in self._named][:_NAMED_AT_ONCE]:
            self._log.warning(
                "connection can't be used", connection=each.named, reason=each.reason, problem=each.problem
            )
            self._named.add(each)


def _is(one: object, other: object) -> bool:
    return one is other
