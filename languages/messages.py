"""The Alertmanager template of a language: what alertmanager/templates/layout.tmpl puts together."""

from languages.language import Language, Words

NOTE = "{{{{- /* Written by `make generate` from languages/{code}.py. */ -}}}}"
SUMMARY = "{{ .Annotations.summary }}"


def template(code: str, language: Language) -> str:
    """Return the file: the sentence of each alert as `words.sentence`, every other piece as `words.NAME`."""
    pieces = {"sentence": sentence(language.alerts), **language.messages}
    defined = (_defined(f"words.{name}", text) for name, text in pieces.items())
    return "\n".join((NOTE.format(code=code), "", *defined))


def sentence(alerts: Words) -> str:
    """Return what chooses the sentence of an alert by its name."""
    if not alerts:
        return SUMMARY
    cases = (f'if eq .Labels.alertname "{alert}" }}}}{text}' for alert, text in alerts.items())
    return "{{ " + "\n{{- else ".join(cases) + f"\n{{{{- else }}}}{SUMMARY}\n{{{{- end }}}}"


def _defined(name: str, text: str) -> str:
    return f'{{{{ define "{name}" -}}}}\n{text}\n{{{{- end }}}}\n'
