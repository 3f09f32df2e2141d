"""The README and the docs say what is."""

import re
from pathlib import Path

import pytest

from tools.metric_table import README

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
_LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#]+)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """A link to a file of the project has its file."""
    missing = [link for link in _LINK.findall(page.read_text()) if not (page.parent / link).exists()]
    assert missing == []


def test_the_readme_names_commands_that_exist() -> None:
    """Each `make` command of the README is a target of the Makefile."""
    commands = set(re.findall(r"`?make ([a-z]+)", README.read_text()))
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert commands - {"it"} <= targets
    assert {"demo", "test"} <= commands
