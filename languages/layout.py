"""How messages look in every language: alertmanager/templates/layout.tmpl.

Receivers refuse what is too long, and a phone shows the first line. So the newest comes first and names itself in the title, what
is over stands apart, and a list goes on only while it fits: in full, then one line each. Go templates neither sort nor add up: the
next newest is looked for again each time, and what is used up is a string as long as all that was written.
"""

from dataclasses import dataclass

NOTE = (
    "{{- /* Written by `make generate` from languages/layout.py; the words are in a file per language. */ -}}"
)
_LABELS = ("service", "datacenter", "node", "connection", "kind", "host", "source", "instance", "reason")
_LONG = ("names", "reason", "dashboard_url", "runbook_url")
_CUT, _CUT_LABEL, _CUT_SUMMARY = "%.300s", "%.60s", "%.200s"  # as the pieces of the languages cut them
_FULL, _FIRING = 0.6, 0.85  # parts of the space: until here alerts are told in full, and until there at all
_LINE = 100  # characters that a sentence takes beside names

BREAK = r'{{ "\n" }}'  # stays where the white space around is trimmed
LINKS = """{{ if le (len .Annotations.dashboard_url) 300 }} · <a href="{{ .Annotations.dashboard_url }}">{{ template "words.dashboard" . }}</a>{{ end }}
{{- if le (len .Annotations.runbook_url) 300 }} · <a href="{{ .Annotations.runbook_url }}">{{ template "words.runbook" . }}</a>{{ end }}"""
SLACK_LINKS = """{{ if le (len .Annotations.dashboard_url) 300 }} · <{{ .Annotations.dashboard_url }}|{{ template "words.dashboard" . }}>{{ end }}
{{- if le (len .Annotations.runbook_url) 300 }} · <{{ .Annotations.runbook_url }}|{{ template "words.runbook" . }}>{{ end }}"""


@dataclass(frozen=True)
class Format:
    """One way to write a message: `limit` in characters, `item` what an alert told in full takes beside names and links.

    A list has at most `most` entries. The first one told in full knows as $isTitle whether the title has its sentence already.
    """

    name: str
    begin: str
    full: str
    brief: str
    ended: str
    more: str
    end: str
    limit: int
    item: int
    most: int


