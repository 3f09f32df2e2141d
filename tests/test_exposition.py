"""The text of /metrics."""

import gzip
import re
import subprocess
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as text
from prometheus_client.samples import Sample

from exporter.exposition import blocks
from exporter.exposition import samples as samples_
from exporter.exposition.blocks import Piece
from exporter.exposition.checksums import joined
from exporter.exposition.labels import CUT, escape, label_pairs, limit_values, tags_value
from exporter.exposition.samples import Line, number
from exporter.exposition.text import EMPTY, FORMATS, Exposition, Format, Rendered
from exporter.metrics import SERVICE
from exporter.model import SERVICE_STATUSES, Check, Endpoint, ServiceInstance
from exporter.sources.contract import SourceId
from exporter.state import ServiceState, Snapshot, advance, first_state
from tests.facts import NOW, Polled, aged, connection, everything, instance, many, polled, services

OWN = b"# HELP own Always 1.\n# TYPE own gauge\nown 1.0\n"
# Everything that JSON can hold, half characters included.
names = st.text(
    st.characters(exclude_categories=()) | st.sampled_from('\\"\n\r\t\0{},=# \u2028\x85'), max_size=30
)


def body(snapshot: Snapshot, format_: Format, tail: bytes = b"") -> str:
    return Exposition().render(snapshot).bodies[format_].with_tail(tail).decode()


def samples(snapshot: Snapshot, format_: Format) -> list[Sample]:
    """Render and read by the reference parser."""
    if format_ == "text":
        return [s for family in text(body(snapshot, "text")) for s in family.samples]
    families = openmetrics(body(snapshot, "openmetrics", b"# EOF\n"))  # type: ignore[no-untyped-call]  # the library has no types
    return [s for family in families for s in family.samples]


def readable(name: str) -> str:
    """What becomes of a name: half characters, which no text can hold, are spelt out."""
    return name.encode(errors="backslashreplace").decode()


def test_a_node_has_the_worst_status_of_its_own_checks() -> None:
    """Each node with instances once, whatever the checks of the instances say; none without checks is passing."""
    serf, disk = Check("node-1", "serfHealth", "Serf", "passing"), Check("node-1", "disk", "Disk", "warning")
    own = Check("node-1", "service:web", "HTTP", "critical", "web-1", "web")
    planned = Check("node-2", "_node_maintenance", "Maintenance", "critical")
    found = [
        instance("web", "critical", checks=(own, serf, disk)),
        instance("db", "warning", checks=(serf, disk)),
        instance("web", "maintenance", 2, checks=(planned,)),
        instance("web", number=3),
    ]
    state = dict([polled(Polled("main", "consul"), services(found))])
    nodes = [s.labels for s in samples(state, "text") if s.name == "consul_node_status" and s.value]
    expected = [("node-1", "warning"), ("node-2", "maintenance"), ("node-3", "passing")]
    assert nodes == [{"datacenter": "dc1", "node": node, "status": status} for node, status in expected]


def test_what_nobody_checks_is_told_apart() -> None:
    """An instance whose node alone is checked passes, and has a series that says so; others have none."""
    serf = Check("node-1", "serfHealth", "Serf", "passing")
    own = Check("node-1", "service:web", "HTTP", "passing", "web-1", "web")
    found = [
        instance("web", checks=(own, serf)),
        instance("db", checks=(serf,)),
        instance("mail", number=2),
    ]
    state = dict([polled(Polled("main", "consul"), services(found))])
    told = samples(state, "text")
    assert {s.labels["service"]: s.value for s in told if s.name == "service_unchecked"} == {
        "db": 1,
        "mail": 1,
    }
    assert {s.labels["service"] for s in told if s.name == "service_up" and s.value} == {"web", "db", "mail"}


@given(service=names, node=names, tags=names)
@pytest.mark.parametrize("format_", FORMATS)
def test_any_text_comes_back_from_a_label(format_: Format, service: str, node: str, tags: str) -> None:
    """Whatever Consul's names hold, both reference parsers read the very same text, and no line is spoilt."""
    made = instance("web", endpoint=Endpoint("::1", 1, (tags,)))
    made = replace(made, key=made.key._replace(service=service, node=node))
    found = samples(dict([polled(Polled("main", "consul"), services([made]))]), format_)
    (info,) = [s for s in found if s.name == "service_info"]
    told = ",{},".format(tags.replace("\\", r"\\").replace(",", r"\,"))
    assert [info.labels[label] for label in ("service", "node", "tags")] == list(
        map(readable, (service, node, told))
    )
    ups = {tuple(s.labels[label] for label in SERVICE) for s in found if s.name == "service_up"}
    assert ups == {("dc1", readable(service), made.key.service_id, readable(node))}


