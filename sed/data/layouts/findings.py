"""What the tables beside recordings say of them.

A table is of the recording with whose name its own begins (x.txt, x.Table.1.selections.txt, x.BirdNET.results.csv of
x.wav), unless its rows name other files. Conflicts are settled so:

- Of several tables of one recording, strong labels in a .tsv count most, then tables without a program's confidences,
  then those with them; equals are put together.
- Events of one label that overlap are one: neither the frames of training nor the decoder can part them.
- A table without events is of a recording that holds none.
- A table that names only one file, which is not there, is of the recording with its name: that was renamed. Of several
  names those that are not there are told of as missing files; if none is there, the table is an error.
- The text (NAME) behind a label of Audacity names the file, if there is one of this name.
"""

import logging
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from sed.data.labels import LabelledFile, Segment, normalise_name, strong_file
from sed.data.layouts.event_tables import KNOWN_FORMS, EventTable, first_line, read_event_table
from sed.data.layouts.lookup import Lookup, name_parts
from sed.data.spans import merge_spans
from sed.data.tables import read_text
from sed.errors import DataError

_log = logging.getLogger(__name__)

TABLE_SUFFIXES = (".tsv", ".csv", ".txt", ".jsonl")
_KNOWN_ENDS = re.compile(r"((\.table\.\d+)?\.selections?(\.table)?|\.birdnet\.[\w.]+)?\.(tsv|csv|txt|jsonl)")
_WITH_NAME = re.compile(r"(.*\S) \((.+)\)")


class _Said(NamedTuple):
    """What one table says of one recording; the lower its rank, the more it counts."""

    rank: int
    table: Path
    segments: list[Segment]


class Findings:
    """What the tables of a folder say.

    Args:
        folder: of the tables.
        recordings: beside them.
        lookup: finds the files that rows name; None: rows are of the recording that the table's name begins with.
        class_name: the label of events that have none.
    """

    def __init__(
        self, folder: Path, recordings: Sequence[Path], lookup: Lookup | None = None, class_name: str = ""
    ) -> None:
        self._folder, self._recordings, self._lookup, self._class = folder, recordings, lookup, class_name
        self._said: dict[Path, list[_Said]] = defaultdict(list)

    def read(self, table: Path) -> bool:
        """Read one table.

        Returns:
            Whether it says something of a file.

        Raises:
            DataError: if it has the name of a recording and an unknown form, or a row is wrong.
        """
        owner = self._owner(table)
        if owner is None and self._lookup is None:
            return False
        try:
            text = read_text(table)
        except DataError:
            if owner is not None and _is_named_for(table, owner):
                raise
            return False
        found = read_event_table(table, self._class)
        if found is None:
            if owner is not None and _is_named_for(table, owner):
                raise DataError(
                    f"{table}: is beside {owner.name} and in no form that is known; its first line is "
                    f"{first_line(text)[:80]!r}; known are {KNOWN_FORMS}; save it as one of them, or move it elsewhere"
                )
            return False
        if owner is None and not found.events and not found.heard:
            return False
        return self._take(table, owner, found)

    def files(self) -> dict[Path, LabelledFile]:
        """The files that tables say something of."""
        return {path: _file(path, said) for path, said in self._said.items()}

    def _take(self, table: Path, owner: Path | None, found: EventTable) -> bool:
        events = [self._with_name(name, segment, table) for name, segment in found.events]
        names = found.heard | {name for name, _ in events}
        if any(name for name, _ in events):
            names -= {""} if all(name for name, _ in events) else set()
        places = self._places(table, owner, names)
        of_file: dict[Path, list[Segment]] = {place: [] for place in places.values()}
        if owner is not None and not names - {""}:
            of_file[owner] = []
        for name, segment in events:
            if name in places:
                of_file[places[name]].append(segment)
        rank = 2 if found.predicted else int(table.suffix.lower() != ".tsv")
        for place, segments in of_file.items():
            self._said[place].append(_Said(rank, table, segments))
        return bool(of_file)

    def _places(self, table: Path, owner: Path | None, names: set[str]) -> dict[str, Path]:
        """Where the files are that a table names; "" is the table's own."""
        own = owner
        if owner is None and len(self._recordings) == 1:
            own = self._recordings[0]
        named = {name: self._seek(name, table, owner) for name in sorted(names - {""})}
        places = {name: path for name, path in named.items() if path is not None}
        missing = [name for name, path in named.items() if path is None]
        if len(named) == 1 and missing and own is not None:
            _log.warning("%s: names %s, which is not there; taken for the labels of %s", table, missing[0], own.name)
            places[missing[0]] = own
        elif missing and not places:
            raise DataError(
                f"{table}: names {missing[0]!r}, and neither it nor another file that it names is in {self._folder}; "
                "put the recordings beside it, or move it elsewhere"
            )
        else:
            places |= {name: self._folder / name_parts(name)[-1] for name in missing if name_parts(name)}
        if "" in names and own is not None:
            places[""] = own
        return places

    def _seek(self, name: str, table: Path, owner: Path | None) -> Path | None:
        parts = name_parts(name)
        if owner is not None and parts and parts[-1] == normalise_name(owner.name):
            return owner
        return None if self._lookup is None else self._lookup.inside(name, table)

    def _with_name(self, name: str, segment: Segment, table: Path) -> tuple[str, Segment]:
        """A label of Audacity may say in brackets whose it is."""
        match = _WITH_NAME.fullmatch(segment.label)
        if name or match is None or self._seek(match[2], table, self._owner(table)) is None:
            return name, segment
        return match[2], segment._replace(label=match[1])

    def _owner(self, table: Path) -> Path | None:
        """The recording with the longest name that the table's name begins with."""
        name = normalise_name(table.name)
        fitting = [path for path in self._recordings if name.startswith(f"{normalise_name(path.stem)}.")]
        return max(fitting, key=lambda path: len(path.stem), default=None)


def _is_named_for(table: Path, recording: Path) -> bool:
    """Whether the table's name is the recording's with an end that programs give to tables."""
    name, stem = normalise_name(table.name), normalise_name(recording.stem)
    rest = name.removeprefix(normalise_name(recording.name)) if name.startswith(recording.name) else name[len(stem) :]
    return _KNOWN_ENDS.fullmatch(rest.lower()) is not None


def _file(path: Path, said: list[_Said]) -> LabelledFile:
    best = min(one.rank for one in said)
    taken = [one for one in said if one.rank == best]
    others = sorted(one.table.name for one in said if one.rank > best)
    if others:
        names = ", ".join(one.table.name for one in taken)
        _log.warning(
            "%s: its labels are those of %s; not those of %s, which count less", path, names, ", ".join(others)
        )
    file = strong_file(path, None, _merged(segment for one in taken for segment in one.segments))
    return replace(file, predicted=best == 2)


def _merged(segments: Iterable[Segment]) -> list[Segment]:
    """Those of one label that overlap are one."""
    by_label: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for onset, offset, label in sorted(segments):
        by_label[label].append((onset, offset))
    return [Segment(*span, label) for label, spans in by_label.items() for span in merge_spans(spans)]
