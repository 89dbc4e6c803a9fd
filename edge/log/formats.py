"""Records as lines of a file, in formats that other programs read.

| format   | suffix            | columns                                                                | of           |
|----------|-------------------|------------------------------------------------------------------------|--------------|
| jsonl    | `.jsonl`          | none: one JSON object a line                                           | every record |
| csv      | `.csv`            | source, type, id, label, onset, offset, onset_utc, offset_utc,         | events, gaps |
|          |                   | confidence, closed_by, reason, lines; as in the log, under a header    | lost lines   |
| raven    | `.selections.txt` | Selection, View, Channel, Begin Time (s), End Time (s), Low Freq (Hz), | events       |
|          |                   | High Freq (Hz), Begin File, File Offset (s), Annotation, Confidence,   |              |
|          |                   | Source; tabs, under a header                                           |              |
| audacity | `.txt`            | onset, offset, text; tabs, no header                                   | as csv       |
| desed    | `.tsv`            | filename, onset, offset, event_label; tabs, under a header             | events       |

Times are seconds since the source began, frequencies go from 0 to half the model's sample rate. Several sources in one
file are distinguished by `source`, `Source` and `filename`, and for Raven by `Begin File`, the source's name without
its folder, and `File Offset (s)`, the onset in it: Raven counts `Begin Time (s)` through all files of a sound and finds
a selection of a single file by these two. Audacity has only the label for it, which becomes `dog (porch)` if the log
has more than one source; records that are not events are in brackets: `[gap device]`. The numbers of Raven's selections
continue after a restart, because Raven expects each number once. `sed.data` reads each format as labels.

Tabs and line ends within a label or a name become spaces, so that one record is one line in every format.
"""

import csv
import io
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from edge.errors import SettingError
from edge.log.records import Record


class Format(Protocol):
    """Turns records into the lines of one file.

    Attributes:
        suffix: end of the names of its files.
    """

    suffix: str

    def header(self) -> str:
        """The lines that a new file begins with."""

    def line(self, record: Record) -> str:
        """The record as one line with its end, or "" if the format has no place for it."""

    def note_written(self, record: Record) -> None:
        """Note that the record's line is in the file."""

    def can_continue(self, first_line: str) -> bool:
        """Whether lines can be appended to a file with this first line, which may be cut off."""

    def is_complete(self, last_line: str) -> bool:
        """Whether a last line is complete but for its line end."""

    def resume(self, last_line: str) -> None:
        """Continue after the last complete line of an existing file."""


class JsonLines:
    """One JSON object a line: the log itself. After a rotation, the new file begins with the start records again."""

    suffix = ".jsonl"

    def __init__(self) -> None:
        self._starts: dict[str, Record] = {}

    def header(self) -> str:
        """See `Format.header`; the records are marked as repeated."""
        return "".join(json_line(start | {"continued": True}) for start in self._starts.values())

    def line(self, record: Record) -> str:
        """See `Format.line`."""
        return json_line(record)

    def note_written(self, record: Record) -> None:
        """See `Format.note_written`."""
        if record["type"] == "start":
            self._starts[record["source"]] = record
        elif record["type"] == "model" and record["source"] in self._starts:
            self._starts[record["source"]] = self._starts[record["source"]] | {"model": record["model"]}

    def can_continue(self, first_line: str) -> bool:
        """See `Format.can_continue`."""
        return first_line[:1] in ("", "{")

    def is_complete(self, last_line: str) -> bool:
        """See `Format.is_complete`."""
        try:
            return isinstance(json.loads(last_line), dict)
        except ValueError:
            return False

    def resume(self, last_line: str) -> None:
        """See `Format.resume`."""


class _Table:
    """One row a record, its values between tabs, under a header."""

    suffix: str
    types: tuple[str, ...] = ("event",)
    columns: tuple[str, ...]

    def header(self) -> str:
        """See `Format.header`."""
        return self._row(self.columns)

    def line(self, record: Record) -> str:
        """See `Format.line`."""
        return self._row(self._values(record)) if record["type"] in self.types else ""

    def note_written(self, record: Record) -> None:
        """See `Format.note_written`."""

    def can_continue(self, first_line: str) -> bool:
        """See `Format.can_continue`."""
        return self.header().startswith(first_line)

    def is_complete(self, last_line: str) -> bool:  # noqa: ARG002  # its last number or word may be cut off
        """See `Format.is_complete`."""
        return False

    def resume(self, last_line: str) -> None:
        """See `Format.resume`."""

    def _values(self, record: Record) -> Sequence[object]:
        """The values of the columns: by default the fields of the record with the same names."""
        return [record.get(column, "") for column in self.columns]

    def _row(self, values: Sequence[object]) -> str:
        return "\t".join(map(_one_line, values)) + "\n"


