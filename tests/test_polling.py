"""The policy of every poll."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable

import pytest

from exporter.config import Token
from exporter.errors import NoPath, PollError, RateLimited, TimedOut, Unauthorized
from exporter.model import ConnectionCheck, ConnectionStatus, Display
from exporter.polling.limits import RequestLimits
from exporter.polling.poller import Poller
from exporter.sources.contract import ConnectionFindings, Findings, RequestLimit, ServiceFindings, SourceInfo
from exporter.state import SourceId, SourceState, Store

Step = Callable[[], Awaitable[Findings]]
ID = SourceId("made-up", "a")
NOTHING = ServiceFindings({})


class Scripted:
    """A source whose polls follow a script; the last step is repeated."""

    token = Token()

    def __init__(self, *steps: Step, interval: float = 0.01, timeout: float = 5.0) -> None:
        self.info = SourceInfo(ID, interval, 60.0, failure_reasons=("timeout",))
        self.timeout = timeout
        self.limits = RequestLimits()
        self.limit: RequestLimit | None = None
        self.begun = 0
        self.running = 0
        self.most = 0
        self._steps = steps

    def request_limit(self, token: str) -> RequestLimit | None:
        return self.limit

    async def poll(self, token: str) -> Findings:
        step = self._steps[min(self.begun, len(self._steps) - 1)]
        self.begun += 1
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            return await step()
        finally:
            self.running -= 1

    def failed(self, error: PollError) -> Findings | None:
        return found("unreachable", error.reason)


def found(status: ConnectionStatus, reason: str = "", rejected: int = 0) -> ConnectionFindings:
    check = ConnectionCheck("a", "made-up", Display("a"), status, reason)
    return ConnectionFindings(check, rejected={"malformed": rejected} if rejected else {})


def step(result: Findings | Exception) -> Step:
    async def run() -> Findings:
        if isinstance(result, Exception):
            raise result
        return result

    return run


async def hang() -> Findings:
    await asyncio.Event().wait()
    raise AssertionError("unreachable")


class Watched:
    """A running poller, and the views that its outcomes led to."""

    def __init__(self, source: Scripted) -> None:
        self.store = Store()
        self.store.adopt([source.info])
        self.views: list[SourceState] = []
        self._news = asyncio.Event()
        self.store.listen(self._note)
        self.poller = Poller(source, self.store, source.limits, 0.0)
        self.task = asyncio.create_task(self.poller.run())

    def _note(self) -> None:
        self.views.append(self.store.snapshot[ID])
        self._news.set()

    async def polls(self, count: int) -> list[SourceState]:
        """Wait for so many outcomes."""
        async with asyncio.timeout(10):
            while len(self.views) < count:
                self._news.clear()
                await self._news.wait()
        return self.views[:count]


def after(source: Scripted, count: int) -> list[SourceState]:
    """Poll until there are so many outcomes."""

    async def run() -> list[SourceState]:
        watched = Watched(source)
        views = await watched.polls(count)
        watched.task.cancel()
        return views

    return asyncio.run(run())


async def until(condition: Callable[[], bool]) -> None:
    """Let the others go on until something holds."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 -- there is no event to wait for
            await asyncio.sleep(0)


def test_polls_never_overlap() -> None:
    """A poll that takes longer than the interval delays the next one."""

    async def slow() -> Findings:
        await asyncio.sleep(0.03)
        return NOTHING

    source = Scripted(slow, interval=0.01)
    after(source, 4)
    assert source.most == 1


def test_the_timeout_bounds_the_whole_poll() -> None:
    """A poll that doesn't end is a failure with the reason timeout, and the next one comes."""
    first, second = after(Scripted(hang, step(NOTHING), timeout=0.05), 2)
    assert isinstance(first.error, TimedOut)
    assert (first.failures, second.error) == ({"timeout": 1}, None)


def test_waiting_for_a_slot_is_not_part_of_the_poll() -> None:
    """Who has to wait in line is late, but has not timed out."""

    async def run() -> SourceState:
        source = Scripted(step(NOTHING), timeout=0.05)
        source.limit = RequestLimit("host", 1)
        watched = Watched(source)
        async with source.limits.of(source.limit, 60.0):
            await asyncio.sleep(0.1)
            assert source.begun == 0
        (view,) = await watched.polls(1)
        watched.task.cancel()
        return view

    assert asyncio.run(run()).error is None


