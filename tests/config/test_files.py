"""Files that are named and are no files, or come from somebody who takes his time."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from exporter.config import files
from exporter.config.files import read_file, why_unreadable


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_PATIENCE", 0.3)


def test_a_pipe_nobody_writes_to_holds_up_nobody(tmp_path: Path) -> None:
    """A named pipe without a writer, and one whose writer isn't done, are told after a while."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="it is a pipe whose writer isn't done"):
        read_file(tmp_path / "pipe", 100)

    reading, writing = os.pipe()
    os.write(writing, b"half")
    with pytest.raises(OSError, match="it is a pipe whose writer isn't done"):
        read_file(Path(f"/dev/fd/{reading}"), 100)
    os.close(reading)
    os.close(writing)


def test_process_substitution_works() -> None:
    """What a shell gives as /dev/fd/63 is read to its end, though it comes late and in parts."""
    script = (
        "import sys; from pathlib import Path; from exporter.config.files import read_file;"
        "print(read_file(Path(sys.argv[1]), 100))"
    )
    command = f"{sys.executable} -c '{script}' <(echo a; sleep 0.5; echo b)"

    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)

    assert done.stdout == f"{b'a' + os.linesep.encode() + b'b' + os.linesep.encode()!r}\n"


def test_only_so_much_is_read(tmp_path: Path) -> None:
    """One byte more than allowed is enough to tell, of a file and of a pipe."""
    (tmp_path / "file").write_bytes(b"x" * 1000)
    reading, writing = os.pipe()
    os.write(writing, b"x" * 1000)

    assert len(read_file(tmp_path / "file", 10)) == 11
    assert len(read_file(Path(f"/dev/fd/{reading}"), 10)) == 11
    os.close(reading)
    os.close(writing)


def test_what_is_no_regular_file_is_not_opened_as_one(tmp_path: Path) -> None:
    """Devices, folders, sockets and pipes are told apart from files, and files from folders."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").touch()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        assert why_unreadable(tmp_path / "socket")

    assert why_unreadable(Path("/dev/zero")) == "not a regular file"
    assert why_unreadable(tmp_path / "pipe") == "not a regular file"
    assert why_unreadable(tmp_path) == "it is a folder"
    assert why_unreadable(tmp_path / "file", folder=True) == "it is not a folder"
    assert why_unreadable(tmp_path / "none") == "No such file or directory"
    assert why_unreadable(tmp_path / "file") == why_unreadable(tmp_path, folder=True) == ""
    with pytest.raises(OSError, match="not a regular file"):
        read_file(Path("/dev/zero"), 10)
