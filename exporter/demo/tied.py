"""Run a program that ends when its parent does, however that ends: `python -m exporter.demo.tied PARENT PROGRAM …`.

Linux can tie them; elsewhere the program just runs, and the next demo ends what was left.
"""

import ctypes
import os
import signal
import sys
from contextlib import suppress

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Tie this process to the parent, and become the program."""
    parent, program = int(sys.argv[1]), sys.argv[2:]
    with suppress(AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() == parent:  # Else it has ended already.
        os.execv(program[0], program)  # noqa: S606 -- a program the user named


if __name__ == "__main__":
    main()
