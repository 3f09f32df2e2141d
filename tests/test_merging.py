"""Doing once what is asked for many times."""

import asyncio

import pytest

from exporter.merging import Merged


def test_all_who_ask_meanwhile_share_one_run() -> None:
    """A hundred who ask while it runs cause one more run, which begins after they asked."""
    runs: list[str] = []

    async def action() -> None:
        runs.append("begin")
        await asyncio.sleep(0.05)
        runs.append("end")

    async def scene() -> None:
        merged = Merged(action)
        first = asyncio.create_task(merged())
        await asyncio.sleep(0.01)
        await asyncio.gather(first, *(merged() for _ in range(100)))

    asyncio.run(scene())
    assert runs == ["begin", "end"] * 2


def test_each_learns_how_it_ended() -> None:
    """A failure reaches all who asked for that run, and later ones go on."""
    failures = [ValueError("first"), ValueError("second"), None]

    async def action() -> None:
        await asyncio.sleep(0.01)
        if failure := failures.pop(0):
            raise failure

    async def scene() -> list[BaseException | None]:
        merged = Merged(action)
        first = asyncio.create_task(merged())
        await asyncio.sleep(0)
        found = await asyncio.gather(first, merged(), merged(), return_exceptions=True)
        await merged()
        return list(found)

    assert [str(failure) for failure in asyncio.run(scene())] == ["first", "second", "second"]


def test_who_goes_away_stops_it_for_nobody() -> None:
    """One who no longer waits ends the wait, not the run."""
    ran = 0

    async def action() -> None:
        nonlocal ran
        await asyncio.sleep(0.05)
        ran += 1

    async def scene() -> None:
        merged = Merged(action)
        impatient, patient = asyncio.create_task(merged()), asyncio.create_task(merged())
        await asyncio.sleep(0.01)
        impatient.cancel()
        with pytest.raises(asyncio.CancelledError):
            await impatient
        await patient

    asyncio.run(scene())
    assert ran == 1
