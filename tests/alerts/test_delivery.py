"""The example configuration of Alertmanager delivers: every alert, by every receiver, in every language."""

import html
import re
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml

from languages import LANGUAGES
from tests.alerts.receivers import Mailbox, mailbox
from tests.alerts.test_rules import ROOT, alerts, severity
from tests.conftest import StartAlertmanager, binary
from tests.real import Alertmanager
from tests.real.process import wait_for

FOLDER = ROOT / "alertmanager"
CONFIG = FOLDER / "alertmanager.yml"
SECRETS = {
    "smtp-password": "pa55",
    "telegram-token": "123:t0ken",
    "telegram-chat": "-42",
    "slack-url": "/slack",
    "webhook-url": "/webhook",
    "heartbeat-url": "/heartbeat",
}
LABELS = {
    "datacenter": "dc1",
    "service": "web<1>",
    "node": "n1",
    "source": "main",
    "kind": "evotor",
    "connection": "shop",
    "host": "api.example",
    "instance": "e:1",
    "reason": "malformed",
}
FACTS = {
    "value": "3",
    "total": "5",
    "names": "web-1 (n1), web-2 (n2)",
    "reason": "tls",
    "age": "10m 0s",
    "share": "97%",
}
RULES = {alert["alert"]: alert for alert in alerts()}
TELEGRAM = "/bot123:t0ken/sendMessage"


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mailbox() as box:
        yield box


def here(text: str, language: str, folder: Path, box: Mailbox) -> dict[str, Any]:
    """The example with its secrets and addresses on this machine, and without its waits."""
    for name, secret in SECRETS.items():
        (folder / name).write_text(f"{box.web}{secret}" if secret.startswith("/") else secret)
    text = text.replace("/etc/alertmanager/secrets/", f"{folder}/").replace(
        "templates/", f"{FOLDER}/templates/"
    )
    text = re.sub(r"group_wait: \w+", "group_wait: 100ms", text.replace("en.tmpl", f"{language}.tmpl"))
    config: dict[str, Any] = yaml.safe_load(text)
    config["global"] |= {"smtp_smarthost": box.smtp, "smtp_require_tls": False, "telegram_api_url": box.web}
    return config


def example(
    alert: str, begun: datetime | None = None, over: datetime | None = None, **more: str
) -> dict[str, Any]:
    """An alert of this rule, as Prometheus would send it."""
    annotations = {name: f"{alert} {name}" for name in ("summary", "description")}
    links = dict.fromkeys(("runbook_url", "dashboard_url"), f"http://links.example/{alert}")
    times = {"startsAt": begun, "endsAt": over}
    return {
        "labels": {"alertname": alert, "severity": severity(RULES[alert]), **LABELS, **more},
        "annotations": annotations | links | FACTS,
    } | {name: time.isoformat() for name, time in times.items() if time}


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
    alertmanager.post_alerts([example(name) for name in RULES])
    by = {
        word: {name for name, rule in RULES.items() if severity(rule) == word}
        for word in ("critical", "warning", "info", "none")
    }
    posts = 2 * len(by["critical"]) + len(by["warning"]) + len(by["none"])
    wait_for(lambda: len(box.posts) >= posts, what="the posts")
    wait_for(lambda: len(box.mails) == len(by["critical"] | by["info"]), what="the mails")
    telegrams = {post["text"] for post in box.under(TELEGRAM)}
    slacks = {post["attachments"][0]["title"] for post in box.under("/slack")}
    subjects = {str(mail["Subject"]) for mail in box.mails}
    assert {post["alerts"][0]["labels"]["alertname"] for post in box.under("/webhook")} == by["critical"]
    assert {post["alerts"][0]["labels"]["alertname"] for post in box.under("/heartbeat")} == by["none"]
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


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_end_is_told_as_one(
    start_alertmanager: StartAlertmanager, box: Mailbox, tmp_path: Path, language: str
) -> None:
    """No end reads as an outage: each alert has a sentence of its own for it."""
    config = here(CONFIG.read_text(), language, tmp_path, box) | {"inhibit_rules": []}
    config["route"] = {
        "receiver": "warning",
        "group_by": ["alertname"],
        "group_wait": "100ms",
        "group_interval": "1s",
    }
    alertmanager = start_alertmanager(config)
    told = [name for name, rule in RULES.items() if severity(rule) != "none"]
    alertmanager.post_alerts([example(name) for name in told])
    wait_for(lambda: len(box.under("/slack")) == len(told), what="the begins")
    begins = {post["attachments"][0]["title"] for post in box.under("/slack")}
    box.posts.clear()
    alertmanager.post_alerts([example(name, over=datetime.now(UTC)) for name in told])
    wait_for(lambda: len(box.under("/slack")) == len(told), what="the ends")
    ends = {post["attachments"][0]["title"] for post in box.under("/slack")}
    assert len(ends) == len(told)
    assert all(end.startswith("✅ ") and " summary" not in end for end in ends)
    assert not {end[2:] for end in ends} & {begin[2:] for begin in begins}


