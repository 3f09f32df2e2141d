"""Files that hold a secret, and certificates: what is refused, what is a warning, what means "not connected"."""

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme

from exporter.config import SecretFile, parse
from exporter.errors import ConfigError, TokenFileUnusable
from exporter.sources.plan import Plan, plan


def planned(section: str, **settings: Any) -> Plan:
    base = {"consul": {"name": "main"}, "connections": {"id": "a", "kind": "evotor"}}[section]
    return plan(parse({section: [{**base, **settings}]}))


def written(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


UNUSABLE: dict[str, tuple[Callable[[Path], object], str]] = {
    "folder": (Path.mkdir, "can't be read: Is a directory"),
    "named pipe": (os.mkfifo, "is not a regular file"),
    "too large": (written(b"SECRET" * 4000), "is larger than 16384 bytes"),
    "two lines": (
        written(b"SECRET\nSECRET\n"),
        "holds more than one line, or other than printable ASCII text",
    ),
    "binary": (written(b"SECRET\0\xff"), "holds more than one line, or other than printable ASCII text"),
    "byte order mark": (
        written("SECRET".encode("utf-8-sig")),
        "holds more than one line, or other than printable ASCII text",
    ),
    "endless links": (lambda path: path.symlink_to(path), "can't be read: Too many levels of symbolic links"),
}


@pytest.mark.parametrize("section", ["consul", "connections"])
@pytest.mark.parametrize("case", UNUSABLE)
def test_an_unusable_file_is_a_mistake(tmp_path: Path, section: str, case: str) -> None:
    """A file that can't hold a secret stops the start, is named with its place, and never quoted."""
    make, why = UNUSABLE[case]
    path = tmp_path / "token"
    make(path)

    with pytest.raises(ConfigError) as caught:
        planned(section, token_file=str(path))

    assert f"{section}[0].token_file: {path} {why}" == str(caught.value)


def test_a_file_of_somebody_else_is_a_mistake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that we may not read is unusable, which is something else than missing."""

    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)

    with pytest.raises(TokenFileUnusable, match="can't be read: Permission denied"):
        SecretFile(tmp_path / "token").read()


@pytest.mark.parametrize(
    "make", [lambda path: None, written(b""), written(b" \n")], ids=["missing", "empty", "blank"]
)
def test_no_secret_means_not_connected(tmp_path: Path, make: Callable[[Path], object]) -> None:
    """Without a secret a connection is valid and not connected; a cluster that is to have one is a mistake."""
    path = tmp_path / "token"
    make(path)

    (connection,) = planned("connections", token_file=str(path)).connections
    with pytest.raises(ConfigError) as caught:
        planned("consul", token_file=str(path))

    assert path == connection.token_file
    assert SecretFile(path).read() == ""
    assert f"consul[0].token_file: {path} is missing or empty" == str(caught.value)


@pytest.mark.parametrize(("mode", "warnings"), [(0o600, 0), (0o640, 0), (0o604, 1), (0o644, 1)])
def test_a_file_that_everybody_may_read_is_a_warning(tmp_path: Path, mode: int, warnings: int) -> None:
    """Only what others than owner and group may read is warned about, and it is used all the same."""
    path = tmp_path / "token"
    path.write_text("t\n")
    path.chmod(mode)

    found = planned("connections", token_file=str(path)).warnings

    assert [f"connections[0].token_file: {path} can be read by every user of the machine"] * warnings == [
        str(warning) for warning in found
    ]
    assert SecretFile(path).read() == "t"


def test_the_signature_tells_every_change(tmp_path: Path) -> None:
    """A file that appears, changes, is replaced, loses its permissions or vanishes has another signature."""
    path, file = tmp_path / "token", SecretFile(tmp_path / "token")
    other = tmp_path / "other"
    steps: list[Callable[[], object]] = [
        lambda: None,
        lambda: path.write_text("a"),
        lambda: path.write_text("bb"),
        lambda: path.chmod(stat.S_IRUSR),
        lambda: (other.write_text("cc"), other.replace(path)),
        path.unlink,
    ]

    seen = [(step(), file.signature())[1] for step in steps]

    assert seen[0] == seen[-1] == ()
    assert len(seen) - 1 == len(set(seen))


def test_certificates_are_read_at_the_start(tmp_path: Path) -> None:
    """A file of certificates that is missing, or holds none, is named; good ones are accepted."""
    good, bad = tmp_path / "ca.pem", tmp_path / "bad.pem"
    trustme.CA().cert_pem.write_to_path(str(good))
    bad.write_text("no certificate")

    assert planned("consul", tls={"ca_file": str(good)}).consul
    with pytest.raises(ConfigError) as caught:
        planned("consul", tls={"ca_file": str(bad)})
    assert (
        str(caught.value)
        == "consul[0].tls: a file holds no PEM certificate, or the key is locked or doesn't fit"
    )
    with pytest.raises(ConfigError) as caught:
        planned("consul", tls={"cert_file": "/none.pem", "ca_path": "/none"})
    assert str(caught.value) == (
        "consul[0].tls.ca_path: /none can't be read: No such file or directory\n"
        "consul[0].tls.cert_file: /none.pem can't be read: No such file or directory"
    )
