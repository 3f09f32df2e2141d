"""What a package index gets: a wheel and a source distribution that are whole and carry their licence."""

import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from packaging.metadata import Metadata

from exporter import __version__

ROOT = Path(__file__).parent.parent.parent
NAME = f"status_exporter-{__version__}"
BUILD = "import sys, setuptools.build_meta as b; f = sys.argv[1]; b.build_sdist(f); b.build_wheel(f)"
LEFT_OUT = shutil.ignore_patterns(
    "__pycache__", "*.egg-info", "build", "dist", "node_modules", "tests",
    ".git", ".venv*", ".tools", ".demo", ".hypothesis", ".*_cache",
)  # fmt: skip


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source distribution, built apart from the checkout."""
    folder = tmp_path_factory.mktemp("distribution")
    shutil.copytree(ROOT, folder / "source", ignore=LEFT_OUT)
    command = [sys.executable, "-c", BUILD, str(folder)]
    done = subprocess.run(command, cwd=folder / "source", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def wheel_files(built: Path) -> dict[str, str]:
    with zipfile.ZipFile(built / f"{NAME}-py3-none-any.whl") as wheel:
        return {name: wheel.read(name).decode() for name in wheel.namelist()}


def test_the_metadata_is_valid_and_names_the_licence(built: Path) -> None:
    """An index takes it, and whoever lists licences finds this one; its text is inside."""
    files = wheel_files(built)
    metadata = Metadata.from_email(files[f"{NAME}.dist-info/METADATA"], validate=True)
    assert (metadata.license_expression, metadata.license_files) == ("Apache-2.0", ["LICENSE"])
    assert files[f"{NAME}.dist-info/licenses/LICENSE"] == (ROOT / "LICENSE").read_text()
    assert metadata.description == (ROOT / "README.md").read_text()
    assert files[f"{NAME}.dist-info/entry_points.txt"].split("\n")[1] == (
        "status-exporter = exporter.__main__:main"
    )


def test_the_wheel_is_the_package_whole_and_nothing_else(built: Path) -> None:
    """Every file that the package has in the checkout, the marker for type checkers and templates included."""
    packed = {name for name in wheel_files(built) if ".dist-info/" not in name}
    package = {path for path in (ROOT / "exporter").rglob("*") if path.is_file()}
    kept = {path for path in package if "__pycache__" not in path.parts}
    assert packed == {str(path.relative_to(ROOT)) for path in kept}
    assert "exporter/py.typed" in packed


def test_the_source_has_what_its_pages_speak_of(built: Path) -> None:
    """Rules, dashboards, the unit and the pages travel with the source."""
    with tarfile.open(built / f"{NAME}.tar.gz") as archive:
        packed = {name.partition("/")[2] for name in archive.getnames()}
    wanted = ["deploy", "docs", "examples", "grafana", "requirements", "rules", "targets", "alertmanager"]
    files = {path for folder in wanted for path in (ROOT / folder).rglob("*") if path.is_file()}
    files |= {
        ROOT / name for name in ("Dockerfile", "docker-compose.yml", "prometheus.yml", "constraints.txt")
    }
    assert {str(path.relative_to(ROOT)) for path in files} - packed == set()
