"""Faults tried on the running exporter, and how it fared."""

import json
import time
from base64 import b64encode
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import quote

import bcrypt
import trustme
from prometheus_client.parser import text_string_to_metric_families

from tests.real.process import wait_for
from tests.running import Exporter, exporter
from tests.siege.client_faults import Client, attacked
from tests.siege.outcome import PATIENCE, Outcome
from tests.siege.upstream import Talk, body, serving
from tests.siege.upstream_faults import TlsUpstream, Upstream
from tests.siege.victim import scraped, vitals

# How many descriptors more than before the exporter may have after an attack.
DESCRIPTORS = 12
# Bounds for what is waited for, in seconds; a slow machine needs some of it.
_POLLED_WITHIN = 300
_GIVEN_BACK_WITHIN = 60
# A source whose fault ends by itself may take its time; one that waits for ever is to be given up soon.
_PATIENT, _IMPATIENT = "4m", "5s"
# Sixty wrong passwords take three times as long as that many comparisons.
_COMPARISONS = 20
PASSWORD = "sesame-password"


def _well(path: str) -> Talk | None:
    """A Consul that is well, under /well."""
    if "/v1/agent/self" in path:
        return body(b'{"Config": {"Datacenter": "dc1"}}')
    return None


def try_upstreams(folder: Path, faults: Iterable[Upstream]) -> Outcome:
    """Let a cluster and a connection meet each fault, all at once; each must give its reason, and the rest go on."""
    faults, outcome = list(faults), Outcome()
    talks = {quote(fault.name): fault.talk for fault in faults}

    def talk_of(path: str) -> Talk | None:
        return _well(path) or talks.get(path.split("/")[1]) or body(b'{"a": 1}')

    with serving(talk_of) as port, exporter(folder, _facing(faults, port)) as victim:
        names = {"well", *(f"{kind} {fault.name}" for fault in faults for kind in "ck")}
        found = wait_for(lambda: _reasons(victim, names), _POLLED_WITHIN, "a poll of each")
        for fault in faults:
            outcome.add(f"cluster: {fault.name}", _wrong(found, f"c {fault.name}", fault.cluster))
            outcome.add(
                f"connection: {fault.name}", _wrong(found, f"k {fault.name}", fault.expected_of_connection)
            )
        outcome.add("others go on", "" if victim.statuses().get("well") == "online" else "not online")
        outcome.look_at(victim)
    return outcome


def _facing(faults: list[Upstream], port: int) -> str:
    url = f"http://127.0.0.1:{port}"
    clusters = [
        {
            "name": f"c {fault.name}",
            "address": f"{url}/{quote(fault.name)}",
            "token": "sesame-consul-token",
            **_polled_once(fault.cluster),
        }
        for fault in faults
    ]
    names = [(f"k {fault.name}", quote(fault.name), fault.expected_of_connection) for fault in faults]
    connections = [
        {
            "id": name,
            "kind": "http",
            "url": f"{url}/{path}",
            "token": "sesame-evotor-token",
            "headers": {"X-A": "sesame-header"},
            "expected_json": {"pointer": "/a", "value": 1},
            **_polled_once(expected),
        }
        for name, path, expected in [*names, ("well", "well", "")]
    ]
    return json.dumps({"consul": clusters, "connections": connections, "connection_concurrency": 1000})


def _polled_once(expected: str) -> dict[str, str]:
    """Settings with which the first poll is the only one that counts, however slow the machine is."""
    return {
        "interval": "1h",
        "timeout": _IMPATIENT if expected == "timeout" else _PATIENT,
        "body_size_limit": "8MB",
    }


def _reasons(victim: Exporter, wanted: set[str]) -> Mapping[str, set[str]] | None:
    """The reasons of all failures by source, once each that is wanted was polled."""
    text, _ = scraped(victim, PATIENCE)
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    polls = {"source_polls_total": "source", "connection_checks_total": "connection"}
    polled = {each.labels[polls[each.name]] for each in samples if each.name in polls and each.value}
    if not polled >= wanted:
        return None
    found: dict[str, set[str]] = defaultdict(set)
    for each in samples:
        if each.name == "source_poll_failures_total" and each.value:
            found[each.labels["source"]].add(each.labels["reason"])
        if each.name == "connection_last_failure_info":
            found[each.labels["connection"]].add(each.labels["reason"])
    return found


def _wrong(found: Mapping[str, set[str]], source: str, expected: str) -> str:
    reasons = found.get(source, set())
    return (
        "" if reasons == ({expected} if expected else set()) else f"{sorted(reasons)} instead of {expected}"
    )


