"""Files that hold a secret, and certificates: what is refused, what is a warning, what means "not connected"."""

import codecs
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme

from exporter.config import SecretFile
from exporter.errors import ConfigError, TokenUnusable
from exporter.sources.consul.settings import Consul
from exporter.sources.plan import Plan, plan


def planned(section: str, **settings: Any) -> Plan:
    base = {"consul": {"name": "main"}, "connections": {"id": "a", "kind": "evotor"}}[section]
    return plan({section: [{**base, **settings}]})


def written(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


UNUSABLE: dict[str, tuple[Callable[[Path], object], str]] = {
    "folder": (Path.mkdir, "can't be read: Is a directory"),
    "named pipe": (os.mkfifo, "is not a regular file"),
    "too large": (written(b"SECRET" * 4000), "is larger than 16384 bytes"),
    "two lines": (
        written(b"SECRET\nSECRET\n"),
        "holds more than one line",
    ),
    "binary": (written(b"SECRET\0\xff"), "holds other than printable ASCII text"),
    "not ASCII": (
        written("СЕКРЕТ".encode()),
        "holds other than printable ASCII text",
    ),
    "scheme": (written(b"Bearer SECRET"), "begins with 'Bearer', which is no part of a token"),
    "endless links": (lambda path: path.symlink_to(path), "can't be read: Too many levels of symbolic links"),
}


@pytest.mark.parametrize("section", ["consul", "connections"])
@pytest.mark.parametrize("case", UNUSABLE)
def test_an_unusable_file_is_a_warning(tmp_path: Path, section: str, case: str) -> None:
    """A file that can't hold a secret stops nothing, is named with its place, and never quoted."""
    make, why = UNUSABLE[case]
    path = tmp_path / "token"
    make(path)
    if path.is_file() or path.is_fifo():
        path.chmod(0o600)

    warnings = [str(warning) for warning in planned(section, token_file=str(path)).warnings]

    assert warnings[-1] == f"{section}[0].token_file: {path} {why}"
    assert "SECRET" not in str(warnings)


@pytest.mark.parametrize(
    "content",
    [
        b"SECRET",
        b"\n SECRET\r\n",
        "\ufeffSECRET\n".encode(),
        "SECRET\r\n".encode("utf-16"),
        codecs.BOM_UTF16_BE + "SECRET".encode("utf-16-be"),
    ],
    ids=["plain", "white space", "byte order mark", "UTF-16", "UTF-16 big-endian"],
)
def test_what_editors_add_is_no_part_of_the_secret(tmp_path: Path, content: bytes) -> None:
    """White space around it, line ends of Windows and a byte order mark are taken off."""
    path = tmp_path / "token"
    path.write_bytes(content)
    assert SecretFile(path).read() == "SECRET"


@pytest.mark.parametrize("section", ["consul", "connections"])
def test_an_unusable_secret_in_the_file_is_a_warning(section: str) -> None:
    """The same goes for a secret in the configuration itself."""
    (warning,) = planned(section, token="SECR\nET").warnings

    assert str(warning).startswith(f"{section}[0].token: the token holds more than one line")


def test_a_kind_that_needs_a_token_needs_a_place_for_it() -> None:
    """A connection without any place for its token can't ever be online: that is a mistake, for http it is not."""
    with pytest.raises(ConfigError) as caught:
        plan({"connections": [{"id": "a", "kind": "evotor"}]})

    assert str(caught.value) == "connections[0]: kind evotor needs token_file or token"
    assert plan({"connections": [{"id": "a", "kind": "http", "url": "http://a"}]}).sources


def test_a_file_of_somebody_else_is_a_mistake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that we may not read is unusable, which is something else than missing."""

    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)

    with pytest.raises(TokenUnusable, match="can't be read: Permission denied"):
        SecretFile(tmp_path / "token").read()


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda path: None, "does not exist"),
        (written(b""), "is empty"),
        (written(b" \n"), "is empty"),
    ],
    ids=["missing", "empty", "blank"],
)
@pytest.mark.parametrize("section", ["consul", "connections"])
def test_no_secret_is_a_warning(
    tmp_path: Path, section: str, make: Callable[[Path], object], what: str
) -> None:
    """A file without a secret, which may still come, is valid and named; missing and empty differ."""
    path = tmp_path / "token"
    make(path)

    warnings = planned(section, token_file=str(path)).warnings

    assert str(warnings[-1]) == f"{section}[0].token_file: {path} {what}"
    assert SecretFile(path).read() == ""


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

    assert planned("consul", tls={"ca_file": str(good)}).settings_of(Consul)
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
