"""Queries of the dashboard Exporter: is the monitoring itself well?"""

from dashboards.queries.promql import MINUTES_24H, alerts, firing

SOURCE = "source, kind"
SELECTED = 'kind=~"$kind"'
KINDS = "label_values(source_interval_seconds, kind)"
FIRING, ALERTS = firing('service="",connection=""'), alerts('service="",connection=""')

TABLE_ROWS = 200
REFUSALS = "unauthorized|payment_required|forbidden"
EXPORTERS = "exporter_build_info"
_IS_EXPORTER = f"on (job, instance) {EXPORTERS}"
_WAS_EXPORTER = f"on (job, instance) last_over_time({EXPORTERS}[24h])"


def _each(metric: str) -> str:
    return f"max by ({SOURCE}) ({metric}{{{SELECTED}}})"


def sources_up() -> str:
    """Sources whose latest poll gave an answer."""
    return f"sum({_each('source_up')}) or vector(0)"


def sources_down() -> str:
    """Sources whose latest poll failed."""
    return f"sum(1 - {_each('source_up')}) or vector(0)"


def stale_sources() -> str:
    """Sources whose data is too old to be shown."""
    return f"count({age()} > {_each('source_stale_after_seconds')}) or vector(0)"


def age() -> str:
    """Seconds since each source was last polled successfully, of a connection since it was last checked."""
    return f"(time() - {_latest()})"


def _latest() -> str:
    checked = _as_source(f"connection_last_checked_timestamp_seconds{{{SELECTED}}}")
    return f"max by ({SOURCE}) (source_last_success_timestamp_seconds{{{SELECTED}}} or {checked})"


def _as_source(connections: str) -> str:
    """Series of connections with the labels of sources."""
    return f'label_replace({connections}, "source", "$1", "connection", "(.*)")'


def oldest_age() -> str:
    """Age of the oldest data."""
    return f"max({age()})"


def exporters_down() -> str:
    """Exporters that Prometheus can't scrape."""
    return f"sum(1 - (up and {_WAS_EXPORTER})) or vector(0)"


def reload_ok() -> str:
    """1 if every exporter uses the configuration as it is now."""
    return "min(exporter_config_last_reload_successful)"


def coverage_24h() -> str:
    """How much of 24 hours has data, in percent, over services and connections."""
    return f"100 * ({_known('24h')}) / {MINUTES_24H}"


def coverage() -> str:
    """How much of each window has data, in percent."""
    return f"100 * ({_known('$__interval')}) * 60000 / $__interval_ms"


def _known(window: str) -> str:
    services = f"count_over_time(datacenter:service_status:count[{window}])"
    connections = f"count_over_time(kind:connection_status:count[{window}])"
    return (
        f'label_replace({services}, "what", "$1", "datacenter", "(.*)")'
        f' or label_replace({connections}, "what", "$1", "kind", "(.*)")'
    )


def source_state() -> str:
    """1 up, 0 down: the rows of the table of sources, those that are down first."""
    return f"bottomk({TABLE_ROWS}, {_each('source_up')})"


def last_success_ms() -> str:
    """When each source was last polled successfully."""
    return f"max by (source) (1000 * {_latest()})"


def interval() -> str:
    """The configured time between two polls."""
    return f"max by (source) (source_interval_seconds{{{SELECTED}}})"


def freshness() -> str:
    """Age of the data in percent of the age at which it leaves /metrics."""
    return f"max by (source) (100 * {age()} / {_each('source_stale_after_seconds')})"


def mean_poll_seconds() -> str:
    """How long a poll took on average in 24 hours."""
    total = f'rate(source_poll_duration_seconds_sum{{{SELECTED},source!=""}}[24h])'
    polls = f'rate(source_poll_duration_seconds_count{{{SELECTED},source!=""}}[24h])'
    checks = _as_source(f"avg_over_time(connection_check_duration_seconds{{{SELECTED}}}[24h])")
    return f"sum by (source) ({total}) / (sum by (source) ({polls}) > 0) or max by (source) ({checks})"


def failures_24h() -> str:
    """Failed polls of each source in 24 hours."""
    return f"round(sum by (source) ({_failed('24h')}))"


def rejected_24h() -> str:
    """Rejected records of each source in 24 hours."""
    return f"round(sum by (source) (increase(source_records_rejected_total{{{SELECTED}}}[24h])))"


def failures() -> str:
    """Failed polls in each window, by reason."""
    return f"round(sum by (reason) ({_failed('$__interval')})) > 0"


def _failed(window: str) -> str:
    """Failed polls of each source by reason; a refusal of a connection's token is an answer."""
    checks = f'connection_check_failures_total{{{SELECTED},reason!~"{REFUSALS}"}}'
    return (
        f"max by ({SOURCE}, reason) (increase(source_poll_failures_total{{{SELECTED}}}[{window}])"
        f" or {_as_source(f'increase({checks}[{window}])')})"
    )


def rejected() -> str:
    """Rejected records in each window, by reason."""
    return f"round(sum by (reason) (increase(source_records_rejected_total{{{SELECTED}}}[$__interval]))) > 0"


def poll_seconds(quantile: float) -> str:
    """Quantile of the duration of polls, by kind."""
    buckets = f"sum by (kind, le) (rate(source_poll_duration_seconds_bucket{{{SELECTED}}}[$__interval]))"
    return f"histogram_quantile({quantile}, {buckets})"


def ages() -> str:
    """Age of the oldest data of each kind."""
    return f"max by (kind) ({age()})"


def of_exporter(metric: str) -> str:
    """A metric about the exporter's process, whatever its job is called."""
    return f"{metric} and {_IS_EXPORTER}"


def cpu() -> str:
    """Part of one processor that is used."""
    return f"rate(process_cpu_seconds_total[$__rate_interval]) and {_IS_EXPORTER}"


def versions() -> str:
    """Version of each exporter, in the label `version`."""
    return f"group by (instance, version, python_version) ({EXPORTERS})"


def reload_ms() -> str:
    """When the configuration of each exporter was last loaded."""
    return "max by (instance) (1000 * exporter_config_last_reload_success_timestamp_seconds)"


def series() -> str:
    """Series of each exporter."""
    return "max by (instance) (exporter_series)"