@given(names, names)
def test_different_texts_stay_different(one: str, other: str) -> None:
    """Two names never become one label value, which would make one series of two."""
    assert (escape(one) == escape(other)) == (readable(one) == readable(other))


@pytest.mark.parametrize(
    ("tags", "told"),
    [
        ((), ""),
        (("prod",), ",prod,"),
        (("a", "b"), ",a,b,"),
        (("a,b",), r",a\,b,"),
        (("a\\",), r",a\\,"),
        (("x" * 1022,), ",{},".format("x" * 1022)),
    ],
)
def test_tags_stay_tellable(tags: tuple[str, ...], told: str) -> None:
    """There is a comma before, between and behind them, and none that belongs to a tag."""
    assert tags_value(tags) == told
    for tag in tags:
        assert re.fullmatch(rf".*,{re.escape(tag.replace(',', ' '))},.*", told) or "," in tag or "\\" in tag


def test_too_many_tags_are_cut_between_two() -> None:
    """As many as fit are whole, and a mark tells the rest from another one."""
    tags = [f"tag-{number:03}" for number in range(500)]
    told, other = tags_value(tags), tags_value([*tags, "more"])
    *whole, mark = told.strip(",").split(",")
    assert whole == tags[: len(whole)]
    assert len(whole) > 120
    assert len(told.encode()) <= 1024
    assert mark.startswith(CUT)
    assert (mark == other.strip(",").split(",")[-1], told[0], told[-1]) == (False, ",", ",")


def test_no_label_is_too_long() -> None:
    """Whatever comes from outside is cut at 1,024 bytes, nothing is mixed up by that, and what was cut is counted."""
    long, meta = "ü" * 1000, tuple((f"meta_{number}", "m" * 1000) for number in range(20))
    found = [
        replace(
            instance(f"{long}{number}", endpoint=Endpoint("a" * 3000, 1, ("t" * 800, "u" * 800))),
            meta_labels=meta,
        )
        for number in range(2)
    ]
    one = dict([polled(Polled("c", "http"), connection("д" * 5000, "offline", name="n" * 1025))])
    snapshot = dict([polled(Polled("main", "consul"), services(found))]) | one
    for format_ in FORMATS:
        read = samples(snapshot, format_)
        assert max(len(value.encode()) for s in read for value in s.labels.values()) <= 1024
        assert max(sum(len(value.encode()) for value in s.labels.values()) for s in read) <= 8 * 1024
        assert len({s.labels["service"] for s in read if s.name == "service_up"}) == 2
        infos = {s.labels["service"] for s in read if s.name == "service_info"}
        assert infos == {s.labels["service"] for s in read if s.name == "service_up"}
    assert Exposition().render(snapshot).cut == body(snapshot, "text").count(CUT) > 0
    assert Exposition().render(everything()).cut == 0


def test_the_limit_is_that_of_the_flag() -> None:
    """It can be set for a store that bears less."""
    limit_values(64)
    try:
        assert [len(escape("x" * size).encode()) for size in (64, 65)] == [64, 64]
    finally:
        limit_values(1024)


def test_real_prometheus_reads_odd_names(promtool: Path) -> None:
    """Prometheus' own parser takes what ours writes."""
    odd = ["\\", '"', "\n", "\r", "\0", "\ud800", "\udfff", "\u2028", "{}", "# HELP", "😀", "a\\nb", ""]
    snapshot = dict([polled(Polled("main", "consul"), services([instance(name) for name in odd]))])
    checked = subprocess.run(
        [promtool, "check", "metrics"],
        input=body(snapshot, "text").encode(),
        capture_output=True,
        check=False,
    )
    assert (checked.returncode, checked.stderr) == (0, b"")


@pytest.mark.parametrize("format_", FORMATS)
def test_a_family_stands_in_one_place(format_: Format) -> None:
    """Each metric has one HELP and one TYPE line, and all of its samples follow them."""
    lines = body(everything(), format_).splitlines()
    heads = Counter(line.split()[2] for line in lines if line.startswith("# TYPE"))
    assert set(heads.values()) == {1}
    assert Counter(line.split()[2] for line in lines if line.startswith("# HELP")) == heads
    current = ""
    for line in lines:
        current = line.split()[2] if line.startswith("#") else current
        assert line.startswith(("#", current))


@pytest.mark.parametrize("format_", FORMATS)
def test_no_series_is_there_twice(format_: Format) -> None:
    """Name and labels of a sample are unique, and `series` is their number."""
    found = samples(everything(), format_)
    assert len({(s.name, tuple(sorted(s.labels.items()))) for s in found}) == len(found)
    assert Exposition().render(everything()).series == len(found)


