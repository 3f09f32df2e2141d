"""Pollers in line with the configuration, and woken by secret files."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from exporter.config import Token
from exporter.polling.pollers import Pollers
from exporter.sources.contract import Findings, ServiceFindings
from exporter.state import SourceId, Store
from tests.facts import Polled


class Number(Token):
    """A secret file that is a number."""

    def __init__(self) -> None:
        super().__init__(path=Path("number"))
        self.value = 0
        self.seen: int | None = None

    async def get(self) -> str:
        self.seen = self.value
        return str(self.value)

    def has_changed(self) -> bool:
        return self.seen not in (None, self.value)


@dataclass(frozen=True)
class Watched(Polled):
    """A source that counts its polls, and whose secret file is a number."""

    polls: list[int] = field(default_factory=list, compare=False)
    secret: Number = field(default_factory=Number, compare=False)
    hanging: bool = False

    @property
    def token(self) -> Token:
        return self.secret

    async def poll(self, token: str) -> Findings:
        self.polls.append(int(token))
        if self.hanging:
            await asyncio.sleep(3600)
        return ServiceFindings({})


def source(name: str, hanging: bool = False) -> Watched:
    return Watched(name, "consul", interval=3600.0, timeout=3600.0, hanging=hanging)


def playing(play: Callable[[Pollers, Store], Awaitable[None]]) -> None:
    """Run a test's play with a pollers that watches."""

    async def run() -> None:
        store = Store()
        pollers = Pollers(store)
        watching = asyncio.create_task(pollers.watch())
        try:
            async with asyncio.timeout(20):
                await play(pollers, store)
        finally:
            watching.cancel()
            await pollers.stop()

    asyncio.run(run())


def adopt(pollers: Pollers, *sources: Watched) -> None:
    pollers.adopt({SourceId(each.kind, each.name): each for each in sources})


async def until(told: Callable[[], bool]) -> None:
    while not told():  # noqa: ASYNC110 -- of what it waits for there is no event
        await asyncio.sleep(0.005)


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exporter.polling.pollers._LOOK_EVERY", 0.02)


def test_a_change_right_after_the_first_poll_is_noticed() -> None:
    """A secret that changes between the first poll and the first look is not overlooked."""

    async def play(pollers: Pollers, store: Store) -> None:
        watched = source("a")
        adopt(pollers, watched)
        await until(lambda: watched.polls == [0])
        watched.secret.value = 1
        await until(lambda: watched.polls == [0, 1])
        await asyncio.sleep(0.1)
        assert watched.polls == [0, 1]

    playing(play)


def test_adopting_leaves_the_same_sources_alone() -> None:
    """The same object goes on, another one of the same name starts at once, a missing one stops and leaves."""

    async def play(pollers: Pollers, store: Store) -> None:
        kept, old, gone = source("kept"), source("changed"), source("gone", hanging=True)
        adopt(pollers, kept, old, gone)
        await until(lambda: bool(kept.polls and old.polls and gone.polls))
        new = source("changed")
        adopt(pollers, kept, new)
        await until(lambda: new.polls == [0])

        assert [id_.name for id_ in store.snapshot] == ["kept", "changed"]
        assert store.snapshot[SourceId("consul", "changed")].polls == 2
        for each in (old, gone):
            each.secret.value = 1
        await asyncio.sleep(0.1)
        assert (kept.polls, new.polls, old.polls, gone.polls) == ([0], [0], [0], [0])

    playing(play)


def test_a_change_during_a_poll_is_polled_after_it() -> None:
    """A secret that changes while a poll is under way is used by another poll, at the latest after that one."""

    async def play(pollers: Pollers, store: Store) -> None:
        go_on = asyncio.Event()

        class Slow(Watched):
            async def poll(self, token: str) -> Findings:
                self.polls.append(int(token))
                await go_on.wait()
                return ServiceFindings({})

        slow = Slow("a", "consul", interval=3600.0, timeout=3600.0)
        adopt(pollers, slow)
        await until(lambda: slow.polls == [0])
        slow.secret.value = 1
        await asyncio.sleep(0.1)
        go_on.set()
        await until(lambda: slow.polls[-1] == 1)

    playing(play)


def test_a_reload_during_a_look_is_no_harm() -> None:
    """Sources that come or go while the files are being looked at don't confuse the watch."""

    async def play(pollers: Pollers, store: Store) -> None:
        looking, go_on = threading.Event(), threading.Event()

        class Blocking(Number):
            def has_changed(self) -> bool:
                looking.set()
                go_on.wait(20)
                return False

        slow = Watched("slow", "consul", interval=3600.0, timeout=3600.0, secret=Blocking())
        late = source("late")
        adopt(pollers, slow, source("gone"))
        await asyncio.to_thread(looking.wait, 20)
        adopt(pollers, slow, late)
        go_on.set()
        await until(lambda: late.polls == [0])
        late.secret.value = 1
        await until(lambda: late.polls == [0, 1])

    playing(play)


def test_a_mount_that_hangs_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """While files on one mount can't be looked at, those on another are, stale data leaves, and polls go on."""
    go_on = threading.Event()

    class Hanging(Number):
        def has_changed(self) -> bool:
            go_on.wait(20)
            return False

    async def play(pollers: Pollers, store: Store) -> None:
        stuck, other = Hanging(), source("other")
        assert stuck.file
        assert other.secret.file
        stuck.file.mount, other.secret.file.mount = "/hanging", "/fine"
        adopt(pollers, Watched("stuck", "consul", interval=3600.0, timeout=3600.0, secret=stuck), other)
        await until(lambda: other.polls == [0])
        dropped: list[None] = []
        monkeypatch.setattr(store, "drop_stale", lambda: dropped.append(None))
        for value in (1, 2):
            other.secret.value = value
            await until(lambda: other.polls[-1] == other.secret.value)
        await until(lambda: len(dropped) > 2)
        go_on.set()

    playing(play)


def test_polling_now_is_for_one_or_all() -> None:
    """Sources are polled at once by name, or all of them; a name that nobody has polls none."""

    async def play(pollers: Pollers, store: Store) -> None:
        a, b = source("a"), source("b")
        adopt(pollers, a, b)
        await until(lambda: bool(a.polls and b.polls))
        assert pollers.poll_now("a") == 1
        await until(lambda: len(a.polls) == 2)
        assert (pollers.poll_now("nobody"), len(b.polls)) == (0, 1)
        assert pollers.poll_now() == 2
        await until(lambda: (len(a.polls), len(b.polls)) == (3, 2))

    playing(play)
