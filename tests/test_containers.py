"""The Dockerfile and docker-compose.yml agree with the code and with the files of the project."""

import http.server
import re
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter import __version__, healthcheck
from exporter.cli import DEFAULT_ADDRESS, parse_flags
from exporter.demo.cli import demo_flags
from exporter.demo.database import shop_database
from exporter.demo.settings import settings
from exporter.demo.shop import demo_world
from languages import LANGUAGES
from tests.real.http import request
from tests.real.process import free_ports, wait_for

ROOT = Path(__file__).parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
SETTINGS = (ROOT / ".env").read_text()


@pytest.mark.parametrize(
    ("arguments", "exporter"),
    [((), "exporter"), (("--profile", "demo"), "demo-exporter")],
    ids=["plain", "demo"],
)
def test_compose_starts_one_exporter(docker_compose: Path, arguments: tuple[str, ...], exporter: str) -> None:
    """docker-compose itself finds nothing wrong; without an argument it is one's own, with the demo the demo's."""
    command: list[str | Path] = [docker_compose, "-f", ROOT / "docker-compose.yml", *arguments]
    result = subprocess.run([*command, "config", "--services"], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    names = result.stdout.split()
    assert [name for name in names if name.endswith("exporter")] == [exporter]
    assert {"prometheus", "alertmanager", "grafana"} < set(names)


def _usual(text: str) -> str:
    """The text with the defaults of its variables."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)


def _mounts() -> Iterator[tuple[str, str, str]]:
    for name, service in SERVICES.items():
        for volume in service.get("volumes", []):
            if isinstance(volume, dict):
                yield name, _usual(volume["source"]), volume["target"]
            else:
                source, target = _usual(volume).split(":")[:2]
                yield name, source, target


def test_every_mounted_path_exists() -> None:
    """A bind mount of what isn't there would be an empty folder."""
    paths = [source for _, source, _ in _mounts() if source.startswith(".")]
    assert [path for path in paths if not (ROOT / path).exists()] == []
    assert "./prometheus.yml" in paths


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_its_home_dashboard(language: str) -> None:
    """What DASHBOARD_LANGUAGE can name is there, the home dashboard included."""
    home = Path(SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    (target,) = (t for _, source, t in _mounts() if source.startswith("./grafana/dashboards/"))
    assert (ROOT / "grafana/dashboards" / language / home.relative_to(target)).is_file()


def test_the_state_file_is_on_a_volume_that_the_exporter_may_write() -> None:
    """It outlives the container; the folder in the image belongs to the exporter, and so does a new volume there."""
    state = parse_flags(SERVICES["exporter"]["command"]).state_file
    assert state
    assert ("exporter", "exporter-state", str(state.parent)) in _mounts()
    assert f"install -d -o status-exporter -g status-exporter -m 0700 {state.parent}" in DOCKERFILE


def test_every_named_volume_is_declared() -> None:
    """A volume that isn't declared makes compose stop."""
    named = {source for _, source, _ in _mounts() if not source.startswith(".")}
    assert named == set(COMPOSE["volumes"])


def test_images_are_pinned() -> None:
    """No image changes under us."""
    images = {service["image"] for service in SERVICES.values()}
    assert all(re.fullmatch(r"[a-z/-]+:v?\d+\.\d+\.\d+", image) for image in images)
    assert {image for image in images if image.startswith("status-exporter")} == {
        f"status-exporter:{__version__}",
        f"status-exporter-demo:{__version__}",
    }


def test_the_images_have_one_version_of_prometheus() -> None:
    """What fills the demo's history is what serves it."""
    assert f"COPY --from={SERVICES['prometheus']['image']} " in DOCKERFILE


def test_every_service_that_stays_has_a_health_check() -> None:
    """That of the exporter is the image's."""
    checked = {
        name for name, s in SERVICES.items() if "disable" not in s.get("healthcheck", {"disable": True})
    }
    assert checked | {"exporter", "demo-exporter"} == set(SERVICES) - {"demo-history"}


def test_the_settings_file_gives_what_the_compose_file_has_by_default() -> None:
    """.env is where people look what can be set; compose without it is the same, but for the profile."""
    pairs = (line.partition("=") for line in SETTINGS.splitlines() if line and not line.startswith("#"))
    settings = {name: value for name, _, value in pairs}
    assert settings.pop("COMPOSE_PROFILES") in {p for s in SERVICES.values() for p in s.get("profiles", [])}
    defaults = dict(re.findall(r"\$\{(\w+):-([^}]*)\}", (ROOT / "docker-compose.yml").read_text()))
    assert settings.items() <= defaults.items()


def test_ports_are_open_to_this_machine_only() -> None:
    """Nothing without a password is reached from elsewhere."""
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_grafana_has_no_default_password() -> None:
    """No administrator is made, and those who look need none."""
    environment = SERVICES["grafana"]["environment"]
    assert environment["GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION"] == "true"
    assert environment["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"


@pytest.mark.parametrize("name", ["exporter", "demo-exporter"])
def test_the_exporter_understands_its_flags(name: str) -> None:
    """The command of the exporter is one that its command line takes, with a file that is mounted."""
    flags = parse_flags(SERVICES[name]["command"])
    assert flags.config_file
    mounted = {Path(target) for service, _, target in _mounts() if service == name}
    assert mounted & {flags.config_file, flags.config_file.parent}


def test_the_simulators_understand_their_flags() -> None:
    """The command of the simulators is one that the demo's command line takes, and they write where they may."""
    program, *arguments = SERVICES["simulators"]["command"]
    flags = demo_flags(arguments)
    assert (program, flags.simulators_only) == ("demo", True)
    assert str(flags.folder) in {target for name, _, target in _mounts() if name == "simulators"}
    assert f"install -d -o status-exporter -g status-exporter -m 0700 {flags.folder}" in DOCKERFILE


def test_the_history_is_written_where_prometheus_reads_it() -> None:
    """The command that fills is one that the demo's command line takes, with the rules where it runs."""
    service = SERVICES["demo-history"]
    flags = demo_flags(service["command"][1:])
    volume = f"prometheus-data:{flags.fill}"
    assert volume in service["volumes"]
    assert volume in SERVICES["prometheus"]["volumes"]
    assert f"--storage.tsdb.path={flags.fill}" in SERVICES["prometheus"]["command"]
    assert f"./rules:{service['working_dir']}/rules:ro" in service["volumes"]
    assert f"/bin/{flags.promtool.name} /usr/local/bin/" in DOCKERFILE


def test_the_demo_configuration_is_that_of_the_demo() -> None:
    """examples/demo.yml watches just what the simulators play, where compose puts them."""
    flags = demo_flags(SERVICES["simulators"]["command"][1:])
    (secrets,) = (t for name, source, t in _mounts() if name == "demo-exporter" and source == "demo-tokens")
    consul, evotor = (f"http://simulators:{address.port}" for address in (flags.consul, flags.evotor))
    tokens = Path(secrets) / "tokens"
    expected = settings(demo_world(), consul, evotor, tokens, shop_database(tokens))
    assert yaml.safe_load((ROOT / "examples/demo.yml").read_text()) == expected


def test_targets_name_services_of_compose() -> None:
    """Prometheus within compose scrapes the exporter where it listens, and tells the Alertmanager."""
    (exporter,) = yaml.safe_load((ROOT / "targets/compose/exporter.yml").read_text())
    (alertmanager,) = yaml.safe_load((ROOT / "targets/compose/alertmanager.yml").read_text())
    assert SERVICES["demo-exporter"]["networks"]["default"]["aliases"] == ["exporter"]
    assert exporter["targets"] == [f"exporter:{DEFAULT_ADDRESS.port}"]
    assert alertmanager["targets"] == ["alertmanager:9093"]
    assert SERVICES["alertmanager"]["ports"] == ["127.0.0.1:9093:9093"]


def test_grafana_asks_the_prometheus_of_compose() -> None:
    """The provisioned data source is a service of compose, at the port it publishes."""
    source = yaml.safe_load((ROOT / "grafana/provisioning/datasources/prometheus.yml").read_text())
    assert source["datasources"][0]["url"] == "http://prometheus:9090"
    assert SERVICES["prometheus"]["ports"] == ["127.0.0.1:9090:9090"]


def test_the_image_agrees_with_the_code() -> None:
    """Port, user and health check of the image are those of the exporter; no root, no curl."""
    assert f"EXPOSE {DEFAULT_ADDRESS.port}" in DOCKERFILE
    assert re.search(r"^USER [1-9]\d*:[1-9]\d*$", DOCKERFILE, re.MULTILINE)
    assert '"-m", "exporter.healthcheck"' in DOCKERFILE
    assert "curl" not in DOCKERFILE


def test_what_the_image_copies_is_sent_to_the_builder() -> None:
    """Each path that the Dockerfile copies exists and is let through by .dockerignore."""
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {
        word
        for line in re.findall(r"^COPY (?!--from)(.*)$", DOCKERFILE, re.MULTILINE)
        for word in line.split()[:-1]
    }
    assert copied == allowed
    assert all((ROOT / path).exists() for path in copied)


_READ_ONLY = "mount -o bind,remount,ro / && ! touch {probe} 2>/dev/null && exec {command}"


def test_it_runs_on_a_read_only_root(tmp_path: Path) -> None:
    """The exporter writes nothing: `read_only: true` in compose costs it nothing."""
    if subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine gives no name spaces to unprivileged users")
    config = tmp_path / "config.yml"
    config.write_text("connections: [{id: a, kind: http, url: 'http://127.0.0.1:1/'}]\n")
    (port,) = free_ports(1)
    flags = [f"--config.file={config}", f"--web.listen-address=127.0.0.1:{port}"]
    command = shlex.join([sys.executable, "-m", "exporter", *flags])
    script = _READ_ONLY.format(probe=tmp_path / "probe", command=command)
    with subprocess.Popen(["unshare", "-rm", "sh", "-c", script], cwd=ROOT) as process:
        try:
            url = f"http://127.0.0.1:{port}/metrics"
            wait_for(lambda: 'connection_online{connection="a"' in request("GET", url).text, 30, "metrics")
        finally:
            process.terminate()
    assert process.returncode == 0


@contextmanager
def _answering(status: int) -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/-/healthy"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("status", "code"), [(200, 0), (401, 0), (503, 1), (404, 1)])
def test_the_health_check_tells_alive_from_not(status: int, code: int) -> None:
    """Only an exporter's answer counts, also one that asks for a password."""
    with _answering(status) as url:
        assert healthcheck.main([url]) == code


def test_the_health_check_notices_that_nobody_answers() -> None:
    """A closed port is not healthy."""
    with _answering(200) as url:
        pass
    assert healthcheck.main([url]) == 1
