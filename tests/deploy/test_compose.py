"""docker-compose.yml as people bring it up: the demo with its history and alerts, and one's own configuration."""

import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from exporter import __version__
from tests.alerts.fast import write_fast_rules
from tests.deploy.compose import Compose, composed, without_ports
from tests.deploy.podman import Podman
from tests.real.http import request
from tests.real.process import wait_for

pytestmark = pytest.mark.timeout(1800)  # whoever comes first makes the images

ROOT = Path(__file__).parent.parent.parent
DEMO = ("demo-exporter", "simulators", "prometheus", "alertmanager")


@pytest.fixture(scope="module")
def demo(
    podman: Podman, image: str, docker_compose: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Compose]:
    """The demo without Grafana, every service healthy; alert rules have shorter clocks."""
    podman.build(ROOT, f"docker.io/library/status-exporter-demo:{__version__}", "demo")
    folder = tmp_path_factory.mktemp("compose")
    shutil.copytree(ROOT / "rules", folder / "rules")
    write_fast_rules(folder / "rules")
    mount = f"    volumes: ['{folder}/rules:/etc/prometheus/rules:ro']\n"
    (folder / "override.yml").write_text(
        without_ports().replace("  prometheus:\n", f"  prometheus:\n{mount}")
    )
    with composed(podman, docker_compose, ROOT, folder / "override.yml", "demo") as compose:
        done = compose("--profile", "demo", "up", "--detach", "--no-build", "--wait", *DEMO)
        assert done.returncode == 0, done.stderr + _stories(compose)
        yield compose


def _stories(compose: Compose) -> str:
    services = ("demo-history", *DEMO)
    return "\n".join(f"{name}: {compose.podman.logs(compose.container(name))[-2000:]}" for name in services)


def asked(compose: Compose, expr: str, at: float | None = None) -> list[dict[str, Any]]:
    """The result of an instant query to the Prometheus of the stack."""
    moment = f"&time={at}" if at else ""
    url = f"{compose.url('prometheus', 9090)}/api/v1/query?query={quote(expr)}{moment}"
    result: list[dict[str, Any]] = request("GET", url).expect().json()["data"]["result"]
    return result


def test_every_service_is_healthy(demo: Compose) -> None:
    """Each has a health check, and passes it; the one that fills the history has ended well."""
    assert {name: demo.podman.health(demo.container(name)) for name in DEMO} == dict.fromkeys(DEMO, "healthy")
    assert demo.podman.inspect(demo.container("demo-history"))["State"]["ExitCode"] == 0


def test_the_first_look_shows_a_day(demo: Compose) -> None:
    """The recorded series of yesterday are there as well as the samples."""
    for expr in ("count(service_status == 1)", 'count({__name__=~"service:.+"})', "count(connection_status)"):
        (past,) = asked(demo, expr, time.time() - 23 * 3600)
        assert int(past["value"][1]) > 0, expr


def test_the_exporter_waited_for_the_simulators(demo: Compose) -> None:
    """Without waiting, all connections but one would change from not connected to something else."""
    text = request("GET", f"{demo.url('demo-exporter', 10117)}/metrics").expect().text
    changes = re.findall(r"^connection_status_changes_total{.*} (\d+)$", text, re.MULTILINE)
    assert len(changes) == 8
    assert sum(map(int, changes)) <= 1  # one may really change in these seconds


def test_the_exporter_is_scraped(demo: Compose) -> None:
    """Prometheus finds it by the name that both exporters of the file have."""
    url = f"{demo.url('prometheus', 9090)}/api/v1/targets"

    def health() -> list[str]:
        return [target["health"] for target in request("GET", url).json()["data"]["activeTargets"]]

    wait_for(lambda: health() == ["up"], 60, "a scrape")


def test_an_alert_that_fires_arrives_at_the_alertmanager(demo: Compose) -> None:
    """Consul falls silent; Prometheus notices, and tells."""
    demo.podman("stop", "--time", "0", demo.container("simulators"))
    url = f"{demo.url('alertmanager', 9093)}/api/v2/alerts"

    def told() -> bool:
        return "ConsulPollFailing" in {alert["labels"]["alertname"] for alert in request("GET", url).json()}

    wait_for(told, 180, "the alert")


@pytest.fixture
def own(podman: Podman, image: str, docker_compose: Path, tmp_path: Path) -> Iterator[Compose]:
    """A checkout in which nothing is configured yet."""
    for name in ("docker-compose.yml", ".env"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "config/secrets").mkdir(parents=True)
    (tmp_path / "override.yml").write_text(without_ports())
    tmp_path.chmod(0o755)
    with composed(podman, docker_compose, tmp_path, tmp_path / "override.yml", "own") as compose:
        yield compose


def test_a_missing_configuration_is_said(own: Compose) -> None:
    """The exporter polls nothing, and its log names the file that it wants."""
    own("up", "--detach", "--no-build", "exporter")
    wanted = "/etc/status-exporter/status-exporter.yml"
    wait_for(lambda: wanted in own.podman.logs(own.container("exporter")), 60, wanted)


def test_a_folder_that_is_not_there_is_never_an_empty_configuration(own: Compose, tmp_path: Path) -> None:
    """Docker refuses to start; Podman makes the folder, and then there is no configuration in it."""
    done = own("up", "--detach", "--no-build", "exporter", STATUS_EXPORTER_FOLDER="./nowhere")
    wanted = "/etc/status-exporter/status-exporter.yml"
    if done.returncode:
        assert f"{tmp_path}/nowhere" in done.stderr
    else:
        wait_for(lambda: wanted in own.podman.logs(own.container("exporter")), 60, wanted)


def test_the_same_file_serves_inside_a_container(own: Compose, tmp_path: Path) -> None:
    """Relative token files are found, and a cluster without an address is the agent of the machine."""
    (tmp_path / "config/status-exporter.yml").write_text(
        "consul: [{name: main}]\n"
        "connections: [{id: a, kind: http, url: 'http://127.0.0.1:10117/', token_file: secrets/a}]\n"
    )
    (tmp_path / "config/secrets/a").write_text("t0ken")
    done = own("up", "--detach", "--no-build", "exporter", HOST_GATEWAY="192.0.2.9")
    assert done.returncode == 0, done.stderr
    url = f"{own.url('exporter', 10117)}/metrics"
    wait_for(lambda: 'connection_online{connection="a",kind="http"} 1' in request("GET", url).text, 60)
    container = own.container("exporter")
    assert (
        "CONSUL_HTTP_ADDR=http://host.docker.internal:8500" in own.podman.inspect(container)["Config"]["Env"]
    )
    assert "192.0.2.9" in own.podman("exec", container, "getent", "hosts", "host.docker.internal")
    assert "consul[0].address" not in own.podman.logs(container)  # there is no loopback to warn about
    saved = "/var/lib/status-exporter/state.json"
    own.podman("stop", container)
    own.podman("start", container)
    wait_for(
        lambda: f'"state file read" file={saved}' in own.podman.logs(container), 60, "the state of before"
    )
