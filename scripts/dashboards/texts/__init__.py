"""Every word a person reads on the dashboards, by language and key."""

from scripts.dashboards.texts.en import TEXTS as ENGLISH
from scripts.dashboards.texts.ru import TEXTS as RUSSIAN

LANGUAGES = {"en": ENGLISH, "ru": RUSSIAN}