def try_tls(folder: Path, faults: Iterable[TlsUpstream], ca: trustme.CA) -> Outcome:
    """Let a connection meet each server; each must give its reason."""
    faults, outcome = list(faults), Outcome()
    ca.cert_pem.write_to_path(str(folder / "ca.pem"))
    ca.issue_cert("client.example").private_key_and_cert_chain_pem.write_to_path(str(folder / "client.pem"))
    with ExitStack() as stack:
        ports = [stack.enter_context(serving(lambda path: body(b"{}"), fault.context)) for fault in faults]
        connections = [
            {
                "id": f"k {fault.name}",
                "kind": "http",
                "url": f"https://127.0.0.1:{port}/",
                "token": "sesame-evotor-token",
                "tls": {"ca_file": "ca.pem"}
                | ({"cert_file": "client.pem"} if fault.client_certificate else {}),
                **_polled_once(fault.reason),
            }
            for fault, port in zip(faults, ports, strict=True)
        ]
        with exporter(folder, json.dumps({"connections": connections})) as victim:
            names = {f"k {fault.name}" for fault in faults}
            found = wait_for(lambda: _reasons(victim, names), _POLLED_WITHIN, "a poll of each")
            for fault in faults:
                outcome.add(f"TLS: {fault.name}", _wrong(found, f"k {fault.name}", fault.reason))
            outcome.look_at(victim)
    return outcome


def try_clients(folder: Path, faults: Iterable[Client], *, scarce: bool = False) -> Outcome:
    """Attack the server, one fault after the other; a scraper must be served meanwhile, and all be given back after it.

    With `scarce` the process may have 64 descriptors only.
    """
    outcome = Outcome()
    flags = ["--web.read-timeout=1s", "--web.write-timeout=2s", "--web.enable-lifecycle"]
    with limited(folder, flags, 64 if scarce else 4096) as victim:
        wait_for(lambda: "source_up" in scraped(victim, PATIENCE)[0])
        before, said = vitals(victim), victim.log.stat().st_size
        for fault in faults:
            with attacked(fault, victim.port):
                outcome.add(fault.name, _served(victim))
            outcome.add(f"{fault.name}, after it", _given_back(victim, before.descriptors))
        grown = victim.log.stat().st_size - said
        outcome.add("log", f"grew by {grown} bytes" if grown > 100_000 else "")
        outcome.look_at(victim)
    return outcome


@contextmanager
def limited(folder: Path, flags: list[str], descriptors: int) -> Iterator[Exporter]:
    """An exporter that may have so many descriptors, and asks a Consul that isn't there."""
    config = "consul: [{name: a, address: 'http://127.0.0.1:1', interval: 2s}]"
    with exporter(folder, config, *flags, through=("prlimit", f"--nofile={descriptors}")) as victim:
        yield victim


def _served(victim: Exporter) -> str:
    try:
        for _ in range(3):
            scraped(victim, PATIENCE)
    except (OSError, AssertionError) as error:
        return f"a scrape failed: {error!r}"
    return ""


def _given_back(victim: Exporter, descriptors: int) -> str:
    try:
        wait_for(lambda: vitals(victim).descriptors <= descriptors + DESCRIPTORS, _GIVEN_BACK_WITHIN)
    except TimeoutError:
        return f"{vitals(victim).descriptors} descriptors instead of {descriptors}"
    return ""


def try_passwords(folder: Path) -> Outcome:
    """Let many clients send wrong passwords; who is known must be served at once."""
    outcome = Outcome()
    known = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(11)).decode()
    (folder / "web.yml").write_text(f"basic_auth_users: {{anna: '{known}'}}\n")
    with limited(folder, [f"--web.config.file={folder / 'web.yml'}"], 4096) as victim:
        scraped(victim, PATIENCE, _basic(PASSWORD))
        bound = _COMPARISONS * _comparison(known)
        for hosts in (1, 60):
            wrong = [
                Client("", 1, _request(_basic(f"wrong {number} of {hosts}")), first_host=2 + number % hosts)
                for number in range(60)
            ]
            with ExitStack() as stack:
                for client in wrong:
                    stack.callback(client.attack(victim.port).end)
                _, took = scraped(victim, PATIENCE, _basic(PASSWORD))
            slow = f"a scrape took {took:.1f} s, more than {bound:.1f} s" if took > bound else ""
            outcome.add(f"wrong passwords of {hosts} clients", slow)
        outcome.look_for_secrets(victim.log.read_text())
    return outcome


def _comparison(known: str) -> float:
    """How many seconds this machine takes at present to compare a password."""
    started = time.monotonic()
    for number in range(3):
        bcrypt.checkpw(f"wrong {number}".encode(), known.encode())
    return (time.monotonic() - started) / 3


def _basic(password: str) -> dict[str, str]:
    return {"Authorization": f"Basic {b64encode(f'anna:{password}'.encode()).decode()}"}


def _request(headers: Mapping[str, str]) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"GET /metrics HTTP/1.1\r\nHost: x\r\n{lines}\r\n".encode()
