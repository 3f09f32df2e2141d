"""Which program is taken for a component, and what is said about it."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.real.process import wait_for
from tests.setup.programs import NEW, program
from tools import components
from tools.locking import locked

UNUSABLE = {
    "too old": "echo 'prometheus, version 2.42.0+ds'",
    "failing": f"{NEW}; exit 3",
    "silent": "exit 0",
    "binary": r"printf '\377\376 3.9.1'",
}


def test_a_program_on_path_wins_over_the_fetched_one(on_path: Path, tools: Path) -> None:
    """PATH is what the user chose."""
    theirs = program(on_path / "prometheus", NEW)
    program(tools / "prometheus/usr/bin/prometheus", NEW)
    assert components.find("prometheus", tools) == theirs


def test_a_program_is_found_by_any_of_its_names(on_path: Path, tools: Path) -> None:
    """Debian calls the Alertmanager by another name than its authors."""
    theirs = program(on_path / "prometheus-alertmanager", "echo 'alertmanager, version 0.33.1' >&2")
    assert components.find("alertmanager", tools) == theirs


@pytest.mark.parametrize("body", UNUSABLE.values(), ids=UNUSABLE)
def test_an_unusable_program_on_path_is_passed_over(on_path: Path, tools: Path, body: str) -> None:
    """What doesn't run or is too old is as good as not there."""
    program(on_path / "prometheus", body)
    assert components.find("prometheus", tools) is None
    fetched = program(tools / "prometheus/usr/bin/prometheus", NEW)
    assert components.find("prometheus", tools) == fetched


def test_the_flags_name_what_is_found_and_nothing_else(on_path: Path, tools: Path) -> None:
    """A path with a space reaches the command as one word."""
    folder = tools / "a b"
    program(folder / "promtool/usr/bin/promtool", NEW)
    assert components.flags(["prometheus", "promtool"], folder) == (
        f"--promtool '{folder}/promtool/usr/bin/promtool'"
    )


def test_where_all_is_there_nothing_is_fetched(
    on_path: Path, tools: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a download nor a folder of ours comes of it."""
    program(on_path / "prometheus", NEW)
    monkeypatch.setattr(components, "open_archive", None)
    assert components.fetch(["prometheus"], tools) == {}
    assert not tools.exists()


def test_a_second_run_waits_for_the_first_and_finds_its_work_done(
    on_path: Path, tools: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two runs at once never write the same folder."""
    monkeypatch.setattr(components, "open_archive", None)
    with ThreadPoolExecutor(1) as pool, locked(tools):
        second = pool.submit(components.fetch, ["prometheus"], tools)
        wait_for(lambda: "waiting for another run" in capsys.readouterr().err)
        program(tools / "prometheus/usr/bin/prometheus", NEW)
    assert second.result() == {}


def test_a_folder_that_cannot_be_written_is_said_for_each(on_path: Path, tools: Path) -> None:
    """The message names the folder; it is not a traceback."""
    tools.write_text("a file in the folder's place")
    problems = components.fetch(["consul", "promtool"], tools)
    assert problems == dict.fromkeys(["consul", "promtool"], f"can't write {tools}: File exists")


def test_a_machine_without_apt_is_said(on_path: Path, tools: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other systems than Debian get one line, and the exit code tells whether that matters."""
    monkeypatch.setenv("PATH", str(on_path))
    assert components.fetch(["consul"], tools) == {"consul": "no apt-get on this machine"}


@pytest.mark.parametrize(("arguments", "code"), [([], 0), (["--require"], 1)])
def test_only_require_makes_a_missing_component_an_error(
    arguments: list[str], code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each missing component has its line with the reason."""
    monkeypatch.setattr(components, "fetch", lambda _: {"consul": "no apt-get on this machine"})
    monkeypatch.setattr(components, "find", lambda *_: None)
    assert components.main([*arguments, "consul"]) == code
    assert capsys.readouterr() == ("", "consul can't be had: no apt-get on this machine\n")


def test_the_report_names_versions_and_what_is_not_ours(
    on_path: Path, tools: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line tells what the tests run with; a program of the machine is named with its place."""
    program(on_path / "prometheus", NEW)
    program(tools / "promtool/usr/bin/promtool", NEW)
    monkeypatch.setattr(components, "TOOLS", tools)
    monkeypatch.setattr(components, "fetch", lambda _: {})
    components.main(["prometheus", "promtool"])
    assert capsys.readouterr().err == (
        f"real components: prometheus 3.9.1 ({on_path}/prometheus), promtool 3.9.1\n"
    )
