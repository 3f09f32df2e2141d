"""The machine's own apt sources, read to ask the same Debian mirror for another suite.

Both formats of sources.list(5) are understood: deb822 stanzas (`*.sources`) and lines (`*.list`).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ALIASES = ("stable", "oldstable", "oldoldstable", "testing", "unstable")
NOT_KEPT = {"types", "uris", "suites", "components", "enabled", "architectures", "languages", "targets"}
LINE = re.compile(r"deb\s+(?:\[(?P<options>[^]]*)]\s*)?(?P<uri>\S+)\s+(?P<suite>\S+)(?P<components>[^#]*)")


@dataclass(frozen=True)
class Source:
    """One entry for binary packages; `options` are its other deb822 fields, such as Signed-By."""

    uris: tuple[str, ...]
    suites: tuple[str, ...]
    components: tuple[str, ...]
    options: Mapping[str, str] = field(default_factory=dict)

    def stanza(self, suite: str) -> str:
        """The same mirror as a deb822 stanza, for the main component of `suite`."""
        fields = {"Types": "deb", "URIs": " ".join(self.uris), "Suites": suite, "Components": "main"}
        return "".join(f"{name}: {value}\n" for name, value in (fields | dict(self.options)).items())


def parse_lines(text: str) -> Iterator[Source]:
    """Read the one-line format."""
    for line in text.splitlines():
        if match := LINE.match(line.strip()):
            components = tuple(match["components"].split())
            yield Source(
                (match["uri"],), (match["suite"],), components, _line_options(match["options"] or "")
            )


def _line_options(text: str) -> dict[str, str]:
    pairs = (option.partition("=") for option in text.split())
    kept = ((name, value) for name, _, value in pairs if name not in ("arch", "lang", "target"))
    return {name.title(): value.replace(",", " ") for name, value in kept}


def parse_deb822(text: str) -> Iterator[Source]:
    """Read the deb822 format; a value keeps its continuation lines (a Signed-By may hold a whole key)."""
    plain = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for stanza in re.split(r"\n\s*\n", plain):
        pairs = re.findall(r"^([\w-]+):[ \t]*(.*(?:\n[ \t].*)*)", stanza, re.MULTILINE)
        fields = {name.lower(): value.rstrip() for name, value in pairs}
        if "deb" in fields.get("types", "").split() and fields.get("enabled", "yes").lower() != "no":
            uris, suites, components = (
                tuple(fields.get(name, "").split()) for name in ("uris", "suites", "components")
            )
            options = {name: value for name, value in pairs if name.lower() not in NOT_KEPT}
            yield Source(uris, suites, components, options)


def machine_sources(etc: Path = Path("/etc/apt")) -> list[Source]:
    """Read every source of this machine; files that can't be read are passed over."""
    files = [etc / "sources.list", *sorted((etc / "sources.list.d").glob("*"))]
    return [source for file in files for source in _read(file)]


def _read(file: Path) -> list[Source]:
    parse = {".list": parse_lines, ".sources": parse_deb822}.get(file.suffix)
    try:
        return list(parse(file.read_text())) if parse else []
    except (OSError, UnicodeDecodeError):
        return []


def debian_mirrors(sources: Iterable[Source], codename: str) -> list[Source]:
    """Keep the sources that look like Debian's archive, the surest first.

    Others may call their suite by Debian's name too; Debian's own mirror is the one that has `-updates`.
    """
    known = {codename, *ALIASES}
    sources = list(sources)
    updated = {
        uri for s in sources for uri in s.uris if any(suite.endswith("-updates") for suite in s.suites)
    }
    mirrors = [
        source
        for source in sources
        if known & set(source.suites)
        and "main" in source.components
        and not any(uri.startswith("cdrom:") for uri in source.uris)
    ]
    return sorted(mirrors, key=lambda source: not updated & set(source.uris))


def machine_codename(os_release: Path = Path("/etc/os-release")) -> str:
    """Name this machine's Debian suite, such as bookworm; empty when it isn't told."""
    try:
        text = os_release.read_text()
    except OSError:
        return ""
    match = re.search(r'^VERSION_CODENAME="?([\w-]+)', text, re.MULTILINE)
    return match[1] if match else ""
