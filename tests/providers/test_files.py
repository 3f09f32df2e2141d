"""Lists in files: how they are followed while editors, deployments and Kubernetes change them."""

import json
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter.config import Origin
from exporter.sources.providers.source import ProviderSource
from tests.providers.following import config, made, polled, provider, tokens
from tests.real.process import wait_for
from tests.running import Api, exporter

LONG_AGO = 1_600_000_000


def entries(**tokens: str) -> list[dict[str, Any]]:
    return [{"id": id_, "token": token} for id_, token in tokens.items()]


def put(path: Path, content: object) -> None:
    """Write a file that has settled: one changed a moment ago would be looked at twice."""
    text = content if isinstance(content, str) else yaml.safe_dump(content)
    path.write_text(text)
    os.utime(path, (LONG_AGO, LONG_AGO))


def of_files(folder: Path, *patterns: str, **settings: Any) -> ProviderSource:
    return made(provider("files", files=list(patterns or ("*.yml",)), **settings), Origin(folder))


def test_the_lists_of_all_files_are_one(tmp_path: Path) -> None:
    """Globs, YAML and JSON, a bare list and one under `connections` come together, in the order of their names."""
    put(tmp_path / "b.yml", entries(b="good-b"))
    put(tmp_path / "a.yml", {"connections": entries(a="good-a")})
    put(tmp_path / "c.json", json.dumps(entries(c="good-c")))
    put(tmp_path / "ignored.txt", entries(d="good-d"))
    found = polled(of_files(tmp_path, "*.yml", "*.json"))

    assert tokens(found) == {"a": "good-a", "b": "good-b", "c": "good-c"}
    assert (found.rejected, found.failures) == ({}, ())


def test_what_stayed_is_the_same_object(tmp_path: Path) -> None:
    """Only entries that changed make new connections; without a change the whole list is the very same."""
    put(tmp_path / "a.yml", entries(a="good", b="good", c="good"))
    source = of_files(tmp_path)
    first = polled(source)
    assert polled(source).sources is first.sources

    put(tmp_path / "a.yml", entries(c="good", b="good-2", d="good"))
    second = {each.id.name: each for each in polled(source).sources}
    before = {each.id.name: each for each in first.sources}
    assert second.keys() == {"b", "c", "d"}
    assert second["c"] is before["c"]
    assert second["b"] is not before["b"]


def test_bad_entries_concern_themselves_alone(tmp_path: Path) -> None:
    """Each way to be wrong is counted by its reason, and all other entries are listed."""
    put(
        tmp_path / "a.yml",
        [
            {"id": "fine", "token": "good"},
            {"id": "fine", "token": "other"},
            {"id": "odd", "kind": "telegraph", "token": "good"},
            {"id": "url", "token": "good", "connect_url": "not a url"},
            {"id": "key", "token": "good", "tokne": "good"},
            {"id": "no token"},
            {"token": "good"},
            "text",
            {"id": "untrusted", "token": "good", "tls": {"ca_file": "missing.pem"}},
            {"id": "last", "token": "good"},
        ],
    )
    found = polled(of_files(tmp_path))

    assert tokens(found) == {"fine": "good", "last": "good"}
    assert found.rejected == {"repeated": 1, "unknown_kind": 1, "setting": 4, "malformed": 1, "tls": 1}


def test_odd_tokens_concern_themselves_alone(tmp_path: Path) -> None:
    """An unusable token is listed, for its check to fail; an empty one too, for it to be shown as not connected."""
    put(tmp_path / "a.yml", entries(a="good", cyrillic="тест", lines="a\nb", empty="", bearer="Bearer abc"))

    assert len(polled(of_files(tmp_path)).sources) == 5


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("- {id: a, token: go", "malformed"),
        ("", "malformed"),
        ("text", "malformed"),
        ("connections: 1", "malformed"),
        ("a: [1", "malformed"),
        ("x" * (32 * 2**20 + 1), "too_large"),
        ("!!python/object:os.system {}", "malformed"),
    ],
    ids=["cut", "empty", "text", "no list", "unclosed", "huge", "python"],
)
def test_a_broken_file_keeps_what_it_said(tmp_path: Path, content: str, reason: str) -> None:
    """While one file is broken its connections stay, the other files are followed, and the failure has a reason."""
    put(tmp_path / "a.yml", entries(a="good"))
    put(tmp_path / "b.yml", entries(b="good"))
    source = of_files(tmp_path)
    polled(source)
    put(tmp_path / "a.yml", content)
    put(tmp_path / "b.yml", entries(b="good-2"))
    for _ in range(2):
        found = polled(source)
        assert tokens(found) == {"a": "good", "b": "good-2"}
        assert [error.reason for error in found.errors] == [reason]

    put(tmp_path / "a.yml", entries(c="good"))
    found = polled(source)
    assert (tokens(found), found.errors) == ({"c": "good", "b": "good-2"}, ())


