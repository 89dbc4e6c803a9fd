"""The tables beside the sound of examples.

| format   | sound       | tables                                                                                    |
|----------|-------------|-------------------------------------------------------------------------------------------|
| train    | audio/NAME  | meta/esc50.csv (filename, fold, day, clip) and meta/strong.tsv (filename, onset, offset,  |
|          |             | event_label; empty where there is no event): sed-train reads both as the layout of ESC-50 |
| raven    | NAME        | NAME.Table.1.selections.txt, a selection table each                                       |
| audacity | NAME        | NAME.txt, a label track each                                                              |
| hoplite  | SOURCE/NAME | annotations.csv (recording, start_offset_s, end_offset_s, label, label_type), as agile    |
|          |             | modeling of perch-hoplite reads it: `positive`, and `negative` of what was reported       |
"""

import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import soundfile

from review.export.examples import Example
from review.store import WRONG, folds_by_day


class Placed(NamedTuple):
    """An example, and the path of its sound in the folder of the export."""

    example: Example
    path: Path


class _Format(NamedTuple):
    """Where the sound of an example belongs, and what writes the tables, given the folder."""

    place: Callable[[Example], Path]
    write: Callable[[Path, Sequence[Placed]], None]


def _write_training(folder: Path, placed: Sequence[Placed]) -> None:
    folds = folds_by_day(one.example.review.day for one in placed)
    rows = [
        (one.path.name, folds[one.example.review.day], one.example.review.day, one.example.clip.name) for one in placed
    ]
    (folder / "meta").mkdir()
    _table(folder / "meta" / "esc50.csv", ",", ("filename", "fold", "day", "clip"), rows)
    events = [
        (one.path.name, *event)
        for one in placed
        for event in [(f"{on:.3f}", f"{off:.3f}", label) for on, off, label in one.example.events] or [("", "", "")]
    ]
    _table(folder / "meta" / "strong.tsv", "\t", ("filename", "onset", "offset", "event_label"), events)


def _write_raven(folder: Path, placed: Sequence[Placed]) -> None:
    header = (
        *("Selection", "View", "Channel", "Begin Time (s)", "End Time (s)", "Low Freq (Hz)", "High Freq (Hz)"),
        "Annotation",
    )
    for one in placed:
        path = folder / one.path
        highest = f"{soundfile.info(path).samplerate / 2:.1f}"
        rows = [
            (number, "Spectrogram 1", 1, f"{on:.3f}", f"{off:.3f}", "0.0", highest, label)
            for number, (on, off, label) in enumerate(one.example.events, 1)
        ]
        _table(path.with_suffix(".Table.1.selections.txt"), "\t", header, rows)


def _write_audacity(folder: Path, placed: Sequence[Placed]) -> None:
    for one in placed:
        lines = [f"{on:.6f}\t{off:.6f}\t{label}\n" for on, off, label in one.example.events]
        (folder / one.path).with_suffix(".txt").write_text("".join(lines), encoding="utf-8")


def _write_hoplite(folder: Path, placed: Sequence[Placed]) -> None:
    rows: list[tuple[object, ...]] = []
    for one in placed:
        example, name = one.example, one.path.as_posix()
        rows += [(name, f"{on:.3f}", f"{off:.3f}", label, "positive") for on, off, label in example.events]
        clip = example.clip
        if example.review.verdict == WRONG or example.review.true_label != clip.label:
            span = (f"{clip.onset - example.begin:.3f}", f"{clip.offset - example.begin:.3f}")
            rows.append((name, *span, clip.label, "negative"))
    header = ("recording", "start_offset_s", "end_offset_s", "label", "label_type")
    _table(folder / "annotations.csv", ",", header, rows)


def _table(path: Path, delimiter: str, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=delimiter, lineterminator="\n").writerows([header, *rows])


def _flat(example: Example) -> Path:
    """The clip's path as one name: `porch_20261130T025107.340Z_dog_91.flac`."""
    path = Path(example.clip.name)
    return Path("_".join([*(part for part in path.parts[:-1] if not part.isdecimal()), path.name]))


FORMATS: dict[str, _Format] = {
    "train": _Format(lambda example: Path("audio") / _flat(example), _write_training),
    "raven": _Format(_flat, _write_raven),
    "audacity": _Format(_flat, _write_audacity),
    "hoplite": _Format(lambda example: Path(Path(example.clip.name).parts[0]) / _flat(example), _write_hoplite),
}
