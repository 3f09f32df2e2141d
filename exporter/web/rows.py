"""What the landing page shows, from the snapshot: rows, the worst first, and what is broken of them."""

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from exporter.config import format_duration
from exporter.errors import PollError
from exporter.state import ServiceState, Snapshot, SourceState
from exporter.timing import wall
from exporter.web.words import Words

# A browser shows so many rows at once; the rest is counted.
MOST_ROWS = 500
_MOST_CHECKS = 3
# Every status, the worst first, with the tone it is shown in.
_TONES = {
    "down": "bad",
    "critical": "bad",
    "offline": "bad",
    "warning": "poor",
    "unreachable": "poor",
    "no data": "unknown",
    "maintenance": "planned",
    "waiting": "unknown",
    "not connected": "unknown",
    "passing": "good",
    "online": "good",
    "up": "good",
}
_ORDER = {word: number for number, word in enumerate(_TONES)}
_HTTP_STATUS = re.compile(r"HTTP \d{3}")
# Which settings can be the cause of a failure, by its reason.
SETTINGS: Mapping[str, str] = {
    "connect": "address",
    "dns": "address",
    "timeout": "timeout",
    "tls": "tls",
    "redirect": "address",
    "intermediary": "proxy",
    "too_large": "body_size_limit",
    "rate_limited": "interval",
    "unexpected_status": "address",
    "malformed": "address",
    "token": "token_file",
    "no_token": "token_file",
    "no_token_file": "token_file",
    "unauthorized": "token_file",
    "forbidden": "token_file",
    "acl_denied": "token_file",
    "acl_not_found": "token_file",
    "acl_filtered": "token_file",
    "empty_catalog": "token_file",
    "no_path": "datacenters",
    "datacenter_taken": "datacenters",
    "unreadable": "files",
    "login": "url_file",
    "query": "query",
    "columns": "query",
}
_OF_CONNECTIONS = {"http": "url", "oauth2": "introspection_url"}
_OF_PROVIDERS = {"http_provider": "url", "sql_provider": "url_file", "files_provider": "files"}


