"""Every metric of the core, declared once; a kind of connection declares its own beside its check.

The README's table, the dashboards and the rules are tested against these declarations.
"""

from exporter.model import Metric

SERVICE = ("datacenter", "service", "service_id", "node")
CONNECTION = ("connection", "kind")
SOURCE = ("source", "kind")

SERVICE_UP = Metric(
    "service_up",
    "gauge",
    "1 while Consul would route to the instance (passing or warning), else 0; from the latest poll of /v1/health/state/any.",
    SERVICE,
)
SERVICE_STATUS = Metric(
    "service_status",
    "gauge",
    "1 for the current status of the instance, 0 for the others: the worst of its own and its node's checks in the latest poll of Consul.",
    (*SERVICE, "status"),
)
SERVICE_CHECKS = Metric(
    "service_checks",
    "gauge",
    "Number of the instance's checks in each status, its node's checks included, in the latest poll of Consul.",
    (*SERVICE, "status"),
)
SERVICE_UNCHECKED = Metric(
    "service_unchecked",
    "gauge",
    "Always 1, for an instance without a check of its own: Consul takes it for passing while its node is; absent for all others.",
    SERVICE,
)
SERVICE_STATUS_CHANGES = Metric(
    "service_status_changes_total",
    "counter",
    "Status changes seen between polls since the instance appeared; what changes and returns between two polls is not seen.",
    SERVICE,
)
SERVICE_STATUS_SINCE = Metric(
    "service_status_since_timestamp_seconds",
    "gauge",
    "Unix time of the poll that first saw the current status.",
    SERVICE,
)
SERVICE_LAST_CHECKED = Metric(
    "service_last_checked_timestamp_seconds",
    "gauge",
    "Unix time of the latest answer of Consul with the status.",
    SERVICE,
)
SERVICE_INFO = Metric(
    "service_info",
    "gauge",
    "Always 1; address, port, URL, tags, kind (connect-proxy, mesh-gateway, …; of most services empty), the configured meta keys, and ports of instances that have several, from /v1/health/service/<name>; tags begin, are parted and end with commas, so that tags=~'.*,prod,.*' matches one.",
    (*SERVICE, "address", "port", "url", "tags", "kind"),
)
SERVICE_CHECK_STATUS = Metric(
    "service_check_status",
    "gauge",
    "1 for the current status of one check of the instance, 0 for the others; only with detail: check.",
    (*SERVICE, "check_id", "check_name", "status"),
)

NODE_STATUS = Metric(
    "consul_node_status",
    "gauge",
    "1 for the current status of the node, 0 for the others: the worst of its own checks (serfHealth and the like) in the latest poll of Consul; only nodes with instances that are shown.",
    ("datacenter", "node", "status"),
)

CONNECTION_ONLINE = Metric(
    "connection_online",
    "gauge",
    "1 if the API accepted the token in the latest check, else 0.",
    CONNECTION,
)
CONNECTION_STATUS = Metric(
    "connection_status",
    "gauge",
    "1 for the status of the latest check, 0 for the others: online (accepted), offline (refused), unreachable (no answer about the token), not_connected (no token).",
    (*CONNECTION, "status"),
)
CONNECTION_STATUS_CHANGES = Metric(
    "connection_status_changes_total",
    "counter",
    "Status changes seen between checks since the connection was configured or the exporter started.",
    CONNECTION,
)
CONNECTION_STATUS_SINCE = Metric(
    "connection_status_since_timestamp_seconds",
    "gauge",
    "Unix time of the check that first saw the current status.",
    CONNECTION,
)
CONNECTION_LAST_CHECKED = Metric(
    "connection_last_checked_timestamp_seconds",
    "gauge",
    "Unix time of the latest check.",
    CONNECTION,
)
CONNECTION_LAST_ONLINE = Metric(
    "connection_last_online_timestamp_seconds",
    "gauge",
    "Unix time of the latest check in which the API accepted the token; absent before the first.",
    CONNECTION,
)
CONNECTION_CHECK_DURATION = Metric(
    "connection_check_duration_seconds",
    "gauge",
    "How long the latest check took.",
    CONNECTION,
)
CONNECTION_CHECKS = Metric(
    "connection_checks_total",
    "counter",
    "Checks made.",
    CONNECTION,
)
CONNECTION_CHECK_FAILURES = Metric(
    "connection_check_failures_total",
    "counter",
    "Checks in which the API did not accept the token, by reason; a new reason is 0 for a minute, so that its first failure is an increase.",
    (*CONNECTION, "reason"),
)
CONNECTION_LAST_FAILURE = Metric(
    "connection_last_failure_info",
    "gauge",
    "Always 1; the reason of the latest failed check, absent before the first failure.",
    (*CONNECTION, "reason"),
)
CONNECTION_TOKEN_EXPIRY = Metric(
    "connection_token_expiry_timestamp_seconds",
    "gauge",
    "Unix time at which the token ends, where that is known: from a JWT's exp, which is not verified, or as the API said.",
    CONNECTION,
)
CONNECTION_TLS_EXPIRY = Metric(
    "connection_tls_expiry_timestamp_seconds",
    "gauge",
    "Unix time at which the first certificate ends that the API's server showed in the latest check; before Python 3.13 only the server's own.",
    CONNECTION,
)
CONNECTION_INFO = Metric(
    "connection_info",
    "gauge",
    "Always 1; how to show the connection, the host that is asked, and where to connect (no token, or a refused one) or disconnect it (token present).",
    (*CONNECTION, "name", "details", "icon", "connect_url", "disconnect_url", "host"),
)

