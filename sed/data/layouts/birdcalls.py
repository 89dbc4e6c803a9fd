"""Labels of bird recordings as Kaggle publishes them: Cornell Birdcall 2020, and BirdCLEF from 2021 on.

    train.csv            ebird_code, filename, primary_label, ...    train_audio/<ebird_code>/<filename>      2020
    train_metadata.csv   primary_label, filename, ...                train_short_audio/<primary_label>/...    2021
                                                                     train_audio/<filename>                   2022 on
    train.csv            primary_label, filename, ...                train_audio/<filename>                   2025 on
    train_soundscape_labels.csv   row_id, birds, ...                 train_soundscapes/<audio_id>_<site>_...  2021

The last is a layout of its own: models are evaluated on its folder. In 2020 the primary label is a name ("Empidonax
alnorum_Alder Flycatcher") and secondary labels are such names; later both are codes. The tables do not say where in a
recording the bird calls. `nocall` is not a class.
"""

import ast
import math
from collections import defaultdict
from pathlib import Path

from sed.data.labels import LabelledFile, Segment, parse_segment, strong_file
from sed.data.tables import read_header, read_table
from sed.errors import DataError

ROW_SECONDS = 5.0  # length of a row of the soundscapes' tables
_NO_CALL = "nocall"
_BEST_RATING, _USUAL_RATING = 5.0, 3.0


def cornell(folder: Path) -> list[LabelledFile] | None:
    """Read the files of Cornell Birdcall 2020, with its two example recordings; None if the folder has another layout.

    Raises:
        DataError: if a table is wrong.
    """
    table = folder / "train.csv"
    if "ebird_code" not in read_header(table, ","):
        return None
    rows = read_table(table, ",", ("ebird_code", "filename"))
    codes = {row["primary_label"]: row["ebird_code"] for row in rows if row.get("primary_label")}
    files = []
    for row in rows:
        code = row["ebird_code"]
        path = folder / "train_audio" / code / row["filename"]
        named = (codes.get(name) for name in _list(row, table))
        files.append(_file(path, code, {name for name in named if name is not None}, _weight(row, table)))
    return files + _examples(folder, {row["ebird_code"] for row in rows})


def birdclef(folder: Path) -> list[LabelledFile] | None:
    """Read the files of BirdCLEF 2021 and later; None if the folder has another layout.

    Raises:
        DataError: if the table is wrong.
    """
    table = folder / "train_metadata.csv"
    if not table.exists():
        table = folder / "train.csv"
    header = read_header(table, ",")
    if "primary_label" not in header or "ebird_code" in header:
        return None
    rows = read_table(table, ",", ("primary_label", "filename"))
    codes = {row["primary_label"] for row in rows}
    files = []
    for row in rows:
        code, name = row["primary_label"], row["filename"]
        path = folder / "train_audio" / name if "/" in name else folder / "train_short_audio" / code / name
        files.append(_file(path, code, codes & set(_list(row, table)), _weight(row, table)))
    return files


def soundscapes(folder: Path) -> list[LabelledFile] | None:
    """Read the files of BirdCLEF's `train_soundscapes/`; the table beside it says what is in each row of 5 s.

    Events last for whole rows: row-wise F1 is correct for them, metrics that need onsets and offsets are not. None if
    there is no such table.

    Raises:
        DataError: if the table is wrong.
    """
    table = folder.parent / f"{folder.name.removesuffix('s')}_labels.csv"
    if not {"row_id", "birds"} <= set(read_header(table, ",")):
        return None
    segments: dict[str, list[Segment]] = defaultdict(list)
    for row in read_table(table, ",", ("row_id", "birds")):
        name, _, end = row["row_id"].rpartition("_")
        if not (name and end.isdecimal() and int(end) >= ROW_SECONDS):
            raise DataError(
                f"{table}: row_id must be like 7019_COR_5, with the second of the row's end, got {row['row_id']!r}"
            )
        birds = set(row["birds"].split()) - {_NO_CALL}
        segments[name] += [Segment(int(end) - ROW_SECONDS, float(end), bird) for bird in sorted(birds)]
    return [
        strong_file(path, None, found)
        for name, found in segments.items()
        for path in sorted(folder.glob(f"{name}_*")) or [folder / f"{name}.ogg"]  # a warning will say it is missing
    ]


def _file(path: Path, code: str, secondary: set[str], weight: float) -> LabelledFile:
    labels = () if code == _NO_CALL else (code,)
    return LabelledFile(
        path=path,
        fold=None,
        labels=labels,
        segments=None if labels else (),
        secondary=tuple(sorted(secondary - {code, _NO_CALL})),
        weight=weight,
    )


def _list(row: dict[str, str], table: Path) -> list[str]:
    """The secondary labels, which the table writes as a Python list."""
    text = row.get("secondary_labels") or "[]"
    try:
        names = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        names = None
    if not isinstance(names, list):
        raise DataError(f"{table}: {row['filename']}: secondary_labels must be a list like ['a', 'b'], got {text!r}")
    return [str(name) for name in names]


def _weight(row: dict[str, str], table: Path) -> float:
    """The rating, divided by the best one; 0 means that nobody rated it, and counts as 3 of 5."""
    text = row.get("rating") or "0"
    try:
        rating = float(text)
    except ValueError:
        rating = math.nan
    if not 0.0 <= rating <= _BEST_RATING:
        raise DataError(f"{table}: {row['filename']}: rating must be a number from 0 to 5, got {text!r}")
    return (rating if rating > 0.0 else _USUAL_RATING) / _BEST_RATING


def _examples(folder: Path, codes: set[str]) -> list[LabelledFile]:
    """The strongly labelled recordings of 2020: `example_test_audio/<file_id>.<something>.mp3`."""
    table = folder / "example_test_audio_metadata.csv"
    if not table.exists():
        return []
    segments: dict[str, list[Segment]] = defaultdict(list)
    for row in read_table(table, ",", ("file_id", "ebird_code", "time_start", "time_end")):
        of_file = segments[row["file_id"]]
        if row["ebird_code"] in codes:
            where = f"{table}: {row['file_id']}"
            of_file.append(parse_segment(row["time_start"], row["time_end"], row["ebird_code"], where))
    audio = folder / "example_test_audio"
    return [
        strong_file(path, None, found)
        for name, found in segments.items()
        for path in sorted(audio.glob(f"{name}.*")) or [audio / f"{name}.mp3"]  # a warning will say it is missing
    ]
