"""A real Alertmanager."""

from typing import Any

from tests.real.http import request
from tests.real.server import Server

Alert = dict[str, Any]


class Alertmanager(Server):
    """One Alertmanager, a cluster of its own."""

    name = "alertmanager"

    def _flags(self) -> list[str]:
        return [*super()._flags(), f"--storage.path={self.data_dir}", "--cluster.listen-address="]

    def post_alerts(self, alerts: list[Alert]) -> None:
        """Hand over alerts as Prometheus does: items with `labels` and `annotations`."""
        headers = {"Content-Type": "application/json"}
        request("POST", f"{self.url}/api/v2/alerts", alerts, headers).expect()

    def alerts(self) -> list[Alert]:
        """Every alert known, silenced and inhibited ones included."""
        alerts: list[Alert] = request("GET", f"{self.url}/api/v2/alerts").expect().json()
        return alerts
