"""The exporter as a process: start, stop, readiness, TLS, the environment."""

import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import trustme

from exporter.app import rest_after
from tests.real.process import clean_environment, wait_for
from tests.running import EXPORTER, Api, Exporter, Reply, api, exporter
from tests.web.test_security import HASH, TLS, basic, write_certificate

NOTHING = "connections: []\n"
STOPS_WITHIN = 8  # seconds, of which three are for requests under way


@pytest.fixture
def cloud() -> Iterator[Api]:
    def reply(path: str, headers: Mapping[str, str]) -> Reply:
        return 200, {}, b'{"items": [], "paging": {}}'

    with api(reply) as served:
        yield served


@pytest.mark.parametrize(("cpu", "rest"), [(0.0, 0.1), (0.05, 0.45), (30.0, 2.0)])
def test_what_is_new_is_rendered_soon(cpu: float, rest: float) -> None:
    """Rendering takes a tenth of a core at most, unless that made news wait for longer than two seconds."""
    assert rest_after(cpu) == pytest.approx(rest)


def test_ready_comes_with_the_first_polls_and_stays(tmp_path: Path) -> None:
    """/-/ready is 503 until the cluster was polled, 200 although that failed, and a reload doesn't take it back."""
    silent, answered = threading.Event(), threading.Event()

    def reply(path: str, headers: Mapping[str, str]) -> Reply:
        silent.set()
        answered.wait(30)
        return 500, {}, b"No cluster leader"

    with api(reply) as consul:
        config = f"consul: [{{name: main, address: '{consul.url}', interval: 1h}}]\n"
        with exporter(tmp_path, config, "--web.enable-lifecycle") as running:
            assert silent.wait(30)
            assert running.ask("/-/ready").status == 503
            assert running.ask("/-/healthy").status == 200
            assert running.samples("source_up", "source") == {}

            answered.set()
            wait_for(lambda: running.ask("/-/ready").status == 200, 10, "readiness")
            wait_for(lambda: "no_leader" in running.samples("source_poll_failures_total", "reason"), 10)

            answered.clear()
            running.config.write_text(config.replace("main", "other"))
            assert running.ask("/-/reload", "POST").status == 200
            assert running.ask("/-/ready").status == 200
            answered.set()


def test_ready_waits_for_every_cluster(tmp_path: Path) -> None:
    """While one cluster has not answered, /-/ready is 503, although the other was polled."""
    answer = threading.Event()

    def silent(path: str, headers: Mapping[str, str]) -> Reply:
        answer.wait(30)
        return 500, {}, b"No cluster leader"

    def fast(path: str, headers: Mapping[str, str]) -> Reply:
        return 500, {}, b"No cluster leader"

    with api(silent) as one, api(fast) as other:
        clusters = f"{{name: a, address: '{one.url}'}}, {{name: b, address: '{other.url}'}}"
        with exporter(tmp_path, f"consul: [{clusters}]\n") as running:
            wait_for(lambda: "b" in running.samples("source_polls_total", "source"))
            assert running.ask("/-/ready").status == 503
            answer.set()
            wait_for(lambda: running.ask("/-/ready").status == 200, 10, "readiness")


def test_a_stop_takes_seconds_with_clients_still_there(tmp_path: Path) -> None:
    """SIGTERM ends it in seconds with code 0, although one client keeps its connection and another never asks."""
    with exporter(tmp_path, NOTHING) as running:
        kept = http.client.HTTPConnection("127.0.0.1", running.port)
        kept.request("GET", "/metrics")
        assert kept.getresponse().read()
        with socket.create_connection(("127.0.0.1", running.port)) as slow:
            slow.sendall(b"GET /metrics HT")
            running.signal(signal.SIGTERM)

            assert running.ended(STOPS_WITHIN) == 0
        kept.close()


def test_a_stop_waits_for_no_request(tmp_path: Path) -> None:
    """SIGTERM ends it in seconds while a request hangs, here a reload whose file never comes to an end."""
    with exporter(tmp_path, NOTHING, "--web.enable-lifecycle") as running:
        running.config.unlink()
        os.mkfifo(running.config)
        asking = http.client.HTTPConnection("127.0.0.1", running.port)
        asking.request("POST", "/-/reload")
        with running.config.open("w"):
            running.signal(signal.SIGTERM)

            assert running.ended(STOPS_WITHIN) == 0
        asking.close()


def test_a_stop_waits_for_no_poll(tmp_path: Path) -> None:
    """SIGINT ends it in seconds while a poll waits for an API that never answers."""
    asked, stopped = threading.Event(), threading.Event()

    def reply(path: str, headers: Mapping[str, str]) -> Reply:
        asked.set()
        stopped.wait(60)
        return 200, {}, b"{}"

    with api(reply) as cloud:
        config = f"connections: [{{id: a, kind: http, url: '{cloud.url}', interval: 1h, timeout: 1m}}]\n"
        with exporter(tmp_path, config) as running:
            assert asked.wait(30)
            running.signal(signal.SIGINT)

            assert running.ended(STOPS_WITHIN) == 0
            stopped.set()


