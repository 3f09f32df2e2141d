"""The ASGI application, asked in process."""

import asyncio
import base64
import gzip
import hashlib
import re
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as text

from exporter.errors import ConfigError, Problem
from exporter.exposition.text import EMPTY, Exposition, Rendered
from exporter.state import Snapshot
from exporter.web.own_metrics import OwnMetrics
from exporter.web.server import web_app
from tests.facts import everything

PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)


@dataclass
class Served:
    """What the application serves."""

    rendered: Rendered = EMPTY
    snapshot: Snapshot = field(default_factory=dict)
    ready: bool = False
    problem: ConfigError | None = None
    reloads: int = 0
    polled: list[str | None] = field(default_factory=list)

    async def reload(self) -> None:
        self.reloads += 1
        if self.problem:
            raise self.problem

    def poll_now(self, name: str | None = None) -> int:
        self.polled.append(name)
        return {None: 5, "lenina": 1}.get(name, 0)


@pytest.fixture
def served() -> Served:
    return Served(Exposition().render(everything()), everything(), ready=True)


def ask(
    served: Served,
    path: str,
    method: str = "GET",
    headers: dict[str, str] | None = None,
    metrics_path: str = "/metrics",
    lifecycle: bool = False,
) -> httpx.Response:
    app = web_app(served, OwnMetrics(), metrics_path, lifecycle)

    async def asked() -> httpx.Response:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://exporter", headers={"Accept-Encoding": ""}
        ) as client:
            return await client.request(method, path, headers=headers)

    return asyncio.run(asked())


@pytest.mark.parametrize(
    ("accept", "content_type", "parse"),
    [
        pytest.param(None, "text/plain; version=0.0.4; charset=utf-8", text, id="nothing said"),
        pytest.param("text/html,*/*;q=0.8", "text/plain; version=0.0.4; charset=utf-8", text, id="browser"),
        pytest.param(
            PROMETHEUS, "application/openmetrics-text; version=1.0.0", openmetrics, id="Prometheus 3"
        ),
        pytest.param(
            "application/openmetrics-text", "application/openmetrics-text; ", openmetrics, id="OpenMetrics"
        ),
        pytest.param(
            "text/plain;version=0.0.4", "text/plain; version=0.0.4; charset=utf-8", text, id="text format"
        ),
    ],
)
def test_the_format_is_negotiated(
    served: Served, accept: str | None, content_type: str, parse: Callable[[str], object]
) -> None:
    """The Accept header decides between text and OpenMetrics, and either is what its parser expects."""
    answer = ask(served, "/metrics", headers={"Accept": accept} if accept else {})

    families = {family.name: family for family in parse(answer.text)}  # type: ignore[attr-defined]  # the library has no types
    assert answer.headers["Content-Type"].startswith(content_type)
    assert families["service_up"].samples
    assert families["exporter_build_info"].samples
    assert families["source_polls"].type == "counter"
    assert answer.text.endswith("# EOF\n") == (parse is openmetrics)
    assert "Accept" in answer.headers["Vary"]


def test_each_scrape_tells_the_time(served: Served) -> None:
    """`exporter_time_seconds` is the exporter's clock at that moment: between before and after, each time."""
    told = []
    for _ in range(2):
        before = time.time()
        families = {family.name: family for family in text(ask(served, "/metrics").text)}
        told.append(families["exporter_time_seconds"].samples[0].value)
        assert before <= told[-1] <= time.time()
    assert told[0] < told[1]


@pytest.mark.parametrize(
    ("accept_encoding", "encoded"),
    [
        ("gzip", True),
        ("gzip, deflate, br", True),
        ("br;q=1.0, gzip;q=0.8", True),
        ("*", True),
        ("GZIP", True),
        ("gzip;q=0", False),
        ("gzip; q=0.0", False),
        ("identity", False),
        ("", False),
        ("deflate", False),
    ],
)
def test_gzip_only_when_asked(served: Served, accept_encoding: str, encoded: bool) -> None:
    """Compressed or not, the rendered text is the same."""
    answer = ask(served, "/metrics", headers={"Accept-Encoding": accept_encoding})

    assert (answer.headers.get("Content-Encoding") == "gzip") == encoded
    assert "# TYPE service_up gauge" in answer.text


def test_the_compressed_text_is_one_valid_gzip_file(served: Served) -> None:
    """What is put together from pieces satisfies the strictest reader, checksum and size included."""
    plain = served.rendered.bodies["text"].with_tail(b"tail\n")

    assert gzip.decompress(served.rendered.bodies["text"].gzipped_with_tail(b"tail\n")) == plain


def test_promtool_has_nothing_to_say(served: Served, promtool: Path) -> None:
    """Everything in /metrics, the exporter's own samples included, follows the rules of Prometheus."""
    body = ask(served, "/metrics").content

    checked = subprocess.run([promtool, "check", "metrics"], input=body, capture_output=True, check=False)

    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("HEAD", "/metrics", 200),
        ("HEAD", "/", 200),
        ("POST", "/metrics", 405),
        ("GET", "/-/healthy", 200),
        ("GET", "/-/reload", 405),
        ("POST", "/-/reload", 403),
        ("GET", "/favicon.ico", 404),
        ("GET", "/metrics/", 404),
        ("GET", "/-/healthy/", 404),
        ("GET", "/../etc/passwd", 404),
    ],
)
def test_each_path_has_its_methods(served: Served, method: str, path: str, status: int) -> None:
    """Unknown paths are 404, wrong methods 405, and reloading is forbidden unless allowed."""
    assert ask(served, path, method).status_code == status
    assert served.reloads == 0


