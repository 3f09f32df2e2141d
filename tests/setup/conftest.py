"""A search path, a `.tools/` folder, and apt's configuration of the test's own."""

from pathlib import Path

import pytest

from tools import debian


@pytest.fixture
def on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is searched before all others on PATH."""
    folder = tmp_path / "path"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder to take the place of `.tools/`."""
    return tmp_path / "tools"


@pytest.fixture
def etc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that takes the place of /etc, of a Debian that has no sources yet."""
    folder = tmp_path / "etc"
    (folder / "apt/sources.list.d").mkdir(parents=True)
    (folder / "os-release").write_text('NAME="Debian"\nVERSION_CODENAME=bookworm\n')
    monkeypatch.setattr(debian, "ETC", folder)
    return folder


@pytest.fixture
def archive(tmp_path: Path, etc: Path, on_path: Path) -> Path:
    """A Debian archive on disk, which the machine's sources name as their mirror."""
    root = tmp_path / "mirror"
    root.mkdir()
    (etc / "apt/sources.list").write_text(f"deb [trusted=yes] file:{root} bookworm main\n")
    return root
