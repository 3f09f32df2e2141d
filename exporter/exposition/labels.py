"""Write labels; their values come from outside, and one that is too long makes stores refuse the whole scrape."""

import hashlib
from collections.abc import Iterable

DEFAULT_LIMIT = 1024
# So many times the limit may be what is said about something beside its identity.
_SET = 4
# How a cut value ends: with this, and what tells it from others with the same beginning.
CUT = "…["


class _Bounds:
    """The longest value in bytes of UTF-8; the command line decides it before anything is written."""

    longest = DEFAULT_LIMIT


def limit_values(longest: int) -> None:
    """Cut values longer than so many bytes from now on."""
    _Bounds.longest = longest


def label_pairs(names: Iterable[str], values: Iterable[str]) -> str:
    """Write labels, their values escaped; ValueError when there are more of one than of the other."""
    pairs = list(zip(names, values, strict=True))
    longest = _Bounds.longest
    if len(pairs) > _SET and sum(min(_size(value), longest) for _, value in pairs) > _SET * longest:
        longest = _SET * longest // len(pairs)
    return ",".join(f'{name}="{escape(value, longest)}"' for name, value in pairs)


def tags_value(tags: Iterable[str]) -> str:
    """Write tags as Prometheus' discovery does, `,a,b,`, so that `.*,a,.*` matches one; commas in a tag have a backslash.

    As many as fit are written whole.
    """
    whole = "".join(f",{_tag(tag)}" for tag in tags)
    longest = _Bounds.longest - 1
    if _size(whole) <= longest:
        return whole and f"{whole},"
    short = bounded(whole, longest)
    return f"{short[: short.rindex(',', 0, short.rindex(CUT) + 1)]},{short[short.rindex(CUT) :]},"


def _tag(tag: str) -> str:
    return tag.replace("\\", r"\\").replace(",", r"\,")


def escape(value: str, longest: int = 0) -> str:
    """Escape a label's value, cut if it is too long; half a character, as JSON can hold, is written as the escape it came as."""
    if not value.isascii():
        value = value.encode(errors="backslashreplace").decode()
    value = bounded(value, longest or _Bounds.longest)
    if "\\" in value or '"' in value or "\n" in value:
        return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
    return value


def bounded(value: str, longest: int) -> str:
    """Return the value, or its beginning and a mark of its own when it takes more than `longest` bytes."""
    if _size(value) <= longest:
        return value
    whole = value.encode(errors="backslashreplace")
    mark = f"{CUT}{hashlib.sha256(whole).hexdigest()[:8]}]"
    return whole[: longest - len(mark.encode())].decode(errors="ignore") + mark


def _size(value: str) -> int:
    return len(value) if value.isascii() else len(value.encode(errors="backslashreplace"))
