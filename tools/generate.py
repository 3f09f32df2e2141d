"""Write everything that is generated: `python -m tools.generate`, or `make generate`."""

from pathlib import Path

import dashboards.__main__
import languages.__main__
from tools import kind_tables, manifests, metric_table, requirements

ROOT = Path(__file__).parent.parent
# Folders in which every file of this name is generated, but those named.
WHOLE = {
    "grafana/dashboards/**/*.json": (),
    "grafana/import/**/*.json": (),
    "alertmanager/templates/*.tmpl": ("layout.tmpl",),
}


def files() -> dict[Path, str]:
    """Return what every generated file should hold; those with hashes, which an index tells, have their own way."""
    folder, drawn = dashboards.__main__.FOLDER, dashboards.__main__.files()
    imports = dashboards.__main__.IMPORTS
    return {
        **{folder / name: text for name, text in drawn.items()},
        **{imports / name: text for name, text in dashboards.__main__.imports().items()},
        **{ROOT / name: text for name, text in languages.__main__.files().items()},
        **metric_table.files(),
        **kind_tables.files(),
        **manifests.files(drawn),
    }


def strangers() -> list[Path]:
    """Return the files that nothing generates any more."""
    found = {path for pattern, kept in WHOLE.items() for path in ROOT.glob(pattern) if path.name not in kept}
    return sorted(found - files().keys())


def main() -> None:
    """Write all files, and remove those that nothing generates any more."""
    for path in strangers():
        path.unlink()
    for path, text in files().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    requirements.write()


if __name__ == "__main__":
    main()