def test_a_message_on_a_phone_starts_with_what_is_new(
    start_alertmanager: StartAlertmanager, box: Mailbox, tmp_path: Path
) -> None:
    """The title names the newest, the first lines tell of it; older ones follow, names are shown as they are, facts with them."""
    text = CONFIG.read_text().replace("group_interval: 30s", "group_interval: 1s")
    alertmanager = start_alertmanager(here(text, "ru", tmp_path, box))
    now = datetime.now(UTC)
    begun = {f"web<{number:02}>": now - timedelta(minutes=abs(number - 7)) for number in range(20)}
    alertmanager.post_alerts([example("ServiceCritical", at, service=name) for name, at in begun.items()])
    wait_for(lambda: _titled(box, "(+19)") and _mailed(box, "(+19)"), what="a message")
    text = _titled(box, "(+19)")[-1]
    first, _, second, since, *_ = text.splitlines()
    assert first == "<b>🔴 Сервис web&lt;07&gt; (dc1) не работает. (+19)</b>"
    assert (
        second
        == "Все экземпляры, кроме обслуживаемых, в аварии: 3 экземпляров из 5. web-1 (n1), web-2 (n2). Причина: tls."
    )
    assert since.startswith("С ")
    named = [int(number) for number in re.findall(r"Сервис web&lt;(\d+)", text)]
    assert named == sorted(range(20), key=lambda number: (abs(number - 7), number))[: len(named)]
    assert re.search(rf"и ещё {20 - len(named)}$", text.rstrip())
    mail = _mailed(box, "(+19)")[-1]
    assert mail["Subject"] == "🔴 Сервис web<07> (dc1) не работает. (+19)"
    assert mail["To"] == "on-call@example.com"
    html = mail.get_body(("html",))
    assert html is not None
    assert "Сервис web&lt;19&gt; (dc1) не работает." in html.get_content()


def test_what_joins_a_message_later_is_told_soon_and_what_is_over_stands_apart(
    start_alertmanager: StartAlertmanager, box: Mailbox, tmp_path: Path
) -> None:
    """While one service is down, a new one is the title of the next message; an end is a title of its own, and says what is left."""
    text = CONFIG.read_text()
    assert "group_interval: 30s" in text
    alertmanager = start_alertmanager(
        here(text.replace("group_interval: 30s", "group_interval: 1s"), "en", tmp_path, box)
    )
    before = datetime.now(UTC) - timedelta(minutes=5)
    down = {name: _named("ServiceCritical", name) for name in ("amr", "zoo", "hush")}
    alertmanager.post_alerts(
        [down["amr"] | {"startsAt": before.isoformat()}, down["zoo"] | {"startsAt": before.isoformat()}]
    )
    wait_for(lambda: _titled(box, "amr is down. (+1)"), what="the first message")
    alertmanager.post_alerts([down["hush"] | {"startsAt": datetime.now(UTC).isoformat()}])
    wait_for(lambda: _titled(box, "hush is down. (+2)"), what="the second message")
    alertmanager.post_alerts([down["amr"] | {"endsAt": datetime.now(UTC).isoformat()}])
    over = "✅ Service amr in dc1 is no longer down. Still firing: 2"
    wait_for(lambda: _titled(box, over), what="the third message")
    third = _titled(box, over)[-1]
    assert third.index("hush is down") < third.index("zoo is down") < third.rindex("✅ Service amr")
    assert third.count("✅ Service amr") == 2


