"""How long the event loop was held up."""

import asyncio
import time

from exporter.holds import Holds


def test_a_hold_is_measured() -> None:
    """What blocks the loop for a while is told, by about that while."""

    async def scene() -> float:
        holds = Holds()
        task = asyncio.create_task(holds.measure())
        await asyncio.sleep(0.05)
        time.sleep(0.3)  # noqa: ASYNC251 -- this is what is to be found
        await asyncio.sleep(0.05)
        task.cancel()
        return holds.longest

    assert asyncio.run(scene()) > 0.25


def test_a_hold_is_forgotten_after_a_while() -> None:
    """The longest of one to two minutes is told."""
    now = 0.0
    holds = Holds(lambda: now)
    assert holds.longest == 0.0
    holds.note(5.0)
    holds.note(1.0)
    now = 119.0
    assert holds.longest == 5.0
    holds.note(2.0)
    now = 120.0
    assert holds.longest == 2.0
    now = 300.0
    assert holds.longest == 0.0
