"""Log lines."""

import json
import logging
from collections.abc import Iterator

import pytest

from exporter.logs import Log, LogFormat, configure


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
