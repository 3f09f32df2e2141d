"""PromQL of the dashboards, one module each; names of metrics and labels only here and in rules/."""
