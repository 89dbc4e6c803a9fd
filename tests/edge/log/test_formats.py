import csv
import json
from pathlib import Path

import dcase_util
import pandas
import pytest
import sed_eval

from edge.errors import SettingError
from edge.log.formats import Format, format_of
from edge.log.records import Record

EVENT: Record = {
    **{"type": "event", "source": "porch", "id": 7, "label": "dog", "onset": 1.25, "offset": 2.5},
    **{"onset_utc": "2026-05-01T04:30:01.250Z", "offset_utc": "2026-05-01T04:30:02.500Z"},
    **{"confidence": 0.9123, "closed_by": "silence"},
}
GAP: Record = {"type": "gap", "source": "porch", "onset": 3.0, "offset": 4.5, "reason": "device"}
LOST: Record = {"type": "lost", "source": "porch", "lines": 12, "onset": 5.0, "offset": 9.0, "reason": "full"}
STOP: Record = {"type": "stop", "source": "porch", "reason": "end"}


def form(argument: str, several: bool = False) -> Format:
    """What `--out` makes of an argument."""
    return format_of(argument, sample_rate=16_000, several=several)[1]


def written(path: Path, *records: Record, several: bool = False) -> Path:
    """A file of these records."""
    chosen = form(path.name, several)
    path.write_text(chosen.header() + "".join(map(chosen.line, records)))
    return path


@pytest.mark.parametrize(
    ("argument", "path", "name"),
    [
        ("a/b.jsonl", "a/b.jsonl", "JsonLines"),
        ("B.CSV", "B.CSV", "CsvTable"),
        ("b.txt", "b.txt", "AudacityLabels"),
        ("b.Table.1.selections.txt", "b.Table.1.selections.txt", "RavenSelections"),
        ("b.tsv", "b.tsv", "DesedTable"),
        ("csv:events.log", "events.log", "CsvTable"),
        ("raven:b.txt", "b.txt", "RavenSelections"),
        ("odd:name.tsv", "odd:name.tsv", "DesedTable"),
    ],
)
def test_the_suffix_or_a_prefix_tells_the_format(argument: str, path: str, name: str) -> None:
    """The prefix wins; a colon may be part of a name."""
    chosen, found = format_of(argument, sample_rate=16_000, several=False)
    assert (Path(path), name) == (chosen, type(found).__name__)


@pytest.mark.parametrize("argument", ["events", "events.json", "wav:a.wav", "csv:", "-", ""])
def test_a_wrong_suffix_lists_the_formats(argument: str) -> None:
    """All of them, and how to name one."""
    with pytest.raises(SettingError) as caught:
        form(argument)
    for word in (".jsonl", ".csv", ".selections.txt", ".txt", ".tsv", "FORMAT:PATH"):
        assert word in str(caught.value)


def test_json_lines_hold_every_record(tmp_path: Path) -> None:
    """As they are in the log."""
    path = written(tmp_path / "a.jsonl", EVENT, GAP, LOST, STOP)
    assert [EVENT, GAP, LOST, STOP] == [json.loads(line) for line in path.read_text().splitlines()]


def test_csv_has_the_fields_of_the_log(tmp_path: Path) -> None:
    """Events, gaps and lost lines, what they lack left empty; pandas and the csv module read the same."""
    path = written(tmp_path / "a.csv", EVENT | {"label": 'a "big", dog'}, GAP, LOST, STOP)
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert ["event", "gap", "lost"] == [row["type"] for row in rows]
    for record, row in zip((EVENT | {"label": 'a "big", dog'}, GAP, LOST), rows, strict=True):
        assert {name: str(value) for name, value in record.items()} == {k: v for k, v in row.items() if v != ""}
    assert [1.25, 3.0, 5.0] == pandas.read_csv(path)["onset"].tolist()


def test_audacity_reads_label_tracks(tmp_path: Path) -> None:
    """Two times and a text a line; with several sources the text says whose."""
    one = written(tmp_path / "a.txt", EVENT, GAP, LOST, STOP)
    assert "1.250000\t2.500000\tdog" == one.read_text().splitlines()[0]
    read = dcase_util.containers.MetaDataContainer().load(str(one))
    assert [(1.25, 2.5, "dog"), (3.0, 4.5, "[gap device]"), (5.0, 9.0, "[lost 12 lines]")] == [
        (row.onset, row.offset, row.event_label) for row in read
    ]
    both = written(tmp_path / "b.txt", EVENT, EVENT | {"source": "barn"}, several=True)
    assert ["dog (porch)", "dog (barn)"] == [line.split("\t")[2] for line in both.read_text().splitlines()]


