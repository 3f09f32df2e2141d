"""What is wrong on a page is seen, by the whole chain from Prometheus to the reader's eye."""

import pytest

from pictures.drawing import Drawn, Page, View
from pictures.judge import complaints
from tests.pictures.conftest import Draw
from tests.pictures.flaws import FLAWS, GOOD, dashboard


@pytest.fixture(scope="session")
def drawn(pages: Draw) -> dict[str, Drawn]:
    """Each flaw on a page of its own, and what is good on one."""
    asked = {"good": dashboard(*GOOD.values())} | {
        name: dashboard(panel) for name, (panel, _) in FLAWS.items()
    }
    view = View(language="ru", width=900)
    seen = pages([Page(f"p{number}", view, one) for number, one in enumerate(asked.values())])
    return dict(zip(asked, seen, strict=True))


def test_nothing_is_said_of_what_is_good(drawn: dict[str, Drawn]) -> None:
    """Each kind of panel, and a panel that has its own words for no value."""
    assert complaints(drawn["good"]) == []
    assert len(drawn["good"].seen["panels"]) == len(GOOD)


@pytest.mark.parametrize("name", FLAWS)
def test_a_flaw_is_said(drawn: dict[str, Drawn], name: str) -> None:
    """The complaint says where, and what."""
    _, expected = FLAWS[name]
    assert [line for line in complaints(drawn[name]) if expected in line]
