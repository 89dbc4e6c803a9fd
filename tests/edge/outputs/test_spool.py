import subprocess
import sys
from pathlib import Path

import pytest

from edge.errors import SettingError
from edge.outputs.spool import Spool, state_folder

HOUR = 3600.0


def bodies(spool: Spool, target: str = "a", after: int = 0) -> list[str]:
    """What waits for a target."""
    return [message.body for message in spool.waiting(target, 100, after)]


def test_messages_wait_in_order_until_they_are_removed(tmp_path: Path) -> None:
    """Each target has its own; a key is accepted once, also after its message was delivered."""
    spool = Spool(tmp_path / "new" / "a.sqlite", HOUR)
    assert [True, True, True, False] == [spool.add(t, k, "porch", t + k) for t, k in ("a1", "a2", "b1", "a1")]
    assert (["a1", "a2"], ["b1"]) == (bodies(spool), bodies(spool, "b"))
    first = spool.waiting("a", 1)[0]
    assert ["a2"] == bodies(spool, after=first.number)
    spool.remove([first.number])
    assert (["a2"], False) == (bodies(spool), spool.add("a", "1", "porch", "again"))


def test_a_killed_process_loses_nothing_that_was_added(tmp_path: Path) -> None:
    """The next one finds messages, keys and notes."""
    script = (
        "import os, signal, pathlib; from edge.outputs.spool import Spool\n"
        f"spool = Spool(pathlib.Path({str(tmp_path)!r}) / 'a.sqlite', 3600.0)\n"
        "for n in range(3): spool.add('a', str(n), 'porch', str(n))\n"
        "spool.remove([1]); spool.note('rule', 'x')\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert -9 == subprocess.run([sys.executable, "-c", script], check=False).returncode
    spool = Spool(tmp_path / "a.sqlite", HOUR)
    assert (["1", "2"], "x", False) == (bodies(spool), spool.noted("rule"), spool.add("a", "0", "porch", "0"))


def test_what_waited_too_long_is_dropped_and_counted(tmp_path: Path) -> None:
    """By source; its key is forgotten as well."""
    spool = Spool(tmp_path / "a.sqlite", -1.0)
    for number, source in enumerate(("porch", "yard", "porch")):
        spool.add("a", str(number), source, "body")
    assert [("porch", 2), ("yard", 1)] == sorted(spool.expire())
    assert ([], True) == (bodies(spool), spool.add("a", "0", "porch", "body"))


def test_a_full_disk_is_replaced_by_memory_until_there_is_room(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is lost in between, numbers go on, and the file has all of it in the end."""
    spool = Spool(tmp_path / "a.sqlite", HOUR)
    spool.add("a", "0", "porch", "0")
    spool._database.execute("PRAGMA max_page_count = 1")  # as full as a disk can be
    long = "x" * 10_000
    assert [True, True, False] == [spool.add("a", key, "porch", long + key) for key in ("1", "2", "2")]
    spool.remove([1])
    assert [2, 3] == [message.number for message in spool.waiting("a", 10)]
    assert 1 == caplog.text.count("full; goes on in memory until it can be written")
    assert spool._disk is not None
    spool.expire()
    assert 0 == caplog.text.count("is written again")
    spool._disk.execute("PRAGMA max_page_count = 100000")
    spool.close()
    assert [long + "1", long + "2"] == bodies(Spool(tmp_path / "a.sqlite", HOUR))


def test_two_processes_do_not_share_a_file(tmp_path: Path) -> None:
    """Each would deliver what the other does."""
    first = Spool(tmp_path / "a.sqlite", HOUR)
    with pytest.raises(SettingError, match="is in use; give each sed-stream a folder by --state"):
        Spool(tmp_path / "a.sqlite", HOUR)
    first.close()
    Spool(tmp_path / "a.sqlite", HOUR).close()


def test_a_damaged_file_is_put_aside(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It ends nothing, and is kept for whoever wants to look at it."""
    (tmp_path / "a.sqlite").write_bytes(b"no database " * 1000)
    spool = Spool(tmp_path / "a.sqlite", HOUR)
    assert (True, True) == (spool.add("a", "1", "porch", "x"), (tmp_path / "a.damaged").exists())
    assert "it is kept as a.damaged" in caplog.text


def test_the_folder_is_that_of_systemd_or_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless one is chosen."""
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert tmp_path / "sed-edge" == state_folder(None)
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/a:/var/lib/b")
    assert (Path("/var/lib/a"), tmp_path) == (state_folder(None), state_folder(tmp_path))
