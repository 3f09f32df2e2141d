"""A Debian archive on disk, made for a test."""

import hashlib
import subprocess
from pathlib import Path

from tests.setup.programs import program
from tools.debian import architecture


def publish(
    root: Path,
    suite: str,
    package: str,
    programs: dict[str, str],
    origin: str = "Debian",
    version: int = 1,
    needs: str = "",
) -> None:
    """Build a real package of shell scripts (path in the package: body), beside those of its suite."""
    tree = root.parent / f"{root.name}-{package}"
    for path, body in programs.items():
        program(tree / path, body)
    control = f"Package: {package}\nVersion: {version}\nArchitecture: all\nMaintainer: A <a@a.test>\nDescription: -\n"
    control += f"Depends: {needs}\n" if needs else ""
    (tree / "DEBIAN").mkdir()
    (tree / "DEBIAN/control").write_text(control)
    deb = root / f"{package}_{version}_all.deb"
    subprocess.run(["dpkg-deb", "--build", "--root-owner-group", tree, deb], check=True, capture_output=True)
    entry = f"{control}Filename: {deb.name}\nSize: {deb.stat().st_size}\nSHA256: {digest(deb)}\n"
    index = root / "dists" / suite / "main" / f"binary-{architecture()}" / "Packages"
    index.parent.mkdir(parents=True, exist_ok=True)
    with index.open("a") as packages:
        packages.write(f"{entry}\n")
    dist = root / "dists" / suite
    line = f" {digest(index)} {index.stat().st_size} {index.relative_to(dist)}\n"
    release = f"Origin: {origin}\nSuite: {suite}\nCodename: {suite}\nComponents: main\n"
    release += f"Architectures: {architecture()}\nDate: Thu, 01 Jan 2026 00:00:00 UTC\n"
    (dist / "Release").write_text(f"{release}SHA256:\n{line}")


def digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
