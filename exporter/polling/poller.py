"""The policy of every poll, in one place: timer, slot, timeout, no overlap, back-off, result, one log line."""

import asyncio
from contextlib import suppress
from dataclasses import replace

from exporter.errors import Internal, PollError, RateLimited
from exporter.logs import Log
from exporter.polling.schedule import Schedule, pause_for
from exporter.sources.contract import ConnectionFindings, Findings, ServiceFindings, Source
from exporter.state import PollResult, SourceId, Store
from exporter.timing import deadline, steady, wall

# Not worth a warning: the data is used all the same.
_HARMLESS = {"duplicate_tag"}


class Poller:
    """Polls one source for as long as it runs; sources return findings or raise, all else happens here."""

    def __init__(self, source: Source, store: Store, phase: float) -> None:
        self.source = source
        self.id = SourceId(source.kind, source.name)
        self._store = store
        self._schedule = Schedule(source.interval, phase)
        self._due = asyncio.Event()
        self._dropping: asyncio.Timeout | None = None
        self._failures = 0
        self._said = ""
        self._log = Log("polling", source=source.name, kind=source.kind)

    async def run(self) -> None:
        """Poll at once, and then whenever it is due."""
        while True:
            self._due.clear()
            result = self._store.record(self.id, await self._timely())
            self._failures = self._failures + 1 if _is_unwell(result) else 0
            self._tell(result)
            delay = self._schedule.delay(steady(), self._failures, result.pause)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._due.wait(), delay)

    def poll_now(self) -> None:
        """Poll without waiting for the timer: a poll under way asks with what was, and is dropped for a new one.

        The new one is not dropped in its turn, so that something is found out even if we are called all the time.
        """
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
        async with self.source.slot():
            started = steady()
            result = await self._result()
            return replace(result, ended_at=round(wall(), 3), duration=round(steady() - started, 6))

    async def _result(self) -> PollResult:
        try:
            async with deadline(self.source.timeout, "no complete answer in time"):
                findings = await self.source.poll()
        except PollError as error:
            return self._failed(error)
        except Exception as defect:
            # Whatever an answer made our code do, the other sources and the next poll go on.
            self._log.defect("poll failed by a defect", defect)
            return self._failed(Internal("a defect of the exporter, see the log"))
        return PollResult(0.0, 0.0, findings, _failure_in(findings))

    def _failed(self, error: PollError) -> PollResult:
        pause = pause_for(error.retry_after, self.source.interval) if isinstance(error, RateLimited) else 0.0
        return PollResult(0.0, 0.0, self.source.failed(error), error, pause)

    def _tell(self, result: PollResult) -> None:
        """Say in one line how the poll went; loudly only when that is news."""
        line, good, facts = _summary(result)
        news = line != self._said
        self._said = line
        say = (self._log.info if good else self._log.warning) if news else self._log.debug
        say(line, duration=f"{result.duration:.3f}s", **facts)


def _is_unwell(result: PollResult) -> bool:
    """Tell whether to ask again soon: a refusal too is worth a second look, as one odd answer is no revoked token."""
    found = result.findings
    return bool(result.error) or (isinstance(found, ConnectionFindings) and found.check.status == "offline")


def _failure_in(findings: Findings) -> PollError | None:
    return findings.failure if isinstance(findings, ServiceFindings) else None


def _errors(result: PollResult) -> tuple[PollError, ...]:
    """Return why the poll failed: of a cluster, for each datacenter that did."""
    if isinstance(result.findings, ServiceFindings):
        return tuple(result.findings.failures.values())
    return (result.error,) if result.error else ()


def _summary(result: PollResult) -> tuple[str, bool, dict[str, object]]:
    """Return the line, whether it is good news, and the facts beside it."""
    if errors := _errors(result):
        reasons = ", ".join(dict.fromkeys(error.reason for error in errors))
        return f"poll failed: {reasons}", False, {"reason": reasons, "error": "; ".join(map(str, errors))}
    findings = result.findings
    if findings and (rejected := sorted(findings.rejected.keys() - _HARMLESS)):
        facts = {reason: findings.rejected[reason] for reason in rejected}
        return f"poll succeeded, records rejected: {', '.join(rejected)}", False, dict(facts)
    if isinstance(findings, ConnectionFindings):
        status = findings.check.status
        line = f"connection is {status.replace('_', ' ')}"
        if reason := findings.check.reason:
            return f"{line}: {reason}", False, {"reason": reason}
        return line, True, {}
    return "poll succeeded", True, {}