def _titled(box: Mailbox, title: str) -> list[str]:
    """The chat messages whose first line has this in it, oldest first; alerts of one request may come in several messages."""
    return [post["text"] for post in box.under(TELEGRAM) if title in post["text"].splitlines()[0]]


def _mailed(box: Mailbox, subject: str) -> list[EmailMessage]:
    return [mail for mail in list(box.mails) if subject in mail["Subject"]]


def _named(alert: str, service: str) -> dict[str, Any]:
    made = example(alert, service=service)
    made["annotations"]["summary"] = f"{service} is down."
    return made


def test_times_are_in_the_zone_of_the_reader(
    start_alertmanager: StartAlertmanager, box: Mailbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Alertmanager's environment says which."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    alertmanager = start_alertmanager(here(CONFIG.read_text(), "en", tmp_path, box))
    alertmanager.post_alerts([example("ServiceCritical", datetime.now(UTC).replace(hour=0, minute=30))])
    wait_for(lambda: box.under(TELEGRAM), what="a message")
    assert " 09:30 JST" in box.under(TELEGRAM)[0]["text"]


class _Balanced(HTMLParser):
    """Telegram refuses HTML whose tags don't match."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


NAMES = {
    "usual": "checkout-api-{:04}",
    "long": "a-very-long-name-of-a-service-as-generators-write-them-with-region-and-tenant-and-all-{:04}",
    "odd": "<b>&\"'+сервис «х» & Söhne{:04}" + "<&\"'+>" * 8,
    "endless": "ж" * 250 + "{:04}",
}


@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_thousand_alerts_fit_into_every_message(
    start_alertmanager: StartAlertmanager, box: Mailbox, tmp_path: Path, language: str, names: str
) -> None:
    """No receiver refuses a message, however many alerts begin and end at once and whatever their names; the newest is in each."""
    config = here(
        CONFIG.read_text().replace("group_interval: 30s", "group_interval: 1s"), language, tmp_path, box
    )
    alertmanager = start_alertmanager(config)
    now = datetime.now(UTC)
    for status in ("begun", "over"):
        for alert in ("ServiceCritical", "ServiceWarning"):
            made = [
                _many(alert, names.format(number), now, number, status == "over" and number % 2 == 0)
                for number in range(1000)
            ]
            alertmanager.post_alerts(made)
        mark = "(+999)" if status == "begun" else "✅"
        _wait_for_messages(box, mark)
        assert box.refused == []
        for text in _texts(box, mark):
            assert names.format(999)[:60] in text or names.format(998)[:60] in text
        assert not [post for post in box.posts if "notification could not be sent" in str(post)]
        for post in box.under(TELEGRAM):
            parser = _Balanced()
            parser.feed(post["text"])
            assert parser.open == []
        box.posts.clear()
        box.mails.clear()


def _many(alert: str, name: str, now: datetime, number: int, over: bool) -> dict[str, Any]:
    begun = now - timedelta(seconds=2000 - number)
    made = example(alert, begun, now if over else None, service=name)
    facts = {
        "names": name,
        "summary": f"Service {name} in dc1 is down.",
        "description": "All instances are critical (3 of 3).",
    }
    made["annotations"] |= facts | {"dashboard_url": f"http://grafana.example/d/service?var-service={name}"}
    return made


def _wait_for_messages(box: Mailbox, mark: str) -> None:
    def arrived() -> bool:
        return len(_texts(box, mark)) >= 2 and bool(box.under("/webhook") and _mailed(box, mark))

    wait_for(lambda: box.refused or arrived(), what="a message by each way")


def _texts(box: Mailbox, mark: str) -> list[str]:
    """The latest message of each chat whose title has the mark, names as people read them."""
    telegrams = [html.unescape(text) for text in _titled(box, mark)]
    slacks = [post["attachments"][0] for post in box.under("/slack")]
    marked = [f"{shown['title']}\n{shown['text']}" for shown in slacks if mark in shown["title"]]
    return [*telegrams[-1:], *marked[-1:]]


def test_alerts_of_a_service_go_to_its_owners_in_their_hours(
    start_alertmanager: StartAlertmanager, box: Mailbox, tmp_path: Path
) -> None:
    """By the labels that the service's meta gives: a team's channel, nobody outside office hours, nobody during planned work."""
    config = here(CONFIG.read_text(), "en", tmp_path, box)
    always = {"times": [{"start_time": "00:00", "end_time": "24:00"}]}
    never = {"years": ["2001"]}
    hours = dict(zip(("office-hours", "sunday-work"), (never, always), strict=True))
    config["time_intervals"] = [{"name": name, "time_intervals": [when]} for name, when in hours.items()]
    alertmanager = start_alertmanager(config)
    alertmanager.post_alerts(
        [
            example("ServiceCritical", service="pay", team="payments"),
            example("ServiceCritical", service="night", page="office-hours"),
            example("ServiceCritical", service="tested", env="test"),
            example("ServiceWarning", service="plain"),
        ]
    )
    wait_for(lambda: len(box.under("/slack")) == 2, what="two messages")
    wait_for(
        lambda: all(alert["status"]["state"] != "unprocessed" for alert in alertmanager.alerts()),
        what="their states",
    )
    assert {post["channel"] for post in box.under("/slack")} == {"#payments", "#status"}
    assert not any("night" in str(post) or "tested" in str(post) for post in box.posts)
    assert not box.under(TELEGRAM)
    assert not box.mails


@pytest.mark.parametrize(
    ("source", "apart"),
    [
        ("StatusLabelsOverwritten", {}),
        ("ConsulPollFailing", {"source": "other"}),
        ("ConsulDataStale", {"datacenter": "dc2"}),
        ("ServiceCritical", {"service": "db"}),
        ("ServiceMostlyCritical", {"service": "db"}),
        ("NodeCritical", {"node": "n2"}),
        ("ConnectionKindUnreachable", {"host": "other.example"}),
        ("ConnectionKindRefused", {"host": "other.example"}),
        ("ConnectionRateLimited", {"connection": "other"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_explains_others_silences_them_and_no_more(
    start_alertmanager: StartAlertmanager, box: Mailbox, tmp_path: Path, source: str, apart: dict[str, str]
) -> None:
    """An alert inhibits those it explains at the same place, leaves the same ones elsewhere alone, and all others."""
    (rule,) = [rule for rule in inhibitions() if rule["source_matchers"][0] == f'alertname="{source}"']
    targets = inhibited(rule)
    config = here(CONFIG.read_text(), "en", tmp_path, box) | {"inhibit_rules": [rule]}
    alertmanager = start_alertmanager(config)
    lesser = {"severity": "warning"} if source in targets else {}
    there = [example(name, None, None, **lesser) for name in targets]
    others = [example(name) for name in RULES if "Exporter" in name]
    elsewhere = [example(name, None, None, **lesser, **apart) for name in targets if apart]
    sent = [example(source), *there, *others, *elsewhere]
    alertmanager.post_alerts(sent)
    wait_for(lambda: len(alertmanager.alerts()) == len(sent), what="the alerts")
    expected = sorted(str(sorted(alert["labels"].items())) for alert in there)
    with suppress(TimeoutError):  # then the assertion tells what is wrong
        wait_for(lambda: _silenced(alertmanager) == expected, what="their states")
    assert _silenced(alertmanager) == expected


def _silenced(alertmanager: Alertmanager) -> list[str]:
    return sorted(
        str(sorted(alert["labels"].items()))
        for alert in alertmanager.alerts()
        if alert["status"]["inhibitedBy"]
    )


def inhibitions() -> list[dict[str, Any]]:
    """The inhibition rules of the example."""
    rules: list[dict[str, Any]] = yaml.safe_load(CONFIG.read_text())["inhibit_rules"]
    return rules


def inhibited(rule: dict[str, Any]) -> list[str]:
    """The alerts that an inhibition rule silences."""
    names = re.sub('alertname=~?"(.+)"', r"\1", rule["target_matchers"][0])
    return [name for name in RULES if re.fullmatch(names, name)]
