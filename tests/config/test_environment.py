"""The configuration from environment variables."""

from pathlib import Path

import pytest

from exporter.errors import ConfigError
from exporter.sources.connections.settings import ConnectionOptions
from exporter.sources.consul.settings import Consul
from exporter.sources.plan import from_environment, read_file


@pytest.mark.parametrize(
    ("environ", "address"),
    [
        pytest.param({}, "http://127.0.0.1:8500", id="nothing set"),
        pytest.param({"CONSUL_HTTP_ADDR": "c:1"}, "http://c:1", id="without scheme"),
        pytest.param({"CONSUL_HTTP_ADDR": "c:1", "CONSUL_HTTP_SSL": "true"}, "https://c:1", id="SSL"),
        pytest.param(
            {"CONSUL_HTTP_ADDR": "http://c:1", "CONSUL_HTTP_SSL": "1"}, "https://c:1", id="SSL, http"
        ),
        pytest.param({"CONSUL_HTTP_ADDR": "https://c", "CONSUL_HTTP_SSL": "0"}, "https://c", id="no SSL"),
        pytest.param({"CONSUL_HTTP_ADDR": " \n"}, "http://127.0.0.1:8500", id="white space"),
        pytest.param({"CONSUL_HTTP_ADDR": "unix:///s", "CONSUL_HTTP_SSL": "1"}, "unix:///s", id="socket"),
    ],
)
def test_the_address_is_read_as_consul_reads_it(environ: dict[str, str], address: str) -> None:
    """CONSUL_HTTP_ADDR and CONSUL_HTTP_SSL give the same address as Consul's own tools take."""
    assert (address,) == from_environment(environ).settings_of(Consul)[0].address


def test_everything_about_consul_can_be_said(tmp_path: Path) -> None:
    """Token, basic authentication and TLS have Consul's variables."""
    (cluster,) = from_environment(
        {
            "CONSUL_HTTP_TOKEN": "t0ken",
            "CONSUL_HTTP_AUTH": "user:pass",
            "CONSUL_NAMESPACE": "team-a",
            "CONSUL_PARTITION": "east",
            "CONSUL_CAPATH": str(tmp_path),
            "CONSUL_TLS_SERVER_NAME": "consul.example",
            "CONSUL_HTTP_SSL_VERIFY": "false",
        }
    ).settings_of(Consul)

    assert cluster.token
    assert cluster.token.get_secret_value() == "t0ken"
    assert cluster.http_auth
    assert cluster.http_auth.get_secret_value() == "user:pass"
    assert (cluster.namespace, cluster.partition) == ("team-a", "east")
    assert (tmp_path, "consul.example", True) == (
        cluster.tls.ca_path,
        cluster.tls.server_name,
        cluster.tls.insecure_skip_verify,
    )


def test_a_token_file_comes_before_a_token(tmp_path: Path) -> None:
    """With both variables the file is read, as Consul's own tools do."""
    file = tmp_path / "token"
    file.write_text("t")

    (cluster,) = from_environment(
        {"CONSUL_HTTP_TOKEN": "x", "CONSUL_HTTP_TOKEN_FILE": str(file)}
    ).settings_of(Consul)

    assert (file, None) == (cluster.token_file, cluster.token)


