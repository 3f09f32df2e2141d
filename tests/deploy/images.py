"""Stand-ins for the images that the project takes from registries, made from Debian's packages.

They have the names, programs, users and folders that the Dockerfile and docker-compose.yml count on. There is none
for Grafana, which Debian doesn't have.
"""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.conftest import binary
from tests.deploy.podman import SLOW, Podman

PYTHON = "docker.io/library/python:3.11-slim-bookworm"
PROMETHEUS = "docker.io/prom/prometheus:v3.5.3"
ALERTMANAGER = "docker.io/prom/alertmanager:v0.33.1"
PACKAGES = ("python3", "python3-venv", "ca-certificates", "wget", "systemd", "systemd-sysv", "dbus", "procps")
# How this machine reaches package indexes: what pip is told here, it has to be told in a build.
CARRIED_FILES = (Path("/etc/pip.conf"), Path("/etc/ssl/certs/ca-certificates.crt"))
CARRIED_VARIABLES = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST")


def make_images(podman: Podman) -> None:
    """Make those that aren't there yet, all of them anew when the base has changed."""
    current = podman.label(PYTHON, "packages") == ",".join(PACKAGES)
    for name, make in MAKERS.items():
        if not (current and podman.has_image(name)):
            with TemporaryDirectory(prefix="image-") as folder:
                make(podman, Path(folder))


def _python(podman: Podman, folder: Path) -> None:
    command = ["debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", "bookworm", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SLOW, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    (folder / "usr/bin/python").symlink_to("python3")
    for file in filter(Path.exists, CARRIED_FILES):
        shutil.copy(file, folder / file.relative_to("/"))
    settings = [f"--change=ENV {name}={os.environ[name]}" for name in CARRIED_VARIABLES if name in os.environ]
    settings.append(f"--change=LABEL packages={','.join(PACKAGES)}")
    archive = folder.with_suffix(".tar")
    try:
        subprocess.run(["tar", "-C", folder, "-cf", archive, "."], check=True)
        podman("import", *settings, archive, PYTHON, timeout=SLOW)
    finally:
        archive.unlink(missing_ok=True)


def _prometheus(podman: Podman, folder: Path) -> None:
    for name in ("prometheus", "promtool"):
        program = binary(name)
        patched = program.with_name(f"{name}.real")  # what it looks for in place are pages for browsers alone
        shutil.copy(patched if patched.exists() else program, folder / name)
    lines = [
        f"FROM {PYTHON}",
        "COPY prometheus promtool /bin/",
        "RUN install -d -o nobody -g nogroup /prometheus",
        "USER nobody",
        'ENTRYPOINT ["/bin/prometheus"]',
    ]
    _build(podman, folder, PROMETHEUS, lines)


def _alertmanager(podman: Podman, folder: Path) -> None:
    program = binary("alertmanager").resolve()
    shutil.copytree(program.parents[2], folder / "package")
    lines = [
        f"FROM {PYTHON}",
        "COPY package /opt/alertmanager",
        f"RUN ln -s /opt/alertmanager/usr/bin/{program.name} /bin/alertmanager",
        "RUN install -d -o nobody -g nogroup /alertmanager",
        "USER nobody",
        'ENTRYPOINT ["/bin/alertmanager"]',
    ]
    _build(podman, folder, ALERTMANAGER, lines)


def _build(podman: Podman, folder: Path, name: str, lines: list[str]) -> None:
    (folder / "Dockerfile").write_text("\n".join(lines) + "\n")
    podman("build", "--tag", name, folder, timeout=SLOW)


MAKERS: dict[str, Callable[[Podman, Path], None]] = {
    PYTHON: _python,
    PROMETHEUS: _prometheus,
    ALERTMANAGER: _alertmanager,
}
