"""Write every dashboard in every language to grafana/dashboards, and for the import dialog to grafana/import."""

import json
from pathlib import Path

from dashboards.grafana import Json
from dashboards.importing import importable
from dashboards.pages import connections, exporter, overview, service, services
from languages import LANGUAGES

FOLDER = Path(__file__).parents[1] / "grafana" / "dashboards"
IMPORTS = FOLDER.parent / "import"
PAGES = (services, service, connections, exporter, overview)


def files() -> dict[str, str]:
    """The content of every file, by its path below grafana/dashboards."""
    return {name: _text(dashboard) for name, dashboard in _built().items()}


def imports() -> dict[str, str]:
    """The same for the import dialog, below grafana/import."""
    return {name: _text(importable(dashboard)) for name, dashboard in _built().items()}


def _built() -> dict[str, Json]:
    return {
        f"{language}/{page.UID}.json": page.build(words.dashboards)
        for language, words in LANGUAGES.items()
        for page in PAGES
    }


def _text(dashboard: Json) -> str:
    return json.dumps(dashboard, ensure_ascii=False, indent=2) + "\n"


def main() -> None:
    """Write the files."""
    written = {FOLDER / name: content for name, content in files().items()}
    for path, content in (written | {IMPORTS / name: content for name, content in imports().items()}).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main()
