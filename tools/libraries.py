"""A program unpacked beside the libraries that it needs: a small script in its place tells it where they are."""

from pathlib import Path

SCRIPT = """#!/bin/sh
# Debian's program looks for libraries and fonts in folders of root; here they lie beside it.
root=$(dirname "$(readlink -f "$0")")/../..
export LD_LIBRARY_PATH={folders}${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}
export XDG_DATA_HOME="$root/usr/share"
{configuration}exec "$root/{program}" "$@"
"""
# Needed on a machine that has no configuration of fonts of its own.
FONTS = 'export FONTCONFIG_PATH="$root/etc/fonts"\n'


def bring_libraries(package: Path, name: str) -> None:
    """Put the script in the place of `usr/bin/<name>`; Debian's starter there only looks for the program itself."""
    folders = sorted(
        {library.parent.relative_to(package) for library in package.glob("usr/lib/*/**/lib*.so*")}
    )
    configuration = FONTS if (package / "etc/fonts/fonts.conf").exists() else ""
    script = package / "usr/bin" / name
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(
        SCRIPT.format(
            folders=":".join(f'"$root/{folder}"' for folder in folders),
            configuration=configuration,
            program=_program(package, name),
        )
    )
    script.chmod(0o755)


def _program(package: Path, name: str) -> Path:
    """Find the program in its own folder, as Debian has it for those that several versions of may be installed."""
    found = [
        path
        for places in (f"usr/sbin/{name}", f"usr/lib/*/{name}", f"usr/lib/*/*/bin/{name}")
        for path in package.glob(places)
    ]
    return next(path.relative_to(package) for path in sorted(found) if path.is_file())
