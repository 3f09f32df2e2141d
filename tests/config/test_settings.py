"""What a good configuration means: defaults, derived values, filters, paths."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.config import format_duration, parse_duration
from exporter.sources.connections.kinds.evotor import EvotorOptions
from exporter.sources.connections.kinds.http import HttpOptions
from exporter.sources.connections.settings import ConnectionOptions
from exporter.sources.consul.settings import Consul, ServiceFilter
from exporter.sources.plan import Plan, plan, read_file


def cluster(**settings: Any) -> Consul:
    (made,) = plan({"consul": [{"name": "main", **settings}]}).settings_of(Consul)
    return made


def test_a_name_is_all_a_cluster_needs() -> None:
    """The defaults are those of a Consul agent on this machine."""
    made = cluster()

    assert made.address == ("http://127.0.0.1:8500",)
    assert (made.interval, made.timeout, made.stale_after) == (60, 30, 180)
    assert made.datacenters is None
    assert made.allow_stale
    assert (made.watch, made.min_interval) == (True, 1)
    assert made.detail == "instance"
    assert made.service_url == "http://{service}.service.{datacenter}.consul:{port}"


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        pytest.param({}, (60, 30, 180), id="defaults"),
        pytest.param({"interval": "10s"}, (10, 10, 30), id="short interval"),
        pytest.param({"interval": "5m"}, (300, 30, 900), id="long interval"),
        pytest.param({"interval": "10s", "stale_after": "1h"}, (10, 10, 3600), id="stale_after said"),
        pytest.param({"interval": "10s", "timeout": "1s500ms"}, (10, 1.5, 30), id="timeout said"),
        pytest.param({"interval": "366d"}, (31_622_400, 30, 31_622_400), id="as long as can be"),
    ],
)
def test_times_follow_from_the_interval(settings: dict[str, str], expected: tuple[float, ...]) -> None:
    """Unless they are set, stale_after is three intervals, and timeout is not longer than one."""
    made = cluster(**settings)

    assert expected == (made.interval, made.timeout, made.stale_after)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [({"kind": "evotor"}, (600, 20, 1800)), ({"kind": "http", "url": "http://a"}, (60, 10, 180))],
    ids=["evotor", "http"],
)
def test_each_kind_has_its_own_times(kind: dict[str, str], expected: tuple[float, ...]) -> None:
    """A kind's default interval, timeout and stale_after are its own."""
    (made,) = plan({"connections": [{"id": "a", "token": "t", **kind}]}).settings_of(ConnectionOptions)

    assert expected == (made.interval, made.timeout, made.stale_after)
    assert isinstance(made, EvotorOptions | HttpOptions)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        pytest.param("consul:8500", ("http://consul:8500",), id="without scheme"),
        pytest.param(["https://a/", "b:1"], ("https://a", "http://b:1"), id="several"),
        pytest.param("[::1]:8500", ("http://[::1]:8500",), id="IPv6"),
        pytest.param("http://proxy/consul/", ("http://proxy/consul",), id="behind a path"),
        pytest.param("unix:///run/consul.sock", ("unix:///run/consul.sock",), id="socket"),
    ],
)
def test_addresses_are_written_in_any_of_consuls_ways(
    address: str | list[str], expected: tuple[str, ...]
) -> None:
    """A scheme may be left out, and one address or a list may be given."""
    assert expected == cluster(address=address).address


def test_relative_paths_start_at_the_file(tmp_path: Path) -> None:
    """Every path in the file, also one inside a section and of a kind, is relative to the file's folder."""
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "consul").write_text("token")
    (tmp_path / "config.yml").write_text(
        "consul: [{name: a, token_file: secrets/consul, tls: {ca_path: secrets}}]\n"
        "connections: [{id: b, kind: evotor, token_file: secrets/none}, {id: c, kind: evotor, token_file: /x}]\n"
    )

    read = read_file(tmp_path / "config.yml")

    assert [tmp_path / "secrets/consul"] == [made.token_file for made in read.settings_of(Consul)]
    assert [tmp_path / "secrets"] == [made.tls.ca_path for made in read.settings_of(Consul)]
    assert [tmp_path / "secrets/none", Path("/x")] == [
        made.token_file for made in read.settings_of(ConnectionOptions)
    ]


@pytest.mark.parametrize(
    ("include", "exclude", "shown"),
    [
        pytest.param([".*"], [], ["web", "web-2", "consul"], id="all"),
        pytest.param(["web"], [], ["web"], id="the whole name counts"),
        pytest.param([".*"], ["consul", "web-.*"], ["web"], id="exclude wins"),
        pytest.param([], [], [], id="nothing"),
    ],
)
def test_the_filter_matches_whole_names(include: list[str], exclude: list[str], shown: list[str]) -> None:
    """A service is shown when some include pattern and no exclude pattern matches all of its name."""
    wanted = ServiceFilter.model_validate({"include": include, "exclude": exclude})

    assert shown == [name for name in ("web", "web-2", "consul") if wanted.shows(name)]


def test_an_empty_plan_is_valid() -> None:
    """A configuration that names nothing can be loaded; whether that is meant, a log line asks."""
    assert Plan() == plan({})


@given(st.integers(1, 10**12))
def test_durations_survive_being_written(milliseconds: int) -> None:
    """What is formatted is read as the same time."""
    assert milliseconds / 1000 == pytest.approx(parse_duration(format_duration(milliseconds / 1000)))


@given(st.text("0123456789ywdhms -.", max_size=8))
def test_only_durations_are_durations(text: str) -> None:
    """Any text is read as seconds of at least 0, or refused with ValueError."""
    try:
        seconds = parse_duration(text)
    except ValueError:
        return
    assert seconds >= 0
