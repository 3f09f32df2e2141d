"""The landing page."""

import html
import re
from dataclasses import fields
from html.parser import HTMLParser
from pathlib import Path

import pytest

from exporter.errors import AclDenied, NoLeader, reasons
from exporter.state import PollResult, Snapshot
from exporter.web import page as page_module
from exporter.web import rows
from exporter.web.page import MOST_NAMED, page, script
from exporter.web.rows import MOST_ROWS, SETTINGS
from exporter.web.words import EN, LANGUAGES, RU, Words, preferred
from tests.facts import NOW, ODD, Polled, everything, instance, many, polled, services

DOCS = Path(__file__).parents[2] / "docs" / "configuration.md"


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (page_module, rows):
        monkeypatch.setattr(module, "wall", lambda: NOW + 12)


def text_of(snapshot: Snapshot, words: Words = EN, search: str = "") -> str:
    """What a reader sees, its lines as in the browser."""
    body = page(snapshot, "/metrics", False, words, search).split("<body>")[1].split("<script>")[0]
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body)))


def banner_of(snapshot: Snapshot, words: Words = EN) -> str:
    """What stands above the tables."""
    return text_of(snapshot, words).split(words.phrases["filter"])[0]


def test_what_is_broken_is_said_first() -> None:
    """The first line counts what is broken, then everything is listed with the worst first."""
    seen = text_of(everything())

    assert (
        "5 need attention 1 service critical · 1 connection offline · 1 source down · "
        "1 service warning · 1 connection unreachable"
    ) in seen
    below = seen.rpartition("Filter")[2]
    places = [below.index(words) for words in ("db dc1", "web dc1", "old dc9", "mail dc1", "web dc2")]
    assert places == sorted(places)


