"""The container engine for the tests of images and compose."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest

from exporter import __version__
from tests.deploy.images import make_images
from tests.deploy.podman import Podman, why_not
from tests.real.missing import missing
from tools.components import TOOLS

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="session")
def podman() -> Iterator[Podman]:
    """Podman with the base images; they stay in `.tools/` for the next run."""
    if reason := why_not():
        missing(f"podman ({reason})")
    scratch = Path(mkdtemp(prefix="pod", dir="/tmp"))
    folder = TOOLS / "containers"
    folder.mkdir(parents=True, exist_ok=True)
    engine = Podman(folder, scratch)
    try:
        make_images(engine)
        yield engine
    finally:
        engine.tried("rm", "--all", "--force", "--time", "0")
        engine.tried("network", "prune", "--force")
        engine.tried("volume", "prune", "--force")
        shutil.rmtree(scratch, ignore_errors=True)


@pytest.fixture(scope="session")
def image(podman: Podman) -> str:
    """The exporter's image, built from the real Dockerfile."""
    name = f"docker.io/library/status-exporter:{__version__}"
    podman.build(ROOT, name, "exporter")
    return name
