"""Labels of a data folder, whose layout is recognised by its tables and names. No audio is opened.

The first of these that fits is taken:

1. ESC-50                    meta/esc50.csv (filename,fold[,category]), audio/, and meta/strong.tsv where there is one
2. BirdCLEF 2021 and later   train_metadata.csv, or train.csv with a column primary_label and none that is ebird_code
3. Cornell Birdcall 2020     train.csv with a column ebird_code
4. BirdCLEF soundscapes      train_soundscapes/ with train_soundscape_labels.csv beside it
5. DESED                     TSV files in the folder or anywhere in its meta/ or metadata/, strong (filename onset
                             offset event_label) or weak (filename event_labels); below validation/ and eval/ in fold 5
6. recordings                tables of events in a form of `sed.data.layouts.event_tables`: of x.ogg where their names
                             begin with x, else of the files that their rows name
7. a folder per class        dog/x.wav; noise, background and silence are backgrounds, other is not an event;
                             train_audio and similar names are parts of a data set; a table beside a file counts more
8. audio files alone         sounds that are not events

`sed.data.folds` gives folds to files that have none. A warning counts audio files of the folder that are not used.
"""

import logging
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from sed.data.folds import HELD_OUT_FOLD
from sed.data.labels import (
    LabelledFile,
    Segment,
    audio_in,
    event_free_file,
    normalise_name,
    read_strong_table,
    strong_file,
)
from sed.data.layouts.birdcalls import birdclef, cornell, soundscapes
from sed.data.layouts.event_tables import KNOWN_FORMS
from sed.data.layouts.findings import TABLE_SUFFIXES, Findings
from sed.data.layouts.lookup import Lookup
from sed.data.tables import read_header, read_table
from sed.errors import DataError

_log = logging.getLogger(__name__)

_STRONG = {"filename", "onset", "offset", "event_label"}
_WEAK = {"filename", "event_labels"}
_HELD_OUT_PARTS = {"validation", "eval"}  # folders of tables
# Names of class folders, in lower case, with _ between words and without a plural's s.
_BACKGROUNDS = {"noise", "background", "background_noise", "silence"}
_NO_EVENTS = {"other"}
# Folders of a data set whose table is missing: not classes.
_PARTS = {f"{part}_{kind}" for part in ("train", "test") for kind in ("audio", "short_audio", "soundscapes")}


