"""Everything that is generated is as `make generate` writes it."""

import re

from tools import generate, requirements


def test_nothing_is_stale() -> None:
    """`make generate` changes no byte, and leaves nothing that is generated no more."""
    stale = [
        path
        for path, text in generate.files().items()
        if not path.exists() or path.read_text("utf-8") != text
    ]
    assert stale + generate.strangers() + requirements.stale() == [], "run `make generate`"


def test_every_package_of_the_image_has_hashes() -> None:
    """pip refuses a file in which one has none, and one that is another than the one that was tested."""
    for path in requirements.wanted():
        entries = re.split(r"\n(?=\S)", path.read_text().strip())[1:]
        assert len(entries) == len(requirements.pinned(path)) > 0
        assert [entry for entry in entries if not re.search(r"--hash=sha256:[0-9a-f]{64}\b", entry)] == []
