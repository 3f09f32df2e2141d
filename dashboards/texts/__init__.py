"""Every word a person reads on the dashboards, by language and key."""

from dashboards.texts.en import TEXTS as ENGLISH
from dashboards.texts.ru import TEXTS as RUSSIAN

LANGUAGES = {"en": ENGLISH, "ru": RUSSIAN}
