"""A program in the background: started, known to be ready, stopped for certain."""

import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Self, TypeVar

Result = TypeVar("Result")

READY_WITHIN = 60  # seconds; on a busy machine with two cores
STOP_WITHIN = 10
ENVIRONMENT = ("CONSUL_", "EVOTOR_")


class NotStarted(AssertionError):
    """A program ended, or wasn't ready in time; the message holds the end of its log."""


def free_ports(count: int) -> list[int]:
    """Give ports that nobody uses at the moment, on TCP and UDP, all different."""
    with ExitStack() as held:
        ports: list[int] = []
        while len(ports) < count:
            tcp = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
            udp = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            tcp.bind(("127.0.0.1", 0))
            try:
                udp.bind(tcp.getsockname())
            except OSError:
                continue
            ports.append(tcp.getsockname()[1])
        return ports


def wait_for(
    told: Callable[[], Result | None], within: float = READY_WITHIN, what: str = "the condition"
) -> Result:
    """Ask again until the answer is true and return it; OSError counts as "not yet"."""
    deadline = time.monotonic() + within
    last: object = None
    while time.monotonic() < deadline:
        try:
            if last := told():
                return last
        except OSError as not_yet:
            last = not_yet
        time.sleep(0.05)
    raise TimeoutError(f"{what} did not come about within {within:g} s; last seen: {last!r}")


def clean_environment() -> dict[str, str]:
    """The environment without what would lead a component or a client elsewhere."""
    return {name: value for name, value in os.environ.items() if not leads_elsewhere(name)}


def leads_elsewhere(name: str) -> bool:
    """Whether the variable is one of Consul's, Evotor's or a proxy's."""
    return name.startswith(ENVIRONMENT) or name.lower().endswith("_proxy")


class Process:
    """One run of a program, its output kept in `log`."""

    def __init__(self, command: Sequence[str | Path], log: Path) -> None:
        self.command = [str(word) for word in command]
        self.log = log
        with log.open("ab") as output:
            self._popen = subprocess.Popen(
                [*_dying_with_parent(), *self.command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=clean_environment(),
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def running(self) -> bool:
        return self._popen.poll() is None

    def wait_ready(self, ready: Callable[[], bool], within: float = READY_WITHIN) -> Self:
        """Wait until `ready`; kill the program and raise NotStarted when it ends or takes too long."""
        try:
            wait_for(lambda: not self.running or ready(), within, "being ready")
        except TimeoutError as late:
            self.kill()
            raise NotStarted(self._story(str(late))) from None
        if not self.running:
            raise NotStarted(self._story(f"it ended with code {self._popen.returncode}"))
        return self

    def _story(self, reason: str) -> str:
        tail = self.log.read_text(errors="replace")[-4000:]
        return f"{' '.join(self.command)}\n{reason}; the end of {self.log}:\n{tail}"

    def stop(self) -> None:
        """Ask the program to end, and kill it when it doesn't."""
        self._popen.terminate()
        try:
            self._popen.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End the program at once, as a crash does."""
        self._popen.kill()
        self._popen.wait()


def _dying_with_parent() -> list[str]:
    """Leave no program behind when the tests are killed. The kernel takes the starting thread for the parent."""
    in_main = threading.current_thread() is threading.main_thread()
    return ["setpriv", "--pdeathsig", "KILL"] if in_main and shutil.which("setpriv") else []
