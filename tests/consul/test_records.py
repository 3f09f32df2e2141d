"""Laws of the reading of records: any JSON is borne, and one bad record costs no other."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.errors import Malformed
from exporter.model import CHECK_STATUSES
from exporter.sources.consul.health import Health
from exporter.sources.consul.records import (
    REJECTIONS,
    Registration,
    Rejected,
    entries_of_nodes,
    read_checks,
    read_datacenters,
    read_entries,
    read_home,
    read_names,
    read_own_datacenter,
)

Json = dict[str, Any]

KEYS = (
    *("Node", "CheckID", "Name", "Status", "ServiceID", "ServiceName", "Service", "ID", "Address", "Port"),
    *("Tags", "Meta", "Checks", "Services", "Config", "Datacenter", "PeerName"),
)
surrogates = st.text(st.characters(min_codepoint=0xD800, max_codepoint=0xDFFF, categories=["Cs"]), max_size=2)
leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | surrogates
leaves |= st.sampled_from([*CHECK_STATUSES, "web", "n1", "_node_maintenance", "x" * 2000])
json = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=2), inner, max_size=6)
    ),
    max_leaves=20,
)

nodes, ids = st.sampled_from(["n1", "N1", "n2"]), st.sampled_from(["", "a", "A", "b"])


@st.composite
def check_rows(draw: st.DrawFn) -> Json:
    """A check that can be used; the service has the name of its id in lower case."""
    service_id = draw(ids)
    check_id = draw(
        st.sampled_from(["c1", "c2", "serfHealth", "_node_maintenance", f"_service_maintenance:{service_id}"])
    )
    row = {"Node": draw(nodes), "CheckID": check_id, "Name": "check", "ServiceID": service_id}
    return row | {"ServiceName": service_id.lower(), "Status": draw(st.sampled_from(CHECK_STATUSES))}


@st.composite
def spoiled_rows(draw: st.DrawFn) -> Json:
    """A check with something else in the place of one of its fields."""
    row = draw(check_rows())
    return row | {draw(st.sampled_from(sorted(row))): draw(json)}


READERS: dict[str, Callable[[Any], object]] = {
    "checks": lambda content: read_checks(content, Rejected()),
    "names": lambda content: read_names(content, Rejected()),
    "entries": lambda content: read_entries(content, "web", Rejected()),
    "nodes": lambda content: read_entries(entries_of_nodes(content), "web", Rejected()),
    "datacenters": read_datacenters,
    "home": read_home,
    "own datacenter": read_own_datacenter,
}


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
@given(content=json | st.lists(json))
def test_any_json_is_borne(read: Callable[[Any], object], content: Any) -> None:
    """No JSON value raises anything but Malformed, and what is read can be written as UTF-8."""
    with suppress(Malformed):
        repr(read(content)).encode()


@given(content=st.lists(json | check_rows() | spoiled_rows()))
def test_every_check_is_read_or_counted(content: list[Any]) -> None:
    """A record is either among the checks or counted with a declared reason."""
    rejected = Rejected()
    read = read_checks(content, rejected).readable
    distinct = {(check.node, check.service_id, check.check_id) for check in read}
    assert len(distinct) == len(read) <= len(content) - rejected.counts.total()
    assert rejected.counts.keys() <= set(REJECTIONS)


@given(good=st.lists(check_rows()), bad=json | spoiled_rows(), place=st.integers(0, 10))
def test_one_bad_check_touches_only_its_owner(good: list[Json], bad: Any, place: int) -> None:
    """Whatever stands between the records, what is found of all other owners stays the same."""
    clean, rejected = Health(read_checks(good, Rejected())), Rejected()
    spoiled = Health(read_checks([*good[:place], bad, *good[place:]], rejected))
    owner = _owner(bad)
    for row in good:
        registration = Registration.of(row["Node"], row["ServiceID"])
        if owner not in (registration, registration.of_node()):
            assert spoiled.status_of(registration) == clean.status_of(registration)
            assert spoiled.checks_of(registration) == clean.checks_of(registration)


def _owner(row: Any) -> Registration | None:
    """Return who a record claims to be of, if that can be told."""
    if not isinstance(row, dict) or not isinstance(row.get("Node"), str):
        return None
    service_id = row.get("ServiceID") or ""
    return Registration.of(row["Node"], service_id) if isinstance(service_id, str) else None


def identity(row: Json) -> tuple[str, ...]:
    return row["Node"], row["ServiceID"], row["CheckID"]


odd_rows = st.builds(
    lambda row, status: row | {"Status": status}, check_rows(), st.sampled_from(["", "odd", 1])
)


@given(rows=st.lists(check_rows() | odd_rows, unique_by=identity))
def test_the_status_rule(rows: list[Json]) -> None:
    """The status of an instance is what the rule says, worked out here anew and without regard to speed."""
    health = Health(read_checks(rows, Rejected()))
    for node, service_id in {(row["Node"], row["ServiceID"]) for row in rows} | {("n2", "other")}:
        if service_id:
            assert health.status_of(Registration.of(node, service_id)) == expected(rows, node, service_id)


def expected(rows: list[Json], node: str, service_id: str) -> str | None:
    """Judge by looking at every row again."""
    about = [
        row
        for row in rows
        if row["Node"].lower() == node.lower() and row["ServiceID"].lower() in ("", service_id.lower())
    ]
    usable = [row for row in about if row["Status"] in CHECK_STATUSES]
    if any("_maintenance" in row["CheckID"] for row in usable):
        return "maintenance"
    if any(row["Status"] == "critical" for row in usable):
        return "critical"
    if len(usable) < len(about):
        return None
    return "warning" if any(row["Status"] == "warning" for row in usable) else "passing"


BAD_CHECKS: dict[str, tuple[Any, str]] = {
    "no mapping": ("web", "missing_field"),
    "no node": ({"CheckID": "c", "Status": "passing"}, "missing_field"),
    "no id": ({"Node": "n1", "Status": "passing"}, "missing_field"),
    "no status": ({"Node": "n1", "CheckID": "c"}, "missing_field"),
    "odd status": ({"Node": "n1", "CheckID": "c", "Status": "PASSING"}, "unknown_status"),
    "no service": ({"Node": "n1", "CheckID": "c", "Status": "passing", "ServiceID": "a"}, "missing_field"),
    "odd name": ({"Node": "\ud800", "CheckID": "c", "Status": "passing"}, "odd_name"),
    "long name": ({"Node": "n" * 1025, "CheckID": "c", "Status": "passing"}, "odd_name"),
}


@pytest.mark.parametrize(("row", "reason"), BAD_CHECKS.values(), ids=BAD_CHECKS)
def test_reasons_of_rejection(row: Any, reason: str) -> None:
    """A check that can't be used is counted with the reason that fits."""
    rejected = Rejected()
    assert read_checks([row], rejected).readable == ()
    assert rejected.counts == {reason: 1}


