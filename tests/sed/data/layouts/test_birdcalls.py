import csv
from pathlib import Path

import pytest

from sed.data.labels import LabelledFile, Segment
from sed.data.layouts import read_labels
from sed.errors import DataError
from sed.network.checkpoint import load_checkpoint
from tests.conftest import ROOT
from tests.sed.cuts import write_cut, write_table
from tests.sed.training.runs import train

# In the order of Kaggle's files, some of its columns among those that are not needed.
CORNELL = [
    "rating",
    "ebird_code",
    "channels",
    "duration",
    "filename",
    "secondary_labels",
    "primary_label",
    "sampling_rate",
]
BIRDCLEF = ["primary_label", "secondary_labels", "type", "latitude", "common_name", "filename", "rating"]


def write_csv(path: Path, header: list[str], *rows: dict[str, object]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, header, restval="")
        table.writeheader()
        table.writerows(rows)


def cornell_row(code: str, name: str, filename: str, rating: float, secondary: list[str]) -> dict[str, object]:
    return {
        "rating": rating,
        "ebird_code": code,
        "channels": "1 (mono)",
        "duration": 1,
        "filename": filename,
        "secondary_labels": secondary,
        "primary_label": name,
        "sampling_rate": "44100 (Hz)",
    }


FLYCATCHER, AVOCET = "Empidonax alnorum_Alder Flycatcher", "Recurvirostra americana_American Avocet"


@pytest.fixture
def cornell(tmp_path: Path) -> Path:
    """Three recordings of two birds, and one of none, as Kaggle lays them out."""
    for name in ("aldfly/XC1.mp3", "aldfly/XC2.mp3", "ameavo/XC3.mp3", "nocall/XC4.mp3"):
        write_cut(tmp_path / "train_audio" / name, rate=44_100)
    write_csv(
        tmp_path / "train.csv",
        CORNELL,
        cornell_row("aldfly", FLYCATCHER, "XC1.mp3", 4.5, [AVOCET, "Corvus corax_Common Raven", FLYCATCHER]),
        cornell_row("aldfly", FLYCATCHER, "XC2.mp3", 0.0, []),
        cornell_row("ameavo", AVOCET, "XC3.mp3", 5.0, []),
        cornell_row("nocall", "nocall", "XC4.mp3", 2.0, [FLYCATCHER]),
    )
    return tmp_path


def described(files: list[LabelledFile]) -> dict[str, tuple[object, ...]]:
    """File name -> labels, segments, secondary labels, weight; Kaggle gives no folds."""
    assert all(file.fold is None and file.path.is_file() for file in files)
    return {file.path.name: (file.labels, file.segments, file.secondary, file.weight) for file in files}


def test_cornell_names_become_codes(cornell: Path) -> None:
    """A secondary name that is not a class is ignored; a rating of 0 means none; nocall has no label."""
    assert {
        "XC1.mp3": (("aldfly",), None, ("ameavo",), 0.9),
        "XC2.mp3": (("aldfly",), None, (), 0.6),
        "XC3.mp3": (("ameavo",), None, (), 1.0),
        "XC4.mp3": ((), (), ("aldfly",), 0.4),
    } == described(read_labels(cornell))


def test_the_examples_of_cornell_have_borders(cornell: Path) -> None:
    """Their files are named after a `file_id`; what is not a class, a squirrel, is ignored."""
    write_cut(cornell / "example_test_audio" / "ORANGE-7-CAP_20190606_093000.pt623.mp3")
    write_table(
        cornell / "example_test_audio_metadata.csv",
        "file_id ebird_code time_start time_end",
        "ORANGE-7-CAP_20190606_093000 ameavo 0.4 0.8",
        "ORANGE-7-CAP_20190606_093000 squirrel 0.1 0.2",
    )
    found = described(read_labels(cornell))["ORANGE-7-CAP_20190606_093000.pt623.mp3"]
    assert (("ameavo",), (Segment(0.4, 0.8, "ameavo"),), (), 1.0) == found
    (cornell / "example_test_audio" / "ORANGE-7-CAP_20190606_093000.pt623.mp3").unlink()
    missing = read_labels(cornell)[-1]  # to be reported as any other file that is not there
    assert ("ORANGE-7-CAP_20190606_093000.mp3", ("ameavo",)) == (missing.path.name, missing.labels)


@pytest.mark.parametrize(
    ("audio", "prefix"), [("train_short_audio/acafly", ""), ("train_audio/acafly", "acafly/")], ids=["2021", "2022"]
)
def test_birdclef_of_both_kinds(tmp_path: Path, audio: str, prefix: str) -> None:
    """Secondary labels are codes; those that are not classes are ignored."""
    for name in ("XC1.ogg", "XC2.ogg"):
        write_cut(tmp_path / audio / name, rate=32_000)
    write_cut(tmp_path / audio.replace("acafly", "amecro") / "XC3.ogg")
    rows = (
        {
            "primary_label": "acafly",
            "secondary_labels": ["amecro", "acafly", "xyz"],
            "filename": "XC1.ogg",
            "rating": 2.5,
        },
        {"primary_label": "acafly", "secondary_labels": [""], "filename": "XC2.ogg", "rating": 0},
        {"primary_label": "amecro", "secondary_labels": [], "filename": "XC3.ogg", "rating": 5},
    )
    for row in rows:
        row["filename"] = prefix.replace("acafly", str(row["primary_label"])) + str(row["filename"])
    write_csv(tmp_path / "train_metadata.csv", BIRDCLEF, *rows)
    assert {
        "XC1.ogg": (("acafly",), None, ("amecro",), 0.5),
        "XC2.ogg": (("acafly",), None, (), 0.6),
        "XC3.ogg": (("amecro",), None, (), 1.0),
    } == described(read_labels(tmp_path))


