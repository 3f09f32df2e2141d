"""The unit run by a real systemd: the first process of a container that has the exporter at its usual place."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.podman import Podman
from tests.real.http import request
from tests.real.process import wait_for

ROOT = Path(__file__).parent.parent.parent
UNIT = ROOT / "deploy/systemd/status-exporter.service"
CONFIG = """
connections:
  - id: itself
    kind: http
    url: http://127.0.0.1:10117/-/healthy
    token_file: /run/credentials/status-exporter.service/secrets_itself
"""
INSTALLED = """
mount --make-rshared / # as it is on a machine; credentials are mounted by a helper process
userdel status-exporter # of the image, as is the folder; a machine has neither
rm -r /var/lib/status-exporter
ln -s /opt/status-exporter/bin/status-exporter /usr/local/bin/
install -d -m 0755 /etc/status-exporter
install -d -m 0700 /etc/status-exporter/secrets
cp /files/config.yml /etc/status-exporter/
install -m 0600 /files/token /etc/status-exporter/secrets/itself
cp /files/status-exporter.service /etc/systemd/system/
systemctl daemon-reload
"""


class Machine:
    """A container in which systemd runs."""

    def __init__(self, podman: Podman, container: str) -> None:
        self._podman = podman
        self._container = container

    def sh(self, script: str) -> str:
        """Run a script as root and return what it prints; AssertionError with the journal when it fails."""
        command = ("exec", "--user=0", self._container)
        try:
            return self._podman(*command, "sh", "-ec", script)
        except AssertionError as failed:
            journal = self._podman.tried(*command, "journalctl", "--no-pager", "--lines=30").stdout
            raise AssertionError(f"{failed}\n{journal}") from None

    def status(self) -> str:
        """The status of the one connection, "" while there is none."""
        text = request("GET", f"http://{self._podman.address(self._container)}:10117/metrics").text
        return "".join(re.findall(r'^connection_status{.*status="(\w+)"} 1$', text, re.MULTILINE))


@pytest.fixture(scope="module")
def machine(podman: Podman, image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine on which root did what docs/systemd.md says, up to starting the service."""
    files = tmp_path_factory.mktemp("files")
    (files / "config.yml").write_text(CONFIG)
    (files / "token").write_text("t0ken")
    (files / UNIT.name).write_text(UNIT.read_text())
    options = (
        "--privileged",
        "--systemd=always",
        "--user=0",
        "--entrypoint=/sbin/init",
        f"--volume={files}:/files",
    )
    with podman.running(image, options=options) as container:
        told = ("exec", "--user=0", container, "systemctl", "is-system-running")
        wait_for(lambda: podman.tried(*told).stdout.strip() == "running", 60, "systemd")
        machine = Machine(podman, container)
        machine.sh(INSTALLED)
        yield machine


def test_it_runs_hardened_and_reads_its_credentials(machine: Machine) -> None:
    """The user is made for it, root's secret is there to be read by it alone, and nothing hinders a poll."""
    machine.sh("systemctl start status-exporter")
    wait_for(lambda: machine.status() == "online", 60, "a poll")
    process = machine.sh("systemctl show --property=MainPID --value status-exporter")
    status = machine.sh(f"grep -E '^(Uid|CapEff|NoNewPrivs|Seccomp):' /proc/{process}/status")
    facts = {line.split()[0]: line.split()[1] for line in status.splitlines()}
    assert 61184 <= int(facts.pop("Uid:")) <= 65519  # systemd's range of dynamic users
    assert facts == {"CapEff:": "0" * 16, "NoNewPrivs:": "1", "Seccomp:": "2"}
    assert machine.sh("stat -c %a /run/credentials/status-exporter.service/secrets_itself") == "400"


def test_a_changed_secret_needs_a_restart_and_a_changed_configuration_a_reload(machine: Machine) -> None:
    """As the page says."""
    machine.sh("systemctl start status-exporter; rm /etc/status-exporter/secrets/itself")
    machine.sh("systemctl restart status-exporter")
    wait_for(lambda: machine.status() == "not_connected", 60, "the secret's end")
    machine.sh("sed -i /token_file/d /etc/status-exporter/config.yml; systemctl reload status-exporter")
    wait_for(lambda: machine.status() == "online", 60, "the new configuration")


def test_a_broken_configuration_ends_it_for_good(machine: Machine) -> None:
    """It isn't started again and again, and the journal names the mistake."""
    machine.sh("echo nonsense: 1 > /etc/status-exporter/config.yml; systemctl restart status-exporter")
    shown = "systemctl show --property=ActiveState,ExecMainStatus,NRestarts status-exporter"
    ended = {"ActiveState=failed", "ExecMainStatus=2", "NRestarts=0"}
    wait_for(lambda: set(machine.sh(shown).split()) == ended, 60, "the end")
    assert "nonsense: unknown key" in machine.sh("journalctl --unit=status-exporter --no-pager")


def test_without_a_configuration_it_does_not_start(machine: Machine) -> None:
    """systemd says which assertion failed."""
    machine.sh("mv /etc/status-exporter/config.yml /tmp; systemctl start status-exporter || true")
    assert "Assertion failed" in machine.sh("journalctl --unit=status-exporter --no-pager --lines=3")
