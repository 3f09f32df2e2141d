"""What the generator writes is the same each time, and in every language."""

import json
from typing import Any

import pytest

from dashboards.__main__ import PAGES, files, imports
from dashboards.look import DATASOURCE_UID
from languages import LANGUAGES

TEXTS = [language.dashboards for language in LANGUAGES.values()]


def test_generating_twice_gives_the_same_bytes() -> None:
    """No order depends on chance."""
    assert files() == files()


def test_every_text_is_used() -> None:
    """What no dashboard shows has no place among the texts."""
    asked: set[str] = set()

    class Asked(dict[str, str]):
        def __getitem__(self, key: str) -> str:
            asked.add(key)
            return super().__getitem__(key)

    for page in PAGES:
        page.build(Asked(LANGUAGES["en"].dashboards))
    assert asked == set(LANGUAGES["en"].dashboards)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.UID)
def test_languages_differ_in_words_alone(page: Any) -> None:
    """Queries, ids, places and links are the same in every language."""
    first, *others = (without_words(page.build(texts)) for texts in TEXTS)
    assert others
    assert all(other == first for other in others)


@pytest.mark.parametrize("name", sorted(files()))
def test_an_imported_dashboard_is_the_provisioned_one_with_the_chosen_data_source(name: str) -> None:
    """When Grafana has put the answer in the input's place, only what the dialog needs is more than in the other file."""
    asked = json.loads(imports()[name])
    (wanted,) = asked["__inputs"]
    assert (wanted["type"], wanted["pluginId"]) == ("datasource", "prometheus")

    answered = json.loads(imports()[name].replace(f"${{{wanted['name']}}}", "chosen"))
    kinds = {need["id"] for need in answered.pop("__requires") if need["type"] == "panel"}
    assert [answered.pop(key) for key in ("__inputs", "__elements", "id")] == [[wanted], {}, None]
    first = answered["templating"]["list"][0]
    assert first.pop("current") == {"selected": True, "text": "chosen", "value": "chosen"}

    provisioned = json.loads(files()[name])
    assert provisioned["templating"]["list"][0].pop("current")["value"] == DATASOURCE_UID
    assert answered == provisioned
    assert kinds == {panel["type"] for panel in provisioned["panels"]} - {"row"}


def test_every_dashboard_can_be_imported() -> None:
    """In every language."""
    assert imports().keys() == files().keys()


def without_words(dashboard: dict[str, Any]) -> Any:
    """The dashboard with every text replaced by a mark."""
    text = json.dumps(dashboard, ensure_ascii=False)
    for texts in TEXTS:
        for word in sorted(texts.values(), key=len, reverse=True):
            quoted = json.dumps(word, ensure_ascii=False)
            text = text.replace(quoted, '"…"')
    return drop_words(json.loads(text))


def unit(value: Any) -> Any:
    """A unit that is a word, as any word."""
    return "…" if isinstance(value, str) and value.startswith("suffix:") else value


def drop_words(value: Any) -> Any:
    """Leave out what holds texts inside longer texts: mappings of bars, legends, lists of choices."""
    if isinstance(value, dict):
        words = ("query", "legendFormat", "title", "text", "renameByName", "options")
        kept = {k: unit(v) for k, v in value.items() if not (k in words and isinstance(v, str))}
        return {k: drop_words(v) for k, v in kept.items() if k != "renameByName"}
    return [drop_words(item) for item in value] if isinstance(value, list) else value
