"""The example configuration of Alertmanager delivers: every alert, by every receiver, in every language."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from languages import LANGUAGES
from tests.alerts.receivers import Mailbox, mailbox
from tests.alerts.test_rules import ROOT, alerts
from tests.conftest import StartAlertmanager, binary
from tests.real.process import wait_for

FOLDER = ROOT / "alertmanager"
CONFIG = FOLDER / "alertmanager.yml"
SECRETS = {
    "smtp-password": "pa55",
    "telegram-token": "123:t0ken",
    "telegram-chat": "-42",
    "slack-url": "",
    "webhook-url": "",
}
LABELS = {
    "datacenter": "dc1",
    "service": "web<1>",
    "service_id": "web-1",
    "node": "n1",
    "source": "main",
    "kind": "evotor",
    "connection": "shop",
    "instance": "e:1",
    "reason": "malformed",
}


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mailbox() as box:
        yield box


def here(text: str, language: str, folder: Path, box: Mailbox) -> dict[str, Any]:
    """The example with its secrets and addresses on this machine, and without its waits."""
    secrets = SECRETS | {"slack-url": f"{box.web}/slack", "webhook-url": f"{box.web}/webhook"}
    for name, secret in secrets.items():
        (folder / name).write_text(secret)
    text = text.replace("/etc/alertmanager/secrets/", f"{folder}/").replace(
        "templates/", f"{FOLDER}/templates/"
    )
    text = re.sub(r"group_wait: \w+", "group_wait: 100ms", text.replace("en.tmpl", f"{language}.tmpl"))
    config: dict[str, Any] = yaml.safe_load(text)
    config["global"] |= {"smtp_smarthost": box.smtp, "smtp_require_tls": False, "telegram_api_url": box.web}
    return config


def example(alert: dict[str, Any], **more: str) -> dict[str, Any]:
    """An alert of this rule, as Prometheus would send it."""
    annotations = {name: f"{alert['alert']} {name}" for name in ("summary", "description")}
    links = dict.fromkeys(("runbook_url", "dashboard_url"), f"http://links.example/{alert['alert']}")
    return {
        "labels": {"alertname": alert["alert"], **alert["labels"], **LABELS, **more},
        "annotations": annotations | links,
    }


def test_amtool_finds_nothing_wrong_with_the_example() -> None:
    """The example as it lies there is valid, templates included."""
    done = subprocess.run([binary("amtool"), "check-config", CONFIG], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 templates" in done.stdout


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_alert_arrives_at_each_receiver_of_its_severity(
    start_alertmanager: StartAlertmanager, box: Mailbox, tmp_path: Path, language: str
) -> None:
    """Critical ones by Telegram, mail and webhook, warnings by Slack, the rest by mail; each in one sentence of the language."""
    config = here(CONFIG.read_text(), language, tmp_path, box) | {"inhibit_rules": []}
    alertmanager = start_alertmanager(config)
    rules = list(alerts())
    alertmanager.post_alerts([example(alert) for alert in rules])
    by = {
        word: {a["alert"] for a in rules if a["labels"]["severity"] == word}
        for word in ("critical", "warning", "info")
    }
    wait_for(lambda: len(box.posts) == 2 * len(by["critical"]) + len(by["warning"]), what="the posts")
    wait_for(lambda: len(box.mails) == len(by["critical"] | by["info"]), what="the mails")
    telegrams = {post["text"] for post in box.under("/bot123:t0ken/sendMessage")}
    slacks = {post["attachments"][0]["title"] for post in box.under("/slack")}
    subjects = {str(mail["Subject"]) for mail in box.mails}
    assert {post["alerts"][0]["labels"]["alertname"] for post in box.under("/webhook")} == by["critical"]
    assert set(box.logins) == {"\0status@example.com\0pa55"}
    for name in by["critical"]:
        assert any(f"links.example/{name}" in text for text in telegrams), name
    sentences = {*telegrams, *slacks, *subjects}
    assert len(sentences) == 2 * len(by["critical"]) + len(by["warning"]) + len(by["info"]), (
        "two alerts say the same"
    )
    english = [text for text in sentences if " summary" in text]
    assert len(english) == (0 if LANGUAGES[language].alerts else len(sentences)), english
    assert not [text for text in sentences if "<no value>" in text or "{{" in text]


def test_a_message_on_a_phone_starts_with_what_and_where(
    start_alertmanager: StartAlertmanager, box: Mailbox, tmp_path: Path
) -> None:
    """The first line says it all; names are shown as they are, in mail and chat; a long list is cut short."""
    alertmanager = start_alertmanager(here(CONFIG.read_text(), "ru", tmp_path, box))
    critical = next(alert for alert in alerts() if alert["alert"] == "ServiceCritical")
    alertmanager.post_alerts([example(critical, service=f"web<{number:02}>") for number in range(20)])
    wait_for(lambda: box.under("/bot123:t0ken/sendMessage") and box.mails, what="a message")
    text = box.under("/bot123:t0ken/sendMessage")[0]["text"]
    assert text.startswith("<b>🔴 Сервис web&lt;00&gt; (dc1) не работает. (+19)</b>\n")
    assert text.count("Сервис web") == 1 + 8
    assert text.rstrip().endswith("и ещё 12")
    (mail,) = box.mails
    assert mail["Subject"] == "🔴 Сервис web<00> (dc1) не работает. (+19)"
    assert mail["To"] == "on-call@example.com"
    html = mail.get_body(("html",))
    assert html is not None
    assert "Сервис web&lt;19&gt; (dc1) не работает." in html.get_content()


@pytest.mark.parametrize(
    ("source", "targets", "apart"),
    [
        ("ConsulPollFailing", ["ConsulDataStale"], {"source": "other"}),
        (
            "ConsulDataStale",
            [
                alert["alert"]
                for alert in alerts()
                if alert["alert"].startswith(("ServiceC", "ServiceD", "ServiceF"))
            ],
            {"datacenter": "dc2"},
        ),
        ("ServiceCritical", ["ServiceInstanceCritical"], {"service": "db"}),
        (
            "StatusLabelsOverwritten",
            [a["alert"] for a in alerts() if a["alert"].startswith(("Service", "Connection", "Consul"))],
            {},
        ),
        ("ConnectionKindUnreachable", ["ConnectionUnreachable"], {"kind": "http"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_explains_others_silences_them_and_no_more(
    start_alertmanager: StartAlertmanager,
    box: Mailbox,
    tmp_path: Path,
    source: str,
    targets: list[str],
    apart: dict[str, str],
) -> None:
    """An alert inhibits those it explains at the same place, leaves the same ones elsewhere alone, and all others."""
    alertmanager = start_alertmanager(here(CONFIG.read_text(), "en", tmp_path, box))
    by_name = {alert["alert"]: alert for alert in alerts()}
    told = [
        by_name[source],
        *(alert for name, alert in by_name.items() if name in targets or "Exporter" in name),
    ]
    elsewhere = [example(by_name[name], **apart) for name in targets if apart]
    alertmanager.post_alerts([example(alert) for alert in told] + elsewhere)
    wait_for(lambda: len(alertmanager.alerts()) == len(told) + len(elsewhere), what="the alerts")
    wait_for(
        lambda: all(alert["status"]["state"] != "unprocessed" for alert in alertmanager.alerts()),
        what="their states",
    )
    silent = {
        (alert["labels"]["alertname"], all(alert["labels"][name] != value for name, value in apart.items()))
        for alert in alertmanager.alerts()
        if alert["status"]["inhibitedBy"]
    }
    assert silent == {(name, True) for name in targets}
