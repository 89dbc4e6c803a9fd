import logging
from datetime import datetime
from pathlib import Path

import pytest

from edge.errors import SettingError
from edge.sources.recorders.starting import start_times
from edge.sources.recorders.zones import Zone
from tests.edge.sources.recorders.waves import comment, guano, write_wave


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path | None]:
    """Three recordings: with a time in the name, in name and metadata, in neither."""
    names = {"a": "20230501_043000.WAV", "b": "S_20230501_044000.wav", "c": "dog.wav"}
    for name in names.values():
        write_wave(tmp_path / name, *([comment("Recorded at 05:00:00 01/05/2023 (UTC+2)")] if name[0] == "S" else []))
    return {key: tmp_path / name for key, name in names.items()}


def test_what_was_said_decides(files: dict[str, Path | None], caplog: pytest.LogCaptureFixture) -> None:
    """For all, and for single ones; where the zone is unknown one line says so, where a time is missing another."""
    starts = start_times(["name", "c=2023-05-01T06:00:00+02:00"], files, [], Zone())
    assert {
        "a": ("04:30", "name", "assumed"),
        "b": ("04:40", "name", "assumed"),
        "c": ("04:00", "option", "written"),
    } == {name: (f"{start.at:%H:%M}", start.place, start.zone) for name, start in starts.items()}
    assert ["a (and 1 more): says no time zone (2023-05-01 04:30:00); UTC is assumed, --timezone says which it is"] == [
        record.getMessage() for record in caplog.records
    ]
    caplog.clear()
    starts = start_times(["metadata", "a=none"], files, [], Zone("Europe/Berlin"))
    assert {"b": ("03:00", "ICMT", "written")} == {n: (f"{s.at:%H:%M}", s.place, s.zone) for n, s in starts.items()}
    assert "there is no time of day in the metadata of c" in caplog.text


@pytest.mark.parametrize(
    ("said", "live", "message"),
    [
        (["2023-05-01"], [], "would have 3 files begin at once; give each a time of its own, such as --started-at a="),
        (["2023-05-01", "a=2023-05-02"], [], "would have 2 files begin at once"),
        (["a=name", "a=none"], [], "is given twice for a"),
        (["name", "none"], [], "is given twice for all files"),
        (["d=name"], [], "no source is called 'd'"),
        (["c=name"], [], "there is no time of day in the name of c; --started-at c=TIME gives it one"),
        (["a=soon"], [], "--started-at soon: expected an ISO 8601 time such as 2026-05-01T04:30:00Z, or name"),
        (["a=9999-12-31T23:59:59Z"], [], "expected an ISO 8601 time"),
        (["mic=2023-05-01"], ["mic"], "--started-at is for files; mic is heard live"),
        (["2023-05-01"], ["mic"], "--started-at is for files; mic is heard live"),
    ],
)
def test_what_does_not_fit_is_refused(
    files: dict[str, Path | None], said: list[str], live: list[str], message: str
) -> None:
    """With what to do."""
    with pytest.raises(SettingError, match=message):
        start_times(said, files, live, Zone())


def test_nothing_is_believed_that_nobody_asked_for(
    files: dict[str, Path | None], caplog: pytest.LogCaptureFixture
) -> None:
    """A line tells of the first time that a file says, and of none where none does."""
    caplog.set_level(logging.INFO)
    assert {} == start_times([], {"c": files["c"], "-": None}, [], Zone())
    assert "" == caplog.text
    assert {} == start_times([], files, [], Zone())
    assert 1 == len(caplog.records)
    assert "a: its name says that it began at 2023-05-01 04:30:00, without a zone; --started-at name" in caplog.text


def test_hours_of_doubt_are_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """With how many files there are more."""
    for minute in (0, 20, 40):
        write_wave(tmp_path / f"{minute}.wav", guano(f"2023-10-29T02:{minute:02}:00"))
    files: dict[str, Path | None] = {path.name: path for path in sorted(tmp_path.iterdir())}
    starts = start_times(["metadata"], files, [], Zone("Europe/Berlin"))
    assert [datetime(2023, 10, 29, 0, minute) for minute in (0, 20, 40)] == [
        starts[f"{minute}.wav"].at.replace(tzinfo=None) for minute in (0, 20, 40)
    ]
    assert 1 == len(caplog.records)
    assert "0.wav: 2023-10-29 02:00:00 comes twice in Europe/Berlin that day" in caplog.text
    assert "(and 2 more)" in caplog.text
