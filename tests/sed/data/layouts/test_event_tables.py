import random
from pathlib import Path

import pytest

from sed.data.labels import Segment
from sed.data.layouts.event_tables import read_event_table
from sed.errors import DataError

DOG = Segment(1.25, 2.5, "dog")
RAVEN = "Selection\tView\tChannel\tBegin Time (s)\tEnd Time (s)\tLow Freq (Hz)\tHigh Freq (Hz)"
BIRDNET_R = "filepath,start,end,scientific_name,common_name,confidence,lat,lon,week"
KALEIDOSCOPE = "INDIR,FOLDER,IN FILE,OFFSET,DURATION"
FORMS = {
    "strong": ("filename\tonset\toffset\tevent_label\nx.wav\t1.25\t2.5\tdog\n", "x.wav", False),
    "strong of one file": ("onset,offset,event_label\n1.25,2.5,dog\n", "", False),
    "semicolons": ("onset;offset;event_label\r\n1,25;2,5;dog\r\n", "", False),
    "audacity": ("1.250000\t2.500000\tdog\n\\\t100.0\t900.0\n", "", False),
    "audacity, decimal commas": ("1,25\t2,5\tdog\r\n", "", False),
    "raven": (f"{RAVEN}\tAnnotation\n1\tSpectrogram 1\t1\t1.25\t2.5\t0\t8000\tdog\n", "", False),
    "raven, both views": (f"{RAVEN}\tSpecies\n1\tWaveform 1\t1\t1.25\t2.5\t0\t8000\tdog\n", "", False),
    "raven of several files": (
        f"{RAVEN}\tBegin File\tFile Offset (s)\tSpecies\n1\tSpectrogram 1\t1\t61.25\t62.5\t0\t8000\tx.wav\t1.25\tdog\n",
        *("x.wav", False),
    ),
    "birdnet, raven": (
        f"{RAVEN}\tCommon Name\tSpecies Code\tConfidence\tBegin Path\tFile Offset (s)\n"
        "1\tSpectrogram 1\t1\t1.25\t2.5\t0\t8000\tdog\tdog1\t0.9\t/rec/x.wav\t1.25\n"
        "2\tSpectrogram 1\t1\t3\t6\t0\t8000\tnocall\tnocall\t1.0\t/rec/x.wav\t3\n",
        *("/rec/x.wav", True),
    ),
    "birdnet, csv": ("Start (s),End (s),Scientific name,Common name,Confidence\n1.25,2.5,Canis,dog,0.9\n", "", True),
    "birdnet, csv with file": (
        "Start (s),End (s),Scientific name,Common name,Confidence,File\n1.25,2.5,Canis,dog,0.9,x.wav\n",
        *("x.wav", True),
    ),
    "birdnet, audacity": ("1.25\t2.5\tCanis lupus, dog\t0.9123\n", "", True),
    "birdnet, kaleidoscope": (
        f"{KALEIDOSCOPE},scientific_name,common_name,confidence\n/,rec,x.wav,1.25,1.25,Canis,dog,0.9\n",
        *("x.wav", True),
    ),
    "birdnet, r": (f"{BIRDNET_R}\nrec/x.wav,1.25,2.5,Canis,dog,0.9,-1,-1,-1\n", "rec/x.wav", True),
    "kaleidoscope": (
        f"{KALEIDOSCOPE},AUTO ID*,MANUAL ID*\n/,,x.wav,1.25,1.25,cat,dog\n/,,x.wav,3,1,NoID,\n",
        *("x.wav", False),
    ),
}


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_each_form_says_the_same(tmp_path: Path, name: str, encoding: str) -> None:
    """Whatever the encoding; confidences make labels predictions, what is no event is none."""
    text, source, predicted = FORMS[name]
    table = tmp_path / "a.txt"
    table.write_bytes(text.encode(encoding))
    found = read_event_table(table)
    assert found is not None
    assert ([(source, DOG)], predicted) == (found.events, found.predicted)


