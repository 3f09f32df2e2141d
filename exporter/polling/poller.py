"""The policy of every poll, in one place: timer, slot, timeout, no overlap, back-off, result, one log line."""

import asyncio
from contextlib import suppress

from exporter.errors import Internal, PollError, RateLimited
from exporter.logs import Log
from exporter.polling.limits import RequestLimits
from exporter.polling.schedule import Schedule, pause_for
from exporter.polling.wakeup import Wakeup
from exporter.sources.contract import Findings, Source, Summary, Watched
from exporter.state import PollResult, Store
from exporter.timing import deadline, steady, wall

# Not worth a warning: the data is used all the same.
_HARMLESS = {"duplicate_tag"}


class Poller:
    """Polls one source for as long as it runs; sources return findings or raise, all else happens here."""

    def __init__(self, source: Source, store: Store, limits: RequestLimits, phase: float) -> None:
        self.source = source
        self._store = store
        self._limits = limits
        self._schedule = Schedule(source.info.interval, phase)
        self._due = Wakeup()
        self._dropping: asyncio.Timeout | None = None
        self._urgent = True
        self._failures = 0
        self._said: tuple[str, object] = ("", None)
        self._log = Log("polling", source=source.info.id.name, kind=source.info.id.kind)

    async def run(self) -> None:
        """Poll at once, and then whenever it is due, or the source itself says that there is news."""
        if isinstance(self.source, Watched):
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._watch(self.source))
                await self._poll_for_ever()
        else:
            await self._poll_for_ever()

    async def _watch(self, source: Watched) -> None:
        try:
            await source.watch(self._due.set)
        except Exception as defect:
            # What is found out late is still found out: the timer stays.
            self._log.defect("watching ended by a defect", defect)

    async def _poll_for_ever(self) -> None:
        while True:
            self._due.clear()
            result = self._store.record(self.source.info.id, await self._timely())
            if not _leaves_open(result):
                self._failures = self._failures + 1 if _is_unwell(result) else 0
                self._tell(result)
            delay = self._schedule.delay(steady(), self._failures, result.pause)
            await self._due.wait(delay)

    def poll_now(self) -> None:
        """Poll without waiting for the timer: a poll under way asks with what was, and is dropped for a new one.

        The new one is not dropped in its turn, so that something is found out even if we are called all the time.
        """
        self._urgent = True
        self._due.set()
        if self._dropping:
            self._dropping.reschedule(0)
            self._dropping = None

    async def _timely(self) -> PollResult:
        with suppress(TimeoutError):
            async with asyncio.timeout(None) as self._dropping:
                result = await self._poll()
                self._dropping = None
                return result
        self._due.clear()
        return await self._poll()

    async def _poll(self) -> PollResult:
        started = steady()
        try:
            token = await self._token()
        except PollError as error:
            return self._failed(started, error)
        limit = self.source.request_limit(token)
        async with self._limits.of(limit, self.source.info.interval, self._urgent) as turn:
            self._urgent = False
            result = await self._answered(token)
            turn.over(result.error)
            return result

    async def _token(self) -> str:
        async with deadline(self.source.timeout, "the token file can't be read in time"):
            return await self.source.token.get()

    async def _answered(self, token: str) -> PollResult:
        started = steady()
        try:
            async with deadline(self.source.timeout, "no complete answer in time"):
                findings = await self.source.poll(token)
        except PollError as error:
            return self._failed(started, error)
        except Exception as defect:
            # Whatever an answer made our code do, the other sources and the next poll go on.
            self._log.defect("poll failed by a defect", defect)
            return self._failed(started, Internal("a defect of the exporter, see the log"))
        return _result(started, findings, next(iter(findings.errors), None))

    def _failed(self, started: float, error: PollError) -> PollResult:
        interval = self.source.info.interval
        pause = pause_for(error.retry_after, interval) if isinstance(error, RateLimited) else 0.0
        return _result(started, self.source.failed(error), error, pause)

    def _tell(self, result: PollResult) -> None:
        """Say in one line how the poll went; loudly only when that is news."""
        line, good, facts = _summary(result)
        said = (line, facts.get("error"))
        news = said != self._said
        self._said = said
        say = (self._log.info if good else self._log.warning) if news else self._log.debug
        say(line, duration=f"{result.duration:.3f}s", **facts)


def _result(
    started: float, findings: Findings | None, error: PollError | None, pause: float = 0.0
) -> PollResult:
    for kept in (*(findings.errors if findings else ()), *((error,) if error else ())):
        kept.without_frames()
    return PollResult(round(wall(), 3), round(steady() - started, 6), findings, error, pause)


def _leaves_open(result: PollResult) -> bool:
    """Tell whether what failed before may fail still: only another part was asked, and it is well."""
    return result.error is None and result.findings is not None and result.findings.is_partial


def _is_unwell(result: PollResult) -> bool:
    """Tell whether to ask again soon."""
    return bool(result.error) or (result.findings is not None and result.findings.needs_second_look)


def _errors(result: PollResult) -> tuple[PollError, ...]:
    """Return why the poll failed: of a cluster, for each datacenter that did."""
    parts = result.findings.errors if result.findings else ()
    return parts or ((result.error,) if result.error else ())


def _summary(result: PollResult) -> Summary:
    """Return what to log: why the poll failed, else what was rejected, else what was found."""
    if errors := _errors(result):
        why = ", ".join(dict.fromkeys(error.reason for error in errors))
        facts = {"reason": why, "error": "; ".join(map(str, errors))}
        return Summary(f"poll failed: {why}", False, facts)
    findings = result.findings
    assert findings, "a poll without findings has failed"
    if rejected := sorted(findings.rejected.keys() - _HARMLESS):
        counts = {reason: findings.rejected[reason] for reason in rejected}
        return Summary(f"poll succeeded, records rejected: {', '.join(rejected)}", False, counts)
    return findings.summary