def test_a_removed_file_takes_its_connections_along(tmp_path: Path) -> None:
    """A file that a pattern found and that is gone lists nothing any more; a named file that is missing is a failure."""
    put(tmp_path / "a.yml", entries(a="good"))
    put(tmp_path / "b.yml", entries(b="good"))
    by_pattern, by_name = of_files(tmp_path), of_files(tmp_path, "a.yml", "b.yml")
    polled(by_pattern), polled(by_name)
    (tmp_path / "a.yml").unlink()

    assert tokens(polled(by_pattern)) == {"b": "good"}
    found = polled(by_name)
    assert tokens(found) == {"a": "good", "b": "good"}
    assert [error.reason for error in found.errors] == ["unreadable"]


def test_a_missing_folder_is_a_failure(tmp_path: Path) -> None:
    """While the folder can't be listed, as with a volume not mounted, the list stays as it was."""
    folder = tmp_path / "lists"
    folder.mkdir()
    put(folder / "a.yml", entries(a="good"))
    source = of_files(tmp_path, "lists/*.yml")
    polled(source)
    folder.rename(tmp_path / "elsewhere")
    found = polled(source)

    assert tokens(found) == {"a": "good"}
    assert [error.reason for error in found.errors] == ["unreadable"]


def test_relative_paths_start_where_they_stand(tmp_path: Path) -> None:
    """A path in a list starts at the list's folder, one of the configuration at that of the configuration."""
    (tmp_path / "lists").mkdir()
    put(tmp_path / "lists/a.yml", [{"id": "own", "token_file": "own"}, {"id": "shared"}])
    shared = {"kind": "evotor", "token_file": "shared"}
    found = polled(of_files(tmp_path, "lists/*.yml", connection=shared))
    files = {each.id.name: each.settings.secret().file for each in found.sources}

    assert {name: file.path for name, file in files.items() if file} == {
        "own": tmp_path / "lists/own",
        "shared": tmp_path / "shared",
    }


def test_defaults_of_the_file_hold_for_lists_too(tmp_path: Path) -> None:
    """An entry's own setting wins over the provider's, that over `defaults` of the kind."""
    put(tmp_path / "a.yml", [{"id": "a", "token": "good", "timeout": "1s"}])
    defaults = {"evotor": {"timeout": "2s", "icon": "default", "name": "default"}}
    entry = provider("files", files=["*.yml"], connection={"kind": "evotor", "icon": "shared"})
    source = made(entry, Origin(tmp_path), defaults=defaults, connection_concurrency=7)
    (planned,) = polled(source).sources
    settings = planned.settings.model_dump()

    assert (settings["timeout"], settings["icon"], settings["name"]) == (1.0, "shared", "default")
    assert "at_once=7" in repr(planned)


def test_a_file_still_being_written_is_not_believed(tmp_path: Path) -> None:
    """A file that grows while it is looked at changes nothing until it has come to rest."""
    path, lines = tmp_path / "a.yml", [f"- {{id: c{n}, token: good}}\n" for n in range(8)]
    put(path, "".join(lines))
    source = of_files(tmp_path)
    assert len(polled(source).sources) == 8

    def rewrite() -> None:
        with path.open("w") as file:
            for line in lines[:7]:
                time.sleep(0.1)
                file.write(line)
                file.flush()

    writer = threading.Thread(target=rewrite)
    writer.start()
    seen = []
    while writer.is_alive():
        seen.append(len(polled(source).sources))
    writer.join()

    wait_for(lambda: len(polled(source).sources) == 7, 10)
    assert set(seen) <= {7, 8}


