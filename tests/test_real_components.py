"""The fixtures give real, working components, empty at the start of each test."""

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.conftest import StartAlertmanager, StartConsul, StartPrometheus
from tests.real import ConsulAgent, NotStarted, missing
from tests.real.http import request
from tests.real.process import clean_environment, leads_elsewhere
from tests.real.prometheus import backfill

ROOT = Path(__file__).parent.parent
WEB = {
    "Name": "web",
    "ID": "web-1",
    "Port": 8080,
    "Tags": ["b", "a"],
    "Check": {"CheckID": "web-ttl", "TTL": "1h", "Status": "passing"},
}
DENY = {"acl": {"enabled": True, "default_policy": "deny"}}


def statuses(agent: ConsulAgent) -> dict[str, str]:
    return {check["CheckID"]: check["Status"] for check in agent.get("/v1/health/state/any")}


def test_a_registered_service_is_in_the_health_of_the_catalog_until_it_is_deregistered(
    consul_agent: ConsulAgent,
) -> None:
    """register, set_check and deregister come back when the catalog shows their effect."""
    consul_agent.register(WEB)
    assert statuses(consul_agent) == {"serfHealth": "passing", "web-ttl": "passing"}
    consul_agent.set_check("web-ttl", "critical", "it broke")
    assert statuses(consul_agent)["web-ttl"] == "critical"
    consul_agent.deregister("web-1")
    assert statuses(consul_agent) == {"serfHealth": "passing"}


def test_a_test_finds_the_shared_agent_empty(consul_agent: ConsulAgent) -> None:
    """wipe takes away services, checks, maintenance and foreign nodes of the test before."""
    consul_agent.register(WEB)
    consul_agent.register_catalog({"Node": "far", "Address": "10.0.0.9", "Service": {"Service": "db"}})
    consul_agent.maintenance(enable=True)
    consul_agent.maintenance(enable=True, service_id="web-1")
    consul_agent.wipe()
    assert statuses(consul_agent) == {"serfHealth": "passing"}
    assert list(consul_agent.get("/v1/catalog/services")) == ["consul"]
    assert [node["Node"] for node in consul_agent.get("/v1/catalog/nodes")] == [consul_agent.node]


def test_a_stopped_agent_refuses_and_comes_back_with_its_data(start_consul: StartConsul) -> None:
    """stop ends the answers, start brings the same address with the same registrations."""
    agent = start_consul()
    agent.register(WEB)
    agent.stop()
    with pytest.raises(OSError, match="refused"):
        agent.get("/v1/health/state/any")
    agent.start()
    assert "web-ttl" in statuses(agent)


def test_default_deny_answers_an_empty_list_to_a_client_without_a_token(start_consul: StartConsul) -> None:
    """A token sees what its rules allow; without one everything is empty, with status 200."""
    agent = start_consul(**DENY)
    agent.bootstrap_acl()
    agent.register(WEB)
    token = agent.create_token('service_prefix "" { policy = "read" }')
    seen = {
        name: set(request("GET", f"{agent.address}/v1/catalog/services", headers=headers).expect().json())
        for name, headers in {"nobody": {}, "reader": {"X-Consul-Token": token}}.items()
    }
    assert seen == {"nobody": set(), "reader": {"consul", "web"}}


def test_two_datacenters_joined_over_wan_answer_for_each_other(
    consul_agent: ConsulAgent, start_consul: StartConsul
) -> None:
    """join_wan comes back when both datacenters can be asked at either agent."""
    one, two = (start_consul(datacenter=name, node_name=f"agent-{name}") for name in ("dc1", "dc2"))
    two.register(WEB)
    one.join_wan(two)
    assert sorted(one.get("/v1/catalog/datacenters")) == ["dc1", "dc2"]
    assert "web" in one.get("/v1/catalog/services?dc=dc2")


def test_a_component_that_does_not_start_shows_its_log(start_consul: StartConsul) -> None:
    """The error of a failed start holds the component's own words."""
    with pytest.raises(NotStarted, match="retry_join_nowhere"):
        start_consul(retry_join_nowhere=True)


def test_prometheus_scrapes_and_answers_queries(start_prometheus: StartPrometheus) -> None:
    """A server started on a mapping scrapes what it says."""
    scraped = start_prometheus({"global": {"scrape_interval": "1s"}})
    target = scraped.url.removeprefix("http://")
    jobs = [{"job_name": "other", "static_configs": [{"targets": [target]}]}]
    server = start_prometheus({"global": {"scrape_interval": "1s"}, "scrape_configs": jobs})
    server.wait_until("up == 1")
    assert server.value('count(up{job="other"})') == 1
    assert server.query("vector(1)")[0]["value"][1] == "1"