@dataclass(frozen=True, slots=True)
class When:
    """A moment, as how long ago it was and exactly."""

    ago: str
    exact: str


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table.

    `checked_at` is when it was last known, `url` that of the thing itself, `offers` are what can be done with it and where, `source` what to poll for news,
    `said` the failure in its own words, `setting` the one to look at.
    """

    name: str
    kind: str
    status: str
    text: str
    checked_at: float | None
    url: str = ""
    offers: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    source: str = ""
    said: str = ""
    setting: str = ""

    @property
    def tone(self) -> str:
        """How bad the status is: bad, poor, unknown, planned or good."""
        return _TONES[self.status]

    @property
    def broken(self) -> bool:
        """Whether somebody has to look."""
        return self.tone in ("bad", "poor")

    @property
    def anchor(self) -> str:
        """An id that stays while the thing does, whatever its name holds."""
        return f"r{hashlib.blake2s(f'{self.kind}/{self.name}'.encode(), digest_size=6).hexdigest()}"

    def rank(self) -> tuple[int, str, str]:
        """Where it stands: the worst first, then by name."""
        return _ORDER[self.status], self.name.lower(), self.kind

    def has(self, searched: str, words: Words) -> bool:
        """Whether what is searched for, in lower case, stands somewhere in the row."""
        shown = (self.name, self.kind, self.status, words.statuses[self.status], self.text, *self.tags)
        return searched in "\n".join(shown).lower()


@dataclass(frozen=True, slots=True)
class Count:
    """How many rows have a status."""

    status: str
    number: int
    tone: str


@dataclass(frozen=True, slots=True)
class Table:
    """Rows worst first, as many as are shown and match; `hidden` is how many were too many, `none` why there is none.

    `counts` and `broken` are of all rows, whatever is searched for.
    """

    key: str
    rows: tuple[Row, ...]
    hidden: int
    counts: tuple[Count, ...]
    broken: tuple[Row, ...]
    none: str


def tables(snapshot: Snapshot, words: Words, searched: str) -> tuple[Table, ...]:
    """The three tables of the page."""
    views = list(snapshot.values())
    polled = [view for view in views if view.connection is None and not _is_connection(view)]
    clusters = [view for view in polled if view.info.id.kind == "consul"]
    lists = [view for view in polled if view.info.id.kind != "consul"]
    waiting = [view for view in views if _is_connection(view)]
    return (
        _table(
            "services", _services(views, words), words, searched, lambda: _none(clusters, "consul", words)
        ),
        _table(
            "connections",
            _connections(views, words),
            words,
            searched,
            lambda: _none(lists + waiting, "connections", words),
        ),
        _table(
            "sources",
            (_source(view, words) for view in polled),
            words,
            searched,
            lambda: _none([], "consul, connections", words),
        ),
    )


def _is_connection(view: SourceState) -> bool:
    return view.info.is_one_of_many


def _table(key: str, made: Iterable[Row], words: Words, searched: str, none: Callable[[], str]) -> Table:
    everything = sorted(made, key=Row.rank)
    found = [row for row in everything if row.has(searched, words)] if searched else everything
    counts = Counter(row.status for row in everything)
    return Table(
        key,
        tuple(found[:MOST_ROWS]),
        max(0, len(found) - MOST_ROWS),
        tuple(Count(word, counts[word], _TONES[word]) for word in _ORDER if word in counts),
        tuple(row for row in everything if row.broken),
        "" if found else words.phrases["none_found"] if everything else none(),
    )


def _none(views: list[SourceState], setting: str, words: Words) -> str:
    """Why nothing is known: nothing to ask, no answer yet, an answer that failed, or there is nothing."""
    if not views:
        return words.phrases["none_configured"].format(setting)
    for view in views:
        if view.error:
            told = words.phrases["none_failing"].format(
                source=view.info.id.name, why=_why(view.error.reason, str(view.error), words)
            )
            hint = _setting(view.error.reason, view.info.id.kind)
            return f"{told} {words.phrases['look_at'].format(hint).capitalize()}." if hint else told
    return words.phrases["none_there" if all(view.polls for view in views) else "none_waiting"]


def _why(reason: str, said: str, words: Words) -> str:
    """The reason in words, with the HTTP status if there was one."""
    told = words.reasons.get(reason, reason.replace("_", " "))
    status = _HTTP_STATUS.search(said)
    return f"{told} ({status[0]})" if status else told


def _setting(reason: str, kind: str) -> str:
    found = SETTINGS.get(reason, "")
    named = _OF_CONNECTIONS | _OF_PROVIDERS
    return named.get(kind, found) if found == "address" else found


def _services(views: Iterable[SourceState], words: Words) -> Iterator[Row]:
    grouped: dict[tuple[str, str], list[tuple[ServiceState, float, bool]]] = defaultdict(list)
    for group in (group for view in views for group in view.groups.values()):
        for state in group.states:
            grouped[state.instance.key[:2]].append((state, group.checked_at, group.stale))
    return (_service(datacenter, name, states, words) for (datacenter, name), states in grouped.items())


def _service(datacenter: str, name: str, states: list[tuple[ServiceState, float, bool]], words: Words) -> Row:
    instances = [state.instance for state, _, _ in states]
    _, checked_at, stale = states[0]
    status = "no data" if stale else min((instance.status for instance in instances), key=_ORDER.__getitem__)
    up = sum(instance.status in ("passing", "warning") for instance in instances)
    failing = dict.fromkeys(
        check.name or check.check_id
        for instance in instances
        for check in instance.checks
        if check.status != "passing"
    )
    share = "" if stale else words.phrases["up_of"].format(f"{up}/{len(instances)}")
    text = " · ".join(filter(None, (share, *list(failing)[:_MOST_CHECKS])))
    tags = sorted({tag for instance in instances if instance.endpoint for tag in instance.endpoint.tags})
    url = next((instance.url for instance in instances if instance.url), "")
    return Row(name, datacenter, status, text, checked_at, url, tags=tuple(tags))


def _connections(views: Iterable[SourceState], words: Words) -> Iterator[Row]:
    for view in views:
        state = view.connection
        if state:
            check, display = state.check, state.check.display
            status = "no data" if state.stale else check.status.replace("_", " ")
            why = _why(check.reason, check.said, words) if check.reason else ""
            urls = {"connect": display.connect_url, "disconnect": display.disconnect_url}
            kind = check.kind if display.name == check.connection else f"{check.kind} · {check.connection}"
            yield Row(
                display.name,
                kind,
                status,
                " · ".join(filter(None, (why, check.details))),
                state.checked_at,
                offers={words.phrases[word]: url for word, url in urls.items() if url},
                source=view.info.id.name,
                said=check.said,
                setting=_setting(check.reason, check.kind) if check.reason else "",
            )


def _source(view: SourceState, words: Words) -> Row:
    status = "waiting" if not view.polls else "down" if view.error else "up"
    interval = words.phrases["every"].format(words.duration(format_duration(view.info.interval)))
    id_, error = view.info.id, view.error
    text = _why(error.reason, str(error), words) if error else interval
    setting = _setting(error.reason, id_.kind) if error else ""
    return Row(
        id_.name,
        id_.kind,
        status,
        text,
        view.succeeded_at,
        source=id_.name,
        said=_said(error),
        setting=setting,
    )


def _said(error: PollError | None) -> str:
    return str(error) if error else ""


def when(at: float, words: Words) -> When:
    """A Unix time as an age in words."""
    ago = words.duration(format_duration(max(0, round(wall() - at))))
    return When(words.phrases["ago"].format(ago), exact(at))


def exact(at: float) -> str:
    """A Unix time for people."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
