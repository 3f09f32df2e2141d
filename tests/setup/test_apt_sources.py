"""The machine's apt sources, read in both formats, lead to Debian's mirror and to nothing else."""

from pathlib import Path

from tools.apt_sources import (
    Source,
    debian_mirrors,
    machine_codename,
    machine_sources,
    parse_deb822,
    parse_lines,
)

DEB822 = """\
# made by the installer
Types: deb deb-src
URIs: http://mirror.test/debian http://second.test/debian
Suites: bookworm bookworm-updates
Components: main contrib
Architectures: amd64
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mDMEY
 -----END PGP PUBLIC KEY BLOCK-----

Types: deb
URIs: http://off.test/debian
Suites: bookworm
Components: main
Enabled: no

Types: deb-src
URIs: http://sources.test/debian
Suites: bookworm
Components: main
"""
LINES = """\
# deb http://commented.test/debian bookworm main
deb cdrom:[Debian 12]/ bookworm main
deb-src http://sources.test/debian bookworm main
deb [arch=amd64 signed-by=/keys/a.gpg,/keys/b.gpg trusted=yes] http://mirror.test/debian bookworm main # ours
deb http://vendor.test bookworm main
  deb http://mirror.test/debian bookworm-updates main contrib
"""


def test_a_deb822_source_keeps_its_key_and_changes_only_the_suite() -> None:
    """Disabled, source-only and foreign fields stay out; a key written into the file stays in."""
    (source,) = parse_deb822(DEB822)
    assert source.stanza("forky") == (
        "Types: deb\n"
        "URIs: http://mirror.test/debian http://second.test/debian\n"
        "Suites: forky\n"
        "Components: main\n"
        "Signed-By: \n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mDMEY\n -----END PGP PUBLIC KEY BLOCK-----\n"
    )


def test_a_one_line_source_keeps_its_options() -> None:
    """Options become deb822 fields; comments and sources of source code are passed over."""
    sources = list(parse_lines(LINES))
    assert [source.uris[0] for source in sources if not source.uris[0].startswith("cdrom")] == [
        "http://mirror.test/debian",
        "http://vendor.test",
        "http://mirror.test/debian",
    ]
    (marked,) = [source for source in sources if source.options]
    assert marked == Source(
        ("http://mirror.test/debian",),
        ("bookworm",),
        ("main",),
        {"Signed-By": "/keys/a.gpg /keys/b.gpg", "Trusted": "yes"},
    )


def test_debians_own_mirror_comes_first_and_others_never_take_its_place(tmp_path: Path) -> None:
    """Both formats in their usual places are read; a suite of another name or a CD is no mirror."""
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list").write_text("deb http://vendor.test bookworm main\n")
    (tmp_path / "sources.list.d/a.list").write_text("deb http://other.test other-bookworm main\n" + LINES)
    (tmp_path / "sources.list.d/b.sources").write_text(DEB822)
    (tmp_path / "sources.list.d/c.sources.bak").write_text(DEB822.replace("mirror", "backup"))
    mirrors = debian_mirrors(machine_sources(tmp_path), "bookworm")
    assert [mirror.uris[0] for mirror in mirrors] == [
        "http://mirror.test/debian",
        "http://mirror.test/debian",
        "http://vendor.test",
        "http://vendor.test",
    ]


def test_the_codename_is_the_one_of_os_release(tmp_path: Path) -> None:
    """Quotes don't matter; nothing told is nothing found."""
    (tmp_path / "a").write_text('NAME="Debian"\nVERSION_CODENAME=bookworm\n')
    (tmp_path / "b").write_text('VERSION_CODENAME="trixie"\n')
    names = [machine_codename(tmp_path / name) for name in "abc"]
    assert names == ["bookworm", "trixie", ""]
