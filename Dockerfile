# syntax=docker/dockerfile:1

FROM python:3.11-slim-bookworm AS build
WORKDIR /src
# Nothing is installed but what requirements/ names, with the hashes that it names.
COPY requirements requirements
RUN python -m venv /opt/status-exporter \
    && /opt/status-exporter/bin/pip install --no-cache-dir --require-hashes --requirement requirements/runtime.txt \
    && python -m venv /opt/build \
    && /opt/build/bin/pip install --no-cache-dir --require-hashes --requirement requirements/build.txt
COPY pyproject.toml LICENSE README.md ./
COPY exporter exporter
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
    && /opt/status-exporter/bin/pip install --no-deps --no-index dist/*.whl

FROM python:3.11-slim-bookworm AS exporter
LABEL org.opencontainers.image.title="status-exporter" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.description="Prometheus exporter for Consul service health and customers' connections"
# The folder is for the state file and the demo's token files; nothing else is written.
RUN useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin status-exporter \
    && install -d -o status-exporter -g status-exporter -m 0700 /var/lib/status-exporter
COPY --from=build /opt/status-exporter /opt/status-exporter
ENV PATH=/opt/status-exporter/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001:10001
EXPOSE 10117
HEALTHCHECK --interval=30s --timeout=5s --start-period=15s CMD ["python", "-m", "exporter.healthcheck"]
ENTRYPOINT ["status-exporter"]

# With Prometheus' programs, to write the demo's past: docker compose --profile demo.
FROM exporter AS demo
COPY --from=prom/prometheus:v3.5.3 /bin/prometheus /bin/promtool /usr/local/bin/
USER root
RUN install -d -o nobody -g nogroup /prometheus
USER nobody

FROM exporter