class CsvTable(_Table):
    """Events, gaps and lost lines, with the same fields as in the log."""

    suffix = ".csv"
    types = ("event", "gap", "lost")
    columns = (
        *("source", "type", "id", "label", "onset", "offset", "onset_utc", "offset_utc"),
        *("confidence", "closed_by", "reason", "lines"),
    )

    def _row(self, values: Sequence[object]) -> str:
        row = io.StringIO()
        csv.writer(row, lineterminator="\n").writerow(map(_one_line, values))
        return row.getvalue()


class RavenSelections(_Table):
    """Raven's selection table.

    Args:
        sample_rate: Hz.
    """

    suffix = ".selections.txt"
    columns = (
        *("Selection", "View", "Channel", "Begin Time (s)", "End Time (s)", "Low Freq (Hz)", "High Freq (Hz)"),
        *("Begin File", "File Offset (s)", "Annotation", "Confidence", "Source"),
    )

    def __init__(self, sample_rate: int) -> None:
        self._highest_hz = sample_rate / 2
        self._selections = 0

    def _values(self, record: Record) -> Sequence[object]:
        self._selections += 1
        begin, end = f"{record['onset']:.3f}", f"{record['offset']:.3f}"
        place = (self._selections, "Spectrogram 1", 1, begin, end, "0.0", f"{self._highest_hz:.1f}")
        source = record["source"]
        begin_file = source if "://" in source else re.split(r"[/\\]", source)[-1]
        return (*place, begin_file, begin, record["label"], record["confidence"], source)

    def resume(self, last_line: str) -> None:
        """See `Format.resume`."""
        number = last_line.partition("\t")[0]
        self._selections = int(number) if number.isdecimal() else 0


class DesedTable(_Table):
    """Strong labels as DESED and sed_eval read them."""

    suffix = ".tsv"
    columns = ("filename", "onset", "offset", "event_label")

    def _values(self, record: Record) -> Sequence[object]:
        return record["source"], f"{record['onset']:.3f}", f"{record['offset']:.3f}", record["label"]


class AudacityLabels(_Table):
    """A label track for Audacity.

    Args:
        several: whether the log has more than one source.
    """

    suffix = ".txt"
    types = ("event", "gap", "lost")
    columns = ("onset", "offset", "text")

    def __init__(self, several: bool) -> None:
        self._several = several

    def header(self) -> str:
        """See `Format.header`."""
        return ""

    def _values(self, record: Record) -> Sequence[object]:
        texts = {"gap": "[gap {reason}]", "lost": "[lost {lines} lines]"}
        text = texts.get(record["type"], "{label}").format_map(record)
        if self._several:
            text += f" ({record['source']})"
        return f"{record['onset']:.6f}", f"{record['offset']:.6f}", text

    def can_continue(self, first_line: str) -> bool:
        """See `Format.can_continue`."""
        try:
            [float(time) for time in first_line.split("\t")[:2] if time]
        except ValueError:
            return False
        return True


_FORMATS: dict[str, type[JsonLines | _Table]] = {
    "jsonl": JsonLines,
    "csv": CsvTable,
    "raven": RavenSelections,  # before Audacity, because .selections.txt ends in .txt too
    "audacity": AudacityLabels,
    "desed": DesedTable,
}


def format_of(argument: str, *, sample_rate: int, several: bool) -> tuple[Path, Format]:
    """The path and the format of an `--out` argument: a path whose suffix tells the format, or FORMAT:PATH.

    Args:
        argument: as the user gave it.
        sample_rate: the model's, in Hz.
        several: whether the log has more than one source.

    Raises:
        SettingError: if the format is unknown.

    >>> str(format_of("csv:events.log", sample_rate=16000, several=False)[0])
    'events.log'
    """
    name, _, path = argument.partition(":")
    if name not in _FORMATS:
        path = argument
        name = next((name for name, form in _FORMATS.items() if argument.lower().endswith(form.suffix)), "")
    if not name or not path:
        known = ", ".join(f"{form.suffix} ({name})" for name, form in _FORMATS.items())
        raise SettingError(
            f"--out {argument}: its format is unknown; expected a path that ends in one of {known}, "
            "or FORMAT:PATH such as csv:events.log"
        )
    form = _FORMATS[name]
    if form is RavenSelections:
        return Path(path), RavenSelections(sample_rate)
    return Path(path), AudacityLabels(several) if form is AudacityLabels else form()


def json_lines_file(arguments: Sequence[str]) -> Path | None:
    """The first of some `--out` arguments that is a file of JSON Lines: the log itself, which can be read back.

    Raises:
        SettingError: if the format of one is unknown.
    """
    files = (format_of(argument, sample_rate=0, several=False) for argument in arguments)
    return next((path for path, form in files if isinstance(form, JsonLines)), None)


def json_line(record: Record) -> str:
    """A record as one line of JSON, with its end."""
    return json.dumps(record, ensure_ascii=False) + "\n"


def _one_line(value: object) -> str:
    return " ".join(str(value).splitlines()).replace("\t", " ")
