"""Several exporters poll one configuration: each connection and datacenter by exactly one of them."""

from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import pytest

from exporter.cli import parse_flags
from exporter.sharding import Shard
from exporter.sources.consul.settings import Consul
from exporter.sources.plan import Plan, plan
from tests.real.process import wait_for
from tests.running import api, exporter

MANY = 10_000
CONNECTIONS = [{"id": f"shop-{number}", "kind": "evotor", "token": "t"} for number in range(MANY)]


def split(planned: Plan, count: int) -> dict[str, int]:
    """The shard of each source; AssertionError when one has two."""
    owners: dict[str, int] = {}
    for index in range(count):
        for source in planned.sources:
            if source.part(Shard(index, count)):
                assert source.id.name not in owners
                owners[source.id.name] = index
    return owners


@pytest.fixture(scope="module")
def planned() -> Plan:
    return plan({"connections": CONNECTIONS})


@pytest.mark.parametrize("count", [1, 2, 3, 4, 10])
def test_each_connection_is_polled_by_one_shard(planned: Plan, count: int) -> None:
    """None twice, none missed, and the parts are about even."""
    owners = split(planned, count)
    assert len(owners) == MANY
    sizes = Counter(owners.values()).values()
    assert len(sizes) == count
    assert max(sizes) - min(sizes) < 0.1 * MANY  # six standard deviations and more, of a fixed hash


def test_a_fourth_shard_takes_its_part_and_moves_nothing_else(planned: Plan) -> None:
    """What moves goes to the new one, a quarter of all; back to three, the same comes back."""
    three, four = split(planned, 3), split(planned, 4)
    moved = {name for name in three if three[name] != four[name]}
    assert {four[name] for name in moved} == {3}
    assert moved == {name for name in four if four[name] == 3}
    assert 0.22 * MANY < len(moved) < 0.28 * MANY


def test_the_hash_is_the_same_on_every_machine_and_in_every_version() -> None:
    """Shards that don't agree would poll twice what another misses: this may not change by chance."""
    names = ("evotor", "shop-1"), ("http", "billing"), ("datacenter", "dc1"), ("evotor", "Ленина")
    owners = [[index for index in range(5) if Shard(index, 5).owns(*name)] for name in names]
    assert owners == OWNERS


OWNERS = [[4], [1], [4], [1]]


def test_datacenters_are_split_wherever_their_names_are_known() -> None:
    """Of one cluster they go to several shards; the name decides, not the cluster, so that twins meet."""
    names = [f"dc{number}" for number in range(40)]
    cluster = plan({"consul": [{"name": "a", "datacenters": names}, {"name": "b", "datacenters": names[:1]}]})
    parts = [[source.part(Shard(index, 3)) for source in cluster.sources] for index in range(3)]
    owned = [
        [
            name
            for part in found
            if part and isinstance(part.settings, Consul)
            for name in part.settings.datacenters or ()
        ]
        for found in parts
    ]
    assert sorted(name for found in owned for name in found) == sorted([*names, names[0]])
    assert [found.count(names[0]) for found in owned if names[0] in found] == [2]
    assert all(owned)


def test_a_cluster_whose_datacenter_is_unknown_is_one_part() -> None:
    """Its name decides."""
    assert len(split(plan({"consul": [{"name": f"c{number}"} for number in range(9)]}), 3)) == 9


@pytest.mark.parametrize(
    ("text", "index"), [("0", 0), ("12", 12), ("status-exporter-2", 2), ("status-exporter-1-0", 0)]
)
def test_the_index_is_a_number_or_a_pods_name(text: str, index: int) -> None:
    """A StatefulSet's pods end in their ordinals."""
    assert parse_flags([f"--shard.index={text}", "--shard.count=13"]).shard == Shard(index, 13)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--shard.index=3", "--shard.count=3"], "--shard.index 3 must be less than --shard.count 3"),
        (["--shard.index=1"], "--shard.index 1 must be less than --shard.count 1"),
        (["--shard.index=pod"], "'pod' is not a number such as 0, nor a name that ends in one"),
        (["--shard.count=0"], "'0' is not a whole number"),
    ],
)
def test_a_shard_that_cannot_be_is_a_mistake(
    flags: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Polling nothing, or twice, would go unnoticed for long."""
    with pytest.raises(SystemExit) as ended:
        parse_flags(flags)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_three_exporters_show_each_connection_once_between_them(tmp_path: Path) -> None:
    """As processes, of which each asks the API for its own part alone, listed ones included."""
    listed = "".join(f"- {{id: listed-{number}, kind: http, url: URL}}\n" for number in range(30))
    config = (
        "connections: ["
        + ", ".join(f"{{id: own-{number}, kind: http, url: URL}}" for number in range(30))
        + "]\n"
        "connections_from: [{name: file, provider: files, files: [listed.yml]}]\n"
    )
    with api(lambda path, headers: (200, {}, b"")) as asked, ExitStack() as stack:
        shards = []
        for index in range(3):
            folder = tmp_path / str(index)
            folder.mkdir()
            (folder / "listed.yml").write_text(listed.replace("URL", f"'{asked.url}'"))
            flags = (f"--shard.index=status-exporter-{index}", "--shard.count=3")
            shards.append(
                stack.enter_context(exporter(folder, config.replace("URL", f"'{asked.url}'"), *flags))
            )
        found = wait_for(lambda: _complete([shard.statuses() for shard in shards], 60), 60, "all connections")
    assert all(found)
    assert sorted(name for each in found for name in each) == sorted(
        [*(f"own-{number}" for number in range(30)), *(f"listed-{number}" for number in range(30))]
    )


def _complete(found: list[dict[str, str]], count: int) -> list[dict[str, str]]:
    return found if sum(map(len, found)) >= count else []
