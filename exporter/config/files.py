"""Files that settings name."""

from pathlib import Path


def why_unreadable(path: Path) -> str:
    """Return why a file or folder can't be read, "" when it can."""
    try:
        if path.is_dir():
            next(path.iterdir(), None)
        else:
            path.open("rb").close()
    except OSError as error:
        return error.strerror or "it can't be opened"
    return ""
