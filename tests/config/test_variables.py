"""Variables in the values of a file, and what is left empty."""

from pathlib import Path
from typing import Any

import pytest

from exporter.config import read_mapping
from exporter.errors import ConfigError
from exporter.sources.plan import read_file

ENVIRON = {
    "HOST_IP": "10.0.0.1",
    "NUMBER": "7",
    "YES": "true",
    "EMPTY": "",
    "ODD": "a: [b, 'c'] # ${NUMBER} $$",
    "Я": "no",
}


def value_of(tmp_path: Path, text: str) -> Any:
    (tmp_path / "c.yml").write_text(f"key: {text}\n")
    return read_mapping(tmp_path / "c.yml", ENVIRON)["key"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${HOST_IP}", "10.0.0.1"),
        ("http://${HOST_IP}:${NUMBER}/", "http://10.0.0.1:7/"),
        ('"${HOST_IP}"', "10.0.0.1"),
        ("'${HOST_IP}'", "10.0.0.1"),
        ("[a, {b: '${HOST_IP}'}]", ["a", {"b": "10.0.0.1"}]),
        ("${UNSET:-http://x:1}", "http://x:1"),
        ("${EMPTY:-default}", "default"),
        ("${HOST_IP:-default}", "10.0.0.1"),
        ("a${EMPTY}b", "ab"),
        ("${EMPTY}", None),
        ("${UNSET:-}", None),
        ('"${UNSET:-}"', ""),
        ("${ODD}", "a: [b, 'c'] # ${NUMBER} $$"),
        ("$$", "$"),
        ("$${HOST_IP}", "${HOST_IP}"),
        ("$$${HOST_IP}", "$10.0.0.1"),
        ("a$b$", "a$b$"),
        ("foo$", "foo$"),
        ("$2y$10$abc", "$2y$10$abc"),
        ("$HOST_IP", "$HOST_IP"),
        ("x # ${UNSET}", "x"),
        ("|\n  a ${NUMBER}\n", "a 7\n"),
    ],
)
def test_values(tmp_path: Path, text: str, value: object) -> None:
    """A variable is text, whatever it holds; a default stands for what is unset or empty; `$$` is a dollar."""
    assert value_of(tmp_path, text) == value


@pytest.mark.parametrize(
    "text", ["${UNSET}", "${}", "${", "${a b}", "${1A}", "${A:+x}", "${HOST_IP", "${A-b}"]
)
def test_mistakes_have_a_place(tmp_path: Path, text: str) -> None:
    """What can't be filled in is told with the place of the value."""
    with pytest.raises(ConfigError, match=r"^key: "):
        value_of(tmp_path, text)


def test_keys_and_other_files_have_no_variables(tmp_path: Path) -> None:
    """Only values are filled in, and only where variables are wanted: a hash holds dollars."""
    (tmp_path / "c.yml").write_text("${HOST_IP}: ${HOST_IP}\n")

    assert read_mapping(tmp_path / "c.yml", ENVIRON) == {"${HOST_IP}": "10.0.0.1"}
    assert read_mapping(tmp_path / "c.yml") == {"${HOST_IP}": "${HOST_IP}"}


def test_an_anchor_is_filled_in_once(tmp_path: Path) -> None:
    """What stands in a file several times by an alias is not filled in again."""
    (tmp_path / "c.yml").write_text("a: &x ['$$$$', '${ODD}']\nb: *x\n")

    found = read_mapping(tmp_path / "c.yml", ENVIRON)

    assert found["a"] == found["b"] == ["$$", ENVIRON["ODD"]]


