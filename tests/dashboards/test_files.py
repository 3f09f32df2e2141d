"""The committed files are what the generator writes, in every language the same."""

import json
import re
from typing import Any

import pytest

from dashboards.__main__ import PAGES, files
from dashboards.texts import LANGUAGES
from tests.dashboards.conftest import DASHBOARDS


def test_the_committed_files_are_the_generated_ones() -> None:
    """`make dashboards` changes no byte, and leaves no stranger behind."""
    committed = {
        str(path.relative_to(DASHBOARDS)): path.read_text(encoding="utf-8")
        for path in DASHBOARDS.rglob("*.json")
    }
    assert committed.keys() == files().keys()
    stale = [name for name, content in files().items() if committed[name] != content]
    assert not stale, "run `make dashboards`"


def test_generating_twice_gives_the_same_bytes() -> None:
    """No order depends on chance."""
    assert files() == files()


def test_every_language_says_the_same_things() -> None:
    """No text is missing in a language, none empty."""
    keys = {language: set(texts) for language, texts in LANGUAGES.items()}
    assert keys["en"] == keys["ru"]
    assert all(text for texts in LANGUAGES.values() for text in texts.values())


def test_every_text_is_used() -> None:
    """What no dashboard shows has no place among the texts."""
    asked: set[str] = set()

    class Asked(dict[str, str]):
        def __getitem__(self, key: str) -> str:
            asked.add(key)
            return super().__getitem__(key)

    for page in PAGES:
        page.build(Asked(LANGUAGES["en"]))
    assert asked == set(LANGUAGES["en"])


def test_placeholders_are_the_same_in_every_language() -> None:
    """A translation fills in what the original fills in."""
    for key, english in LANGUAGES["en"].items():
        found = {tuple(sorted(re.findall(r"\{\w+\}", texts[key]))) for texts in LANGUAGES.values()}
        assert len(found) == 1, f"{key}: {english}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.UID)
def test_languages_differ_in_words_alone(page: Any) -> None:
    """Queries, ids, places and links are the same in every language."""
    one, other = (without_words(page.build(texts)) for texts in LANGUAGES.values())
    assert one == other


def without_words(dashboard: dict[str, Any]) -> Any:
    """The dashboard with every text replaced by a mark."""
    text = json.dumps(dashboard, ensure_ascii=False)
    for texts in LANGUAGES.values():
        for word in sorted(texts.values(), key=len, reverse=True):
            quoted = json.dumps(word, ensure_ascii=False)
            text = text.replace(quoted, '"…"')
    return drop_words(json.loads(text))


def drop_words(value: Any) -> Any:
    """Leave out what holds texts inside longer texts: mappings of bars, legends, lists of choices."""
    if isinstance(value, dict):
        words = ("query", "legendFormat", "title", "text", "renameByName", "options")
        kept = {k: v for k, v in value.items() if not (k in words and isinstance(v, str))}
        return {k: drop_words(v) for k, v in kept.items() if k != "renameByName"}
    return [drop_words(item) for item in value] if isinstance(value, list) else value
