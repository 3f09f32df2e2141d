"""What is wrong on a page that was drawn: each complaint is one line that says where and what."""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from dashboards.look import CONNECTION_STATES, SERVICE_STATES, worst_first
from languages import LANGUAGES
from pictures.drawing import Drawn, Json

# Grafana's own words where a panel has none for having no values: a reader can't tell whether that is good.
_NO_DATA = "No data"
_CYRILLIC = re.compile("[а-яё]", re.IGNORECASE)
# Words that are the same in every language.
_INTERNATIONAL = {"URL", "CPU", "Prometheus"}
# From the worst to the best, by the words in a column of statuses.
_WORST_FIRST = tuple(
    tuple(words.dashboards[key].lower() for key in keys)
    for words in LANGUAGES.values()
    for keys in (
        [state.key for state in worst_first(SERVICE_STATES)],
        [state.key for state in worst_first(CONNECTION_STATES)],
        ["source.down", "source.up"],
    )
)


def complaints(drawn: Drawn) -> list[str]:
    """Everything that is wrong on the page, each thing once."""
    return list(dict.fromkeys(line for check in CHECKS for line in check(drawn)))


def errors(drawn: Drawn) -> Iterator[str]:
    """What the browser, Grafana's packages or Prometheus complained about."""
    yield from (f"error: {problem.splitlines()[0]}" for problem in drawn.seen["problems"])
    for panel in drawn.seen["told"]:
        yield from (f"{_title(drawn, panel)}: query failed: {error}" for error in panel["errors"])
    yield from (f"{panel['title']}: marked as failed" for panel in drawn.seen["panels"] if panel["failed"])


def ignored_options(drawn: Drawn) -> Iterator[str]:
    """Overrides that Grafana passes over in silence."""
    for panel in drawn.seen["told"]:
        for option in panel["unknownOptions"]:
            yield f"{_title(drawn, panel)}: Grafana ignores the override {option}"


def empty_panels(drawn: Drawn) -> Iterator[str]:
    """Panels without anything, or with Grafana's own "No data"; a panel's own words for it are fine."""
    for panel in drawn.seen["panels"]:
        if panel["empty"] == _NO_DATA:
            yield f"{panel['title']}: {_NO_DATA}"
        elif not (panel["text"] or panel["charts"]):
            yield f"{panel['title']}: empty"


def untranslated(drawn: Drawn) -> Iterator[str]:
    """Titles, headers and labels on a Russian page without a Russian letter."""
    if drawn.page.view.language != "ru" or not drawn.page.dashboard:
        return
    for where, text in _headings(drawn.seen):
        if not _CYRILLIC.search(text) and text not in _INTERNATIONAL:
            yield f"{where} is not translated: {text}"


def _headings(seen: Json) -> Iterator[tuple[str, str]]:
    yield "title", seen["title"]
    yield from (("control", text) for text in seen["controls"])
    for panel in seen["panels"]:
        yield "panel", panel["title"]
        yield from (("header", header) for header in panel["headers"] if header)


def order(drawn: Drawn) -> Iterator[str]:
    """Tables whose column of statuses does not begin with the worst."""
    for panel in drawn.seen["panels"]:
        for column in zip(*panel["rows"], strict=False):
            if words := _statuses(column):
                ranks = [words.index(text.lower()) for text in column]
                wrong = [pair for pair in pairwise(ranks) if pair[0] > pair[1]]
                yield from (f"{panel['title']}: {words[b]} stands below {words[a]}" for a, b in wrong)


def _statuses(column: Sequence[str]) -> tuple[str, ...]:
    found = {text.lower() for text in column}
    return next((words for words in _WORST_FIRST if found and found <= set(words)), ())


def broken_links(drawn: Drawn) -> Iterator[str]:
    """Links in which a variable was left over."""
    for panel in drawn.seen["panels"]:
        yield from (
            f"{panel['title']}: link {link}" for link in panel["links"] if "${" in link or "undefined" in link
        )


def too_wide(drawn: Drawn) -> Iterator[str]:
    """A page that must be scrolled sideways, and texts of which a part can't be seen."""
    if drawn.seen["tooWide"] > 0:
        yield f"{drawn.seen['tooWide']} pixels too wide"
    for cut in drawn.seen["cut"]:
        missing = (
            f"{cut['across']:.0f} px at the side" if cut["across"] > 1 else f"{cut['down']:.0f} px below"
        )
        yield f"{cut['panel'] or 'page'}: cut off, {missing}: {cut['text'][:60]}"


def faint(drawn: Drawn) -> Iterator[str]:
    """Texts whose colour is too near to that of their background."""
    for text in drawn.seen["faint"]:
        where, colors = text["panel"] or "page", f"{text['color']} on {text['background']}"
        yield f"{where}: contrast {text['ratio']:.1f}, {colors}: {text['text'][:40]}"


CHECKS: tuple[Callable[[Drawn], Iterator[str]], ...] = (
    errors,
    ignored_options,
    empty_panels,
    untranslated,
    order,
    broken_links,
    too_wide,
    faint,
)


def _title(drawn: Drawn, panel: Json) -> str:
    titles = {seen["key"]: seen["title"] for seen in drawn.seen["panels"]}
    return str(titles.get(panel["key"]) or panel["key"])