def test_no_sample_has_a_time_of_its_own() -> None:
    """Prometheus stamps samples when it scrapes; times are values."""
    assert {sample.timestamp for sample in samples(everything(), "text")} == {None}


tails = st.binary(max_size=2000)


@given(tails, st.integers(0, 40))
@pytest.mark.parametrize("format_", FORMATS)
def test_compressed_is_the_plain_text(format_: Format, tail: bytes, count: int) -> None:
    """The compressed answer is exactly one gzip member, of the plain text with any tail behind it."""
    found = Exposition().render(many(count)).bodies[format_]
    packed = found.gzipped_with_tail(tail)
    reader = zlib.decompressobj(wbits=31)
    assert reader.decompress(packed) + reader.flush() == found.with_tail(tail)
    assert (reader.eof, reader.unused_data) == (True, b"")
    assert gzip.decompress(packed) == found.with_tail(tail)


def test_compressing_is_worth_it() -> None:
    """A large text becomes much smaller although its families are compressed one by one."""
    found = Exposition().render(many(500)).bodies["text"]
    assert len(found.gzipped_with_tail(OWN)) * 10 < found.size + len(OWN) == len(found.with_tail(OWN))


def test_nothing_known_is_an_empty_text() -> None:
    """Before the first poll there is what the exporter says of itself."""
    assert {EMPTY.bodies[format_].with_tail(OWN) for format_ in FORMATS} == {OWN}
    assert gzip.decompress(EMPTY.bodies["text"].gzipped_with_tail(OWN)) == OWN


