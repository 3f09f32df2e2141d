"""Real Consul, Prometheus and Alertmanager, started for a test on free ports and stopped after it."""

from tests.real.alertmanager import Alertmanager
from tests.real.consul import ConsulAgent
from tests.real.process import NotStarted
from tests.real.prometheus import Prometheus

__all__ = ["Alertmanager", "ConsulAgent", "NotStarted", "Prometheus"]