def test_a_variable_may_be_a_number_or_a_boolean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is what the setting wants: a token of digits stays text, a status of digits is a number."""
    monkeypatch.setenv("DIGITS", "204")
    monkeypatch.setenv("NO", "false")
    (tmp_path / "c.yml").write_text(
        "connection_concurrency: ${DIGITS}\n"
        "consul: [{name: '${DIGITS}', allow_stale: '${NO}', token: '${DIGITS}', tls: {insecure_skip_verify: '${NO}'}}]\n"
        "connections:\n"
        "  - {id: a, kind: http, url: 'http://a', expected_status: ['${DIGITS}', 200], interval: '${TIME:-5m}'}\n"
        "  - {id: b, kind: http, url: 'http://a', expected_status: '${DIGITS}'}\n"
    )

    plan = read_file(tmp_path / "c.yml")

    consul, a, b = (source.settings for source in plan.sources)
    found: Any = consul
    assert (found.name, found.allow_stale, found.tls.insecure_skip_verify) == ("204", False, False)
    assert found.token.get_secret_value() == "204"
    assert (a.expected_status, a.interval) == ((204, 200), 300.0)  # type: ignore[attr-defined]  # the settings of http
    assert b.expected_status == (204,)  # type: ignore[attr-defined]  # as above


def test_a_wrong_value_of_a_variable_is_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was filled in where it doesn't fit may be a secret."""
    monkeypatch.setenv("SECRET", "sesame")
    (tmp_path / "c.yml").write_text(
        "connection_concurrency: ${SECRET}\nconsul: [{name: a, address: 'ftp://${SECRET}', interval: '${SECRET}', detail: '${SECRET}'}]\n"
    )

    with pytest.raises(ConfigError) as caught:
        read_file(tmp_path / "c.yml")

    assert len(caught.value.problems) == 4
    assert "sesame" not in str(caught.value)


EMPTY = [
    "consul:",
    "connections:",
    "connection_concurrency:",
    "defaults:",
    "consul: [{name: a, services: }]",
    "consul: [{name: a, services: {include: , exclude: }}]",
    "consul: [{name: a, meta: , tls: , datacenters: , token_file: , token: , http_auth: , address: , proxy: }]",
    "consul: [{name: a, interval: , timeout: , stale_after: , detail: , allow_stale: , service_url: }]",
    "consul: [{name: a, interval: 5s, timeout: , stale_after: }]",
    "consul: [{name: a, tls: {ca_file: , cert_file: , key_file: , insecure_skip_verify: }}]",
    "connections: [{id: a, kind: http, url: 'http://a', headers: , expected_status: , method: , username: }]",
    "connections: [{id: a, kind: evotor, token_file: x, connect_url: , icon: , name: , store_names: }]",
]


@pytest.mark.parametrize("text", EMPTY)
def test_what_is_empty_is_not_set(tmp_path: Path, text: str) -> None:
    """Templates write an empty list, or nothing, as an empty value: it means the default everywhere."""
    (tmp_path / "c.yml").write_text(f"{text}\n")

    read_file(tmp_path / "c.yml")


def test_an_empty_value_has_the_default(tmp_path: Path) -> None:
    """It is the default that follows from what is set, and that of the kind's defaults."""
    (tmp_path / "c.yml").write_text(
        "consul: [{name: a, interval: 5s, timeout: }]\n"
        "defaults: {http: {interval: 7m}}\n"
        "connections: [{id: a, kind: http, url: 'http://a', interval: }]\n"
    )

    consul, connection = (source.settings for source in read_file(tmp_path / "c.yml").sources)

    assert (consul.interval, consul.timeout, connection.interval) == (5, 5, 420)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("consul: [{name: }]", "consul[0].name: is empty"),
        ("consul: [{name: a, nonsense: }]", "consul[0].nonsense: unknown key"),
        ("nonsense: ", "nonsense: unknown key"),
        ("consul: [ ~ ]", "consul[0]: must be a mapping"),
    ],
)
def test_what_must_be_there_is_missed(tmp_path: Path, text: str, message: str) -> None:
    """Emptiness excuses no missing and no unknown setting."""
    (tmp_path / "c.yml").write_text(f"{text}\n")

    with pytest.raises(ConfigError) as caught:
        read_file(tmp_path / "c.yml")

    assert str(caught.value).startswith(message)


def test_thousands_of_problems_are_counted(tmp_path: Path) -> None:
    """Twenty are told in full, and how many there are besides."""
    entries = ", ".join(["{id: a}"] + ["{kind: http}"] * 999)
    (tmp_path / "c.yml").write_text(f"connections: [{entries}]\n")

    with pytest.raises(ConfigError) as caught:
        read_file(tmp_path / "c.yml")

    lines = str(caught.value).splitlines()
    assert (len(lines), lines[-1]) == (21, f"and {len(caught.value.problems) - 20} more problems")
