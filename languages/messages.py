"""The Alertmanager template of a language: what alertmanager/templates/layout.tmpl puts together."""

from languages.language import Language, Words

NOTE = "{{{{- /* Written by `make generate` from languages/{code}.py. */ -}}}}"
# What people write is cut where it could make a message too long; fixed words are short.
SUMMARY = '{{ printf "%.200s" .Annotations.summary }}'
DESCRIPTION = '{{ printf "%.300s" .Annotations.description }}'
NO_FRESH_DATA = '{{{{ if eq .Annotations.value "-1" }}}}{{{{ template "words.stale" . }}}}{{{{ else }}}}{text}{{{{ end }}}}'
FACTS = '{{ template "words.facts" . }}'


def template(code: str, language: Language) -> str:
    """Return the file: the texts of each alert as `words.sentence`, `details` and `over`, every other piece as `words.NAME`."""
    pieces = {
        "sentence": by_alert(language.alerts, SUMMARY),
        "details": details(language.details),
        "over": by_alert(language.ends, SUMMARY),
        **language.messages,
    }
    defined = (_defined(f"words.{name}", text) for name, text in pieces.items())
    return "\n".join((NOTE.format(code=code), "", *defined))


def details(texts: Words) -> str:
    """Return what chooses the details, and has the facts behind them; the rules' own descriptions say themselves what is stale."""
    told = {alert: NO_FRESH_DATA.format(text=text) for alert, text in texts.items()}
    return f"{by_alert(told, DESCRIPTION)}{FACTS}"


def by_alert(texts: Words, otherwise: str) -> str:
    """Return what chooses the text of an alert by its name."""
    if not texts:
        return otherwise
    cases = (f'if eq .Labels.alertname "{alert}" }}}}{text}' for alert, text in texts.items())
    return "{{ " + "\n{{- else ".join(cases) + f"\n{{{{- else }}}}{otherwise}\n{{{{- end }}}}"


def _defined(name: str, text: str) -> str:
    return f'{{{{ define "{name}" -}}}}\n{text}\n{{{{- end }}}}\n'