def test_what_did_not_change_is_not_written_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a poll only the lines of its own source are written anew, and what left is forgotten."""
    written: list[str] = []
    original = samples_.instance_lines

    def lines(states: Iterable[ServiceState], shows_checks: bool) -> Iterator[Line]:
        written.extend(state.instance.key.datacenter for state in states)
        return original(states, shows_checks)

    monkeypatch.setattr(blocks, "instance_lines", lines)
    views = [polled(Polled(name, "consul"), services([instance("web", datacenter=name)])) for name in "abc"]
    renderer, before = Exposition(), dict(views)
    renderer.render(before)
    id_, changed = polled(Polled("b", "consul"), services([instance("db", datacenter="b")]))
    after = {**before, id_: changed}
    assert text_of(renderer.render(after)) == text_of(Exposition().render(after))
    assert written == ["a", "b", "c", "b", "a", "b", "c"]
    del after[id_]
    assert b'datacenter="b"' not in renderer.render(after).bodies["text"].with_tail(b"")


def text_of(rendered: Rendered) -> list[bytes]:
    """Both formats, plain and unpacked."""
    plain = [body.with_tail(b"") for body in rendered.bodies.values()]
    assert [gzip.decompress(body.gzipped_with_tail(b"")) for body in rendered.bodies.values()] == plain
    return plain


@given(st.lists(st.sets(st.integers(0, 60)), min_size=2, max_size=4), st.integers(0, 1000))
def test_blocks_hide_no_change(polls: list[set[int]], seed: int) -> None:
    """Whatever instances come, go and change, the text is the one that a new renderer would write."""
    renderer, view, id_ = Exposition(), first_state(Polled("main", "consul").info), SourceId("consul", "main")
    kept: dict[int, ServiceInstance] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "_INSTANCES", 4)
        for number, present in enumerate(polls):
            kept = {n: _perhaps_new(kept.get(n), n, n * seed + number) for n in sorted(present)}
            view = advance(view, services(kept.values(), at=NOW + number // 2), NOW + number)
            assert text_of(renderer.render({id_: view})) == text_of(Exposition().render({id_: view}))


def _perhaps_new(known: ServiceInstance | None, number: int, chance: int) -> ServiceInstance:
    if known and chance % 3:
        return known
    return instance(f"service-{number:02}", SERVICE_STATUSES[chance % 4], number)


def test_one_change_among_many_writes_its_block_alone() -> None:
    """Of 10,000 instances no more than a block is written again when one changes, and one more moves no other."""
    made = [instance(f"service-{number:05}") for number in range(10_000)]
    renderer, (id_, view) = Exposition(), polled(Polled("main", "consul"), services(made))
    first = pieces_of(renderer.render({id_: view}))
    changed = [*made[:5000], instance("service-05000", "critical"), *made[5001:]]
    added = [*changed[:3000], instance("service-03000a"), *changed[3000:]]
    for instances in (changed, added):
        view = advance(view, services(instances, at=NOW), NOW)
        second = pieces_of(renderer.render({id_: view}))
        assert sum(second[new].plain.count(b"service_status{") for new in second.keys() - first.keys()) < 8000
        first = second


def test_a_connection_that_comes_or_goes_moves_no_other() -> None:
    """Of 5,000 connections only those of a block are written again when one is gone and another one is new."""
    known = dict(
        polled(Polled(f"c{n}", "evotor", is_one_of_many=True), connection(f"c{n}", "online"))
        for n in range(5000)
    )
    gone, *rest = known.items()
    new = polled(Polled("new", "evotor", is_one_of_many=True), connection("new", "online"))
    renderer = Exposition()
    first = pieces_of(renderer.render(known))
    for snapshot in (dict(rest), dict([new, *rest]), dict([*rest[:2000], gone, *rest[2000:]])):
        second = pieces_of(rendered := renderer.render(snapshot))
        plain = rendered.bodies["text"].with_tail(b"").decode()
        shown = re.findall(r'^connection_online\{connection="(\w+)"', plain, re.MULTILINE)
        assert shown == [id_.name for id_ in snapshot]
        assert (
            sum(second[id_].plain.count(b"connection_online{") for id_ in second.keys() - first.keys()) < 2500
        )
        first = second


@given(st.lists(st.binary(max_size=300), max_size=6))
def test_checksums_are_those_of_the_whole(texts: list[bytes]) -> None:
    """The checksum of texts behind each other, put together of theirs, is that of the whole."""
    checksum = 0
    for each in texts:
        checksum = joined(checksum, zlib.crc32(each), len(each))
    assert checksum == zlib.crc32(b"".join(texts))


def pieces_of(rendered: Rendered) -> dict[int, Piece]:
    return {id(piece): piece for piece in rendered.bodies["text"].pieces}


def test_both_formats_share_their_lines() -> None:
    """Text that is the same in both formats is kept, and was compressed, once."""
    bodies = Exposition().render(everything()).bodies
    shared = {id(piece) for piece in bodies["text"].pieces} & {id(p) for p in bodies["openmetrics"].pieces}
    own = [piece.plain for piece in bodies["text"].pieces if id(piece) not in shared]
    assert all(plain.startswith(b"# HELP") and plain.count(b"\n") == 2 for plain in own)
    assert len(own) < len(shared)


@given(st.floats() | st.integers(-(2**70), 2**70).map(float) | st.booleans().map(float))
def test_a_number_comes_back(value: float) -> None:
    """Every float, read back, is the same; whole ones are written without a fraction."""
    read = float(number(value).replace("Inf", "inf"))
    assert read == value or (read != read and value != value)


NUMBERS = {0.0: "0", 1.0: "1", 0.25: "0.25", NOW + 0.125: "1700000000.125", 1e300: "1e+300"}
LIMITS = {float("inf"): "+Inf", float("-inf"): "-Inf", -3.0: "-3", 2.0**53: "9007199254740992.0"}


@pytest.mark.parametrize(("value", "written"), [*NUMBERS.items(), *LIMITS.items(), (float("nan"), "NaN")])
def test_numbers_are_written_as_the_format_wants(value: float, written: str) -> None:
    """Whole numbers are short, fractions exact, and there are words for what is no number."""
    assert number(value) == written


def test_labels_are_never_dropped() -> None:
    """More names than values, or fewer, is a defect and not a shorter series."""
    for values in (("a",), ("a", "b", "c")):
        with pytest.raises(ValueError, match="zip"):
            label_pairs(("one", "two"), values)


def test_the_checks_of_a_kind_are_one_histogram() -> None:
    """Durations are counted for all connections of a kind together, and no count falls when one leaves."""
    till = Polled("a", "evotor", is_one_of_many=True)
    (id_, first), (_, second) = (polled(till, *[connection("a", "online")] * count) for count in (1, 3))
    renderer = Exposition()
    for snapshot in ({id_: first}, {id_: second}, {}, {id_: first}):
        body_ = renderer.render(snapshot).bodies["text"].with_tail(b"").decode()
    found = {s.labels.get("le", s.name): s for family in text(body_) for s in family.samples}

    assert found["source_poll_duration_seconds_count"].value == 4
    assert found["source_poll_duration_seconds_sum"].value == 2.0
    assert (found["0.25"].value, found["0.5"].value) == (0, 4)
    assert found["0.5"].labels == {"kind": "evotor", "le": "0.5"}


def test_a_connection_costs_at_most_twenty_series() -> None:
    """An account that was refused once and is online has all that dashboards and alerts need in so few series."""
    till = Polled("a", "evotor", is_one_of_many=True)
    history = [connection("a", "offline", "unauthorized", NOW - 600), connection("a", "online")]
    others = [Polled(str(number), "evotor", is_one_of_many=True) for number in range(9)]
    one = aged(dict([polled(till, *history)]), NOW)
    ten = aged({**one, **dict(polled(each, *history) for each in others)}, NOW)

    assert Exposition().render(ten).series - Exposition().render(one).series <= 9 * 20