def test_raven_reads_the_selection_table(tmp_path: Path) -> None:
    """The seven columns that Raven wants, by their names, and ours after them; each selection has its number."""
    path = written(tmp_path / "a.selections.txt", EVENT, GAP, EVENT | {"source": "day/barn.wav", "onset": 2.0})
    table = pandas.read_csv(path, sep="\t", quoting=csv.QUOTE_NONE)
    expected = ["Selection", "View", "Channel", "Begin Time (s)", "End Time (s)", "Low Freq (Hz)", "High Freq (Hz)"]
    assert expected == [*table.columns[:7]]
    ours = ["porch", 1.25, "dog", 0.9123, "porch"]
    assert [1, "Spectrogram 1", 1, 1.25, 2.5, 0.0, 8000.0, *ours] == table.iloc[0].tolist()
    assert ([1, 2], ["porch", "day/barn.wav"]) == (table["Selection"].tolist(), table["Source"].tolist())


def test_raven_finds_a_selection_in_one_of_several_files(tmp_path: Path) -> None:
    """By the file's name without its folder, and the selection's place in it; a name that is an address stays whole."""
    sources = ("day/barn.wav", "C:\\rec\\b.wav", "rtsp://porch/a")
    path = written(tmp_path / "a.selections.txt", *(EVENT | {"source": source} for source in sources))
    table = pandas.read_csv(path, sep="\t", quoting=csv.QUOTE_NONE)
    assert ["barn.wav", "b.wav", "rtsp://porch/a"] == table["Begin File"].tolist()
    assert table["Begin Time (s)"].tolist() == table["File Offset (s)"].tolist()


def test_raven_goes_on_with_no_table_of_other_columns() -> None:
    """One that an older version began has no place for the file, so that its rows would mix."""
    header = form("a.selections.txt").header()
    assert not form("a.selections.txt").can_continue(header.replace("Begin File\tFile Offset (s)\t", ""))


def test_raven_goes_on_numbering() -> None:
    """After the last selection of a file that was there; a header has no number."""
    chosen = form("a.selections.txt")
    chosen.resume("41\tSpectrogram 1\t1\t0.000")
    assert "42" == chosen.line(EVENT).partition("\t")[0]
    chosen.resume(chosen.header())
    assert "1" == chosen.line(EVENT).partition("\t")[0]


def test_sed_eval_and_pandas_read_desed(tmp_path: Path) -> None:
    """Four columns under DESED's header, events alone."""
    path = written(tmp_path / "a.tsv", EVENT, GAP, EVENT | {"source": "barn"})
    table = pandas.read_csv(path, sep="\t")
    assert ["filename", "onset", "offset", "event_label"] == [*table.columns]
    assert ["porch", 1.25, 2.5, "dog"] == table.iloc[0].tolist()
    events = sed_eval.io.load_event_list(str(path))
    assert [("porch", 1.25, 2.5, "dog"), ("barn", 1.25, 2.5, "dog")] == [
        (event.filename, event.onset, event.offset, event.event_label) for event in events
    ]


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.txt", "a.selections.txt", "a.tsv"])
def test_a_record_is_one_line(name: str) -> None:
    """Whatever its label and its source hold."""
    odd = EVENT | {"label": 'a\tb\n"c"\r\nd', "source": "x\ty\nz", "onset": 0.1}
    line = form(name, several=True).line(odd)
    assert (1, "\n") == (len(line.splitlines()), line[-1])
    assert form(name, several=True).line(EVENT).count("\t") == line.count("\t")


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.txt", "a.selections.txt", "a.tsv"])
def test_a_format_knows_its_own_files(name: str) -> None:
    """By the first line, cut off or not; it takes nobody's notes for its own."""
    chosen = form(name)
    first = (chosen.header() + chosen.line(EVENT)).splitlines()[0]
    assert all(chosen.can_continue(first[:length]) for length in range(len(first) + 1))
    assert not chosen.can_continue("Dear diary,")
