"""Every language says everything."""

import re
from collections.abc import Iterator

import pytest

from languages import LANGUAGES
from languages.__main__ import ROOT
from languages.language import Language, Words
from tests.alerts.test_rules import alerts

FIRST, *OTHERS = LANGUAGES
PLACEHOLDER = r"\{\w+\}"


def vocabularies(language: Language) -> Iterator[Words]:
    """The words that every language has under the same keys."""
    yield language.dashboards


@pytest.mark.parametrize("code", OTHERS)
def test_every_language_says_the_same_things(code: str) -> None:
    """No word is missing, none empty, and a translation fills in what the original fills in."""
    for original, translated in zip(
        vocabularies(LANGUAGES[FIRST]), vocabularies(LANGUAGES[code]), strict=True
    ):
        assert translated.keys() == original.keys()
        assert all(translated.values())
        for key, text in original.items():
            assert sorted(re.findall(PLACEHOLDER, text)) == sorted(re.findall(PLACEHOLDER, translated[key]))


@pytest.mark.parametrize("code", OTHERS)
def test_every_alert_has_its_sentence(code: str) -> None:
    """Every rule is told in every language, its facts and its end too, and no sentence is of a rule that is gone."""
    names = {alert["alert"] for alert in alerts()}
    language = LANGUAGES[code]
    assert language.alerts.keys() == language.details.keys() == language.ends.keys() == names


def test_every_end_is_told_in_english() -> None:
    """The rules say themselves what begins; what ends has no text there."""
    assert LANGUAGES[FIRST].ends.keys() == {alert["alert"] for alert in alerts()}


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_piece_that_messages_use_is_there(code: str) -> None:
    """The layout and the pieces themselves name only pieces of the language, and each piece is used."""
    template = (ROOT / "alertmanager" / "templates" / f"{code}.tmpl").read_text("utf-8")
    layout = (ROOT / "alertmanager" / "templates" / "layout.tmpl").read_text("utf-8")
    used = set(re.findall(r'template "words\.(\w+)"', layout + template))
    assert used == {"sentence", "details", "over", *LANGUAGES[code].messages}
