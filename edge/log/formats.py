"""Records as the lines of a file, in the forms that other programs read.

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
file are told apart by `source`, `Source` and `filename`, and for Raven by `Begin File`, the source's name without its
folder, and `File Offset (s)`, the onset in it: Raven counts `Begin Time (s)` through all files of a sound and finds a
selection of a single file by these two. Audacity's text has no room but the label, which becomes `dog (porch)` where
the log has more than one source, and what is no event stands in brackets: `[gap device]`. Raven's selections are
numbered on through restarts, for Raven wants each number once. `sed.data` reads each format as labels.

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
    """How records become the lines of one file.

    Attributes:
        suffix: that its files end in.
    """

    suffix: str

    def beginning(self) -> str:
        """What a new file begins with, whole lines."""

    def line(self, record: Record) -> str:
        """The record as one line with its end, or nothing where the format has no place for it."""

    def wrote(self, record: Record) -> None:
        """Note that the record's line is in the file."""

    def is_ours(self, first_line: str) -> bool:
        """Whether a file that begins with this line, which may be cut off, can be gone on with."""

    def is_whole(self, last_line: str) -> bool:
        """Whether a last line lacks nothing but its end."""

    def resume(self, last_line: str) -> None:
        """Go on after the last whole line of a file that was there before."""


class JsonLines:
    """One JSON object a line: the log itself. A file that was rotated begins with what its sources began with."""

    suffix = ".jsonl"

    def __init__(self) -> None:
        self._starts: dict[str, Record] = {}

    def beginning(self) -> str:
        """See `Format.beginning`; the records are marked as repeated."""
        return "".join(json_line(start | {"continued": True}) for start in self._starts.values())

    def line(self, record: Record) -> str:
        """See `Format.line`."""
        return json_line(record)

    def wrote(self, record: Record) -> None:
        """See `Format.wrote`."""
        if record["type"] == "start":
            self._starts[record["source"]] = record

    def is_ours(self, first_line: str) -> bool:
        """See `Format.is_ours`."""
        return first_line[:1] in ("", "{")

    def is_whole(self, last_line: str) -> bool:
        """See `Format.is_whole`."""
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

    def beginning(self) -> str:
        """See `Format.beginning`."""
        return self._row(self.columns)

    def line(self, record: Record) -> str:
        """See `Format.line`."""
        return self._row(self._values(record)) if record["type"] in self.types else ""

    def wrote(self, record: Record) -> None:
        """See `Format.wrote`."""

    def is_ours(self, first_line: str) -> bool:
        """See `Format.is_ours`."""
        return self.beginning().startswith(first_line)

    def is_whole(self, last_line: str) -> bool:  # noqa: ARG002  # its last number or word may lack its end
        """See `Format.is_whole`."""
        return False

    def resume(self, last_line: str) -> None:
        """See `Format.resume`."""

    def _values(self, record: Record) -> Sequence[object]:
        """One a column: what the record has by its name, unless a format says otherwise."""
        return [record.get(column, "") for column in self.columns]

    def _row(self, values: Sequence[object]) -> str:
        return "\t".join(map(_one_line, values)) + "\n"


class CsvTable(_Table):
    """Events, gaps and lost lines, with the fields that they have in the log."""

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

    def beginning(self) -> str:
        """See `Format.beginning`."""
        return ""

    def _values(self, record: Record) -> Sequence[object]:
        texts = {"gap": "[gap {reason}]", "lost": "[lost {lines} lines]"}
        text = texts.get(record["type"], "{label}").format_map(record)
        if self._several:
            text += f" ({record['source']})"
        return f"{record['onset']:.6f}", f"{record['offset']:.6f}", text

    def is_ours(self, first_line: str) -> bool:
        """See `Format.is_ours`."""
        try:
            [float(time) for time in first_line.split("\t")[:2] if time]
        except ValueError:
            return False
        return True


_FORMATS: dict[str, type[JsonLines | _Table]] = {
    "jsonl": JsonLines,
    "csv": CsvTable,
    "raven": RavenSelections,  # before Audacity, whose suffix is the end of its own
    "audacity": AudacityLabels,
    "desed": DesedTable,
}


def format_of(argument: str, *, sample_rate: int, several: bool) -> tuple[Path, Format]:
    """What `--out` asks for: a path, whose suffix tells the format, or FORMAT:PATH.

    Args:
        argument: as the user gave it.
        sample_rate: the model's, in Hz.
        several: whether the log has more than one source.

    Raises:
        SettingError: if neither tells the format.

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
            f"--out {argument}: does not tell the format; expected a path that ends in one of {known}, "
            "or FORMAT:PATH such as csv:events.log"
        )
    form = _FORMATS[name]
    if form is RavenSelections:
        return Path(path), RavenSelections(sample_rate)
    return Path(path), AudacityLabels(several) if form is AudacityLabels else form()


def json_line(record: Record) -> str:
    """A record as one line of JSON, with its end."""
    return json.dumps(record, ensure_ascii=False) + "\n"


def _one_line(value: object) -> str:
    return " ".join(str(value).splitlines()).replace("\t", " ")