def test_a_stop_waits_for_no_name_server(tmp_path: Path) -> None:
    """SIGTERM ends it in seconds while a thread waits for an answer about a host name."""
    config = tmp_path / "config.yml"
    config.write_text("connections: [{id: a, kind: http, url: 'http://host.invalid', timeout: 1m}]\n")
    deaf = (
        "import socket, sys, time\n"
        "def getaddrinfo(*_, **__):\n    print('asked', flush=True)\n    time.sleep(600)\n"
        "socket.getaddrinfo = getaddrinfo\n"
        "from exporter.__main__ import main\nsys.exit(main(sys.argv[1:]))\n"
    )
    command = [sys.executable, "-c", deaf, f"--config.file={config}", "--web.listen-address=127.0.0.1:0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=clean_environment()
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == b"asked\n"
        process.terminate()

        assert process.wait(STOPS_WITHIN) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=["SIGTERM", "SIGHUP"])
def test_a_signal_during_the_start_is_obeyed(tmp_path: Path, number: signal.Signals) -> None:
    """While the configuration is still being read, SIGTERM stops and SIGHUP doesn't kill."""
    config = tmp_path / "config.yml"
    os.mkfifo(config)  # Reading it waits until we write.
    command = [*EXPORTER, f"--config.file={config}", "--web.listen-address=127.0.0.1:0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=clean_environment()) as process:
        with config.open("w") as writer:
            process.send_signal(number)
            config.unlink()
            config.write_text(NOTHING)
            writer.write(NOTHING)
        if number == signal.SIGHUP:
            assert process.stderr
            said = [next(line for line in process.stderr if "configuration loaded" in line) for _ in range(2)]
            assert len(said) == 2
            process.terminate()

        assert process.wait(30) == 0


def test_the_environment_is_a_configuration(tmp_path: Path, cloud: Api) -> None:
    """Without a file, CONSUL_HTTP_ADDR says what is polled."""
    with exporter(tmp_path, None, CONSUL_HTTP_ADDR=cloud.url) as running:
        wait_for(lambda: "malformed" in running.samples("source_poll_failures_total", "reason"), 10)
        assert any(path.startswith("/v1/") for path in cloud.asked)


def test_logs_are_json_when_asked(tmp_path: Path) -> None:
    """With --log.format=json each line is an object with time, level and message."""
    with exporter(tmp_path, NOTHING, "--log.format=json") as running:
        assert running.ask("/-/healthy").status == 200
        lines = [json.loads(line) for line in running.log.read_text().splitlines()]

    assert all({"time", "level", "msg"} <= line.keys() for line in lines)
    assert "listening" in [line["msg"] for line in lines]


def https(running: Exporter, folder: Path, **headers: str) -> int:
    """The status of an HTTPS request that trusts ca.pem; ssl.SSLError when the server's certificate doesn't fit."""
    context = ssl.create_default_context(cafile=folder / "ca.pem")
    connection = http.client.HTTPSConnection("localhost", running.port, context=context, timeout=10)
    try:
        connection.request("GET", "/metrics", headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


def test_tls_and_users(tmp_path: Path) -> None:
    """With a web configuration only HTTPS with the right password is answered."""
    write_certificate(tmp_path)
    (tmp_path / "web.yml").write_text(TLS + f"}}\nbasic_auth_users: {{anna: '{HASH}'}}\n")

    with exporter(tmp_path, NOTHING, f"--web.config.file={tmp_path / 'web.yml'}") as running:
        assert https(running, tmp_path) == 401
        assert https(running, tmp_path, Authorization=basic("anna", "wrong")) == 401
        assert https(running, tmp_path, Authorization=basic("anna", "passw0rd")) == 200
        with pytest.raises(OSError, match=r"closed|reset"):
            running.ask("/metrics")


def test_a_replaced_certificate_is_used_without_a_restart(tmp_path: Path) -> None:
    """A certificate replaced on disk serves new connections in seconds; a broken one changes nothing."""
    write_certificate(tmp_path)
    (tmp_path / "web.yml").write_text(TLS + "}\n")

    with exporter(tmp_path, NOTHING, f"--web.config.file={tmp_path / 'web.yml'}") as running:
        assert https(running, tmp_path) == 200
        (tmp_path / "key.pem").write_text("broken")
        wait_for(lambda: "changed web configuration not loaded" in running.log.read_text(), 20)
        assert https(running, tmp_path) == 200

        write_certificate(tmp_path, ca=trustme.CA())
        wait_for(lambda: https(running, tmp_path) == 200, 20, "the new certificate")


def test_client_certificates_can_be_required(tmp_path: Path) -> None:
    """With RequireAndVerifyClientCert only a client with a certificate of the CA is answered."""
    ca = write_certificate(tmp_path)
    policy = ", client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.pem}\n"
    (tmp_path / "web.yml").write_text(TLS + policy)
    context = ssl.create_default_context(cafile=tmp_path / "ca.pem")
    ca.issue_cert("client").configure_cert(context)

    with exporter(tmp_path, NOTHING, f"--web.config.file={tmp_path / 'web.yml'}") as running:
        with pytest.raises((ssl.SSLError, ConnectionError, http.client.HTTPException)):
            https(running, tmp_path)
        known = http.client.HTTPSConnection("localhost", running.port, context=context, timeout=10)
        known.request("GET", "/metrics")
        assert known.getresponse().status == 200
        known.close()
