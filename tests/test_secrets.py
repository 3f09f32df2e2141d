"""No secret in any output: the exporter with a dozen secrets, against servers that fail and quote them."""

import base64
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import bcrypt
import pytest

from exporter.errors import ConfigError
from exporter.sources.factory import SourceFactory
from exporter.sources.plan import read_file
from tests.real.process import wait_for
from tests.running import Api, Exporter, Reply, api, exporter, run

WAYS = (
    "401",
    "402",
    "403",
    "404",
    "429",
    "500",
    "html",
    "truncated",
    "shape",
    "elsewhere",
    "hangup",
    "silence",
)
PASSWORD_HASH = bcrypt.hashpw(b"SECRET-web-password", bcrypt.gensalt(4)).decode()


class Vault:
    """Gives secrets, each to be found in no output."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.given = [PASSWORD_HASH, "SECRET-web-password"]

    def secret(self, name: str) -> str:
        self.given.append(f"SECRET-{name}-{len(self.given)}")
        return self.given[-1]

    def file(self, name: str) -> Path:
        path = self.folder / name
        path.write_text(self.secret(name))
        return path

    def found_in(self, output: str) -> list[str]:
        """Those secrets that stand in the output, plain or encoded as basic authentication does."""
        return [secret for secret in self.given if any(form in output for form in _forms(secret))]


def _forms(secret: str) -> tuple[str, ...]:
    """The secret as it is, and the middle of what basic authentication makes of it."""
    return secret, _base64(secret)[4:-4], _base64(f"user:{secret}")[8:-4]


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


class Failing:
    """Fails in the way that the path names, and quotes the headers of the request in body and headers."""

    def __init__(self, elsewhere: str) -> None:
        self._elsewhere = elsewhere
        self.heard: list[str] = []

    def __call__(self, path: str, headers: Mapping[str, str]) -> Reply:
        self.heard.append(str(dict(headers)))
        quoted = self.heard[-1].encode()
        way = path.split("/")[1]
        echo = {"X-Echo": " ".join(headers.values())}
        if way == "silence":
            time.sleep(3)
        if way == "hangup":
            raise ConnectionAbortedError
        if way == "elsewhere":
            return 307, {**echo, "Location": self._elsewhere}, quoted
        if way in ("html", "truncated", "shape"):
            bodies = {"html": b"<p>" + quoted, "truncated": b'{"items": ["' + quoted, "shape": b'{"a": 1}'}
            return 200, echo, bodies[way]
        return (int(way) if way.isdecimal() else 500), echo, quoted


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path)


def config_of(vault: Vault, served: Api) -> str:
    """Clusters and connections of every kind and every way to send a secret, for every way to fail."""
    lines = ["consul:"]
    for way in WAYS:
        address = f"{served.url}/{way}"
        token = f"token_file: {vault.file(f'consul-{way}')}"
        lines.append(f"  - {{name: c-{way}, address: '{address}', interval: 2s, timeout: 1s, {token}}}")
    https = served.url.replace("http", "https")
    lines.append(f"  - {{name: tls, address: '{https}', token: {vault.secret('inline')}, interval: 2s}}")
    auth = f"http_auth: 'user:{vault.secret('auth')}', interval: 2s"
    lines += [f"  - {{name: auth, address: '{served.url}/500', {auth}}}", "connections:"]
    sending = {
        "bearer": "kind: http, url: 'URL'",
        "basic": "kind: http, url: 'URL', authorization: basic, username: user",
        "header": "kind: http, url: 'URL', authorization: header, header: X-Api-Key",
        "evotor": "kind: evotor, address: 'URL'",
        "evotor-x": "kind: evotor, address: 'URL', authorization: x-authorization, store_names: true",
    }
    for way in WAYS:
        for name, options in sending.items():
            id_ = f"{name}-{way}"
            told = options.replace("URL", f"{served.url}/{way}")
            lines.append(
                f"  - {{id: {id_}, {told}, interval: 2s, timeout: 1s, token_file: {vault.file(id_)}}}"
            )
    tls = f"kind: evotor, address: '{https}', interval: 2s, token: {vault.secret('tls')}"
    return "\n".join([*lines, f"  - {{id: tls, {tls}}}", ""])


def outputs(running: Exporter) -> Iterator[tuple[str, str]]:
    """Everything that can be asked of the exporter, headers included, and all it has logged."""
    credentials = base64.b64encode(b"anna:SECRET-web-password").decode()
    for authorization in (f"Basic {credentials}", ""):
        for method, path, accept in (
            ("GET", "/metrics", ""),
            ("GET", "/metrics", "application/openmetrics-text"),
            ("GET", "/", ""),
            ("GET", "/-/ready", ""),
            ("GET", "/-/healthy", ""),
            ("POST", "/-/reload", ""),
            ("GET", "/nothing", ""),
        ):
            answer = running.ask(path, method, Accept=accept, Authorization=authorization)
            yield f"{method} {path}", f"{answer.headers}{answer.text}"
    yield "log", running.log.read_text()


BAD_SETTINGS = (
    "consul: [{name: a, token: [S]}]",
    "consul: [{name: a, tokn: S}]",
    "consul: [{name: a, token: S, token_file: /x}]",
    "consul: [{name: a, address: 'http://user:S@host'}]",
    "consul: [{name: a, address: 'http://user:S#@host'}]",
    "consul: [{name: a, token: !S x}]",
    "consul: [{name: a, token: *S}]",
    'consul: [{name: a, token: "S\\q"}]',
    "consul: [{name: a, token: S: x}]",
    "connections: [{id: a, kind: evotor, token: {S: S}}]",
    "connections: [{id: a, kind: http, url: 'https://S:S@x', headers: {a: \"S\\n\"}}]",
    "S",
)


def test_no_secret_is_in_any_output(tmp_path: Path, vault: Vault) -> None:
    """However a server fails and whatever it quotes, no endpoint and no log line shows a secret."""
    with api(lambda path, headers: (200, {}, b"{}")) as elsewhere, ExitStack() as stack:
        failing = Failing(elsewhere.url)
        served = stack.enter_context(api(failing))
        config = config_of(vault, served)
        (tmp_path / "web.yml").write_text(f"basic_auth_users: {{anna: '{PASSWORD_HASH}'}}\n")
        flags = (f"--web.config.file={tmp_path / 'web.yml'}", "--web.enable-lifecycle", "--log.level=debug")
        with exporter(tmp_path, config, *flags) as running:
            wait_for(lambda: said(running) >= REASONS, 60, "every way to fail")
            found = [
                (place, secrets) for place, text in outputs(running) if (secrets := vault.found_in(text))
            ]

    assert found == []
    assert elsewhere.asked == []


REASONS = {
    "unauthorized",
    "forbidden",
    "rate_limited",
    "redirect",
    "malformed",
    "server_error",
    "timeout",
    "tls",
}


def said(running: Exporter) -> set[str]:
    return set(re.findall(r"reason=(\w+)", running.log.read_text()))


def test_no_secret_of_the_environment_is_in_any_output(tmp_path: Path, vault: Vault) -> None:
    """Tokens from variables are shown no more than those from files."""
    environ = {name: vault.secret(name) for name in ("CONSUL_HTTP_TOKEN", "EVOTOR_TOKEN")}
    with api(Failing("http://127.0.0.1:9")) as served:
        address = {
            "CONSUL_HTTP_ADDR": f"{served.url}/403",
            "CONSUL_HTTP_AUTH": f"user:{vault.secret('auth')}",
        }
        with exporter(tmp_path, None, "--log.level=debug", **environ, **address) as running:
            wait_for(lambda: "poll failed: acl_denied" in running.log.read_text(), 30)
            found = [
                (place, secrets) for place, text in outputs(running) if (secrets := vault.found_in(text))
            ]
        checked = run("--config.check", **environ, **address)

    assert found == []
    assert vault.found_in(checked.stdout + checked.stderr) == []


def test_checking_a_configuration_shows_no_secret(tmp_path: Path, vault: Vault) -> None:
    """--config.check of good settings and of every sort of bad ones shows none of them."""
    secret = vault.secret("checked")
    path = tmp_path / "config.yml"
    path.write_text(f"connections: [{{id: a, kind: evotor, token: {secret}}}]\n")
    good = run("--config.check", f"--config.file={path}")

    assert (good.returncode, vault.found_in(good.stdout + good.stderr)) == (0, [])
    for bad in BAD_SETTINGS:
        path.write_text(bad.replace("S", secret))
        with pytest.raises(ConfigError) as caught:
            read_file(path)
        assert vault.found_in(f"{caught.value} {caught.value!r} {caught.value.__cause__!r}") == [], bad
    path.write_text("consul: [{name: a, token: 'S\n\n\nS'}]".replace("S", secret))
    warned = run("--config.check", f"--config.file={path}").stdout
    assert "the token holds more than one line" in warned
    assert vault.found_in(warned) == []


def test_no_object_shows_its_secret(tmp_path: Path, vault: Vault) -> None:
    """Configuration, plan and sources can be printed by a debugger or a traceback without harm."""
    secret, auth = vault.secret("inline"), vault.secret("auth")
    path = tmp_path / "config.yml"
    path.write_text(
        f"consul: [{{name: a, token: {secret}, http_auth: {auth}, tls: {{}}}}]\n"
        f"connections: [{{id: a, kind: evotor, token: {secret}}}, "
        f"{{id: b, kind: http, url: https://b, authorization: basic, username: u, token: {secret}}}]\n"
    )
    planned = read_file(path)
    sources = SourceFactory().sources(planned.sources)

    shown = [planned, *(each.settings for each in planned.sources), sources, *map(vars, sources.values())]
    assert vault.found_in("".join(f"{thing!r}{thing!s}" for thing in shown)) == []


def test_providers_show_no_secret(tmp_path: Path, vault: Vault) -> None:
    """Lists from files, a URL that quotes what it hears, and databases that refuse: no token and no password is shown."""
    listed = tmp_path / "list.yml"
    token, odd = vault.secret("listed"), vault.secret("odd")
    listed.write_text(
        f"[{{id: a, token: {token}}}, {{id: b, token: 'Bearer {odd}'}}, {{id: c, tokn: {odd}}}, {{id: d, kind: k, token: {odd}}}]"
    )
    with api(Failing("http://elsewhere")) as served:
        shared = f"interval: 1s, connection: {{kind: evotor, address: '{served.url}/401', interval: 2s}}"
        databases = "".join(
            f"  - {{name: s-{sort}, provider: sql, url: '{sort}://u:{vault.secret(sort)}@127.0.0.1:1/x', query: SELECT 1 AS id, {shared}}}\n"
            for sort in ("postgresql", "mysql", "mssql")
        )
        config = (
            f"connections_from:\n  - {{name: f, provider: files, files: [{listed}], {shared}}}\n"
            f"  - {{name: h, provider: http, url: '{served.url}/shape', token_file: {vault.file('url')}, {shared}}}\n"
            f"  - {{name: p, provider: http, url: '{served.url}/500', username: user, token: {vault.secret('basic')}, {shared}}}\n"
            f"{databases}"
        )
        with exporter(tmp_path, config, "--log.level=debug") as running:
            running.wait_for_statuses(a="offline", b="unreachable")
            reasons = {"malformed", "server_error", "connect", "token"}
            wait_for(lambda: reasons <= running.samples("source_poll_failures_total", "reason").keys(), 20)
            found = [
                (place, secrets) for place, text in outputs(running) if (secrets := vault.found_in(text))
            ]
        checked = run("--config.check", f"--config.file={running.config}")

    assert found == []
    assert vault.found_in(checked.stdout + checked.stderr) == []
