"""Reload and token files, with a real process, real signals and a real HTTP API."""

import signal
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.real.process import wait_for
from tests.running import Api, Exporter, Reply, api, exporter


def accounts(path: str, headers: Mapping[str, str]) -> Reply:
    """An Evotor cloud in which every token is accepted but "refused"."""
    accepted = headers.get("Authorization") != "Bearer refused"
    return (200, {}, b'{"items": [], "paging": {}}') if accepted else (401, {}, b"{}")


@pytest.fixture
def cloud() -> Iterator[Api]:
    with api(accounts) as served:
        yield served


def connection(cloud: Api, id_: str, token: str, more: str = "") -> str:
    """A connection with a path of its own, and an interval so long that no test sees the next poll."""
    return f"  - {{id: {id_}, kind: evotor, address: '{cloud.url}/{id_}', interval: 1h, {token}{more}}}\n"


def config(*connections: str) -> str:
    return "connections:\n" + "".join(connections)


def reload_by_signal(running: Exporter) -> None:
    """Send SIGHUP and wait until the exporter has said how it went."""
    before = running.log.read_text()
    running.signal(signal.SIGHUP)
    wait_for(lambda: "configuration" in running.log.read_text()[len(before) :], 10, "a reload")


def test_a_reload_touches_only_what_changed(cloud: Api, tmp_path: Path) -> None:
    """Added and changed connections are checked at once, removed ones leave at once, others are left alone."""
    kept = connection(cloud, "kept", "token: t")
    old = config(kept, connection(cloud, "changed", "token: t"), connection(cloud, "removed", "token: t"))
    with exporter(tmp_path, old) as running:
        running.wait_for_statuses(kept="online", changed="online", removed="online")
        checked_at = running.samples("connection_last_checked_timestamp_seconds", "connection")["kept"]

        running.config.write_text(
            config(
                connection(cloud, "added", "token: t"), connection(cloud, "changed", "token: refused"), kept
            )
        )
        reload_by_signal(running)
        running.wait_for_statuses(kept="online", changed="offline", added="online")

        assert cloud.asked.count("/kept/stores") == 1
        assert running.samples("connection_checks_total", "connection") == {
            "kept": 1,
            "changed": 2,
            "added": 1,
        }
        assert running.samples("connection_status_changes_total", "connection") == {"changed": 1}
        assert (
            checked_at == running.samples("connection_last_checked_timestamp_seconds", "connection")["kept"]
        )


def test_a_bad_file_leaves_the_old_configuration_in_force(cloud: Api, tmp_path: Path) -> None:
    """After a bad file all goes on as before, log and metric say so; after a good one the metric is 1 again."""
    good = config(connection(cloud, "a", "token: t"))
    with exporter(tmp_path, good, "--web.enable-lifecycle") as running:
        running.wait_for_statuses(a="online")
        (loaded_at,) = running.samples("exporter_config_last_reload_success_timestamp_seconds", "").values()

        running.config.write_text(config(connection(cloud, "b", "token: t", ", intervall: 1s")))
        answer = running.ask("/-/reload", "POST")

        assert answer.status == 500
        assert "connections[0].intervall: unknown key, did you mean interval?" in answer.text
        wait_for(lambda: "place=connections[0].intervall" in running.log.read_text())
        assert not running.reload_ok()
        assert running.statuses() == {"a": "online"}
        assert list(
            running.samples("exporter_config_last_reload_success_timestamp_seconds", "").values()
        ) == [loaded_at]

        running.config.write_text("")
        reload_by_signal(running)
        assert running.statuses() == {"a": "online"}
        running.config.unlink()
        assert "No such file" in running.ask("/-/reload", "POST").text

        running.config.write_text(good)
        assert running.ask("/-/reload", "POST").status == 200
        assert running.reload_ok()
        assert cloud.asked.count("/a/stores") == 1


def test_reloading_over_http_must_be_allowed(cloud: Api, tmp_path: Path) -> None:
    """Without --web.enable-lifecycle POST /-/reload is forbidden, and GET is never a way to reload."""
    with exporter(tmp_path, config(connection(cloud, "a", "token: t"))) as running:
        assert running.ask("/-/reload", "POST").status == 403
        assert running.ask("/-/reload").status == 405
        assert running.log.read_text().count("configuration loaded") == 1


def test_many_reloads_at_a_time_end_in_the_latest_file(cloud: Api, tmp_path: Path) -> None:
    """Signals that come while a reload is running are not lost."""
    with exporter(tmp_path, config(connection(cloud, "n0", "token: t"))) as running:
        for number in range(1, 21):
            running.config.write_text(config(connection(cloud, f"n{number}", "token: t")))
            running.signal(signal.SIGHUP)

        running.wait_for_statuses(n20="online")
        assert running.reload_ok()


def test_token_files_are_noticed_without_a_reload(cloud: Api, tmp_path: Path) -> None:
    """A token file that appears, changes, breaks or vanishes changes the status within 10 seconds."""
    token = tmp_path / "token"
    with exporter(tmp_path, config(connection(cloud, "a", "token_file: token"))) as running:
        running.wait_for_statuses(a="not_connected")
        assert cloud.asked == []

        token.write_text("good\n")
        running.wait_for_statuses(a="online")
        token.write_text("refused")
        running.wait_for_statuses(a="offline")
        token.write_text("two\nlines")
        running.wait_for_statuses(a="unreachable")
        replacement = tmp_path / "new"
        replacement.write_text("good")
        replacement.replace(token)
        running.wait_for_statuses(a="online")
        token.unlink()
        running.wait_for_statuses(a="not_connected")

        assert running.samples("connection_status_changes_total", "connection") == {"a": 5}


def test_a_kill_loses_nothing_but_counters(cloud: Api, tmp_path: Path) -> None:
    """After kill -9 and a new start the statuses are there again after the first checks."""
    with exporter(tmp_path, config(connection(cloud, "a", "token: t"))) as running:
        running.wait_for_statuses(a="online")
        running.process.kill()
        running.start()

        running.wait_for_statuses(a="online")
        assert running.samples("connection_checks_total", "connection") == {"a": 1}
