"""The HTTP server: /metrics, the health endpoints, reload, and a page for people."""
