"""Programs made for a test."""

from pathlib import Path

NEW = "echo 'Prometheus, version 3.9.1 (branch: HEAD)'"


def program(path: Path, body: str) -> Path:
    """Write a shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path