def test_an_evotor_token_makes_a_connection() -> None:
    """EVOTOR_TOKEN is one connection; without it, or when it is empty, there is none."""
    (connection,) = from_environment({"EVOTOR_TOKEN": "t\n"}).settings_of(ConnectionOptions)

    assert (connection.id, connection.kind, connection.name) == ("evotor", "evotor", "Эвотор")
    assert from_environment({"EVOTOR_TOKEN": " "}).settings_of(ConnectionOptions) == ()


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        (
            {"CONSUL_HTTP_ADDR": "ftp://c"},
            "CONSUL_HTTP_ADDR: must be an address such as https://host:port/path",
        ),
        ({"CONSUL_HTTP_SSL": "maybe"}, "CONSUL_HTTP_SSL: must be true or false"),
        ({"CONSUL_HTTP_SSL_VERIFY": "no"}, "CONSUL_HTTP_SSL_VERIFY: must be true or false"),
        (
            {"CONSUL_HTTP_AUTH": "SECRЕТ"},
            "CONSUL_HTTP_AUTH: must be printable ASCII text, not empty, without white space around it",
        ),
        ({"CONSUL_CACERT": "/none"}, "CONSUL_CACERT: /none can't be read: No such file or directory"),
        ({"CONSUL_CLIENT_KEY": "/none"}, "CONSUL_CLIENT_KEY: key_file needs cert_file"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_mistake_is_named_by_its_variable(environ: dict[str, str], message: str) -> None:
    """The place of a mistake is the variable's name, and its value is not shown."""
    with pytest.raises(ConfigError) as caught:
        from_environment(environ)

    assert message == str(caught.value)


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"CONSUL_HTTP_TOKEN": "SECR\nET"}, "CONSUL_HTTP_TOKEN: the token holds more than one line"),
        ({"CONSUL_HTTP_TOKEN_FILE": "/none"}, "CONSUL_HTTP_TOKEN_FILE: /none does not exist"),
        ({"EVOTOR_TOKEN": "SECR\tET"}, "EVOTOR_TOKEN: the token holds other than printable ASCII text"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_wrong_secret_is_a_warning_with_its_variable(environ: dict[str, str], message: str) -> None:
    """What can't be sent as a secret stops nothing, and its place is the variable's name."""
    assert [message] == [str(warning) for warning in from_environment(environ).warnings]


def test_clusters_of_a_file_take_the_address_that_they_do_not_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One file serves where the agent is elsewhere, as for Consul's own tools; what the file names stays."""
    path = tmp_path / "config.yml"
    path.write_text("consul: [{name: a}, {name: b, address: 'b:1'}]")

    def addresses() -> list[tuple[str, ...]]:
        return [cluster.address for cluster in read_file(path).settings_of(Consul)]

    monkeypatch.setenv("CONSUL_HTTP_ADDR", "elsewhere:8500")
    assert addresses() == [("http://elsewhere:8500",), ("http://b:1",)]
    monkeypatch.delenv("CONSUL_HTTP_ADDR")
    assert addresses() == [("http://127.0.0.1:8500",), ("http://b:1",)]


@pytest.mark.parametrize("text", ["consul: 1", "consul: [1]"])
def test_an_address_from_outside_hides_no_mistake_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """What is no list of clusters is said as without the variable."""
    (path := tmp_path / "config.yml").write_text(text)

    def said() -> str:
        with pytest.raises(ConfigError) as caught:
            read_file(path)
        return str(caught.value)

    before = said()
    monkeypatch.setenv("CONSUL_HTTP_ADDR", "elsewhere:8500")
    assert said() == before


FAMILY = {
    "CONSUL_HTTP_ADDR": "agent:8501",
    "CONSUL_HTTP_SSL": "true",
    "CONSUL_HTTP_SSL_VERIFY": "false",
    "CONSUL_HTTP_TOKEN": "sesame",
    "CONSUL_HTTP_AUTH": "user:password",
    "CONSUL_TLS_SERVER_NAME": "name",
}


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("[{name: a}]", [True]),
        ("[{name: a, address: 'other:1'}]", [True]),
        ("[{name: a}, {name: b, address: 'other:1'}]", [True, False]),
        ("[{name: a, address: 'agent:8501'}, {name: b, address: 'https://agent:8501'}]", [True, True]),
        ("[{name: a, address: }, {name: b, address: ['agent:8501', c]}]", [True, False]),
    ],
)
def test_variables_fill_what_is_about_their_agent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, filled: list[bool]
) -> None:
    """A token is never sent to another cluster than that of the variables, nor is its certificate left unverified."""
    for name, value in FAMILY.items():
        monkeypatch.setenv(name, value)
    (path := tmp_path / "config.yml").write_text(f"consul: {text}")

    clusters = read_file(path).settings_of(Consul)

    assert [bool(cluster.token and cluster.http_auth) for cluster in clusters] == filled
    assert [cluster.tls.insecure_skip_verify for cluster in clusters] == filled
    assert [cluster.tls.server_name == "name" for cluster in clusters] == filled


def test_the_file_comes_before_the_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands in the file is not replaced, nor joined by what would contradict it."""
    for name, value in {**FAMILY, "CONSUL_CACERT": "ca.pem", "CONSUL_CLIENT_KEY": "key.pem"}.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "token").write_text("own")
    (path := tmp_path / "config.yml").write_text(
        "consul: [{name: a, token_file: token, http_auth: 'a:b', "
        "tls: {ca_path: /etc/ssl/certs, server_name: own, insecure_skip_verify: false, cert_file: }}]"
    )

    with pytest.raises(ConfigError) as caught:
        read_file(path)
    assert str(caught.value) == "consul[0].tls: key_file needs cert_file"

    monkeypatch.delenv("CONSUL_CLIENT_KEY")
    (cluster,) = read_file(path).settings_of(Consul)
    assert (cluster.token, cluster.tls.ca_file) == (None, None)
    assert (cluster.tls.server_name, cluster.tls.insecure_skip_verify) == ("own", False)
    assert cluster.address == ("https://agent:8501",)