@pytest.mark.parametrize("polls_before", [0, 1])
def test_what_is_new_does_not_wait_behind_what_comes_round_again(polls_before: int) -> None:
    """The first check of a connection, and one with a new secret, go before those that wait already."""

    async def run() -> int:
        source = Scripted(step(NOTHING), interval=3600)
        source.limit = RequestLimit("host", 1)
        if polls_before:
            watched = Watched(source)
            await watched.polls(polls_before)
        async with source.limits.of(source.limit, 60.0):
            routine = asyncio.create_task(routine_check(source))
            await asyncio.sleep(0.01)
            if polls_before:
                watched.poller.poll_now()
            else:
                watched = Watched(source)
            await asyncio.sleep(0.01)
        polls = await routine
        watched.task.cancel()
        return polls

    assert asyncio.run(run()) == polls_before + 1


async def routine_check(source: Scripted) -> int:
    """Return how many polls had begun when it was its turn."""
    async with source.limits.of(source.limit, 60.0):
        return source.begun


@pytest.mark.parametrize("defect", [KeyError("x"), RecursionError(), TypeError()], ids=repr)
def test_a_defect_ends_one_poll_only(defect: Exception, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever our own code does wrong is logged with its place, counted, and the polling goes on."""
    first, second = after(Scripted(step(defect), step(NOTHING)), 2)
    assert first.error is not None
    assert (first.error.reason, first.failures["internal"], second.error) == ("internal", 1, None)
    (facts,) = [vars(record)["facts"] for record in caplog.records if "defect" in record.message]
    assert (facts["error"], "test_polling.py" in facts["frames"]) == (type(defect).__name__, True)


def test_outcomes_are_counted() -> None:
    """Polls, failures by reason, and durations add up."""
    steps = (step(NOTHING), step(TimedOut("x")), step(TimedOut("x")), step(NOTHING))
    views = after(Scripted(*steps), 4)
    assert [view.polls for view in views] == [1, 2, 3, 4]
    assert [view.failures["timeout"] for view in views] == [0, 1, 2, 2]
    assert [sum(view.durations) for view in views] == [1, 2, 3, 4]
    assert [view.succeeded_at is not None for view in views] == [True] * 4


def test_a_refusal_is_an_answer() -> None:
    """A source that returns offline was polled successfully; one that raises was not."""
    refused, failed = after(Scripted(step(found("offline", "forbidden")), step(TimedOut("x"))), 2)
    assert (refused.error, refused.failures["timeout"]) == (None, 0)
    assert failed.error is not None
    assert failed.connection is not None
    assert failed.connection.check.status == "unreachable"


def delays(monkeypatch: pytest.MonkeyPatch, source: Scripted, count: int) -> list[tuple[int, float]]:
    """Return how many failures in a row, and which pause, each of the next delays was made of."""
    asked: list[tuple[int, float]] = []

    def delay(_: object, now: float, failures: int, pause: float) -> float:
        asked.append((failures, pause))
        return 0.0

    monkeypatch.setattr("exporter.polling.poller.Schedule.delay", delay)
    after(source, count + 1)
    return asked[:count]


def test_failures_in_a_row_are_counted_for_the_back_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each failure in a row counts, and so does a refusal; an acceptance starts anew."""
    steps = [
        step(TimedOut("x")),
        step(found("offline", "forbidden")),
        step(found("online")),
        step(TimedOut("x")),
    ]
    assert [failures for failures, _ in delays(monkeypatch, Scripted(*steps), 4)] == [1, 2, 0, 1]


def test_a_rate_limit_makes_us_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """After 429 the next poll comes when the API said, after other failures there is no pause."""
    limited = [step(RateLimited("x", 300)), step(RateLimited("x", 1)), step(TimedOut("x"))]
    assert [pause for _, pause in delays(monkeypatch, Scripted(*limited), 3)] == [300, 60, 0]


def test_poll_now_does_not_wait_for_the_timer() -> None:
    """A changed secret is used at once, not an interval later."""

    async def run() -> None:
        watched = Watched(Scripted(step(NOTHING), interval=3600))
        for count in range(1, 4):
            await watched.polls(count)
            watched.poller.poll_now()
        watched.task.cancel()

    asyncio.run(run())


def test_a_poll_with_an_old_secret_is_dropped() -> None:
    """A poll that hangs while the secret changes doesn't delay the new status, and is not counted."""

    async def run() -> list[SourceState]:
        source = Scripted(hang, step(found("not_connected")), interval=3600)
        watched = Watched(source)
        await until(lambda: source.running == 1)
        watched.poller.poll_now()
        watched.poller.poll_now()
        views = await watched.polls(1)
        await asyncio.sleep(0.01)
        watched.task.cancel()
        assert (source.most, source.begun) == (1, 2)
        return views

    (view,) = asyncio.run(run())
    assert (view.polls, view.connection and view.connection.check.status) == (1, "not_connected")


def test_who_waits_in_line_with_an_old_secret_is_asked_anew() -> None:
    """A token that is removed while a poll waits for a slot turns the connection grey without waiting."""

    async def run() -> None:
        source = Scripted(step(found("not_connected")), interval=3600)
        source.limit = RequestLimit("host", 1)
        async with source.limits.of(source.limit, 60.0):
            watched = Watched(source)
            await asyncio.sleep(0.01)
            source.limit = None
            watched.poller.poll_now()
            await watched.polls(1)
        watched.task.cancel()

    asyncio.run(run())


def test_a_poll_out_of_turn_is_not_dropped() -> None:
    """A file that changes all the time can't keep a poll from ever ending; it gets one more poll afterwards."""

    async def run() -> int:
        release = asyncio.Event()

        async def wait() -> Findings:
            await release.wait()
            return NOTHING

        source = Scripted(hang, wait, step(NOTHING), interval=3600)
        watched = Watched(source)
        for begun in (1, 2):
            await until(lambda begun=begun: source.begun == begun and source.running == 1)  # type: ignore[misc]  # mypy knows no lambda with a default
            watched.poller.poll_now()
        release.set()
        await watched.polls(2)
        watched.task.cancel()
        return source.begun

    assert asyncio.run(run()) == 3


def test_a_poller_can_be_stopped_at_any_time() -> None:
    """Cancelling ends the poll under way and records nothing of it."""

    async def run() -> list[SourceState]:
        source = Scripted(hang)
        watched = Watched(source)
        await until(lambda: source.running == 1)
        watched.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await watched.task
        assert source.running == 0
        return watched.views

    assert asyncio.run(run()) == []


def lines(caplog: pytest.LogCaptureFixture, results: Iterable[Findings | Exception]) -> list[tuple[str, str]]:
    """Poll through the results and return level and text of each line that is shown by default."""
    steps = [step(result) for result in results]
    with caplog.at_level(logging.INFO, "exporter"):
        after(Scripted(*steps), len(steps))
    told = [record for record in caplog.records if record.name == "exporter.polling"]
    return [(record.levelname, record.message) for record in told]


def test_only_news_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """The first outcome and each change of it make one line; more of the same makes none."""
    online, refused, limited = found("online"), found("offline", "forbidden"), TimedOut("x")
    missing = found("not_connected", "no_token")
    others = [refused, found("offline", "unauthorized"), missing, missing, online]
    told = lines(caplog, [online, online, limited, limited, TimedOut("another cause"), *others])
    assert told == [
        ("INFO", "connection is online"),
        ("WARNING", "poll failed: timeout"),
        ("WARNING", "poll failed: timeout"),
        ("WARNING", "connection is offline: forbidden"),
        ("WARNING", "connection is offline: unauthorized"),
        ("INFO", "connection is not connected: no_token"),
        ("INFO", "connection is online"),
    ]


def test_every_datacenter_that_failed_is_named(caplog: pytest.LogCaptureFixture) -> None:
    """One line says of all of them why."""
    failures = {name: error(f"{name}: no") for name, error in (("dc1", TimedOut), ("dc2", NoPath))}
    (told,) = lines(caplog, [ServiceFindings({"dc3": ()}, failures)])
    assert told == ("WARNING", "poll failed: timeout, no_path")
    assert vars(caplog.records[-1])["facts"]["error"] == "dc1: no; dc2: no"


def test_rejected_records_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Records that could not be used are news too, once, however many there are."""
    told = lines(caplog, [found("online", rejected=3), found("online", rejected=4), NOTHING])
    assert told == [("WARNING", "poll succeeded, records rejected: malformed"), ("INFO", "poll succeeded")]


def test_a_refusal_raised_is_a_failed_poll() -> None:
    """Only a source can say what a refusal means; one that lets it through has failed."""
    (view,) = after(Scripted(step(Unauthorized("x"))), 1)
    assert view.error is not None
