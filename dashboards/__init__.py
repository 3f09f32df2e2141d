"""Builds the Grafana dashboards: `python -m dashboards` writes grafana/dashboards/<language>/<uid>.json.

look.py       colours, states, widths, icons: the look and feel
queries/      PromQL, one module per dashboard
history.py    the bars inside a table cell: their PromQL, their numbers, their HTML
grafana.py    Grafana's JSON: targets, panels, variables, dashboards
table.py      tables: columns, joins, overrides
panels.py     the kinds of panel that several dashboards use
pages/        one module per dashboard, one function per panel

The words are those of the package `languages`.
"""
