"""What to do when a real component is missing: skip and say so in one line, or fail where it is required.

A run that tries other versions of libraries does without all of them: what they test does not depend on these.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

import pytest

from tools.components import find

REQUIRED = "REQUIRE_REAL_COMPONENTS"
UNWANTED = "WITHOUT_REAL_COMPONENTS"
REASON = "real component missing: "


def component(name: str) -> Path:
    """Find the program, or skip the test; fail it when the environment requires real components."""
    return (None if _is_set(UNWANTED) else find(name)) or missing(name)


def missing(name: str, optional: bool = False) -> NoReturn:
    """Skip the test for want of `name`; unless it is optional, fail where the environment requires components."""
    if _is_set(REQUIRED) and not _is_set(UNWANTED) and not optional:
        pytest.fail(REASON + name, pytrace=False)
    pytest.skip(REASON + name)


def _is_set(variable: str) -> bool:
    return os.environ.get(variable, "0") not in ("", "0")


def summary(reasons: Iterable[str]) -> str:
    """One line about the tests skipped for want of a component; empty when there are none."""
    names = [reason.rpartition(REASON)[2] for reason in reasons if REASON in reason]
    counts = ", ".join(f"{names.count(name)} without {name}" for name in sorted(set(names)))
    return f"{len(names)} tests skipped, real components can't be had here: {counts}" if names else ""
