from pathlib import Path

import pytest

from edge.errors import SourceError
from edge.sources.recorders.folder import recordings_in
from edge.sources.recorders.zones import Zone
from tests.edge.sources.recorders.waves import guano, write_wave


def test_recordings_come_in_order_of_time_then_of_name(tmp_path: Path) -> None:
    """Wherever they lie and whatever is before their time; those without one come last, other files not at all."""
    names = ["b/S_20230501_040000.wav", "A_20230501_043000.WAV", "a/20230501_050000.wav", "Z_20230501_050000.wav"]
    for name in [
        *names,
        "late.wav",
        "dog.FLAC",
        "a/notes.txt",
        ".trash/20230501_010000.wav",
        "a/._20230501_050000.wav",
    ]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write_wave(tmp_path / name)
    write_wave(tmp_path / "late.wav", guano("2023-05-01T06:45:00+02:00"))
    found = [str(path.relative_to(tmp_path)) for path in recordings_in(tmp_path, Zone())]
    assert [names[0], names[1], "late.wav", names[3], names[2], "dog.FLAC"] == found
    found = [str(path.relative_to(tmp_path)) for path in recordings_in(tmp_path, Zone("-05:00"))]
    assert "late.wav" == found[0]


def test_a_folder_without_recordings_is_an_error(tmp_path: Path) -> None:
    """That says what was looked for."""
    (tmp_path / "a.txt").touch()
    with pytest.raises(SourceError, match=r"holds no audio file; expected some, in it or below it: \.aac, "):
        recordings_in(tmp_path, Zone())