def test_the_exporter_follows_the_files(evotor: Api, tmp_path: Path) -> None:
    """Added, changed and removed connections are seen within seconds; others are not checked anew."""
    lists = tmp_path / "lists"
    lists.mkdir()
    (lists / "a.yml").write_text(yaml.safe_dump(entries(kept="good", changed="good", removed="good")))
    with exporter(tmp_path, config(provider("files", evotor, files=["lists/*.yml"]))) as running:
        running.wait_for_statuses(kept="online", changed="online", removed="online")
        fresh = lists / ".a.yml.new"
        fresh.write_text(yaml.safe_dump(entries(kept="good", changed="revoked", added="good", empty="")))
        fresh.rename(lists / "a.yml")
        running.wait_for_statuses(kept="online", changed="offline", added="online", empty="not_connected")

        checks = running.samples("connection_checks_total", "connection")
        assert (checks["kept"], checks["added"]) == (1, 1)
        assert running.samples("provider_connections", "source") == {"shop": 4}
        assert running.samples("source_up", "source")["shop"] == 1


def test_a_configmap_swap_is_followed(evotor: Api, tmp_path: Path) -> None:
    """As Kubernetes swaps a ConfigMap: a link to a folder is replaced, all at once, and the old folder is removed."""
    volume = tmp_path / "volume"

    def publish(version: int, **tokens: str) -> None:
        folder = volume / f"..v{version}"
        folder.mkdir(parents=True)
        (folder / "list.yml").write_text(yaml.safe_dump(entries(**tokens)))
        (volume / "..data_tmp").symlink_to(folder.name)
        (volume / "..data_tmp").rename(volume / "..data")
        if version > 1:
            old = volume / f"..v{version - 1}"
            (old / "list.yml").unlink()
            old.rmdir()

    publish(1, a="good", b="good")
    (volume / "list.yml").symlink_to("..data/list.yml")
    with exporter(tmp_path, config(provider("files", evotor, files=["volume/*.yml"]))) as running:
        running.wait_for_statuses(a="online", b="online")
        for version in range(2, 5):
            publish(version, a="good", b="revoked" if version % 2 == 0 else "good")
            running.wait_for_statuses(a="online", b="offline" if version % 2 == 0 else "online")

        assert running.samples("connection_checks_total", "connection")["a"] == 1
        assert running.samples("source_poll_failures_total", "reason") == {}


def test_bad_entries_are_named_once(evotor: Api, tmp_path: Path) -> None:
    """What is wrong with an entry stands in one log line, however often the list is read; the metric counts."""
    listed = [
        *entries(fine="good", taken="good", cyrillic="тест"),
        {"id": "odd", "kind": "telegraph", "token": "SECRET-1"},
        {"id": "url", "connect_url": "SECRET-2", "token": "good"},
    ]
    (tmp_path / "list.yml").write_text(yaml.safe_dump(listed))
    own = [{"id": "taken", "kind": "evotor", "address": evotor.url, "token": "revoked"}]
    entry = provider("files", evotor, files=["list.yml"])
    with exporter(tmp_path, config(entry, connections=own)) as running:
        running.wait_for_statuses(fine="online", taken="offline", cyrillic="unreachable")
        wait_for(lambda: running.samples("source_records_rejected_total", "reason").get("setting", 0) > 2, 20)

        log = running.log.read_text()
        assert [log.count(f"connection={name} ") for name in ("odd", "url")] == [1, 1]
        assert log.count("connection=taken\n") == 1
        assert "SECRET" not in log
        assert "тест" not in log
        assert running.samples("source_records_rejected_total", "reason").keys() == {
            "repeated",
            "setting",
            "unknown_kind",
        }
        assert running.samples("connection_last_failure_info", "reason").keys() == {"unauthorized", "token"}
        assert running.samples("provider_connections", "source") == {"shop": 2}
