"""A new language is one module and one line: tried with a made-up one, in a copy of the project."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULE = '''"""A made-up language: every word of Russian between marks."""

from languages.language import Language, Words
from languages.ru import LANGUAGE as RU


def marked(words: Words) -> Words:
    return {key: f"‹{word}›" for key, word in words.items()}


LANGUAGE = Language(**{name: marked(words) for name, words in vars(RU).items()})
'''
CONCERNED = (
    ["tests/languages", "--ignore=tests/languages/test_new_language.py"],
    ["tests/dashboards/test_files.py", "tests/dashboards/test_structure.py"],
    ["tests/dashboards/test_history_cell.py", "-k", "not clock"],
    ["tests/alerts/test_delivery.py", "tests/alerts/test_lint.py", "tests/test_containers.py", "-k", "xx"],
)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The project without its history, with the same Python and the same tools."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    for name in names:
        if (ROOT / name).is_file():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tmp_path / name)
    if (ROOT / ".tools").exists():
        (tmp_path / ".tools").symlink_to(ROOT / ".tools")
    return tmp_path


def run(folder: Path, *command: str) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_language_is_one_module_and_one_line(copy: Path) -> None:
    """After `make generate` its dashboards and messages are there, and the tests of languages find nothing wrong."""
    (copy / "languages" / "xx.py").write_text(MODULE, encoding="utf-8")
    registry = copy / "languages" / "__init__.py"
    registry.write_text(registry.read_text("utf-8").replace('    "ru",\n', '    "ru",\n    "xx",\n'), "utf-8")
    run(copy, "make", "generate", "--old-file=.venv/.installed-dev", f"BIN={Path(sys.executable).parent}")
    assert "‹Сервисы›" in (copy / "grafana" / "dashboards" / "xx" / "services.json").read_text("utf-8")
    for arguments in CONCERNED:
        run(copy, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments)
