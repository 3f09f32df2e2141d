"""A new kind is one file and one line: the guide followed to the letter, in a copy of the project."""

import re
import sys
from pathlib import Path

from tests.copying import ROOT, generate, run

GUIDE = ROOT / "docs" / "adding-a-kind.md"
KINDS = Path("exporter/sources/connections/kinds")
CONCERNED = (
    ["tests/connections/test_kinds.py", "tests/config", "tests/test_layers.py", "tests/test_cli.py"],
    ["tests/test_readme.py", "tests/test_golden.py", "tests/test_truth.py", "tests/test_exposition.py"],
    ["tests/dashboards/test_files.py", "tests/dashboards/test_structure.py", "tests/alerts/test_lint.py"],
)


def test_a_kind_is_one_file_and_one_line(copy: Path) -> None:
    """After `make generate` the suite's relevant part finds nothing wrong, and the kind is documented."""
    text = GUIDE.read_text("utf-8")
    code, entry = re.findall(r"```python\n(.*?)```", text, re.DOTALL)[:2]
    name, _ = re.findall(r"`exporter/sources/connections/kinds/(\w+)\.py`", text)
    word, class_ = re.findall(r'"(\w+)": (\w+),', entry)[-1]
    (copy / KINDS / f"{name}.py").write_text(code, "utf-8")
    registry = copy / KINDS / "__init__.py"
    line = f"from exporter.sources.connections.kinds.{name} import {class_}\n\nKINDS"
    registered = registry.read_text("utf-8").replace("\nKINDS", line, 1)
    registry.write_text(registered.replace("\n}", f'\n    "{word}": {class_},\n}}', 1), "utf-8")
    generate(copy)

    assert f"#### kind: {word}" in (copy / "docs" / "configuration.md").read_text("utf-8")
    for arguments in CONCERNED:
        run(copy, sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *arguments)
