"""The machine's apt sources, in both formats, lead to the distribution's mirror and to nothing else."""

import shutil
from pathlib import Path

import pytest

from tests.setup.archive import publish
from tools.debian import NotToBeHad, machine_codename, open_archive, sources_for

needs_apt = pytest.mark.skipif(not shutil.which("apt-get"), reason="this machine has no apt")

DEB822 = """\
# made by the installer
Types: deb deb-src
URIs: http://mirror.test/bookworm/debian
Suites: {suite} bookworm-updates
Components: main contrib
Signed-By: /keys/bookworm.gpg
 .
 mDMEY
"""
LINES = "deb [signed-by=/keys/stable.gpg] http://mirror.test/debian {suite} main # ours"


@pytest.mark.parametrize("suite", ["bookworm", "stable", "oldoldstable", "testing"])
def test_nothing_but_the_suite_changes(etc: Path, suite: str) -> None:
    """Keys, options, hosts and the other suites stay as they are, whatever their names hold."""
    (etc / "apt/sources.list.d/debian.sources").write_text(DEB822.format(suite=suite))
    (etc / "apt/sources.list").write_text(LINES.format(suite=suite))
    assert sources_for("forky") == {
        "debian.sources": DEB822.format(suite="forky"),
        "sources.list": LINES.format(suite="forky"),
    }


def fetched(folder: Path, package: str, suite: str = "forky") -> str:
    """What the one file of a package says after it was fetched."""
    with open_archive(folder, suite) as archive:
        archive.unpack(package, folder / package)
    return (folder / package / "usr/bin/tool").read_text()


@needs_apt
def test_the_machines_mirror_is_asked_and_others_never_take_its_place(
    etc: Path, archive: Path, tmp_path: Path, tools: Path
) -> None:
    """A vendor's newer package in a suite of that name, a mirror that is gone, a CD, a source switched off: no matter."""
    vendor, off = tmp_path / "vendor", tmp_path / "off"
    for root, origin, version in ((archive, "Debian", 1), (vendor, "Vendor", 2), (off, "Debian", 3)):
        root.mkdir(exist_ok=True)
        publish(root, "forky", "tool", {"usr/bin/tool": f"echo {root.name}"}, origin, version)
    lines = [f"deb [trusted=yes] file:{root} bookworm main" for root in (vendor, tmp_path / "gone")]
    (etc / "apt/sources.list.d/a.list").write_text("\n".join((*lines, "deb cdrom:[CD]/ bookworm main")))
    stanza = f"Types: deb\nURIs: file:{off}\nSuites: bookworm\nComponents: main\nTrusted: yes\nEnabled: no\n"
    (etc / "apt/sources.list.d/b.sources").write_text(stanza)
    tools.mkdir()
    assert "echo mirror" in fetched(tools, "tool")


@needs_apt
def test_a_mirror_in_the_newer_format_is_asked(etc: Path, tmp_path: Path, tools: Path) -> None:
    """The format of newer installations does as well, with a suite named by its alias, on Ubuntu too."""
    publish(tmp_path, "forky", "tool", {"usr/bin/tool": "echo found"}, "Ubuntu")
    stanza = f"Types: deb deb-src\nURIs: file:{tmp_path}\nSuites: stable\nComponents: main\nTrusted: yes\n"
    (etc / "apt/sources.list.d/ubuntu.sources").write_text(stanza)
    tools.mkdir()
    assert "echo found" in fetched(tools, "tool")


@needs_apt
def test_a_machine_that_has_only_vendors_gets_nothing(etc: Path, tmp_path: Path, tools: Path) -> None:
    """The error names the package."""
    publish(tmp_path, "forky", "tool", {"usr/bin/tool": "echo vendor"}, "Vendor")
    (etc / "apt/sources.list").write_text(f"deb [trusted=yes] file:{tmp_path} stable main\n")
    tools.mkdir()
    with pytest.raises(NotToBeHad, match="package tool"):
        fetched(tools, "tool")


@pytest.mark.parametrize(
    ("text", "name"),
    [('A="B"\nVERSION_CODENAME=bookworm\n', "bookworm"), ('VERSION_CODENAME="trixie"', "trixie")],
)
def test_the_codename_is_the_one_of_os_release(etc: Path, text: str, name: str) -> None:
    """Quotes don't matter."""
    (etc / "os-release").write_text(text)
    assert machine_codename() == name


def test_nothing_told_is_nothing_found(etc: Path) -> None:
    """A machine without os-release has no codename."""
    (etc / "os-release").unlink()
    assert machine_codename() == ""
