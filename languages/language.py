"""What a language has to say."""

from collections.abc import Mapping
from dataclasses import dataclass

Words = Mapping[str, str]


@dataclass(frozen=True)
class Language:
    """The words of one language; `python -m languages` and `python -m dashboards` put them where they are read.

    dashboards  words of the dashboards by key; {placeholders} are filled in by the generator
    messages    pieces of Alertmanager's messages by name, Go templates; a piece may use another as {{ template "words.NAME" . }}
    alerts      one sentence per alert, Go templates; an alert that has none says the rule's own summary
    details     what else there is to say of an alert while there is fresh data; by default the rule's own description
    ends        one sentence per alert that is over

    The three know the alert's labels, and as annotations its facts: `value`, and by alert `total`, `names`, `reason`, `age`,
    `share`, `rejected` (rules/alerts.yml).
    """

    dashboards: Words
    messages: Words
    alerts: Words
    details: Words
    ends: Words
