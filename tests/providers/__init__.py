"""Connections taken from where they live: files, HTTP, SQL."""