@pytest.mark.parametrize(
    "words",
    [
        "db dc1 critical 0/1 up · TCP 12s ago",
        "web dc1 warning 2/2 up · HTTP blue v1 12s ago",
        "old dc9 no data 16m52s ago",
        "mail dc1 maintenance 0/1 up 12s ago",
        "web dc2 passing 1/1 up 12s ago",
        "Эвотор evotor · refused offline token refused setting to look at: token_file connect disconnect 12s ago",
        "Эвотор evotor · silent unreachable no answer in time setting to look at: timeout disconnect 12s ago",
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
    made = page(everything(), "/metrics", True, EN, f"{ODD}'\"><script>")

    assert made.count("<script") == 1
    assert f"<script>{script()}</script>" in made
    assert "&lt;script&gt;&#34;" not in script()
    assert html.escape(ODD, quote=True).replace("&#x27;", "&#39;").replace("&quot;", "&#34;") in made


def test_all_is_well_and_nothing_is_known() -> None:
    """Without anything broken the page says so, but only when something is known at all."""
    good = dict(
        [polled(Polled("main", "consul"), services([instance("web"), instance("db", "maintenance")]))]
    )

    assert "All is well" in text_of(good)
    assert "Nothing is known yet" in text_of({})
    assert "None is configured; setting to look at: consul." in text_of({})
    assert "None is configured; setting to look at: connections." in text_of({})
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
    assert made.count('<li class="bad">') == 20
    assert "20 services critical" in made
    assert "… and 1500 more; the filter finds them, and all of them are in the metrics." in made
    assert made.index("service-01900") < made.index("service-00001")


def test_a_link_is_there_only_with_an_address() -> None:
    """A service's name leads to its URL; connecting and disconnecting are links of their own."""
    made = page(everything(), "/other")

    assert '<a href="http://web.example:8080" target="_blank" rel="noopener noreferrer">web</a>' in made
    assert '<a class="action" href="https://shop.example/connect"' in made
    assert '<a href="/other">Metrics</a>' in made


def test_everything_broken_is_named_in_the_banner_with_its_reason() -> None:
    """Services, connections and sources; each leads to its row, whatever its name holds."""
    seen = banner_of(everything())

    for words in (
        "db critical 0/1 up · TCP",
        "Эвотор offline token refused",
        "other down the cluster has no leader (HTTP 500)",
        "web warning 2/2 up · HTTP",
        "Эвотор unreachable no answer in time",
    ):
        assert words in seen
    made = page(everything(), "/metrics")
    ids = re.findall(r'<tr class="\w+" id="(\w+)">', made)
    assert len(ids) == len(set(ids))
    linked = re.findall(r'<li class="\w+"><a href="#(\w+)">', made)
    assert len(linked) == 5
    assert set(linked) <= set(ids)


def test_a_banner_has_an_end() -> None:
    """Hundreds of failures are counted, the first are named."""
    failing = [instance(f"s{number}", "critical") for number in range(MOST_NAMED + 7)]
    snapshot = dict([polled(Polled("main", "consul"), services(failing))])

    assert "… and 7 more" in banner_of(snapshot)
    assert page(snapshot, "/metrics").count('<li class="bad">') == MOST_NAMED


def test_no_rows_come_with_why() -> None:
    """Nothing known is told from nothing there, from waiting and from failing, which names a setting."""
    failed = PollResult(NOW, 1.0, None, NoLeader("the cluster has no leader (HTTP 500)"))

    failing = text_of(dict([polled(Polled("main", "consul"), failed)]))
    assert "None known at present: main doesn't answer (the cluster has no leader (HTTP 500))." in failing
    assert "Not known yet: the first poll is under way." in text_of(dict([polled(Polled("main", "consul"))]))
    assert "There is none, by the latest answer." in text_of(
        dict([polled(Polled("main", "consul"), services([]))])
    )


def test_a_failing_source_names_the_setting() -> None:
    """Who reads why Consul doesn't answer learns where to look."""
    failed = PollResult(NOW, 1.0, None, AclDenied("the ACL token doesn't permit this (HTTP 403)"))
    seen = text_of(dict([polled(Polled("main", "consul"), failed)]))

    assert "the ACL token doesn't permit it (HTTP 403) setting to look at: token_file" in seen
    assert "Setting to look at: token_file." in seen


def test_settings_to_look_at_exist() -> None:
    """Each is in the documentation, and each reason is one that there is."""
    documented = set(re.findall(r"^\| `(\w+)` \|", DOCS.read_text("utf-8"), re.MULTILINE))

    assert {*SETTINGS.values(), *rows._OF_CONNECTIONS.values(), *rows._OF_PROVIDERS.values()} <= documented
    assert SETTINGS.keys() <= {*reasons(without=()), "no_token", "no_token_file"}


@pytest.mark.parametrize("words", LANGUAGES.values(), ids=LANGUAGES)
def test_every_language_says_everything(words: Words) -> None:
    """No word is missing, none empty, and what is filled in is the same."""
    assert words.reasons.keys() == {*reasons(without=()), "no_token", "no_token_file"}
    for name in ("statuses", "nouns", "phrases", "units"):
        own, english = getattr(words, name), getattr(EN, name)
        assert own.keys() == english.keys()
        assert all(own.values())
    for key, phrase in EN.phrases.items():
        assert re.findall(r"\{\w*\}", phrase) == re.findall(r"\{\w*\}", words.phrases[key])
    assert {field.name for field in fields(words)} >= {"decline", "code"}


def test_the_page_is_russian_for_those_who_ask() -> None:
    """Words, numbers, ages and reasons; names stay as they are."""
    seen = text_of(everything(), RU)

    assert "5 требуют внимания 1 сервис авария · 1 подключение офлайн · 1 источник не отвечает" in seen
    assert "db dc1 авария 0/1 работают · TCP 12 с назад" in seen
    assert "в кластере нет лидера (HTTP 500) 16 мин 52 с назад" in seen
    assert '<html lang="ru">' in page(everything(), "/metrics", words=RU)
    assert "1 требует внимания" in text_of(
        dict([polled(Polled("main", "consul"), services([instance("web", "critical")]))]), RU
    )


@pytest.mark.parametrize(
    ("number", "form"), [(1, 0), (2, 1), (4, 1), (5, 2), (11, 2), (12, 2), (21, 0), (22, 1)]
)
def test_russian_numbers_have_their_forms(number: int, form: int) -> None:
    """1, 21; 2 to 4, 22; 5 to 20."""
    assert RU.form(number) == form


def test_english_numbers_have_two_forms() -> None:
    """Only one is singular."""
    assert {EN.nouns["services"][EN.form(number)] for number in (2, 5, 11, 21, 22)} == {"services"}
    assert EN.nouns["services"][EN.form(1)] == "service"


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ("", "en"),
        ("ru", "ru"),
        ("ru-RU,ru;q=0.9,en-US;q=0.8", "ru"),
        ("en-US,en;q=0.9,ru;q=0.8", "en"),
        ("de, ru;q=0.5, en;q=0.4", "ru"),
        ("ru;q=0, en;q=0.1", "en"),
        ("ru;q=x,,;;=,\x00", "en"),
        ("fr", "en"),
        ("*", "en"),
    ],
)
def test_the_language_is_the_one_liked_best(asked: str, code: str) -> None:
    """As RFC 9110 weighs it; nonsense is English."""
    assert preferred(asked).code == code


def test_the_filter_finds_by_name_tag_and_status() -> None:
    """It narrows the tables on the server too, without scripts; the banner and the counts still tell of everything."""
    snapshot = dict(
        [polled(Polled("main", "consul"), services([instance("web"), instance("db", "critical")]))]
    )

    assert "db dc1" not in text_of(snapshot, search="WEB").rpartition("Filter")[2]
    assert "db critical" in text_of(snapshot, search="web")
    assert "1 critical" in text_of(snapshot, search="web").rpartition("Filter")[2]
    assert "db dc1" in text_of(snapshot, RU, search="авария")
    assert "None matches the filter." in text_of(snapshot, search="nothing like it")
    assert "service-01999" in text_of(many(2000), search="service-01999")


class Nested(HTMLParser):
    """Checks that every element that needs an end has it, in order."""

    VOID = frozenset({"meta", "link", "input", "br"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_well_formed() -> None:
    """In every language, with odd names and a search."""
    for words in LANGUAGES.values():
        assert Nested(page(everything(), "/metrics", True, words, ODD)).open == []
