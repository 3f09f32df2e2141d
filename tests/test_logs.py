"""Log lines."""

import json
import logging
import os
import threading
import time
from collections.abc import Iterator

import pytest

from exporter import logqueue
from exporter.logs import Log, LogFormat, configure, finish


@pytest.fixture(autouse=True)
def _own_handlers() -> Iterator[None]:
    """Leave the logging of the test run as it was."""
    root, ours = logging.getLogger(), logging.getLogger("exporter")
    before = (root.handlers, root.level, ours.level)
    yield
    root.handlers = before[0]
    root.setLevel(before[1])
    ours.setLevel(before[2])


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    finish()
    return capsys.readouterr().err.splitlines()


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("plain", "plain"),
        (1.5, "1.5"),
        (True, "true"),
        ("", '""'),
        ("two words", '"two words"'),
        ('a"b', '"a\\"b"'),
        ("a=b", '"a=b"'),
        ("line\nend", '"line\\nend"'),
        ("\x1b[31mred", '"\\u001b[31mred"'),
        ("a\u2028b", '"a\\u2028b"'),
        ("Эвотор", "Эвотор"),
    ],
)
def test_facts_are_quoted_where_needed(
    capsys: pytest.CaptureFixture[str], value: object, written: str
) -> None:
    """In logfmt a fact stays on its line, is read back as one value, and steers no terminal."""
    configure("info", "logfmt")

    Log("test", source="a").info("said", fact=value)

    (line,) = lines(capsys)
    assert line.endswith(f" level=info msg=said source=a fact={written}")


@pytest.mark.parametrize(
    ("level", "shown"),
    [
        ("debug", ["debug", "info", "warn", "error"]),
        ("info", ["info", "warn", "error"]),
        ("warn", ["warn", "error"]),
        ("error", ["error"]),
    ],
)
@pytest.mark.parametrize("style", ["logfmt", "json"])
def test_levels_hide_what_is_below(
    capsys: pytest.CaptureFixture[str], level: str, shown: list[str], style: LogFormat
) -> None:
    """Each level shows itself and what is worse, in either format."""
    configure(level, style)
    log = Log("test")

    for say in (log.debug, log.info, log.warning, log.error):
        say("said")

    found = [json.loads(line)["level"] if style == "json" else line.split()[1][6:] for line in lines(capsys)]
    assert found == shown


def test_libraries_are_heard_from_warnings_on(capsys: pytest.CaptureFixture[str]) -> None:
    """At level debug libraries still say only what is a warning: at lower levels they quote requests."""
    configure("debug", "logfmt")

    for level in ("debug", "info", "warning"):
        getattr(logging.getLogger("httpx"), level)(level)

    assert [line.split()[-1] for line in lines(capsys)] == ["msg=warning"]


def test_a_defect_is_told_by_type_and_place_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """What failed and where stands in the line; the error's own text, which may quote a secret, doesn't."""
    for style in ("logfmt", "json"):
        configure("info", style)
        try:
            raise ValueError("sesame" * 2)
        except ValueError as error:
            Log("test").defect("failed", error)

        (line,) = lines(capsys)
        assert "ValueError" in line
        assert __name__.rpartition(".")[2] in line
        assert "sesamesesame" not in line


def test_a_repeated_line_is_counted(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a thousand alike three are written, how many were not is said with the next; others pass."""
    monkeypatch.setattr(logqueue, "_WINDOW", 0.3)
    configure("info", "logfmt")
    log = Log("test")

    for number in range(1000):
        log.warning("again", place="here", duration=f"{number}s")
    log.warning("again", place="there")
    time.sleep(0.4)
    log.warning("again", place="here", duration="1s")

    found = [line.partition("msg=again ")[2] for line in lines(capsys)]
    assert found[:3] == [f"place=here duration={number}s" for number in range(3)]
    assert found[3:] == ["place=there", "place=here duration=1s repeated=997"]


def test_what_is_not_said_again_is_counted_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the flood ends, its number is told a little later."""
    monkeypatch.setattr(logqueue, "_WINDOW", 0.1)
    monkeypatch.setattr(logqueue, "_LOOK_EVERY", 0.1)
    configure("info", "json")

    for _ in range(10):
        Log("test").warning("again")
    time.sleep(1.0)

    assert [json.loads(line).get("repeated") for line in lines(capsys)] == [None, None, None, 7]


def test_who_does_not_read_the_log_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a full pipe logging returns at once; what found no room is counted, the end comes all the same."""
    monkeypatch.setattr(logqueue, "_MOST_WAITING", 50)
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as stuck:
        handler = logqueue.QueueingHandler(stuck)
        for number in range(200):
            handler.handle(logging.LogRecord("x", logging.INFO, "", 0, f"{number} {'x' * 2000}", None, None))

        assert 100 <= handler.dropped <= 150
        handler.finish(0.2)
        assert handler._thread.is_alive()
        assert os.read(reading, 2**20).startswith(b"0 xxx")
        drainer = threading.Thread(target=lambda: [None for _ in iter(lambda: os.read(reading, 2**20), b"")])
        drainer.start()
        handler.finish(10)
        assert not handler._thread.is_alive()
    drainer.join(10)
    os.close(reading)


def test_a_log_that_is_gone_is_counted() -> None:
    """Lines for a closed pipe are dropped, and counted."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as gone:
        handler = logqueue.QueueingHandler(gone)
        handler.handle(logging.LogRecord("x", logging.INFO, "", 0, "said", None, None))
        handler.finish(10)

        assert handler.dropped == 1


def test_a_fact_is_no_place_for_a_body(capsys: pytest.CaptureFixture[str]) -> None:
    """Of a long fact the beginning and the end are written."""
    configure("info", "json")

    Log("test").info("said", fact=f"begin{'x' * 10**6}end")

    (line,) = lines(capsys)
    assert len(line) < 5_000
    fact = json.loads(line)["fact"]
    assert (fact[:6], fact[-4:]) == ("beginx", "xend")
