"""From the entries of a list to planned connections, one by one: a bad one concerns itself alone."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from exporter.config import Tls, anchored, place_of
from exporter.errors import ConfigError
from exporter.sources.clients import wrong_with
from exporter.sources.connections import PlannedConnection
from exporter.sources.connections.reading import Defaults, Entry, options_of_one
from exporter.sources.connections.settings import ConnectionOptions
from exporter.sources.contract import SourceId

REJECTIONS = ("malformed", "repeated", "setting", "tls", "unknown_kind")
_LONGEST_ID = 200


@dataclass(frozen=True)
class Common:
    """What the connections of one provider share: settings, those of their kind, and the requests at once to a host.

    Relative paths of these settings start at `folder`.
    """

    settings: Entry = field(repr=False)
    defaults: Defaults = field(repr=False)
    at_once: int
    folder: Path = Path()


class Record(NamedTuple):
    """One entry of a list; `content` is compared with what was there before, and turned into an entry when it is new.

    `place` says where in the list it stands, relative paths of it start at `folder`.
    """

    key: Hashable
    content: Any
    place: tuple[int | str, ...]
    folder: Path


class Rejected(NamedTuple):
    """An entry that can't be used."""

    reason: str
    named: str
    problem: str


class _Known(NamedTuple):
    content: Any
    outcome: PlannedConnection | Rejected


class Read(NamedTuple):
    """A whole list: its usable connections, each id once, and what is wrong with the others."""

    connections: tuple[PlannedConnection, ...]
    rejected: tuple[Rejected, ...]

    @property
    def counts(self) -> Mapping[str, int]:
        """How many were rejected, by reason."""
        return Counter(each.reason for each in self.rejected)


class ListReader:
    """Reads the lists of one provider; an entry that stayed the same isn't looked at again, and stays the same object."""

    def __init__(self, common: Common, entry_of: Callable[[Any], object] = lambda content: content) -> None:
        self._common = common
        self._entry_of = entry_of
        self._known: dict[Hashable, _Known] = {}
        self._trusted: dict[Tls, str] = {}

    def forget(self) -> None:
        """Look at every entry anew: what it is made of has changed."""
        self._known.clear()

    def read(self, records: Iterable[Record]) -> Read:
        """Return what the list says; of entries with the same id the first one counts."""
        self._trusted = {Tls(): ""}
        known, self._known = self._known, {}
        found: dict[str, PlannedConnection] = {}
        rejected: list[Rejected] = []
        for record in records:
            outcome = self._outcome(record, known)
            if isinstance(outcome, PlannedConnection) and outcome.id.name in found:
                outcome = Rejected("repeated", outcome.id.name, "the id stands in the list already")
            if isinstance(outcome, PlannedConnection):
                found[outcome.id.name] = outcome
            else:
                rejected.append(outcome)
        return Read(tuple(found.values()), tuple(rejected))

    def _outcome(self, record: Record, known: Mapping[Hashable, _Known]) -> PlannedConnection | Rejected:
        before = known.get(record.key)
        outcome = before.outcome if before and before.content == record.content else self._new(record)
        # A certificate may be mended although the entry stays.
        if isinstance(outcome, PlannedConnection) or outcome.reason != "tls":
            self._known.setdefault(record.key, _Known(record.content, outcome))
        return outcome

    def _new(self, record: Record) -> PlannedConnection | Rejected:
        entry: object = {}
        try:
            entry = self._entry_of(record.content)
            if not isinstance(entry, Mapping) or not all(isinstance(key, str) for key in entry):
                return Rejected("malformed", place_of(record.place), "is no mapping of settings")
            planned = self._planned(entry, record)
        except ConfigError as error:
            reason = "unknown_kind" if error.problems[0].place.endswith(".kind") else "setting"
            return Rejected(reason, _named(entry, record), "; ".join(map(str, error.problems)))
        problem = self._why_not_trusted(planned.settings.tls)
        return Rejected("tls", planned.id.name, problem) if problem else planned

    def _planned(self, entry: Entry, record: Record) -> PlannedConnection:
        merged = {**self._common.settings, **entry}
        if merged.get("token", "") is None:
            merged["token"] = ""  # Null says that there is none.
        if type(merged.get("id")) is int:
            merged["id"] = str(merged["id"])  # Applications' keys mostly are numbers.
        options = options_of_one(merged, record.place, self._common.defaults)
        options = _anchored(options, entry, record.folder, self._common.folder)
        id_ = SourceId(options.kind, options.id)
        return PlannedConnection(place_of(record.place), id_, options, self._common.at_once)

    def _why_not_trusted(self, tls: Tls) -> str:
        if tls not in self._trusted:
            self._trusted[tls] = "; ".join(f"tls{place}: {wrong}" for place, wrong in wrong_with(tls))
        return self._trusted[tls]


def _named(entry: object, record: Record) -> str:
    """Return how to call an entry in the log."""
    id_ = entry.get("id") if isinstance(entry, Mapping) else None
    return id_ if isinstance(id_, str) and 0 < len(id_) <= _LONGEST_ID else place_of(record.place)


def _anchored(options: ConnectionOptions, entry: Entry, own: Path, common: Path) -> ConnectionOptions:
    """Return the options with relative paths of the entry starting at its own folder, others at the common one."""
    shared = anchored(options, common)
    if shared is options:
        return options
    theirs = anchored(options, own)
    return shared.model_copy(update={name: getattr(theirs, name) for name in entry})


def key_of(entry: object, number: int) -> Hashable:
    """Return what tells an entry from others of its list: its id, else its number."""
    id_ = entry.get("id") if isinstance(entry, Mapping) else None
    return id_ if isinstance(id_, str) else number
