from pathlib import Path

import pytest

from edge.log.formats import format_of
from edge.log.records import Record
from sed.data.labels import LabelledFile, Segment
from sed.data.layouts import read_labels
from sed.errors import DataError
from tests.conftest import ROOT, run
from tests.sed.cuts import write_cut

BIRDNET = "Start (s),End (s),Scientific name,Common name,Confidence\n0.1,0.5,Canis,dog,0.9\n"


def event(source: str, onset: float, offset: float, label: str = "dog") -> Record:
    """A record of the log."""
    times = {"onset": onset, "offset": offset}
    return {"type": "event", "source": source, "id": 1, "label": label, **times, "confidence": 0.9, "closed_by": "end"}


def written(path: Path, *records: Record, several: bool = False) -> None:
    """What `sed-stream --out` writes of these records."""
    form = format_of(path.name, sample_rate=16_000, several=several)[1]
    path.write_text(form.header() + "".join(map(form.line, records)), encoding="utf-8")


def segments(folder: Path) -> dict[str, tuple[Segment, ...] | None]:
    """Those of each file."""
    return {file.path.name: file.segments for file in read_labels(folder)}


def labelled(folder: Path) -> dict[str, LabelledFile]:
    """Each file by its name."""
    return {file.path.name: file for file in read_labels(folder)}


@pytest.mark.parametrize("suffix", [".csv", ".txt", ".selections.txt", ".tsv", ".jsonl"])
@pytest.mark.parametrize("source", ["x.wav", "rec/x.wav", "C:\\rec\\x.wav"])
@pytest.mark.parametrize("stem", ["x", "events"])
def test_what_we_write_reads_back(tmp_path: Path, suffix: str, source: str, stem: str) -> None:
    """Every format, beside its recording or alone with it; a gap is no event."""
    write_cut(tmp_path / "x.wav")
    gap = {"type": "gap", "source": source, "onset": 0.3, "offset": 0.4, "reason": "decode"}
    written(tmp_path / f"{stem}{suffix}", event(source, 0.1, 0.25), gap, event(source, 0.5, 0.95, "crying baby (far)"))
    assert {"x.wav": (Segment(0.1, 0.25, "dog"), Segment(0.5, 0.95, "crying baby (far)"))} == segments(tmp_path)


@pytest.mark.parametrize("suffix", [".csv", ".txt", ".selections.txt", ".tsv", ".jsonl"])
def test_an_export_without_events_is_of_a_recording_that_holds_none(tmp_path: Path, suffix: str) -> None:
    """It was listened to: it counts as such, beside others that have events."""
    for name in ("x", "y"):
        write_cut(tmp_path / f"{name}.wav")
    written(tmp_path / f"x{suffix}", {"type": "start", "source": "x.wav", "labels": ["dog"]})
    written(tmp_path / f"y{suffix}", event("y.wav", 0.1, 0.25))
    assert {"x.wav": (), "y.wav": (Segment(0.1, 0.25, "dog"),)} == segments(tmp_path)


@pytest.mark.parametrize("suffix", [".csv", ".txt", ".selections.txt", ".tsv", ".jsonl"])
def test_several_sources_in_one_table_are_told_apart(tmp_path: Path, suffix: str) -> None:
    """By the file that each row names."""
    for name in ("x.wav", "y.flac"):
        write_cut(tmp_path / name)
    records = (event("rec/x.wav", 0.1, 0.25), event("rec/y.flac", 0.5, 0.95), event("rec/x.wav", 0.3, 0.4, "cat"))
    written(tmp_path / f"events{suffix}", *records, several=True)
    assert {
        "x.wav": (Segment(0.1, 0.25, "dog"), Segment(0.3, 0.4, "cat")),
        "y.flac": (Segment(0.5, 0.95, "dog"),),
    } == segments(tmp_path)


def test_a_table_counts_more_than_its_folder(tmp_path: Path) -> None:
    """The class names what has no label; files without a table are of their class as before."""
    for name in ("x.wav", "y.wav", "z.wav"):
        write_cut(tmp_path / "dog" / name)
    (tmp_path / "dog" / "x.txt").write_text("0.1\t0.5\n0.6\t0.7\tcat\n")
    (tmp_path / "dog" / "z.txt").write_text("")
    both = (Segment(0.1, 0.5, "dog"), Segment(0.6, 0.7, "cat"))
    assert {"x.wav": both, "y.wav": None, "z.wav": ()} == segments(tmp_path)


