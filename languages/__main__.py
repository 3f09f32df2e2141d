"""Write what follows from the languages, the dashboards apart: the templates of Alertmanager's messages."""

from pathlib import Path

from languages import LANGUAGES
from languages.layout import layout
from languages.messages import template

ROOT = Path(__file__).parents[1]


def files() -> dict[str, str]:
    """The content of every file, by its path below the project's folder."""
    templates = {f"{code}.tmpl": template(code, language) for code, language in LANGUAGES.items()}
    templates["layout.tmpl"] = layout()
    return {f"alertmanager/templates/{name}": content for name, content in templates.items()}


if __name__ == "__main__":
    for name, content in files().items():
        (ROOT / name).write_text(content, encoding="utf-8")
