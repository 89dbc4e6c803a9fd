"""The files of an archive, as users name them."""

import os
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from edge.errors import SedError, SettingError, SourceError
from edge.sources import Zone
from scan.archive import ArchiveFile, Folder, archive_files


def listed(*texts: object) -> list[ArchiveFile]:
    """The files of these sources."""
    return list(archive_files([str(text) for text in texts], Zone()))


def filled(folder: Path, *names: str) -> Path:
    """A folder with files of four bytes."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"abcd")
    return folder


def test_folder_is_listed_in_order_of_paths(tmp_path: Path) -> None:
    """Audio files at any depth, without hidden ones and others."""
    filled(tmp_path, "b/2.WAV", "a.flac", "b/1.mp3", ".hidden/x.wav", "notes.txt", "b/.x.wav")
    assert [f"{tmp_path}/{name}" for name in ("a.flac", "b/1.mp3", "b/2.WAV")] == [
        each.path for each in listed(tmp_path)
    ]
    assert {4} == {each.size for each in listed(tmp_path)}


def test_globs_and_single_files(tmp_path: Path) -> None:
    """A glob is what it finds; a single file is taken whatever its name."""
    filled(tmp_path, "x/1.wav", "y/2.wav", "sound.bin")
    found = listed(f"{tmp_path}/*/*.wav", f"{tmp_path}/sound.bin")
    assert ["1.wav", "2.wav", "sound.bin"] == [Path(each.path).name for each in found]


def test_manifest_as_csv_and_parquet(tmp_path: Path) -> None:
    """Paths begin where the manifest lies; times have a zone; other columns do no harm."""
    (tmp_path / "m.csv").write_text("path,started_at,source,note\na.wav,2026-05-01T04:30:00+02:00,porch,x\n/b.wav,,,\n")
    pyarrow.parquet.write_table(pyarrow.table({"path": ["a.wav"], "size": [7]}), tmp_path / "m.parquet")
    rows = listed(tmp_path / "m.csv", tmp_path / "m.parquet")
    assert [f"{tmp_path}/a.wav", "/b.wav", f"{tmp_path}/a.wav"] == [row.path for row in rows]
    assert ["2026-05-01T02:30:00+00:00", "None", "None"] == [
        "None" if row.started_at is None else row.started_at.isoformat() for row in rows
    ]
    assert [("porch", None), ("", None), ("", 7)] == [(row.source, row.size) for row in rows]


def test_sizes_of_a_manifest_are_looked_up(tmp_path: Path) -> None:
    """Where it does not say them, of files on a disk: long ones can be split then."""
    filled(tmp_path, "a.wav")
    (tmp_path / "m.csv").write_text("path\na.wav\nmissing.wav\n")
    assert [4, None] == [row.size for row in listed(tmp_path / "m.csv")]
    assert listed(tmp_path / "a.wav")[0].modified == listed(tmp_path / "m.csv")[0].modified


def test_storage_that_cannot_be_reached_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever its own errors are: here there are no keys."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nothing")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(SourceError, match=r"^s3://archive/in: cannot be read \(NoCredentialsError: "):
        listed("s3://archive/in")
    with pytest.raises(OSError, match="NoCredentialsError") as caught:
        Folder("s3://archive/out").exists("scan.json")
    assert "s3://archive/out/scan.json" == caught.value.filename


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("nothing", SourceError, "no such file"),
        ("empty", SourceError, "holds no audio file"),
        ("none.csv", SettingError, "has no column path, but name"),
        ("time.csv", SettingError, "row 2: started_at is yesterday"),
        ("blank.csv", SettingError, "row 1: has no path"),
        ("broken.parquet", SettingError, "is no table of files"),
    ],
)
def test_what_cannot_be_listed_is_said(tmp_path: Path, text: str, kind: type[SedError], words: str) -> None:
    """Each names the source, and what is wrong with it."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "none.csv").write_text("name\na.wav\n")
    (tmp_path / "time.csv").write_text("path,started_at\na.wav,\nb.wav,yesterday\n")
    (tmp_path / "blank.csv").write_text("path,source\n,porch\n")
    (tmp_path / "broken.parquet").write_bytes(b"PAR1nothing")
    with pytest.raises(kind, match=words):
        listed(tmp_path / text)
