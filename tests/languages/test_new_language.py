"""A new language is one module and one line: tried with a made-up one, in a copy of the project."""

import sys
from pathlib import Path

from tests.copying import generate, run

MODULE = '''"""A made-up language: every word of Russian between marks."""

from languages.language import Language, Words
from languages.ru import LANGUAGE as RU


def marked(words: Words) -> Words:
    return {key: f"‹{word}›" if not word.startswith("suffix:") else word for key, word in words.items()}


LANGUAGE = Language(**{name: marked(words) for name, words in vars(RU).items()})
'''
CONCERNED = (
    ["tests/languages", "--ignore=tests/languages/test_new_language.py"],
    ["tests/dashboards/test_files.py", "tests/dashboards/test_structure.py"],
    ["tests/dashboards/test_history_cell.py", "-k", "not clock"],
    ["tests/alerts/test_delivery.py", "tests/alerts/test_lint.py", "tests/test_containers.py", "-k", "xx"],
)


def test_a_language_is_one_module_and_one_line(copy: Path) -> None:
    """After `make generate` its dashboards and messages are there, and the tests of languages find nothing wrong."""
    (copy / "languages" / "xx.py").write_text(MODULE, encoding="utf-8")
    registry = copy / "languages" / "__init__.py"
    registry.write_text(registry.read_text("utf-8").replace('    "ru",\n', '    "ru",\n    "xx",\n'), "utf-8")
    generate(copy)
    assert "‹Сервисы›" in (copy / "grafana" / "dashboards" / "xx" / "services.json").read_text("utf-8")
    for arguments in CONCERNED:
        run(copy, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments)
