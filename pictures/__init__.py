"""Draws the dashboards whole, as Grafana draws them, and judges what is seen.

A world's 24 hours go into a real Prometheus (`stage`), Grafana's published components draw each dashboard from it
in a headless Chromium (`driver/`, `page/`, `look/`), and what was seen is held against what must be (`judge`).
"""