def entry(**service: Any) -> Json:
    return {
        "Node": {"Node": "n1", "Address": "10.0.0.1"},
        "Service": {"ID": "web", "Service": "web", **service},
    }


@pytest.mark.parametrize("name", ["", None, 1, "n" * 1025, "\ud800"])
def test_a_check_without_a_usable_name(name: Any) -> None:
    """A check's name decides nothing: the id stands in for one that can't be used."""
    (check,) = read_checks(
        [{"Node": "n1", "CheckID": "c", "Name": name, "Status": "warning"}], Rejected()
    ).readable
    assert (check.name, check.status) == ("c", "warning")


@pytest.mark.parametrize("port", [-1, 0, 65536, "80", 80.0, True, None, [80]])
def test_odd_ports(port: Any) -> None:
    """Anything that is no port number is port 0."""
    (read,) = read_entries([entry(Port=port)], "web", Rejected())
    assert read.endpoint.port == 0


@given(bad=json)
def test_one_bad_entry_touches_no_other(bad: Any) -> None:
    """Whatever stands beside an instance, it is read as it would be alone."""
    good = entry(Port=80, Tags=["b", "a", "b", "\ud800"], Meta={"k": "v", "odd": "\ud800"})
    rejected = Rejected()
    (alone,) = read_entries([good], "web", rejected)
    assert alone.endpoint.tags == ("a", "b")
    assert alone.endpoint.meta == {"k": "v"}
    assert rejected.counts == {"duplicate_tag": 1, "odd_name": 1}
    assert alone in read_entries([bad, good], "web", Rejected())


@given(bad=json)
def test_odd_tags_hide_no_service(bad: Any) -> None:
    """A service is named by the catalog whatever stands in the place of its tags."""
    assert set(read_names({"web": ["a"], "odd": bad}, Rejected())) == {"web", "odd"}


def test_nodes_of_peers_are_passed_over() -> None:
    """What another cluster shares with us is not of this datacenter."""
    services = [{"ID": "web", "Service": "web"}]
    nodes = [{"Node": "n1", "Services": services}, {"Node": "n2", "PeerName": "far", "Services": services}]
    assert [e.node for e in read_entries(entries_of_nodes(nodes), "web", Rejected())] == ["n1"]
