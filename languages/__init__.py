"""Every word that people read, one module per language: dashboards, messages of alerts.

A new language is one module beside these and one line below; `make generate` writes what follows from it.
"""

from importlib import import_module

from languages.language import Language

CODES = (
    "en",
    "ru",
)
LANGUAGES: dict[str, Language] = {code: import_module(f"{__name__}.{code}").LANGUAGE for code in CODES}
"""By code; the first is that of the rules."""
