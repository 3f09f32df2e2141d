"""Expressions of users and names of strangers."""

import pytest
import re2  # type: ignore[import-untyped]  # the library has no types
from hypothesis import given
from hypothesis import strategies as st

from exporter.config.expressions import Expression

PATTERNS = [
    ".*",
    ".+",
    "",
    "consul",
    "web-1",
    "web-.*",
    "(a|b)*c",
    "[^a]*",
    "(?i)WEB",
    "a$b",
    r"\d+",
    "Кас.а",
    "(a+)+",
    ".",
    "a|b|",
    "x{2,3}",
]
names = st.sampled_from(
    ["", "consul", "web-1", "web-", "WEB", "Касса", "ab", "abc", "xx", "\n", "a\nb", "\ud800", "7", "a$b"]
) | st.text(max_size=6)


@given(pattern=st.sampled_from(PATTERNS), name=names)
def test_quick_ways_find_the_same(pattern: str, name: str) -> None:
    """However it is matched, it is what RE2 finds for the whole name."""
    options = re2.Options()
    options.dot_nl = True
    expected = re2.compile(pattern.encode(), options).fullmatch(name.encode(errors="surrogatepass"))

    assert Expression(pattern).fullmatch(name) == (expected is not None)


@pytest.mark.parametrize("pattern", ["(a+)+", "(a|a)*", "(.*)*b", "(a|aa)+$", "([a-z]+)*x", "(a?){40}a{40}"])
def test_no_expression_takes_for_ever(pattern: str) -> None:
    """Backtracking engines need years for these."""
    expression = Expression(pattern)

    assert [expression.fullmatch("a" * 40 + "!") for _ in range(1000)] == [False] * 1000


@pytest.mark.parametrize("pattern", ["(", "(?=a)", r"(a)\1", "(a{1000}){1000}", "x" * 10**7, "[z-a]", "*"])
def test_what_is_no_expression_is_refused(pattern: str) -> None:
    """At load, not in a poll."""
    with pytest.raises(ValueError, match="is not a regular expression in RE2's syntax: "):
        Expression(pattern)


def test_expressions_of_the_same_text_are_equal() -> None:
    """A reload with the same file changes nothing."""
    assert Expression("a.*") == Expression("a.*") != Expression("a.+")
    assert hash(Expression("a.*")) == hash(Expression("a.*"))