TELEGRAM = Format(
    name="telegram",
    begin='<b>{{ template "status.title" . }}</b>\n',
    full=f"""{BREAK}{BREAK}{{{{ if not $isTitle }}}}<b>{{{{ template "words.sentence" . }}}}</b> {{{{ end }}}}{{{{ template "words.details" . }}}}
{{{{ template "words.since" . }}}}{LINKS}""",
    brief=f"""{BREAK}• {{{{ template "words.sentence" . }}}}""",
    ended=f"""{BREAK}✅ {{{{ template "words.over" . }}}}""",
    more=f"""{BREAK}{{{{ template "words.more" $more }}}}""",
    end="",
    limit=4000,
    item=480,
    most=20,
)
SLACK = Format(
    name="slack",
    begin="",
    full=f"""{BREAK}{BREAK}{{{{ if not $isTitle }}}}*{{{{ template "words.sentence" . }}}}* {{{{ end }}}}{{{{ template "words.details" . }}}}
{{{{ template "words.since" . }}}}{SLACK_LINKS}""",
    brief=f"""{BREAK}• {{{{ template "words.sentence" . }}}}""",
    ended=f"""{BREAK}:white_check_mark: {{{{ template "words.over" . }}}}""",
    more=f"""{BREAK}{{{{ template "words.more" $more }}}}""",
    end="",
    limit=2900,
    item=480,
    most=20,
)
PLAIN = Format(
    name="plain",
    begin='{{ template "status.title" . }}\n',
    full=f"""{BREAK}{BREAK}{{{{ template "words.sentence" . }}}} {{{{ template "words.details" . }}}}
{{{{ template "words.since" . }}}}
{{{{ template "words.dashboard" . }}}}: {{{{ .Annotations.dashboard_url }}}}
{{{{ template "words.runbook" . }}}}: {{{{ .Annotations.runbook_url }}}}""",
    brief=f"""{BREAK}* {{{{ template "words.sentence" . }}}}""",
    ended=f"""{BREAK}{{{{ template "words.over" . }}}}""",
    more=f"""{BREAK}{{{{ template "words.more" $more }}}}""",
    end="",
    limit=60_000,
    item=480,
    most=50,
)
EMAIL = Format(
    name="email",
    begin="""<!DOCTYPE html>
<html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"></head>
<body style="margin:0;padding:12px;font:16px/1.4 -apple-system,Segoe UI,Roboto,sans-serif;color:#222;background:#fff">
<div style="max-width:600px;margin:0 auto">
<h1 style="font-size:18px;margin:0 0 12px">{{ template "status.title" . }}</h1>
""",
    full="""
<div style="border-left:4px solid {{ if eq .Labels.severity "critical" }}#c4162a{{ else if eq .Labels.severity "info" }}#3274d9{{ else }}#ff780a{{ end }};padding:2px 0 2px 10px;margin:0 0 16px">
<b>{{ template "words.sentence" . }}</b> {{ template "words.details" . }}
<br><span style="color:#555">{{ template "words.since" . }}</span>
<br><a href="{{ .Annotations.dashboard_url }}">{{ template "words.dashboard" . }}</a> · <a href="{{ .Annotations.runbook_url }}">{{ template "words.runbook" . }}</a>
</div>
""",
    brief="""
<p style="margin:0 0 8px">{{ template "words.sentence" . }}</p>
""",
    ended="""
<p style="border-left:4px solid #299c46;padding:2px 0 2px 10px;margin:0 0 8px">{{ template "words.over" . }}</p>
""",
    more="""
<p>{{ template "words.more" $more }}</p>
""",
    end="</div></body></html>\n",
    limit=90_000,
    item=900,
    most=50,
)
FORMATS = (TELEGRAM, SLACK, PLAIN, EMAIL)


def layout() -> str:
    """Return the file."""
    return "\n".join((NOTE, "", _TITLE, *map(_message, FORMATS)))


def _newest(name: str, alerts: str, when: str) -> str:
    """Set $name to the latest of the alerts, or to any alert when there are none."""
    return (
        f"{{{{ ${name} := index (or {alerts} .Alerts) 0 }}}}"
        f"{{{{ range {alerts} }}}}{{{{ if .{when}.After ${name}.{when} }}}}{{{{ ${name} = . }}}}{{{{ end }}}}{{{{ end -}}}}"
    )


_BEGUN, _OVER = _newest("begun", ".Alerts.Firing", "StartsAt"), _newest("over", ".Alerts.Resolved", "EndsAt")
_TITLE = f"""{{{{ define "status.title" -}}}}
{_BEGUN}
{_OVER}
{{{{ if not .Alerts.Firing }}}}✅ {{{{ template "words.over" $over }}}}{{{{ if gt (len .Alerts) 1 }}}} (+{{{{ len (slice .Alerts 1) }}}}){{{{ end }}}}
{{{{- else if and .Alerts.Resolved ($over.EndsAt.After $begun.StartsAt) }}}}✅ {{{{ template "words.over" $over }}}} {{{{ template "words.still" (len .Alerts.Firing) }}}}
{{{{- else }}}}{{{{ template "status.mark" $begun }}}} {{{{ template "words.sentence" $begun }}}}{{{{ if gt (len .Alerts.Firing) 1 }}}} (+{{{{ len (slice .Alerts.Firing 1) }}}}){{{{ end }}}}
{{{{- end }}}}
{{{{- end }}}}

{{{{ define "status.mark" -}}}}
{{{{ if eq .Labels.severity "critical" }}}}🔴{{{{ else if eq .Labels.severity "info" }}}}🔵{{{{ else }}}}🟠{{{{ end }}}}
{{{{- end }}}}

{{{{ define "status.color" -}}}}
{{{{ if eq .Status "resolved" }}}}good{{{{ else if eq .CommonLabels.severity "critical" }}}}danger{{{{ else if eq .CommonLabels.severity "info" }}}}#3274d9{{{{ else }}}}warning{{{{ end }}}}
{{{{- end }}}}

{{{{ define "status.link" -}}}}
{_BEGUN}
{{{{ $begun.Annotations.dashboard_url }}}}
{{{{- end }}}}
"""


