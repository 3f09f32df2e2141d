"""Write every dashboard in every language to grafana/dashboards/<language>/<uid>.json."""

import json
from pathlib import Path

from dashboards.grafana import Json
from dashboards.pages import connections, exporter, service, services
from languages import LANGUAGES

FOLDER = Path(__file__).parents[1] / "grafana" / "dashboards"
PAGES = (services, service, connections, exporter)


def files() -> dict[str, str]:
    """The content of every file, by its path below grafana/dashboards."""
    return {
        f"{language}/{page.UID}.json": _text(page.build(words.dashboards))
        for language, words in LANGUAGES.items()
        for page in PAGES
    }


def _text(dashboard: Json) -> str:
    return json.dumps(dashboard, ensure_ascii=False, indent=2) + "\n"


def main() -> None:
    """Write the files."""
    for name, content in files().items():
        path = FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main()