@pytest.mark.parametrize("place", ["", "dog"])
def test_a_table_of_unknown_form_beside_audio_shows_its_first_line(tmp_path: Path, place: str) -> None:
    """And what is known; text with other names is left alone."""
    write_cut(tmp_path / place / "x.wav")
    (tmp_path / place / "README.txt").write_text("Recorded in M\xfcnchen\n", encoding="latin-1")
    assert ["x.wav"] == [*segments(tmp_path)]
    (tmp_path / place / "x.txt").write_text("\nDear diary,\n")
    with pytest.raises(
        DataError, match=r"x\.txt: is beside x\.wav .* its first line is 'Dear diary,'; known are .*Raven"
    ):
        read_labels(tmp_path)


def test_predictions_are_labels_and_told_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Labels without confidences count more."""
    for name in ("x", "y"):
        write_cut(tmp_path / f"{name}.wav")
        (tmp_path / f"{name}.BirdNET.results.csv").write_text(BIRDNET)
    (tmp_path / "y.Table.1.selections.txt").write_text("Begin Time (s)\tEnd Time (s)\tSpecies\n0.2\t0.4\tcat\n")
    found = labelled(tmp_path)
    assert (("dog",), True) == (found["x.wav"].labels, found["x.wav"].predicted)
    assert (("cat",), False) == (found["y.wav"].labels, found["y.wav"].predicted)
    assert "the labels of 1 files, such as x.wav, come with confidences" in caplog.text
    assert "those of y.Table.1.selections.txt; not those of y.BirdNET.results.csv" in caplog.text


def test_overlapping_selections_of_a_label_are_one_event(tmp_path: Path) -> None:
    """Those of two tables too; those that touch, or have another label, stay apart."""
    write_cut(tmp_path / "x.wav")
    (tmp_path / "x.txt").write_text("0.1\t0.3\tdog\n0.2\t0.4\tdog\n0.4\t0.6\tdog\n0.1\t0.5\tcat\n")
    (tmp_path / "x.Table.1.selections.txt").write_text("Begin Time (s)\tEnd Time (s)\tSpecies\n0.5\t0.9\tdog\n")
    assert {
        "x.wav": (Segment(0.1, 0.4, "dog"), Segment(0.1, 0.5, "cat"), Segment(0.4, 0.9, "dog")),
    } == segments(tmp_path)


def test_a_table_that_names_missing_files(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """One name is a renamed recording's; of several, the missing ones are told of later; none there is an error."""
    write_cut(tmp_path / "x.wav")
    written(tmp_path / "x.csv", event("porch", 0.1, 0.3))
    assert {"x.wav": (Segment(0.1, 0.3, "dog"),)} == segments(tmp_path)
    assert "x.csv: names porch, which is not there; taken for the labels of x.wav" in caplog.text
    written(tmp_path / "x.csv", event("x.wav", 0.1, 0.3), event("y.wav", 0.1, 0.3))
    assert {"x.wav", "y.wav"} == {*segments(tmp_path)}
    written(tmp_path / "x.csv", event("a.wav", 0.1, 0.3), event("b.wav", 0.1, 0.3))
    with pytest.raises(DataError, match=r"x\.csv: names 'a\.wav', and neither it nor another file that it names is in"):
        read_labels(tmp_path)


def test_a_confidence_and_a_changing_format_are_told_by_check_data(tmp_path: Path) -> None:
    """The file whose format changes inside is named; what else there is is counted."""
    write_cut(tmp_path / "dog" / "x.wav")
    (tmp_path / "dog" / "x.csv").write_text(BIRDNET)
    parts = [
        write_cut(tmp_path / f"{n}.mp3", seconds=3.0, rate=rate, channels=n) for n, rate in ((1, 32_000), (2, 44_100))
    ]
    (tmp_path / "dog" / "y.mp3").write_bytes(b"".join(part.read_bytes() for part in parts))
    outcome = run("sed-train", ROOT / "recipes" / "quick.toml", "--data", tmp_path, "--check-data")
    assert "Traceback" not in outcome.stderr
    assert f"predicted: 1 clips, such as {tmp_path}/dog/x.wav: their labels come with confidences" in outcome.stdout
    assert any(str(tmp_path / "dog" / "y.mp3") in line for line in outcome.stdout.splitlines())
