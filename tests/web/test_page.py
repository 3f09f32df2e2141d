"""The landing page."""

import html
import re

import pytest

from exporter.state import Snapshot
from exporter.web import page as module
from exporter.web.page import MOST_ROWS, page
from tests.facts import NOW, ODD, Polled, everything, instance, many, polled, services


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "wall", lambda: NOW + 12)


def text_of(snapshot: Snapshot) -> str:
    """What a reader sees, its lines as in the browser."""
    body = page(snapshot, "/metrics").split("<body>")[1]
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body)))


def test_what_is_broken_is_said_first() -> None:
    """The first line counts what is broken, then everything is listed with the worst first."""
    seen = text_of(everything())

    assert (
        "5 need attention 1 service critical · 1 connection offline · 1 source down · "
        "1 service warning · 1 connection unreachable"
    ) in seen
    places = [seen.index(words) for words in ("db dc1", "web dc1", "old dc9", "mail dc1", "web dc2")]
    assert places == sorted(places)


@pytest.mark.parametrize(
    "words",
    [
        "db dc1 critical 0/1 up · TCP 12s ago",
        "web dc1 warning 2/2 up · HTTP blue v1 12s ago",
        "old dc9 no data 16m52s ago",
        "mail dc1 maintenance 0/1 up 12s ago",
        "web dc2 passing 1/1 up 12s ago",
        "Эвотор evotor · refused offline unauthorized connect disconnect 12s ago",
        "Эвотор evotor · silent unreachable timeout disconnect 12s ago",
        "Эвотор evotor · new not connected connect 12s ago",
        "Эвотор evotor · lenina online Лавка, Киоск disconnect 12s ago",
        "other consul down the cluster has no leader (HTTP 500) 16m52s ago",
        "waiting consul waiting every 1m never",
        "main consul up every 1m 12s ago",
    ],
)
def test_each_row_says_what_is_known(words: str) -> None:
    """A row has name, status, details and age; what is too old is no data, with the time of the last."""
    assert words in text_of(everything())


def test_names_are_text_and_never_markup() -> None:
    """Whatever names, tags and details hold, it can't become markup or a script."""
    made = page(everything(), "/metrics")

    assert "<script" not in made
    assert html.escape(ODD, quote=True).replace("&#x27;", "&#39;").replace("&quot;", "&#34;") in made


def test_all_is_well_and_nothing_is_known() -> None:
    """Without anything broken the page says so, but only when something is known at all."""
    good = dict(
        [polled(Polled("main", "consul"), services([instance("web"), instance("db", "maintenance")]))]
    )

    assert "All is well" in text_of(good)
    assert "Nothing is known yet" in text_of({})
    assert "None known at present." in text_of({})
    assert "Nothing is known yet" in text_of(dict([polled(Polled("main", "consul"))]))


def test_a_service_is_as_bad_as_its_worst_instance() -> None:
    """Instances of a service are one row, with how many of them are up."""
    made = [instance("web"), instance("web", "critical", 2), instance("web", "warning", 3)]

    seen = text_of(dict([polled(Polled("main", "consul"), services(made))]))

    assert "web dc1 critical 2/3 up" in seen
    assert "1 needs attention 1 service critical" in seen


def test_thousands_of_services_are_bounded() -> None:
    """A browser gets the worst rows and the number of the others."""
    made = page(many(2000), "/metrics")

    assert made.count("<tr class=") == MOST_ROWS + 1
    assert "20 services critical" in made
    assert "… and 1500 more; all of them are in the metrics." in made
    assert made.index("service-01900") < made.index("service-00001")


def test_a_link_is_there_only_with_an_address() -> None:
    """A service's name leads to its URL; connecting and disconnecting are links of their own."""
    made = page(everything(), "/other")

    assert '<a href="http://web.example:8080" target="_blank" rel="noopener noreferrer">web</a>' in made
    assert '<a class="action" href="https://shop.example/connect"' in made
    assert '<a href="/other">Metrics</a>' in made
