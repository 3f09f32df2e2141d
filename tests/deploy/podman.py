"""Podman as root, with images, containers and networks of its own; Docker's own tools can talk to it too.

Registries are not asked: `images.py` makes stand-ins for the base images from Debian's packages, under the names
that the project uses.
"""

import json
import os
import resource
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.real.process import Process, wait_for

PROGRAMS = ("podman", "runc", "netavark", "debootstrap")
HELPERS = "/usr/lib/podman"
NETWORK = "tests"
SLOW = 1200  # seconds for a build

# runc and cgroupfs work where there is no systemd and cgroups are those of version 1; limits can't be raised there.
CONTAINERS = """
[containers]
default_ulimits = ["nofile={files}", "nproc={processes}"]
log_driver = "k8s-file"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[network]
network_backend = "netavark"
network_config_dir = "{scratch}/networks"
"""
STORAGE = """
[storage]
driver = "overlay"
graphroot = "{folder}/storage"
runroot = "{scratch}/run"
"""


def why_not() -> str:
    """Why containers can't be run here; empty when they can."""
    if os.geteuid() != 0:
        return "podman needs root for this"
    missing = [name for name in PROGRAMS if not shutil.which(name) and not Path(HELPERS, name).exists()]
    return f"{' and '.join(missing)} not installed" if missing else ""


class Podman:
    """Podman with its images in `folder`, which outlives it, and all else in `scratch`, a short path."""

    def __init__(self, folder: Path, scratch: Path) -> None:
        self._scratch = scratch
        settings = {"folder": folder, "scratch": scratch, **_limits()}
        (scratch / "containers.conf").write_text(CONTAINERS.format(**settings))
        (scratch / "storage.conf").write_text(STORAGE.format(**settings))
        self.environment = {
            **os.environ,
            "CONTAINERS_CONF": str(scratch / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(scratch / "storage.conf"),
            "BUILDAH_ISOLATION": "chroot",
            "BUILDAH_FORMAT": "docker",
            "DISABLE_HC_SYSTEMD": "true",  # no systemd, no timers: `health_checks` plays their part
        }

    def __call__(self, *arguments: str | Path, timeout: float = 120) -> str:
        """Run `podman ARGUMENTS` and return what it prints; AssertionError with its words when it fails."""
        done = self.tried(*arguments, timeout=timeout)
        assert done.returncode == 0, f"podman {' '.join(map(str, arguments))}: {done.stderr}"
        return done.stdout.strip()

    def tried(self, *arguments: str | Path, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """Run `podman ARGUMENTS`, whatever comes of it."""
        command: list[str | Path] = ["podman", *arguments]
        return subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=timeout, check=False
        )

    def has_image(self, name: str) -> bool:
        return self.tried("image", "exists", name).returncode == 0

    def label(self, image: str, name: str) -> str:
        """A label of an image, "" where either isn't there."""
        told = self.tried("image", "inspect", "--format", f'{{{{index .Labels "{name}"}}}}', image)
        return told.stdout.strip()

    def has_network(self, name: str) -> bool:
        return self.tried("network", "exists", name).returncode == 0

    def build(self, context: Path, name: str, target: str) -> None:
        """Build a target of the Dockerfile in `context`."""
        self("build", "--target", target, "--tag", name, context, timeout=SLOW)

    def inspect(self, container: str) -> dict[str, Any]:
        (told,) = json.loads(self("inspect", container))
        return dict(told)

    def address(self, container: str) -> str:
        """The address of a container, reachable from this machine."""
        (network,) = self.inspect(container)["NetworkSettings"]["Networks"].values()
        return str(network["IPAddress"])

    @contextmanager
    def running(self, image: str, *command: str, options: tuple[str | Path, ...] = ()) -> Iterator[str]:
        """Run a container until the block ends; yield its id."""
        if not self.has_network(NETWORK):
            self("network", "create", NETWORK)  # of a range that this machine doesn't use
        container = self("run", "--detach", f"--network={NETWORK}", *options, image, *command)
        try:
            yield container
        finally:
            self("rm", "--force", "--time", "0", container)

    @contextmanager
    def docker_host(self) -> Iterator[str]:
        """Serve Docker's API; yield the address for DOCKER_HOST."""
        socket = self._scratch / "docker.sock"
        service = ["podman", "system", "service", "--time=0", f"unix://{socket}"]
        variables = [f"{name}={value}" for name, value in self.environment.items() if name not in os.environ]
        process = Process(["env", *variables, *service], self._scratch / "service.log")
        try:
            process.wait_ready(socket.exists)
            yield f"unix://{socket}"
        finally:
            process.stop()

    @contextmanager
    def health_checks(self) -> Iterator[None]:
        """Run every container's health check again and again, as systemd's timers do."""
        ended = threading.Event()

        def check() -> None:
            while not ended.wait(0.5):
                for container in self.tried("ps", "--quiet").stdout.split():
                    self.tried("healthcheck", "run", container)

        thread = threading.Thread(target=check)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def health(self, container: str) -> str:
        """`healthy`, `unhealthy` or `starting`."""
        return str(self.inspect(container)["State"]["Health"]["Status"])

    def logs(self, container: str) -> str:
        done = self.tried("logs", container)
        return done.stdout + done.stderr

    def wait_for_exit(self, container: str, within: float) -> int:
        """Wait until a container has ended and return its exit code."""
        wait_for(lambda: not self.inspect(container)["State"]["Running"], within, "the end of the container")
        return int(self.inspect(container)["State"]["ExitCode"])


def _limits() -> dict[str, str]:
    limits = {"files": resource.RLIMIT_NOFILE, "processes": resource.RLIMIT_NPROC}
    return {name: _limit(resource.getrlimit(number)[1]) for name, number in limits.items()}


def _limit(hard: int) -> str:
    usual = 4096 if hard == resource.RLIM_INFINITY else min(hard, 4096)
    return f"{usual}:{usual}"
