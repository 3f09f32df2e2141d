"""Regular expressions of users, matched against names that strangers choose: in linear time, by RE2."""

from dataclasses import dataclass, field
from typing import Any

import re2  # type: ignore[import-untyped]  # the library has no types

_OPTIONS = re2.Options()
_OPTIONS.dot_nl = True
_OPTIONS.log_errors = False


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression in RE2's syntax, which Prometheus has too: no backreferences and no lookaround.

    ValueError when it can't be used. Two of the same text are equal.
    """

    text: str
    _compiled: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        try:
            # As bytes: the library would otherwise count the characters before each match.
            compiled = re2.compile(self.text.encode(errors="surrogatepass"), _OPTIONS)
        except re2.error as error:
            said = error.args[0] if error.args else b""
            why = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
            raise ValueError(f"is not a regular expression in RE2's syntax: {why}") from None
        object.__setattr__(self, "_compiled", compiled)

    def search(self, content: bytes) -> bool:
        """Return whether it matches anywhere in `content`."""
        return self._compiled.search(content) is not None

    def fullmatch(self, name: str) -> bool:
        """Return whether it matches the whole of `name`."""
        return self._compiled.fullmatch(name.encode(errors="surrogatepass")) is not None