def read_labels(folder: Path) -> list[LabelledFile]:
    """Read what a folder says of its audio files.

    Raises:
        DataError: if its layout is not known, or a table is wrong.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: is not a folder; give a folder of audio files")
    for read in (_esc50, birdclef, cornell, soundscapes, _tables, _recordings, _class_folders, _audio_alone):
        files = read(folder)
        if files is not None:
            _warn_about_unlisted_audio(folder, files)
            _warn_about_predictions(folder, files)
            return files
    raise DataError(
        f"{folder}: has no layout of labels that is known; expected meta/esc50.csv (ESC-50), train_metadata.csv or "
        "train.csv (BirdCLEF, Cornell Birdcall), a .tsv with the columns filename onset offset event_label or filename "
        "event_labels, recordings with a table of events beside them, or a folder of audio files per class"
    )


def _warn_about_predictions(folder: Path, files: Iterable[LabelledFile]) -> None:
    predicted = [file for file in files if file.predicted]
    if predicted:
        _log.warning(
            "%s: the labels of %d files, such as %s, come with confidences: they are taken for truth, and are "
            "predictions of a program unless somebody has checked them",
            folder,
            len(predicted),
            predicted[0].path.name,
        )


def _warn_about_unlisted_audio(folder: Path, files: Iterable[LabelledFile]) -> None:
    unlisted = sorted(set(audio_in(folder, "**/*")) - {file.path for file in files})
    if unlisted:
        _log.warning(
            "%s: %d audio files, such as %s, are in no table and no class folder, and are not used",
            folder,
            len(unlisted),
            unlisted[0].relative_to(folder),
        )


def _esc50(folder: Path) -> list[LabelledFile] | None:
    table, strong = folder / "meta" / "esc50.csv", folder / "meta" / "strong.tsv"
    if not table.exists():
        return None
    rows = read_table(table, ",", ("filename", "fold"))
    segments = read_strong_table(strong) if strong.exists() else None
    if segments is None and not all(row.get("category") for row in rows):
        raise DataError(
            f"{table}: does not say what sounds in each clip; "
            "give it the column category, or meta/strong.tsv beside it (filename onset offset event_label)"
        )
    unknown = sorted(set(segments or ()) - {row["filename"] for row in rows})
    if unknown:
        raise DataError(f"{strong}: names {unknown[0]!r}, which esc50.csv beside it does not; name each clip in both")
    unnamed = [row for row in rows if segments is not None and row["filename"] not in segments and row.get("category")]
    if unnamed:
        _log.warning(
            "%s: does not name %d clips; they count as clips without events, whatever their category",
            strong,
            len(unnamed),
        )
    return [_esc50_clip(folder, row, segments) for row in rows]


def _esc50_clip(folder: Path, row: dict[str, str], segments: dict[str, list[Segment]] | None) -> LabelledFile:
    path, fold = folder / "audio" / row["filename"], _fold(row, folder)
    if segments is None:
        return LabelledFile(path=path, fold=fold, labels=(normalise_name(row["category"]),), segments=None)
    return strong_file(path, fold, segments.get(row["filename"], []))


def _fold(row: dict[str, str], folder: Path) -> int:
    try:
        return int(row["fold"])
    except ValueError as exc:
        raise DataError(f"{folder}: {row['filename']}: fold must be a whole number, got {row['fold']!r}") from exc


def _tables(folder: Path) -> list[LabelledFile] | None:
    """Strong and weak TSV files; audio files that no table names are unlabelled."""
    tables = [path for place in ("*", "meta/**/*", "metadata/**/*") for path in _tables_in(folder, place)]
    headers = {path: set(read_header(path, "\t")) for path in tables}
    strong = [path for path, header in headers.items() if header >= _STRONG]
    weak = [path for path, header in headers.items() if header >= _WEAK and path not in strong]
    if not strong and not weak:
        return None
    for_validation = {table for table in tables if _HELD_OUT_PARTS & set(table.relative_to(folder).parts[:-1])}
    audio = Lookup(folder)
    segments: dict[Path, set[Segment]] = defaultdict(set)
    held_out: set[Path] = set()
    for table in strong:
        events = read_strong_table(table)
        if not events:  # of the recording beside it, which holds none
            segments |= {path: set() for path in audio_in(table.parent) if path.stem == table.stem}
        for name, found in events.items():
            path = audio.find(name, table)
            segments[path].update(found)
            held_out |= {path} if table in for_validation else set()
    labels: dict[Path, set[str]] = defaultdict(set)
    for table in weak:
        for row in read_table(table, "\t", sorted(_WEAK)):
            path = audio.find(row["filename"], table)
            labels[path] |= {normalise_name(name) for name in row["event_labels"].split(",")} - {""}
            held_out |= {path} if table in for_validation else set()
    folds = dict.fromkeys(held_out, HELD_OUT_FOLD)
    files = [strong_file(path, folds.get(path), sorted(found)) for path, found in segments.items()]
    files += [_weak_file(path, folds.get(path), found) for path, found in labels.items() if path not in segments]
    return files


def _tables_in(folder: Path, place: str = "*", suffixes: Sequence[str] = (".tsv",)) -> list[Path]:
    return [path for path in sorted(folder.glob(place)) if path.suffix.lower() in suffixes]


def _warn_about_unused_tables(folder: Path, tables: Iterable[Path]) -> None:
    """Else the labels in them would be ignored silently."""
    names = ", ".join(sorted(path.name for path in tables))
    if names:
        _log.warning(
            "%s: %s: describes no file of this folder and is not used; expected the name of a recording and the "
            "columns onset offset event_label, or the columns filename onset offset event_label or filename "
            "event_labels, or one of: %s",
            folder,
            names,
            KNOWN_FORMS,
        )


def _weak_file(path: Path, fold: int | None, labels: set[str]) -> LabelledFile:
    return LabelledFile(path=path, fold=fold, labels=tuple(sorted(labels)), segments=None if labels else ())


def _recordings(folder: Path) -> list[LabelledFile] | None:
    """Recordings with tables of events; a recording without one has no event."""
    recordings, lookup = audio_in(folder), Lookup(folder)
    tables = _tables_in(folder, suffixes=TABLE_SUFFIXES)
    findings = Findings(folder, recordings, lookup)
    unused = [table for table in tables if not findings.read(table)]
    files = findings.files()
    if not files:
        return None
    _warn_about_unused_tables(folder, [table for table in unused if table.suffix.lower() in (".tsv", ".csv")])
    return [*files.values(), *(event_free_file(path) for path in recordings if path not in files)]


def _class_folders(folder: Path) -> list[LabelledFile] | None:
    """Each folder with audio is a class, with all of its subfolders."""
    with_audio = [
        path
        for path in sorted(folder.iterdir())
        if path.is_dir() and not path.name.startswith(".") and path.name != "audio" and audio_in(path)
    ]
    folders = [path for path in with_audio if path.name.lower() not in _PARTS]
    if len(folders) < len(with_audio):
        parts = ", ".join(path.name for path in with_audio if path not in folders)
        _log.warning("%s: %s: taken for parts of a data set, not classes; give a class another name", folder, parts)
    if not folders:
        return None
    _warn_about_unused_tables(folder, _tables_in(folder, suffixes=(".tsv", ".csv")))
    return [file for of_class in folders for file in _files_of_class(of_class)]


def _files_of_class(folder: Path) -> list[LabelledFile]:
    """All of a class's files; where one has a table beside it, the table says what it holds."""
    paths = audio_in(folder, "**/*")
    labelled: dict[Path, LabelledFile] = {}
    for place in sorted({path.parent for path in paths}):
        findings = Findings(place, [path for path in paths if path.parent == place], class_name=folder.name)
        for table in _tables_in(place, suffixes=TABLE_SUFFIXES):
            findings.read(table)
        labelled |= findings.files()
    return [labelled.get(path) or _file_of_class(path, folder.name) for path in paths]


def _file_of_class(path: Path, name: str) -> LabelledFile:
    kind = re.sub(r"[\W_]+", "_", name.lower()).strip("_").removesuffix("s")
    if kind in _BACKGROUNDS or kind in _NO_EVENTS:
        return event_free_file(path, background=kind in _BACKGROUNDS)
    return LabelledFile(path=path, fold=None, labels=(normalise_name(name),), segments=None)


def _audio_alone(folder: Path) -> list[LabelledFile] | None:
    paths = audio_in(folder) or audio_in(folder / "audio")
    if not paths:
        return None
    _warn_about_unused_tables(folder, _tables_in(folder, suffixes=(".tsv", ".csv")))
    _log.warning("%s: has no labels; its %d audio files are taken for sounds that are not events", folder, len(paths))
    return [event_free_file(path) for path in paths]
