"""docker-compose.yml brought up by the real docker-compose, on Podman."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.deploy.podman import Podman

PUBLISHING = ("exporter", "demo-exporter", "prometheus", "alertmanager", "grafana")


@dataclass(frozen=True)
class Compose:
    """One project: `folder` holds the files of the repository, `override` is another compose file on top."""

    program: Path
    podman: Podman
    host: str
    folder: Path
    override: Path
    project: str

    def __call__(
        self, *arguments: str, timeout: float = 600, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run `docker-compose ARGUMENTS`."""
        files = [f"--file={self.folder / 'docker-compose.yml'}", f"--file={self.override}"]
        return subprocess.run(
            [self.program, *files, f"--project-name={self.project}", *arguments],
            env=self._environment(variables),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def _environment(self, variables: Mapping[str, str]) -> dict[str, str]:
        own = {name: value for name, value in os.environ.items() if not name.startswith("COMPOSE_")}
        return {**own, "DOCKER_HOST": self.host, **variables}

    def container(self, service: str) -> str:
        """The id of a service's container."""
        label = f"label=com.docker.compose.service={service}"
        mine = f"label=com.docker.compose.project={self.project}"
        return self.podman("ps", "--all", "--quiet", "--no-trunc", "--filter", label, "--filter", mine)

    def url(self, service: str, port: int) -> str:
        return f"http://{self.podman.address(self.container(service))}:{port}"


def without_ports(override: str = "") -> str:
    """A compose file that takes away the published ports, so that nothing on this machine is in the way."""
    lines = [f"  {service}:\n    ports: !reset []\n" for service in PUBLISHING]
    return "services:\n" + "".join(lines) + override


@contextmanager
def composed(podman: Podman, program: Path, folder: Path, override: Path, project: str) -> Iterator[Compose]:
    """Serve one project, and take down all of it when the block ends."""
    with podman.docker_host() as host, podman.health_checks():
        compose = Compose(program, podman, host, folder, override, project)
        try:
            yield compose
        finally:
            compose("--profile", "demo", "--profile", "live", "down", "--volumes", "--timeout", "0")
