"""Tables of events as programs write them, known by their first line, whatever their name.

| form              | first line                                                                  | label            |
|-------------------|-----------------------------------------------------------------------------|------------------|
| strong labels     | [filename] onset offset event_label                                         | event_label      |
| log as CSV        | source type id label onset offset ...                                       | label            |
| log as JSON Lines | a JSON object with `type`                                                   | label            |
| Audacity          | onset, offset, label [, confidence] between tabs, without a header          | the third column |
| Raven selections  | Begin Time (s), End Time (s) [, File Offset (s)] [, Begin File, Begin Path] | see below        |
| Kaleidoscope      | IN FILE, OFFSET, DURATION                                                   | MANUAL ID        |
| BirdNET's CSV     | Start (s), End (s), Scientific name, Common name, Confidence [, File]       | Common name      |
| BirdNET's R table | filepath, start, end, scientific_name, common_name, confidence              | common_name      |

Upper and lower case are the same. Of Raven's columns Annotation, Common Name, Species, Species Code, Label, Class and
Tag the first that the table has is the label. Where Kaleidoscope's MANUAL ID is empty, a program's ID stands for it.
`nocall`, `NoID` and `Noise` there are no events, and neither are gaps and lost lines of our own log.
"""

from pathlib import Path
from typing import NamedTuple

from sed.data.labels import Segment, normalise_name, parse_segment
from sed.data.layouts.plain_events import Found, json_events, track_events
from sed.data.tables import Line, decimal_point, read_lines, read_text
from sed.errors import DataError

KNOWN_FORMS = (
    "onset offset event_label (with or without filename), Audacity labels, Raven selections, Kaleidoscope CSV, "
    "BirdNET's tables, and what sed-stream --out writes"
)
_NOT_EVENTS = {"nocall", "noid", "noise"}


class EventTable(NamedTuple):
    """What a table says.

    Attributes:
        events: the name of the file that each is in, "" where the table does not say; and where in it what sounds.
        heard: names of files that were listened to, whatever was heard.
        predicted: whether a program's confidences stand beside the labels.
    """

    events: list[tuple[str, Segment]]
    heard: set[str]
    predicted: bool


class _Form(NamedTuple):
    needs: tuple[str, ...]
    begin: str
    end: str
    names: tuple[str, ...]
    labels: tuple[str, ...]
    length: bool = False  # whether `end` is a length
    ignored: frozenset[str] = frozenset()
    guesses: tuple[str, ...] = ()  # columns with a program's label, where there is no other
    confidence: str = "confidence"


_RAVEN_LABELS = ("annotation", "common name", "species", "species code", "label", "class", "tag")
_ID_GUESSES = ("auto id", "top1match", "common_name", "scientific_name")
_FORMS = (
    _Form(("source", "type", "label", "onset", "offset"), "onset", "offset", ("source",), ("label",)),
    _Form(("onset", "offset", "event_label"), "onset", "offset", ("filename",), ("event_label",)),
    _Form(
        ("begin time (s)", "end time (s)"),
        *("begin time (s)", "end time (s)", ("begin path", "source", "begin file"), _RAVEN_LABELS),
        ignored=frozenset(_NOT_EVENTS - {"noise"}),
    ),
    _Form(
        ("in file", "offset", "duration"),
        *("offset", "duration", ("in file",), ("manual id",)),
        length=True,
        ignored=frozenset(_NOT_EVENTS),
        guesses=_ID_GUESSES,
    ),
    _Form(
        ("start (s)", "end (s)", "common name"),
        *("start (s)", "end (s)", ("file",), ("common name", "scientific name")),
        ignored=frozenset({"nocall"}),
    ),
    _Form(
        ("start", "end", "common_name"),
        *("start", "end", ("filepath",), ("common_name", "scientific_name")),
        ignored=frozenset({"nocall"}),
    ),
)


def read_event_table(path: Path, class_name: str = "") -> EventTable | None:
    """Read a table of any known form; None if its form is not known.

    Args:
        path: of the table; empty, it is one without events.
        class_name: the label of events that have none.

    Raises:
        DataError: if it cannot be read, or a row is wrong.
    """
    text = read_text(path)
    first = first_line(text)
    if not first:
        return EventTable([], set(), False)
    found = json_events(path, text) or track_events(path, text) or _rows_events(path, text, first)
    if found is None:
        return None
    events, heard, predicted = [], set(found.heard), found.predicted
    for number, name, onset, offset, label in found.events:
        where = f"{path}: line {number}"
        segment = parse_segment(onset, offset, normalise_name(label) or class_name, where)
        events.append((name, segment))
        heard.add(name)
    return EventTable(events, heard, predicted)


def first_line(text: str) -> str:
    """The first line that is not empty; "" if there is none."""
    return next((line.strip("\r\n") for line in text.split("\n") if line.strip()), "")


def _rows_events(path: Path, text: str, first: str) -> Found | None:
    """The events of a table with a header."""
    for delimiter in "\t;,":
        if delimiter in first:
            columns = [_column(name) for name in first.split(delimiter)]
            form = next((form for form in _FORMS if set(form.needs) <= set(columns)), None)
            if form is not None:
                return _of_form(path, form, columns, read_lines(path, text, delimiter)[1:], delimiter)
    return None


def _column(name: str) -> str:
    return name.strip().strip('"').rstrip("*").strip().lower()


def _of_form(path: Path, form: _Form, columns: list[str], lines: list[Line], delimiter: str) -> Found:
    events, heard = [], set()
    sure = next((name for name in form.labels if name in columns), "")
    predicted = form.confidence in columns
    for line in lines:
        if not any(field.strip() for field in line.fields):
            continue
        row = dict(zip(columns, line.fields, strict=False))
        missing = [name for name in (*form.needs, sure) if name and name not in row]
        if missing:
            raise DataError(f"{path}: line {line.number} is too short; it has no {', '.join(missing)}")
        name = _name(row, form)
        if row.get("type", "event") not in ("event", "") and form is _FORMS[0]:
            continue
        heard.add(name)
        label = row[sure].strip() if sure else ""
        guess = next((row[name] for name in form.guesses if row.get(name, "").strip()), "") if not label else ""
        if (label or guess).strip().lower() in form.ignored or _names_a_file_alone(row, form):
            continue
        predicted = predicted or bool(guess)
        onset, offset = _times(row, form, delimiter, f"{path}: line {line.number}")
        events.append((line.number, name, onset, offset, label or guess))
    return Found(events, heard, predicted and bool(events))


def _names_a_file_alone(row: dict[str, str], form: _Form) -> bool:
    """A row of strong labels without onset, offset and label names a file without events."""
    return form is _FORMS[1] and not any(row[name].strip() for name in form.needs)


def _name(row: dict[str, str], form: _Form) -> str:
    return next((row[name].strip() for name in form.names if row.get(name, "").strip()), "")


def _times(row: dict[str, str], form: _Form, delimiter: str, where: str) -> tuple[str, str]:
    begin, end = (decimal_point(row[name], delimiter) for name in (form.begin, form.end))
    place = decimal_point(row.get("file offset (s)", ""), delimiter).strip()
    if not form.length and not place:
        return begin, end
    try:
        seconds = float(end) if form.length else float(end) - float(begin)
        onset = float(place) if place else float(begin)
    except ValueError as exc:
        raise DataError(f"{where}: onset and offset must be seconds ({exc})") from exc
    return repr(onset), repr(round(onset + seconds, 6))
