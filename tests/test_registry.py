"""A source of a new kind is one entry in the registry: everything else knows what to do with it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from exporter.app import App
from exporter.config import Polled, Strict, Token, validated
from exporter.errors import ConfigError, PollError, TimedOut
from exporter.sources.clients import ClientLease
from exporter.sources.contract import (
    Findings,
    PlannedSource,
    RequestLimit,
    Source,
    SourceId,
    SourceInfo,
    SourceKind,
)
from exporter.sources.plan import plan, read_file
from exporter.sources.registry import SOURCE_KINDS
from exporter.web.page import page


class Mailbox(Polled):
    name: str


class MailboxFile(Strict):
    mailbox: Mailbox | None = None


class MailboxSource:
    def __init__(self, settings: Mailbox) -> None:
        id_ = SourceId("mailbox", settings.name)
        self.info = SourceInfo(id_, settings.interval, settings.stale_after, ("timeout",), is_awaited=True)
        self.timeout = settings.timeout
        self.token = settings.secret()
        self.polls = 0

    def request_limit(self, token: str) -> RequestLimit | None:
        return None

    async def poll(self, token: str) -> Findings:
        self.polls += 1
        if self.polls > 1:
            raise TimedOut("no mail")
        return Findings()

    def failed(self, error: PollError) -> Findings | None:
        return None


@dataclass(frozen=True)
class PlannedMailbox(PlannedSource):
    settings: Mailbox

    def make(self, clients: ClientLease) -> Source:
        return MailboxSource(self.settings)


class Mailboxes(SourceKind):
    File = MailboxFile

    def read(self, part: Mapping[str, Any]) -> list[PlannedSource]:
        found = validated(MailboxFile, part).mailbox
        return [PlannedMailbox("mailbox", SourceId("mailbox", found.name), found)] if found else []

    def from_environment(self, environ: Mapping[str, str]) -> dict[str, Any]:
        return {"mailbox": {"name": environ["MAILBOX"]}} if "MAILBOX" in environ else {}


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exporter.sources.plan.SOURCE_KINDS", [*SOURCE_KINDS, Mailboxes()])


def test_it_is_configured_strictly_beside_the_others() -> None:
    """Its keys are known, its mistakes are named with those of all others."""
    with pytest.raises(ConfigError) as caught:
        plan({"mailbox": {"nam": "a"}, "consul": [{}], "mailbocks": 1})

    assert [str(problem) for problem in caught.value.problems] == [
        "mailbocks: unknown key, did you mean mailbox?",
        "consul[0].name: missing",
        "mailbox.name: missing",
        "mailbox.nam: unknown key, did you mean name?",
    ]


def test_it_is_polled_shown_and_awaited(tmp_path: Path) -> None:
    """It has its own series, a row on the page, warnings about its secret, and readiness waits for it."""
    config = tmp_path / "config.yml"
    config.write_text("mailbox: {name: post, token_file: none}\n")
    assert [str(warning) for warning in read_file(config).warnings] == [
        f"mailbox.token_file: {tmp_path / 'none'} does not exist"
    ]

    async def play() -> tuple[str, str]:
        app = App(lambda: read_file(config))
        await app.load()
        running = asyncio.create_task(app.run())
        assert not app.ready
        async with asyncio.timeout(10):
            while not app.ready:  # noqa: ASYNC110 -- there is no event to wait for
                await asyncio.sleep(0.01)
        text = app.rendered.bodies["text"].with_tail(b"").decode()
        html = page(app.snapshot, "/metrics")
        running.cancel()
        await app.stop()
        return text, html

    text, html = asyncio.run(play())
    assert 'source_up{source="post",kind="mailbox"} 1' in text
    assert 'source_poll_failures_total{source="post",kind="mailbox",reason="timeout"} 0' in text
    assert "post" in html


def test_a_token_is_read_for_each_poll() -> None:
    """The settings that every source has come with it."""
    assert isinstance(Mailbox(name="a").secret(), Token)