def _message(how: Format) -> str:
    """Return a message: what fires, the newest first, then what is over."""
    title = f"{_escaped('begun', ())} {_escaped('over', ())}"
    return f"""{{{{ define "status.{how.name}" -}}}}
{_BEGUN}
{_OVER}
{how.begin}{{{{- $used := printf "%{len(how.begin) + _LINE}s%s%s" "" {title} }}}}
{_newest_first("Firing", "StartsAt", how, _told(how))}
{_newest_first("Resolved", "EndsAt", how, _entry("next", how.ended, _LINE, (), how.limit))}
{how.end}{{{{- end }}}}
"""


def _told(how: Format) -> str:
    """Return an entry for what fires: in full while there is much space, in one line while there is some."""
    full = _entry("next", how.full, how.item, _LONG, int(how.limit * _FULL), only_if="")
    brief = _entry("next", how.brief, _LINE, (), int(how.limit * _FIRING), only_if="(eq $lastNumber $before)")
    return f"{{{{- $before := $lastNumber }}}}{{{{- $isTitle := and (lt $before 0) (not $.Alerts.Resolved) }}}}\n{full}\n{brief}"


def _entry(
    alert: str, text: str, fixed: int, annotations: tuple[str, ...], limit: int, only_if: str = ""
) -> str:
    """Write $next when it fits, and note that it was and what that cost."""
    return f"""{{{{- $cost := printf "%s%{fixed}s%s" $used "" {_escaped(alert, annotations)} }}}}
{{{{- if and (ge $nextNumber 0) (le (len $cost) {limit}) {only_if} }}}}
{{{{- $used = $cost }}}}{{{{ $last = $next }}}}{{{{ $lastNumber = $nextNumber }}}}{{{{ $shown = printf "%s." $shown }}}}
{{{{- with $next }}}}{text}{{{{- end }}}}
{{{{- end }}}}"""


def _newest_first(which: str, when: str, how: Format, entry: str) -> str:
    slots, alerts = " ".join('""' for _ in range(how.most)), f"$.Alerts.{which}"
    gap = BREAK if which == "Resolved" else ""
    return f"""{{{{- if {alerts} }}}}{gap}{{{{ $shown := "" }}}}{{{{ $last := index {alerts} 0 }}}}{{{{ $lastNumber := -1 }}}}
{{{{- range stringSlice {slots} }}}}{{{{ $next := $last }}}}{{{{ $nextNumber := -1 }}}}
{{{{- range $number, $alert := {alerts} }}}}
{{{{- if or (lt $lastNumber 0) ($alert.{when}.Before $last.{when}) (and ($alert.{when}.Equal $last.{when}) (gt $number $lastNumber)) }}}}
{{{{- if or (lt $nextNumber 0) ($alert.{when}.After $next.{when}) }}}}{{{{ $next = $alert }}}}{{{{ $nextNumber = $number }}}}{{{{ end }}}}
{{{{- end }}}}{{{{ end }}}}
{entry}
{{{{- end }}}}
{{{{- if gt (len {alerts}) (len $shown) }}}}{{{{ $more := len (slice {alerts} (len $shown)) }}}}{how.more}{{{{- end }}}}
{{{{- end }}}}"""


def _escaped(alert: str, annotations: tuple[str, ...]) -> str:
    """Return as many characters as the alert's names can take, escaped for HTML, each other character once."""
    cuts = {f"Labels.{label}": _CUT_LABEL for label in _LABELS} | {"Annotations.summary": _CUT_SUMMARY}
    cuts |= {f"Annotations.{name}": _CUT for name in annotations}
    values = " ".join(f"${alert}.{name}" for name in cuts)
    printed = f"""printf "{"".join(cuts.values())}" {values}"""
    return f"""(reReplaceAll "[<>&'\\"+]" "xxxxx" (reReplaceAll "[^ -~]" "x" ({printed})))"""
