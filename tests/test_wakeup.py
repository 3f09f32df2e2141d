"""Waiting for one thing or the other."""

import asyncio

from exporter.polling.wakeup import Wakeup


def waited(set_before: bool, set_after: float | None, seconds: float) -> bool:
    """Tell whether waiting ended within ten seconds."""

    async def run() -> None:
        wakeup = Wakeup()
        if set_before:
            wakeup.set()
        if set_after is not None:
            asyncio.get_running_loop().call_later(set_after, wakeup.set)
        async with asyncio.timeout(10):
            await wakeup.wait(seconds)

    try:
        asyncio.run(run())
    except TimeoutError:
        return False
    return True


def test_it_ends_when_it_is_set_or_time_is_up() -> None:
    """Set before or while somebody waits, or never."""
    assert waited(True, None, 3600)
    assert waited(False, 0.01, 3600)
    assert waited(False, None, 0.01)


def test_it_can_be_used_again() -> None:
    """Cleared, it waits again; who is set twice, or gives up, breaks nothing."""

    async def run() -> None:
        wakeup = Wakeup()
        wakeup.set()
        wakeup.clear()
        given_up = asyncio.create_task(wakeup.wait(3600))
        await asyncio.sleep(0.01)
        assert not given_up.done()
        given_up.cancel()
        await asyncio.gather(given_up, return_exceptions=True)
        wakeup.set()
        wakeup.set()
        await wakeup.wait(3600)

    asyncio.run(asyncio.wait_for(run(), 10))
