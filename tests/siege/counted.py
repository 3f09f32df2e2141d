"""The exporter, with a thread that writes down how many tasks it has: `python -m tests.siege.counted FILE FLAGS…`."""

import asyncio
import sys
import threading
import time
from pathlib import Path

from exporter.__main__ import main

_EVERY = 1.0


def _count(file: Path, loops: list[asyncio.AbstractEventLoop]) -> None:
    while True:
        time.sleep(_EVERY)
        # The set is copied by the library; a loop that changes it meanwhile makes it try again.
        number = sum(len(asyncio.all_tasks(loop)) for loop in loops)
        file.write_text(str(number))


class _Known(asyncio.DefaultEventLoopPolicy):
    """Remembers the loops that are made."""

    def __init__(self, loops: list[asyncio.AbstractEventLoop]) -> None:
        super().__init__()
        self._loops = loops

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        loop = super().new_event_loop()
        self._loops.append(loop)
        return loop


if __name__ == "__main__":
    made: list[asyncio.AbstractEventLoop] = []
    asyncio.set_event_loop_policy(_Known(made))
    threading.Thread(target=_count, args=(Path(sys.argv[1]), made), daemon=True).start()
    sys.exit(main(sys.argv[2:]))
