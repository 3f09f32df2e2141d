"""The landing page: the present status of everything, worst first, without Grafana."""

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from exporter import __version__
from exporter.state import Snapshot
from exporter.timing import wall
from exporter.web.rows import Count, Row, Table, exact, tables, when
from exporter.web.words import EN, Words

# So many of what is broken are named in the banner; the rest is counted.
MOST_NAMED = 30


@dataclass(frozen=True, slots=True)
class Verdict:
    """The page in one line: its tone, what is broken in numbers, and each by name as far as there is room."""

    tone: str
    headline: str
    details: str
    broken: tuple[Row, ...]
    more: int


def page(
    snapshot: Snapshot, metrics_path: str, can_poll: bool = False, words: Words = EN, search: str = ""
) -> str:
    """Return the page as HTML, of which `search` narrows the rows; with `can_poll` sources have a button to poll them."""
    made = tables(snapshot, words, search.strip().lower())
    return _template("page.html").render(
        tables=made,
        verdict=_verdict(made, words),
        metrics_path=metrics_path,
        can_poll=can_poll,
        version=__version__,
        now=exact(wall()),
        words=words,
        say=words.phrases,
        search=search,
        script=script(),
        when=when,
    )


@cache
def script() -> str:
    """The page's own script, the only one that may run on it."""
    return _template("page.js").render()


@cache
def script_hash() -> str:
    """What the header Content-Security-Policy knows it by."""
    return f"sha256-{base64.b64encode(hashlib.sha256(script().encode()).digest()).decode()}"


@cache
def _template(name: str) -> Template:
    environment = Environment(
        loader=PackageLoader("exporter.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)


def _verdict(made: tuple[Table, ...], words: Words) -> Verdict:
    broken = sorted((row for table in made for row in table.broken), key=lambda row: row.tone != "bad")
    named, more = tuple(broken[:MOST_NAMED]), max(0, len(broken) - MOST_NAMED)
    if broken:
        number = len(broken)
        headline = words.decline[words.form(number)].format(number)
        return Verdict(broken[0].tone, headline, " · ".join(_told(made, words)), named, more)
    if any(count.tone == "good" for table in made for count in table.counts):
        return Verdict("good", words.phrases["well"], "", (), 0)
    return Verdict("unknown", words.phrases["nothing"], "", (), 0)


def _told(made: tuple[Table, ...], words: Words) -> Iterator[str]:
    for tone in ("bad", "poor"):
        for table in made:
            yield from (_counted(count, table, words) for count in table.counts if count.tone == tone)


def _counted(count: Count, table: Table, words: Words) -> str:
    noun = words.nouns[table.key][words.form(count.number)]
    return f"{count.number} {noun} {words.statuses[count.status]}"
