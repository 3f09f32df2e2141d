"""Every rule of the configuration file: one bad file each, whose first comments are the messages to expect."""

from pathlib import Path

import pytest

from exporter.errors import ConfigError
from exporter.sources.connections.kinds import KINDS
from exporter.sources.plan import read_file

FOLDER = Path(__file__).parents[1] / "testdata" / "config"
UNFIT = "holds a value that doesn't fit its tag"
BAD_FILES = sorted(FOLDER.glob("*.yml"))


def problems_with(path: Path) -> list[str]:
    """All messages about a file, which is called FILE in them."""
    with pytest.raises(ConfigError) as caught:
        read_file(path)
    return [str(problem).replace(str(path), "FILE") for problem in caught.value.problems]


def expected(path: Path) -> list[str]:
    lines = path.read_text().splitlines()
    count = next(number for number, line in enumerate(lines) if not line.startswith("#"))
    known = ", ".join(sorted(KINDS))
    return [line.removeprefix("# ").replace("KINDS", known) for line in lines[:count]]


@pytest.mark.parametrize("path", BAD_FILES, ids=lambda path: path.stem)
def test_each_mistake_is_named_with_its_place(path: Path) -> None:
    """Each bad file gives exactly the messages in its comments, and none of them shows a value that may be secret."""
    messages = problems_with(path)

    assert messages == expected(path)
    assert "SECR" not in str(messages)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"", "FILE: is empty", id="empty"),
        pytest.param(b"# nothing\n", "FILE: is empty", id="comments only"),
        pytest.param(b"a: \xe9", "FILE: is not text in UTF-8 or UTF-16", id="Latin-1"),
        pytest.param(b"a: \0", "FILE: is not text in UTF-8 or UTF-16", id="binary"),
        pytest.param(b"a: " + b"[" * 100_000, "FILE: is nested too deeply", id="100,000 brackets"),
        pytest.param(
            b"a: " + b"[" * 100 + b"]" * 100, "FILE: is nested too deeply", id="100 pairs of brackets"
        ),
        pytest.param(b"? " * 100_000 + b"a", "FILE: is nested too deeply", id="100,000 keys of keys"),
        pytest.param(b"- " * 900 + b"a", "FILE: is nested too deeply", id="a list of lists"),
        pytest.param(b"a: !!timestamp 2026-13-45", f"FILE: {UNFIT}", id="a date that is none"),
        pytest.param(b"a: !!bool maybe", f"FILE: {UNFIT}", id="a boolean that is none"),
        pytest.param(b'a: !!int ""', f"FILE: {UNFIT}", id="a number that is none"),
        pytest.param(b"a: !!timestamp soon", f"FILE: {UNFIT}", id="a time that is none"),
    ],
)
def test_what_is_no_yaml_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    """Whatever the bytes are, there is one message and no crash."""
    path = tmp_path / "config.yml"
    path.write_bytes(content)

    assert [message] == problems_with(path)


def test_a_folder_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    """A configuration file that can't be read is named with the reason."""
    assert [f"{tmp_path}: can't be read: Is a directory"] == [
        message.replace("FILE", str(tmp_path)) for message in problems_with(tmp_path)
    ]
    assert problems_with(tmp_path / "none.yml") == ["FILE: can't be read: No such file or directory"]


def test_a_file_of_gigabytes_is_not_read(tmp_path: Path) -> None:
    """A file beyond all measure is refused before it fills the memory."""
    path = tmp_path / "config.yml"
    with path.open("wb") as file:
        file.truncate(2**40)

    assert problems_with(path) == ["FILE: is larger than 32 MiB"]
