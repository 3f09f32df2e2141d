"""The text of /metrics."""
