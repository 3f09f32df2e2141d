"""Builds the Grafana dashboards: `python -m dashboards` writes grafana/{dashboards,import}/<language>/<uid>.json.

look.py       colours, states, widths, icons: the look and feel
queries/      PromQL, one module per dashboard
history.py    the bars inside a table cell: their PromQL, their numbers, their HTML
grafana.py    Grafana's JSON: targets, panels, dashboards
variables.py  what can be chosen above a dashboard
layout.py     where panels stand
table.py      tables: joins, overrides
columns.py    the kinds of column that several tables use
panels.py     the kinds of panel that several dashboards use
importing.py  the form that Grafana's import dialog wants
pages/        one module per dashboard, one function per panel; page.py holds what all have

The words are those of the package `languages`.
"""