def test_ready_follows_the_first_polls(served: Served) -> None:
    """/-/ready is 503 until the first polls are over; /-/healthy never depends on sources."""
    assert ask(served, "/-/ready").status_code == 200
    served.ready = False
    assert ask(served, "/-/ready").status_code == 503
    assert ask(served, "/-/healthy").status_code == 200


def test_a_reload_says_how_it_went(served: Served) -> None:
    """POST /-/reload answers with every problem, or that the configuration was loaded."""
    assert ask(served, "/-/reload", "POST", lifecycle=True).status_code == 200
    served.problem = ConfigError([Problem("consul[0].name", "missing"), Problem("x", "unknown key")])
    answer = ask(served, "/-/reload", "POST", lifecycle=True)

    assert answer.status_code == 500
    assert "consul[0].name: missing\nx: unknown key\n" in answer.text
    assert served.reloads == 2


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({}, 200, id="a program"),
        pytest.param({"Origin": "http://exporter"}, 200, id="our page, over HTTP"),
        pytest.param({"Origin": "HTTP://Exporter"}, 200, id="in any case"),
        pytest.param({"Sec-Fetch-Site": "same-origin", "Origin": "https://proxy"}, 200, id="our page"),
        pytest.param({"Sec-Fetch-Site": "none"}, 200, id="a person"),
        pytest.param({"Sec-Fetch-Site": "cross-site"}, 403, id="another site"),
        pytest.param({"Sec-Fetch-Site": "same-site"}, 403, id="a sister of ours"),
        pytest.param({"Sec-Fetch-Site": "?", "Origin": "http://exporter"}, 403, id="odd"),
        pytest.param({"Origin": "http://evil.example"}, 403, id="another site, over HTTP"),
        pytest.param({"Origin": "http://exporter:8080"}, 403, id="another port"),
        pytest.param({"Origin": "http://exporter.evil.example"}, 403, id="a name that begins alike"),
        pytest.param({"Origin": "null"}, 403, id="a page of no origin"),
        pytest.param({"Origin": ""}, 403, id="an empty origin"),
    ],
)
@pytest.mark.parametrize("path", ["/-/reload", "/-/poll"])
def test_pages_of_other_sites_cannot_make_us_work(
    served: Served, path: str, headers: dict[str, str], status: int
) -> None:
    """What a browser sends for a page of another site is refused before anything is done."""
    assert ask(served, path, "POST", headers, lifecycle=True).status_code == status
    assert served.reloads + len(served.polled) == (status == 200)


def test_no_redirect_leads_to_the_host_of_the_request(served: Served) -> None:
    """Whatever host a request names, no answer leads there."""
    for path in ("/metrics/", "/-/healthy/", "/-/reload/", "/nowhere/"):
        answer = ask(served, path, headers={"Host": "evil.example"})
        assert (answer.status_code, "Location" in answer.headers) == (404, False)


def test_the_page_speaks_the_reader_s_language_and_filters(served: Served) -> None:
    """As the browser asks; caches keep the languages apart."""
    answer = ask(served, "/?q=mail", headers={"Accept-Language": "ru-RU,ru;q=0.9"})

    assert answer.headers["Content-Language"] == "ru"
    assert answer.headers["Vary"] == "Accept-Language"
    assert ">техработы<" in answer.text
    assert 'value="mail"' in answer.text
    assert ask(served, "/").headers["Content-Language"] == "en"


def test_the_page_trusts_nothing_but_itself(served: Served) -> None:
    """The page's policy allows no script but its own, no frame around it, and nothing from elsewhere."""
    answer = ask(served, "/")

    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    (ours,) = re.findall(r"<script>(.*?)</script>", answer.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(ours.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}';" in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"


def test_the_metrics_may_have_any_path(served: Served) -> None:
    """With another path /metrics is not there; under / they take the page's place."""
    assert ask(served, "/metrics", metrics_path="/status").status_code == 404
    assert "service_up" in ask(served, "/status", metrics_path="/status").text
    assert "# TYPE service_up" in ask(served, "/", metrics_path="/").text
    assert 'href="/status"' in ask(served, "/", metrics_path="/status").text


@pytest.mark.parametrize(
    ("query", "status", "text", "polled"),
    [
        ("", 200, "Sources polled now: 5.", [None]),
        ("?source=lenina", 200, "Sources polled now: 1.", ["lenina"]),
        ("?source=nobody", 404, "No source has this name.", ["nobody"]),
    ],
)
def test_sources_are_polled_on_request(
    served: Served, query: str, status: int, text: str, polled: list[str | None]
) -> None:
    """POST /-/poll polls all sources or the one named, and says so when there is none."""
    answer = ask(served, f"/-/poll{query}", "POST", lifecycle=True)

    assert (answer.status_code, answer.text, served.polled) == (status, f"{text}\n", polled)
    assert ask(served, f"/-/poll{query}", lifecycle=True).status_code == 405


def test_polling_on_request_can_be_off(served: Served) -> None:
    """Without --web.enable-lifecycle nobody can make us poll, and the page has no button for it."""
    assert ask(served, "/-/poll", "POST").status_code == 403
    assert "check now" not in ask(served, "/").text
    assert served.polled == []


def test_the_page_has_a_button_to_poll(served: Served) -> None:
    """A browser that presses it comes back to the page."""
    html = ask(served, "/", lifecycle=True).text
    browser = ask(served, "/-/poll?source=lenina", "POST", {"Accept": "text/html,*/*"}, lifecycle=True)

    assert '<form method="post" action="/-/poll?source=lenina">' in html
    assert (browser.status_code, browser.headers["Location"], served.polled) == (303, "/", ["lenina"])
