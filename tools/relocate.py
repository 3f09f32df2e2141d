"""A program that insists on data in a place of root, made to find it beside itself.

Debian's Alertmanager does not start without the templates that its package puts into `/usr/share`, and takes no
flag that says where they are. Only root can put them there, and a mount namespace, the clean way without root, is
refused in most containers. So the path inside the program is overwritten by one of the same length, a file
descriptor, and a small script in the program's place opens the unpacked folder as that descriptor.
"""

from pathlib import Path

DESCRIPTOR = 9  # the highest that every shell passes on

SCRIPT = """#!/bin/sh
# Debian's program looks for its data in {data}; descriptor {descriptor} leads to it here.
here=$(dirname "$(readlink -f "$0")")
exec {descriptor}<"$here/../..{data}"
exec "$here/{name}.real" "$@"
"""


def relocate(package: Path, data: str) -> None:
    """Make the programs of an unpacked package find `data` (absolute path) inside the package."""
    for program in sorted((package / "usr/bin").iterdir()):
        content = program.read_bytes()
        if data.encode() in content:
            _wrap(program, content, data)


def _wrap(program: Path, content: bytes, data: str) -> None:
    descriptor = f"/proc/self/fd/{DESCRIPTOR}".ljust(len(data), "/")
    real = program.rename(program.with_name(f"{program.name}.real"))
    real.write_bytes(content.replace(data.encode(), descriptor.encode()))
    program.write_text(SCRIPT.format(data=data, descriptor=DESCRIPTOR, name=program.name))
    program.chmod(0o755)
