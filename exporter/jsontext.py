"""JSON of strangers: parsed only when it can't grow beyond bounds in memory, cut into pieces without being parsed."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import msgspec

from exporter.errors import Malformed, TooLarge

Text = bytes | bytearray
# A value takes 50 to 100 bytes of memory, however short it is written: `[],` is three, and there may be millions.
_MOST_VALUES = 1_000_000
# Every `_SHARE` tokens whoever cuts may let others go on; that is about 5 ms.
_SHARE = 20_000
# A string, or what gives the text its structure. No quantifier can give back what it took: the time is linear.
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.?[^"\\]*+)*+(?:"|\Z)|[\[\]{},]', re.DOTALL)

_LIST = re.compile(rb"\s*\[")
_NULL = re.compile(rb"\s*null\s*\Z")
_BLANK = re.compile(rb"\s*\Z")
_DEPTHS = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_COMMA, _CLOSING = ord(","), ord("]")


def parsed(text: Text) -> Any:
    """Return what the text says; Malformed when it is no JSON, TooLarge when it holds too many values."""
    values = sum(text.count(sign) for sign in (b",", b"[", b"{"))
    if values > _MOST_VALUES:
        raise TooLarge(f"the body holds more than {_MOST_VALUES:,} values")
    with suppress(ValueError, RecursionError):
        return msgspec.json.decode(text)
    try:
        return json.loads(text)  # It knows other encodings, and half characters.
    except (ValueError, RecursionError):
        raise Malformed("the body is not JSON") from None


def pieces_of_list(text: Text, size: int) -> Iterator[bytes | None]:
    """Cut a list, or null, into lists of about `size` bytes; None, which holds nothing, comes now and then for a pause.

    Malformed when it is no list. A single element is never cut, and whether the pieces are JSON shows when they are parsed.
    """
    if _NULL.match(text):
        yield b"[]"
        return
    head = _LIST.match(text)
    if not head:
        raise Malformed("the body is not a list")
    begin, depth, cut = head.end(), 1, _Cutter(text)
    for number, token in enumerate(_TOKEN.finditer(text, begin)):
        sign = text[token.start()]
        depth += _DEPTHS.get(sign, 0)
        if not depth:
            yield cut.last(begin, token)
            return
        if sign == _COMMA and depth == 1 and token.start() - begin >= size:
            yield cut.piece(begin, token.start())
            begin = token.end()
        if number % _SHARE == 0:
            yield None
    raise Malformed("the list has no end")


def listed(text: Text, begin: int, end: int) -> bytes:
    """Return a part of the text as a list."""
    return b"".join((b"[", memoryview(text)[begin:end], b"]"))


class _Cutter:
    def __init__(self, text: Text) -> None:
        self._text = text
        self._number = 0

    def piece(self, begin: int, end: int) -> bytes:
        """Return a part of the list as a list."""
        self._number += 1
        return self._listed(begin, end, may_be_blank=False)

    def last(self, begin: int, token: re.Match[bytes]) -> bytes:
        """Return what is left before the bracket that closes the list."""
        if self._text[token.start()] != _CLOSING or not _BLANK.match(self._text, token.end()):
            raise Malformed("the list has no end, or something follows it")
        return self._listed(begin, token.start(), may_be_blank=not self._number)

    def _listed(self, begin: int, end: int, *, may_be_blank: bool) -> bytes:
        if not may_be_blank and _BLANK.match(self._text, begin, end):
            raise Malformed("the list lacks an element")
        return listed(self._text, begin, end)
