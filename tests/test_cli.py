"""The command line: flags, messages, exit codes."""

import re
import socket
import subprocess
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from exporter import __version__
from exporter.__main__ import main
from exporter.cli import Address, listen_address, parse_flags, telemetry_path
from exporter.sources.connections.kinds import KINDS
from tests.real.process import clean_environment
from tests.running import EXPORTER, run


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (":10117", Address("", 10117)),
        ("127.0.0.1:0", Address("127.0.0.1", 0)),
        ("localhost:80", Address("localhost", 80)),
        ("[::1]:65535", Address("::1", 65535)),
    ],
)
def test_addresses_to_listen_on(text: str, address: Address) -> None:
    """An address is a host, which may be left out, and a port; it is said as it is written."""
    assert listen_address(text) == address
    assert str(address) == text


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ("--web.listen-address=10117", "'10117' is not an address such as :10117 or 127.0.0.1:10117"),
        ("--web.listen-address=:70000", "':70000' is not an address such as :10117 or 127.0.0.1:10117"),
        ("--web.listen-address=::1:80", "'::1:80' is not an address such as :10117 or 127.0.0.1:10117"),
        ("--web.telemetry-path=metrics", "'metrics' is not a free path such as /metrics"),
        ("--web.telemetry-path=/-/ready", "'/-/ready' is not a free path such as /metrics"),
        ("--web.telemetry-path=/{x}", "'/{x}' is not a free path such as /metrics"),
        ("--log.level=loud", "invalid choice: 'loud'"),
        ("--log.format=xml", "invalid choice: 'xml'"),
        ("--config.fil=x", "unrecognized arguments: --config.fil=x"),
        ("serve", "unrecognized arguments: serve"),
    ],
)
def test_a_wrong_flag_is_one_message(flag: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A flag that can't be used ends the program with 2 and one line."""
    with pytest.raises(SystemExit) as ended:
        main([flag])

    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert message in said
    assert said.startswith("status-exporter: ")
    assert said.count("\n") == 1


def test_flags_have_the_defaults_of_the_documentation() -> None:
    """Without flags the exporter listens on :10117 and serves /metrics, without lifecycle."""
    flags = parse_flags([])

    assert (str(flags.listen_address), flags.telemetry_path) == (":10117", "/metrics")
    assert (flags.config_file, flags.web_config_file, flags.enable_lifecycle) == (None, None, False)
    assert (flags.log_level, flags.log_format) == ("info", "logfmt")
    assert telemetry_path("/") == "/"


def test_the_version_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """--version prints name and version."""
    with pytest.raises(SystemExit) as ended:
        main(["--version"])

    assert (ended.value.code, capsys.readouterr().out) == (0, f"status-exporter {__version__}\n")


def test_checking_says_what_is_wrong(tmp_path: Path) -> None:
    """--config.check prints every problem to standard error and ends with 2; with 0 and warnings when it is good."""
    token = tmp_path / "token"
    token.write_text("SECRET")
    token.chmod(0o644)
    config = tmp_path / "config.yml"
    config.write_text("connections: [{id: a, kind: evotor, token_file: token}]\n")

    good = run("--config.check", f"--config.file={config}")
    config.write_text("consul: [{nam: a}]\nconnections: [{id: a}]\n")
    bad = run("--config.check", f"--config.file={config}")

    assert (good.returncode, good.stderr) == (0, "")
    assert good.stdout == (
        f"warning: connections[0].token_file: {token} can be read by every user of the machine\n"
        "The configuration is valid.\n"
    )
    assert (bad.returncode, bad.stdout) == (2, "")
    assert bad.stderr == (
        "status-exporter: consul[0].name: missing\n"
        "status-exporter: consul[0].nam: unknown key, did you mean name?\n"
        f"status-exporter: connections[0].kind: missing, known are {', '.join(sorted(KINDS))}\n"
    )


@pytest.mark.parametrize("check", [["--config.check"], []], ids=["check", "start"])
def test_no_traceback_whatever_is_wrong(tmp_path: Path, check: list[str]) -> None:
    """A folder as configuration, an unusable variable, an unusable web configuration: one line and exit code 2."""
    web = tmp_path / "web.yml"
    web.write_text("tls_server_confg: {}\n")
    port = "--web.listen-address=127.0.0.1:0"

    folder = run(f"--config.file={tmp_path}", port, *check)
    environment = run(port, *check, CONSUL_HTTP_SSL="maybe")
    webfile = run(f"--web.config.file={web}", port, *check)

    for ended, message in (
        (folder, f"{tmp_path}: can't be read: Is a directory"),
        (environment, "CONSUL_HTTP_SSL: must be true or false"),
        (webfile, "--web.config.file: tls_server_confg: unknown key, did you mean tls_server_config?"),
    ):
        assert (ended.returncode, ended.stderr) == (2, f"status-exporter: {message}\n")


@pytest.mark.parametrize(
    ("host", "why"),
    [("127.0.0.1", "Address already in use"), ("203.0.113.1", "Cannot assign requested address")],
)
def test_an_address_that_cannot_be_had_ends_the_start(tmp_path: Path, host: str, why: str) -> None:
    """A listen address in use, or of another machine, is one line with the address, and exit code 2."""
    config = tmp_path / "config.yml"
    config.write_text("connections: []\n")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"{host}:{taken.getsockname()[1]}"
        ended = run(f"--config.file={config}", f"--web.listen-address={address}")

    assert ended.returncode == 2
    assert ended.stderr == f"status-exporter: --web.listen-address: can't listen on {address}: {why}\n"


def test_a_locked_key_asks_no_terminal(tmp_path: Path) -> None:
    """A key with a passphrase is a mistake that is named, and never a question on the terminal."""
    certificate = trustme.CA().issue_cert("localhost")
    certificate.cert_chain_pems[0].write_to_path(str(tmp_path / "cert.pem"))
    key = serialization.load_pem_private_key(certificate.private_key_pem.bytes(), None)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)
    locked = key.private_bytes(*form, serialization.BestAvailableEncryption(b"passphrase"))
    (tmp_path / "locked.pem").write_bytes(locked)
    web = tmp_path / "web.yml"
    web.write_text("tls_server_config: {cert_file: cert.pem, key_file: locked.pem}\n")

    ended = run("--config.check", f"--web.config.file={web}")

    assert ended.returncode == 2
    assert "the key is locked" in ended.stderr


def test_each_flag_is_in_the_help() -> None:
    """--help names every flag and the demo, and fits a terminal's memory."""
    said = subprocess.run([*EXPORTER, "--help"], capture_output=True, text=True, env=clean_environment())

    flags = set(re.findall(r"--[a-z.-]+", said.stdout))
    assert flags >= {"--config.file", "--config.check", "--web.listen-address", "--web.telemetry-path"}
    assert flags >= {
        "--web.config.file",
        "--web.enable-lifecycle",
        "--log.level",
        "--log.format",
        "--version",
    }
    assert "status-exporter demo" in said.stdout
