"""The image of the real Dockerfile, run as compose and Kubernetes run it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.podman import Podman
from tests.real.http import request
from tests.real.process import wait_for

pytestmark = pytest.mark.timeout(1800)  # whoever comes first makes the images

PATIENCE = 2  # seconds that the engine gives it to stop, before it kills


@pytest.fixture
def container(podman: Podman, image: str, tmp_path: Path) -> Iterator[str]:
    """The exporter on a read-only root, without capabilities, with a configuration and a token to read."""
    (tmp_path / "config.yml").write_text(
        "connections: [{id: itself, kind: http, url: 'http://127.0.0.1:10117/-/healthy', token_file: token}]\n"
    )
    (tmp_path / "token").write_text("t0ken")
    options = (
        "--read-only",
        "--read-only-tmpfs=false",
        "--cap-drop=all",
        "--security-opt=no-new-privileges",
        f"--volume={tmp_path}:/etc/status-exporter:ro",
    )
    tmp_path.chmod(0o755)
    with podman.running(image, "--config.file=/etc/status-exporter/config.yml", options=options) as running:
        yield running


def test_it_serves_metrics_without_root_or_anything_to_write(podman: Podman, container: str) -> None:
    """The user is 10001, no capability is left, no file can be made, and a poll succeeds."""
    url = f"http://{podman.address(container)}:10117/metrics"
    online = 'connection_online{connection="itself",kind="http"} 1'
    wait_for(lambda: online in request("GET", url).text, 60, online)
    assert podman("exec", container, "id", "-u", "-n") == "status-exporter"
    status = podman("exec", container, "grep", "-E", "^(Uid|CapEff|CapBnd|NoNewPrivs)", "/proc/1/status")
    facts = {line.split()[0]: line.split()[1] for line in status.splitlines()}
    assert facts == {"Uid:": "10001", "CapEff:": "0" * 16, "CapBnd:": "0" * 16, "NoNewPrivs:": "1"}
    refused = podman.tried("exec", container, "touch", "/var/lib/status-exporter/file", "/tmp/file")
    assert refused.stderr.count("Read-only file system") == 2


def test_the_health_check_of_the_image_passes(podman: Podman, container: str) -> None:
    """As the engine runs it, by the programs of the image."""
    wait_for(lambda: podman.tried("healthcheck", "run", container).returncode == 0, 60, "a passed check")
    assert podman.health(container) == "healthy"


def test_it_stops_in_order_before_the_engine_kills_it(podman: Podman, container: str) -> None:
    """A killed container would have exit code 137."""
    wait_for(lambda: "listening" in podman.logs(container), 60, "listening")
    podman("stop", "--time", str(PATIENCE), container)
    assert podman.inspect(container)["State"]["ExitCode"] == 0


def test_a_missing_configuration_is_said_at_once(podman: Podman, image: str) -> None:
    """Nothing is polled; the exit code is that of a mistake."""
    with podman.running(image, "--config.file=/etc/status-exporter/config.yml") as container:
        assert podman.wait_for_exit(container, 60) == 2
        assert "/etc/status-exporter/config.yml" in podman.logs(container)


def test_loopback_of_the_container_is_warned_about(podman: Podman, image: str, tmp_path: Path) -> None:
    """The mark that the engine leaves in its containers is known."""
    (tmp_path / "config.yml").write_text("consul: [{name: main, address: 'http://127.0.0.1:8500'}]\n")
    tmp_path.chmod(0o755)
    volume = f"--volume={tmp_path}:/etc/status-exporter:ro"
    flags = ("--config.file=/etc/status-exporter/config.yml", "--config.check")
    with podman.running(image, *flags, options=(volume,)) as container:
        assert podman.wait_for_exit(container, 60) == 0
        assert "http://127.0.0.1:8500 is this container itself" in podman.logs(container)