def test_birdclef_of_2025(tmp_path: Path) -> None:
    """Its table has the name of that of 2020, classes may be numbers, and soundscapes without labels are ignored."""
    for name in ("train_audio/1139490/CSA36385.ogg", "train_audio/amakin1/XC3.ogg", "train_soundscapes/H02_0.ogg"):
        write_cut(tmp_path / name, rate=32_000)
    rows: tuple[dict[str, object], ...] = (
        {"primary_label": 1139490, "secondary_labels": ["amakin1", "x"], "filename": "1139490/CSA36385.ogg"},
        {"primary_label": "amakin1", "secondary_labels": [""], "filename": "amakin1/XC3.ogg", "rating": 4.5},
    )
    write_csv(tmp_path / "train.csv", [*BIRDCLEF, "collection", "url"], *rows)
    assert {
        "CSA36385.ogg": (("1139490",), None, ("amakin1",), 0.6),
        "XC3.ogg": (("amakin1",), None, (), 0.9),
    } == described(read_labels(tmp_path))


def test_birdclefs_soundscapes_have_rows(tmp_path: Path) -> None:
    """Rows of one file may be anywhere in the table; nocall is a row without birds; spaces separate birds."""
    folder = tmp_path / "train_soundscapes"
    for name in ("7019_COR_20190904.ogg", "7020_SSW_20170429.ogg"):
        write_cut(folder / name, rate=32_000)
    rows = (("7019_COR_5", "nocall"), ("7020_SSW_5", "nocall"), ("7019_COR_10", "amecro blujay"))
    header = ["row_id", "site", "audio_id", "seconds", "birds"]
    table = tmp_path / "train_soundscape_labels.csv"
    write_csv(table, header, *({"row_id": row, "birds": birds} for row, birds in rows))
    assert {
        "7019_COR_20190904.ogg": (
            ("amecro", "blujay"),
            (Segment(5.0, 10.0, "amecro"), Segment(5.0, 10.0, "blujay")),
            (),
            1.0,
        ),
        "7020_SSW_20170429.ogg": ((), (), (), 1.0),
    } == described(read_labels(folder))
    write_csv(table, header, {"row_id": "7019_COR", "birds": "nocall"})
    with pytest.raises(DataError, match=r"row_id must be like 7019_COR_5, .* got '7019_COR'"):
        read_labels(folder)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"rating": "good"}, r"XC1\.ogg: rating must be a number from 0 to 5, got 'good'"),
        ({"rating": "inf"}, "rating must be a number from 0 to 5, got 'inf'"),
        ({"rating": "50"}, "rating must be a number from 0 to 5, got '50'"),
        ({"secondary_labels": "'amecro'"}, "secondary_labels must be a list"),
        (
            {"secondary_labels": "amecro blujay"},
            r"XC1\.ogg: secondary_labels must be a list like \['a', 'b'\], got 'am",
        ),
        ({"secondary_labels": "__import__('os')"}, "secondary_labels must be a list"),
        ({"secondary_labels": "3"}, "secondary_labels must be a list"),
    ],
)
def test_a_wrong_row_is_explained(tmp_path: Path, changed: dict[str, object], message: str) -> None:
    """The error names the table and the recording."""
    row = {"primary_label": "acafly", "filename": "acafly/XC1.ogg", "rating": 1} | changed
    write_csv(tmp_path / "train_metadata.csv", BIRDCLEF, row)
    with pytest.raises(DataError, match=message):
        read_labels(tmp_path)


def test_the_recipe_trains_on_kaggles_tree(cornell: Path, tmp_path: Path) -> None:
    """recipes/birdcall.toml as it is, but for the length of the run: mp3 files in, a detector of both birds out."""
    text = (ROOT / "recipes" / "birdcall.toml").read_text()
    shorter = {"steps": 2, "batch_size": 2, "warmup_steps": 1, "workers": 0, "validate_every_steps": 1}
    lines = [line.partition(" = ")[0] for line in text.splitlines()]
    changed = [
        f"{name} = {shorter[name]}" if name in shorter else line
        for name, line in zip(lines, text.splitlines(), strict=True)
    ]
    recipe = tmp_path / "birdcall.toml"
    recipe.write_text("\n".join([*changed, "[data]", "validation_scenes = 2"]))
    done = train(recipe, "--data", cornell, "--out", tmp_path / "out")
    assert 0 == done.exit_code, done.stderr
    trained = load_checkpoint(tmp_path / "out" / "model.ckpt")
    assert ("aldfly", "ameavo") == trained.labels
    assert 32_000 == trained.recipe.frontend.sample_rate