SOURCE_UP = Metric(
    "source_up",
    "gauge",
    "1 if the latest poll of the source gave an answer, else 0; for a connection, 0 means unreachable.",
    SOURCE,
)
SOURCE_POLLS = Metric(
    "source_polls_total",
    "counter",
    "Polls made of the source; of connections see connection_checks_total.",
    SOURCE,
)
SOURCE_POLL_FAILURES = Metric(
    "source_poll_failures_total",
    "counter",
    "Polls of the source that failed, by reason; of connections see connection_check_failures_total.",
    (*SOURCE, "reason"),
)
SOURCE_POLL_DURATION = Metric(
    "source_poll_duration_seconds",
    "histogram",
    "How long polls of the source took, failed ones included; of connections all of a kind together, without the label source.",
    SOURCE,
)
SOURCE_RECEIVED = Metric(
    "source_bytes_received_total",
    "counter",
    "Bytes of the answers to polls and to watching, as they came, compressed or not, without their headers.",
    SOURCE,
)
SOURCE_WAKEUPS = Metric(
    "source_watch_wakeups_total",
    "counter",
    "How often the source reported a change, so that a poll was made before its time; 0 without watch.",
    SOURCE,
)
SOURCE_LAST_SUCCESS = Metric(
    "source_last_success_timestamp_seconds",
    "gauge",
    "Unix time of the latest poll that succeeded; absent before the first, and for connections (connection_last_checked_timestamp_seconds).",
    SOURCE,
)
SOURCE_DATACENTER_LAST_SUCCESS = Metric(
    "source_datacenter_last_success_timestamp_seconds",
    "gauge",
    "Unix time of the latest poll in which this datacenter answered; absent before the first.",
    (*SOURCE, "datacenter"),
)
SOURCE_INTERVAL = Metric(
    "source_interval_seconds",
    "gauge",
    "The configured time between two polls of the source.",
    SOURCE,
)
SOURCE_STALE_AFTER = Metric(
    "source_stale_after_seconds",
    "gauge",
    "The configured age at which what the source said leaves /metrics; not of connections, of which it usually is three intervals.",
    SOURCE,
)
SOURCE_REJECTED = Metric(
    "source_records_rejected_total",
    "counter",
    "Records of the source's answers that could not be used, by reason.",
    (*SOURCE, "reason"),
)
PROVIDER_CONNECTIONS = Metric(
    "provider_connections",
    "gauge",
    "Connections of the provider's latest list that are polled; those that others list too, or that can't be used, are not.",
    SOURCE,
)

HOST_REQUEST_LIMIT = Metric(
    "connection_host_request_limit",
    "gauge",
    "Requests that may be under way to a host of connections at once, as it adapts to what is due and to what the host bears; absent while there is nothing to adapt.",
    ("host",),
)
HOST_DELAY = Metric(
    "connection_host_delay_intervals",
    "gauge",
    "How late the check is that has waited longest for its turn at the host, in units of its interval; at 2 its connection is stale, if stale_after is 3 intervals.",
    ("host",),
)
BUILD_INFO = Metric(
    "exporter_build_info",
    "gauge",
    "Always 1; the version of the exporter and of Python.",
    ("version", "python_version"),
)
CONFIG_RELOAD_OK = Metric(
    "exporter_config_last_reload_successful",
    "gauge",
    "1 if the latest load of the configuration succeeded, else 0 and the one before stays in force.",
)
CONFIG_RELOAD_TIME = Metric(
    "exporter_config_last_reload_success_timestamp_seconds",
    "gauge",
    "Unix time of the latest successful load of the configuration.",
)
TIME = Metric(
    "exporter_time_seconds",
    "gauge",
    "Unix time by the exporter's clock at the moment of the scrape: what all other times are to be compared with.",
)
SERIES = Metric(
    "exporter_series",
    "gauge",
    "Number of series in /metrics, without the exporter's own process_* and python_*.",
)
EXPOSITION_SIZE = Metric(
    "exporter_exposition_size_bytes",
    "gauge",
    "Size of the rendered /metrics before compression.",
)
RENDER_DURATION = Metric(
    "exporter_render_duration_seconds",
    "gauge",
    "How long the latest rendering of /metrics took; a scrape only sends what was rendered.",
)

LABEL_VALUES_CUT = Metric(
    "exporter_label_values_cut",
    "gauge",
    "Label values in /metrics that are longer than --web.label-value-length-limit and cut, counted in each series.",
)

LONGEST_HOLD = Metric(
    "exporter_event_loop_longest_hold_seconds",
    "gauge",
    "The longest time within the last one to two minutes in which the event loop could serve nobody.",
)
LOG_DROPPED = Metric(
    "exporter_log_lines_dropped_total",
    "counter",
    "Log lines that were given up because nobody read standard error quickly enough.",
)

CORE: tuple[Metric, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Metric))