def test_backfilled_samples_are_found_at_their_time(
    start_prometheus: StartPrometheus, promtool: Path, tmp_path: Path
) -> None:
    """What backfill writes is there when the server starts on that data."""
    samples = tmp_path / "samples.txt"
    samples.write_text("# TYPE past gauge\npast 1 1700000000\npast 3 1700000060\n# EOF\n")
    backfill(promtool, samples, tmp_path / "data")
    server = start_prometheus({}, tmp_path / "data", "--storage.tsdb.retention.time=100y")
    assert server.value("past", 1700000061) == 3
    values = server.query_range("past", 1700000000, 1700000060, 60)[0]["values"]
    assert values == [[1700000000, "1"], [1700000060, "3"]]


def test_alertmanager_takes_alerts(start_alertmanager: StartAlertmanager) -> None:
    """What is posted is listed."""
    config = {"route": {"receiver": "nobody"}, "receivers": [{"name": "nobody"}]}
    alertmanager = start_alertmanager(config)
    alertmanager.post_alerts([{"labels": {"alertname": "Made"}, "annotations": {}}])
    assert [alert["labels"]["alertname"] for alert in alertmanager.alerts()] == ["Made"]


@pytest.mark.parametrize("targets", ["targets", "targets/compose"])
def test_prometheus_takes_the_projects_configuration(promtool: Path, tmp_path: Path, targets: str) -> None:
    """promtool finds no fault in prometheus.yml beside the targets of this machine and of compose."""
    for name in ("prometheus.yml", "rules"):
        if (ROOT / name).exists():
            (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "targets").symlink_to(ROOT / targets)
    command: list[str | Path] = [promtool, "check", "config", tmp_path / "prometheus.yml"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_exporter_has_one_target_and_the_same_labels_here_and_in_compose() -> None:
    """Dashboards and rules see no difference; no target is down for being the other place's."""
    here, compose = (
        yaml.safe_load((ROOT / folder / "exporter.yml").read_text())
        for folder in ("targets", "targets/compose")
    )
    assert [len(group["targets"]) for group in here + compose] == [1, 1]
    assert here[0]["labels"] == compose[0]["labels"] == {"instance": "status-exporter"}


def test_a_missing_component_skips_or_fails_as_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where real components are required, a skip would hide that something is not tested."""
    monkeypatch.setattr(missing, "find", lambda _: None)
    monkeypatch.delenv(missing.UNWANTED, raising=False)
    monkeypatch.setenv(missing.REQUIRED, "0")
    with pytest.raises(pytest.skip.Exception, match="real component missing: consul"):
        missing.component("consul")
    monkeypatch.setenv(missing.REQUIRED, "1")
    with pytest.raises(pytest.fail.Exception, match="real component missing: consul"):
        missing.component("consul")


def test_a_run_that_wants_no_component_looks_for_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trying other versions of libraries does without them, also where the whole check requires them."""
    monkeypatch.setattr(missing, "find", None)
    for variable in (missing.REQUIRED, missing.UNWANTED):
        monkeypatch.setenv(variable, "1")
    with pytest.raises(pytest.skip.Exception, match="real component missing: consul"):
        missing.component("consul")


def test_skips_for_want_of_a_component_are_counted_in_one_line() -> None:
    """Other skips are left out, and without any there is no line."""
    reasons = [f"Skipped: {missing.REASON}{name}" for name in ("promtool", "consul", "promtool")]
    assert missing.summary(["Skipped: no node here", *reasons]) == (
        "3 tests skipped, real components can't be had here: 1 without consul, 2 without promtool"
    )
    assert missing.summary(["Skipped: no node here"]) == ""


def test_no_test_sees_the_consul_or_the_proxy_of_this_machine() -> None:
    """What would lead a test elsewhere is gone from its environment, and from that of what it starts."""
    for environment in (os.environ, clean_environment()):
        assert not [name for name in environment if leads_elsewhere(name)]
    assert leads_elsewhere("CONSUL_HTTP_ADDR")
    assert leads_elsewhere("EVOTOR_TOKEN")
    assert leads_elsewhere("https_proxy")
