"""A search path and a `.tools/` folder of the test's own."""

from pathlib import Path

import pytest


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
