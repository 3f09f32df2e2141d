"""The generator of the dashboards."""
