"""Foreign JSON: cut without being parsed, and parsed only within bounds."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.errors import Malformed, TooLarge
from exporter.jsontext import parsed, pieces_of_list

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.sampled_from(["\\", '"', "],[", '\\"},{', "{", "]"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


def cut(text: bytes, size: int = 1) -> list[Any]:
    """The elements of all pieces."""
    return [element for piece in pieces_of_list(text, size) if piece is not None for element in parsed(piece)]


@given(
    content=st.lists(anything), indent=st.none() | st.just(3), escaped=st.booleans(), size=st.integers(1, 30)
)
def test_pieces_hold_the_elements(content: list[Any], indent: int | None, escaped: bool, size: int) -> None:
    """Wherever a list is cut, no element is lost, moved or changed."""
    text = json.dumps(content, indent=indent, ensure_ascii=escaped).encode()

    assert cut(text, size) == content
    assert cut(b" \n" + bytearray(text) + b"\r\n\t", size) == content


@given(content=st.lists(anything), size=st.integers(1, 30), data=st.data())
def test_what_is_no_list_is_malformed(content: list[Any], size: int, data: st.DataObject) -> None:
    """What the parser doesn't take is not made a list by being cut, and nothing but Malformed is raised."""
    text = bytearray(json.dumps(content).encode())
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(text)))
        text[place : place + data.draw(st.integers(0, 1))] = data.draw(
            st.sampled_from([b"", b"]", b"[", b",", b'"', b"}", b"x", b"\\"])
        )
    try:
        expected = json.loads(text)
    except ValueError:
        expected = None

    try:
        found = cut(bytes(text), size)
    except Malformed:
        assert not isinstance(expected, list)
    else:
        assert found == expected


@pytest.mark.parametrize(
    "text", [b"[1,]", b"[,1]", b"[,]", b"[1}", b"[}", b"{}", b"[1][2]", b"[1", b"", b"1", b"x[1]", b"[1]x"]
)
def test_mistakes(text: bytes) -> None:
    """Each is no list."""
    with pytest.raises(Malformed):
        cut(text)


@pytest.mark.parametrize("text", [b"null", b" null ", b"[]", b" [ ] "])
def test_empty(text: bytes) -> None:
    """Go writes null for an empty list."""
    assert cut(text) == []


@pytest.mark.parametrize(
    "unit",
    [b"[],", b"1,", b'"",', b"{},", b'"\\"', b'\\"', b"[", b'{"a":', b"\\\\", b" "],
    ids=[
        "lists",
        "numbers",
        "strings",
        "mappings",
        "quotes",
        "open strings",
        "depth",
        "nesting",
        "backslashes",
        "blanks",
    ],
)
def test_cutting_comes_to_an_end(unit: bytes) -> None:
    """Time is in proportion to size, whatever stands in the text: if it grew faster, this would take days."""
    text = b"[" + unit * (2**22 // len(unit))

    with pytest.raises(Malformed):
        assert all(piece is None or len(piece) < 2**18 for piece in pieces_of_list(text, 2**17))


def test_a_text_that_would_fill_the_memory_is_not_parsed() -> None:
    """Three bytes become a hundred: what holds millions of values is refused, whatever its size."""
    with pytest.raises(TooLarge):
        parsed(b"[" + b"[]," * 1_100_000 + b"1]")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b'["\\ud800"]', ["\ud800"]),
        ("[1]".encode("utf-16"), [1]),
        (b"\xef\xbb\xbf[1]", [1]),
        (bytearray(b"[1]"), [1]),
    ],
)
def test_odd_but_readable(text: bytes, value: Any) -> None:
    """Half characters and other encodings are read."""
    assert parsed(text) == value


@pytest.mark.parametrize("text", [b"", b"[", b"\xff", b'["\xff"]', b"[" * 100_000, b"secret"])
def test_unreadable(text: bytes) -> None:
    """Nothing but Malformed is raised, and it quotes nothing."""
    with pytest.raises(Malformed) as caught:
        parsed(text)
    assert "secret" not in str(caught.value)