@pytest.mark.parametrize("text", ["", "\n\n", "\ufeff", "Start (s),End (s),Scientific name,Common name,Confidence\n"])
def test_an_empty_table_has_no_event(tmp_path: Path, text: str) -> None:
    """It is of a recording in which nothing was found."""
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    assert ([], set(), False) == read_event_table(tmp_path / "a.csv")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1\t2\tdog\n3\n", r"a\.txt: line 2: onset, offset and label between tabs expected, got '3'"),
        ("1\t2\tdog\n3\t2\tdog\n", r"a\.txt: line 2: 0 <= onset < offset must hold, got 3\.0, 2\.0"),
        ("1\t2\n", r"a\.txt: line 1: the event at 1\.0 s has no event_label"),
        ("1\t1e308\tdog\n", r"a\.txt: line 1: an event cannot end after 1e\+308 s; times must be seconds"),
        ("Start (s);End (s);Common name\n0;nan;dog\n", "line 2: 0 <= onset < offset must hold"),
        ("Start (s),End (s),Common name\n0,1\n", "line 2 is too short; it has no common name"),
        (f"{KALEIDOSCOPE},MANUAL ID\n,,x.wav,1,soon,dog\n", "line 2: onset and offset must be seconds"),
        ('{"type": "start", "source": "a"}\n{"type": "ev', r"a\.txt: line 2: is no record of the log"),
    ],
)
def test_a_wrong_row_is_told_by_its_line(tmp_path: Path, text: str, message: str) -> None:
    """With the file, and what came."""
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        read_event_table(tmp_path / "a.txt")


def test_a_table_of_any_size_is_answered(tmp_path: Path) -> None:
    """One that is too large is not read, a field that is too long is told by its line."""
    with (tmp_path / "huge.txt").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(DataError, match=r"huge\.txt: has 1,099,511,627,776 bytes"):
        read_event_table(tmp_path / "huge.txt")
    (tmp_path / "a.csv").write_text("onset,offset,event_label\n0,1," + "x" * 200_000)
    with pytest.raises(DataError, match=r"a\.csv: line 2: is no row of a table \(field larger than field limit"):
        read_event_table(tmp_path / "a.csv")


def mutated(text: str, chance: random.Random) -> bytes:
    """The text as a hand, another program or a dying disk might leave it."""
    strange = [
        "nan",
        "-1",
        "1e308",
        "1e999",
        "inf",
        "",
        "9" * 400,
        '"',
        "\t\t",
        ";",
        "\\",
        "{",
        "[" * 3000,
        "\0",
        "é",
        "\r",
    ]
    data = text
    for _ in range(chance.randint(1, 4)):
        place, other = sorted(chance.choices(range(len(data) + 1), k=2))
        swap = chance.sample(["\t", ",", ";", " ", "\n"], 2)
        data = chance.choice(
            [
                data[:place],
                data[:place] + chance.choice(strange) + data[place:],
                data[:place] + chance.choice(strange) + data[other:],
                data.replace(*swap),
                data.replace("1.25", "9").replace("2.5", chance.choice(strange)),
                data + data[place:other],
            ]
        )
    encoded = data.encode(chance.choice(["utf-8", "utf-8", "utf-16", "utf-16-le", "latin-1"]), errors="replace")
    return encoded[: chance.randint(0, len(encoded))] if chance.random() < 0.2 else encoded


def outcome(table: Path) -> tuple[str | None, list[tuple[float, float]]]:
    """The message of the error that comes of a table, and the times that are read."""
    try:
        found = read_event_table(table)
    except DataError as exc:
        return str(exc), []
    return None, [(segment.onset, segment.offset) for _, segment in found.events] if found is not None else []


@pytest.mark.parametrize("name", [*FORMS, "log"])
def test_damaged_tables_are_read_or_told_of(tmp_path: Path, name: str) -> None:
    """In one line that names the file; what is read has sound times."""
    log = '{"type": "event", "source": "x.wav", "label": "dog", "onset": 1.25, "offset": 2.5}\n' * 2
    text, table = FORMS[name][0] if name in FORMS else log, tmp_path / "a.txt"
    chance = random.Random(name)
    for _ in range(200):
        table.write_bytes(mutated(text, chance))
        message, times = outcome(table)
        assert message is None or (message.startswith(f"{table}: ") and len(message.splitlines()) == 1)
        assert all(0.0 <= onset < offset <= 1e9 for onset, offset in times)
