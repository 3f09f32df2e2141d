"""How YAML is read."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.config import read_mapping
from exporter.errors import ConfigError


def read(folder: Path, content: str | bytes) -> object:
    path = folder / "config.yml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_mapping(path)


@pytest.mark.parametrize(
    "encode",
    [
        pytest.param(lambda text: text.encode("utf-8-sig"), id="byte order mark"),
        pytest.param(lambda text: text.encode("utf-16"), id="UTF-16"),
        pytest.param(lambda text: text.replace("\n", "\r\n").encode(), id="line ends of Windows"),
    ],
)
def test_every_editor_of_windows_may_have_written_it(tmp_path: Path, encode: object) -> None:
    """Byte order marks, UTF-16 and CRLF make no difference."""
    assert callable(encode)

    assert read(tmp_path, encode("name: Эвотор\nnext: x\n")) == {"name": "Эвотор", "next": "x"}


@pytest.mark.parametrize("word", ["no", "yes", "on", "off", "y", "10:30", "2026-01-01", "007", "0x1F", "1e3"])
def test_plain_words_are_text(tmp_path: Path, word: str) -> None:
    """Words that YAML 1.1 takes for booleans, times or odd numbers are what they look like: text."""
    assert {"name": word} == read(tmp_path, f"name: {word}")


def test_plain_values_keep_their_types(tmp_path: Path) -> None:
    """Booleans, numbers and null are recognized as in YAML 1.2."""
    assert read(tmp_path, "a: [true, False, 12, -1, 1.5, null, ~]") == {
        "a": [True, False, 12, -1, 1.5, None, None]
    }


def test_anchors_and_merge_keys_work(tmp_path: Path) -> None:
    """A merged key may be overridden, also when the merging mapping is merged again from further out."""
    text = "b: &b {x: 1, y: 1}\nlist:\n  - &c {<<: *b, x: 2}\nz: {<<: *c, y: 3}\n"

    assert read(tmp_path, text) == {"b": {"x": 1, "y": 1}, "list": [{"x": 2, "y": 1}], "z": {"x": 2, "y": 3}}


@pytest.mark.parametrize("names", ["a, bb", "bb, a"])
def test_of_several_merged_mappings_the_first_wins(tmp_path: Path, names: str) -> None:
    """The order in which they are named counts, not that of the keys nor of the file, in one letter or more."""
    text = f"a: &a {{x: 1, key: 1}}\nbb: &bb {{key: 2, x: 2}}\nz: {{own: 3, <<: [*{', *'.join(names.split(', '))}]}}"
    first = 1 if names.startswith("a") else 2
    assert read(tmp_path, text) == {
        "a": {"x": 1, "key": 1},
        "bb": {"x": 2, "key": 2},
        "z": {"own": 3, "x": first, "key": first},
    }


@pytest.mark.parametrize("value", ["3", "[3]", "[*a, 3]", "[[*a]]"])
def test_only_mappings_can_be_merged(tmp_path: Path, value: str) -> None:
    """Anything else is named with its place."""
    with pytest.raises(ConfigError, match=r"line 2, column \d+: only a mapping or a list of mappings"):
        read(tmp_path, f"a: &a {{x: 1}}\nz: {{<<: {value}}}\n")


def test_a_mapping_that_merges_itself_is_itself(tmp_path: Path) -> None:
    """No circle is walked for ever."""
    assert read(tmp_path, "a: &a {x: 1, <<: *a}\n") == {"a": {"x": 1}}


@given(content=st.one_of(st.binary(max_size=60), st.text("{}[]:-&*!<>|\"'# \n\tab", max_size=40)))
def test_no_content_makes_it_crash(content: str | bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Any bytes are a mapping or a ConfigError."""
    try:
        found = read(tmp_path_factory.getbasetemp(), content)
    except ConfigError:
        return
    assert isinstance(found, dict)
