import contextlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import edge.log.scores.files
import edge.log.scores.sink
from edge.detection.event_stream import FrameScores
from edge.errors import SedError, SettingError
from edge.log.scores.files import load_score_files
from edge.log.scores.sink import DecoderInput, ScoreSink
from edge.model.card import Card
from edge.model.inference import Model
from tests.conftest import DEMO, command


@pytest.fixture
def card(model: Model) -> Card:
    """Of the shipped model."""
    return model.card


def need_pyarrow() -> None:
    """Skip a test without it; fail where nothing may be missing."""
    if importlib.util.find_spec("pyarrow") is None:
        message = "needs pyarrow: pip install 'sed-edge[parquet]'"
        if "SED_EDGE_NOTHING_MISSING" in os.environ:
            pytest.fail(message)
        pytest.skip(message)


def pushed(card: Card, first_frame: int, frames: int = 20) -> DecoderInput:
    """So many frames, none like another."""
    count = frames * len(card.labels)
    scores = (np.arange(count, dtype=np.float32).reshape(frames, -1) + first_frame * len(card.labels)) / 1e6
    return DecoderInput(
        [FrameScores(first_frame, scores, np.arange(frames) % 7 == 0)], None, 800 * (first_frame + frames), None
    )


def test_numpy_alone_reads_the_scores(card: Card, tmp_path: Path) -> None:
    """Each frame with its source and its number; labels, length of a frame and settings are there."""
    sink = ScoreSink(tmp_path / "a.npz", card)
    sink.write({"type": "start", "source": "porch", "labels": ["dog"], "started_at": "2026-05-01T04:30:00.000Z"})
    sink.take("porch", pushed(card, 0))
    sink.take("barn", pushed(card, 40))
    sink.close()
    arrays = np.load(tmp_path / "a.000001.npz")
    assert [*card.labels] == arrays["labels"].tolist()
    assert ([*range(20), *range(40, 60)], ["porch"] * 20 + ["barn"] * 20) == (
        arrays["frame"].tolist(),
        arrays["source"].tolist(),
    )
    np.testing.assert_array_equal(arrays["scores"][20:], pushed(card, 40).scores[0].scores)
    assert np.float32 == arrays["scores"].dtype
    assert card == Card.from_json(str(arrays["card"]), "a")


def test_pandas_reads_parquet(card: Card, tmp_path: Path) -> None:
    """A column a label."""
    need_pyarrow()
    import pandas

    sink = ScoreSink(tmp_path / "a.parquet", card)
    sink.take("porch", pushed(card, 5))
    sink.close()
    table = pandas.read_parquet(tmp_path / "a.000001.parquet")
    assert ["source", "frame", "lost", *(f"score_{label}" for label in card.labels)] == [*table.columns]
    np.testing.assert_array_equal(table.iloc[:, 3:].to_numpy(), pushed(card, 5).scores[0].scores)
    assert ([*range(5, 25)], {"porch"}) == (table["frame"].tolist(), {*table["source"]})


def test_parquet_without_its_package_says_what_to_install(tmp_path: Path) -> None:
    """One line."""
    script = "import sys; sys.modules['pyarrow'] = None; from edge.cli.stream import stream; stream()"
    done = subprocess.run(
        [sys.executable, "-c", script, DEMO, "--scores", tmp_path / "a.parquet"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert 1 == done.returncode
    assert "pip install 'sed-edge[parquet]'" in done.stderr.splitlines()[-1]
    assert [] == list(tmp_path.iterdir())


def test_memory_does_not_grow_and_a_crash_costs_one_piece(
    card: Card, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is written is forgotten; without an end, all but the last piece is there."""
    monkeypatch.setattr(edge.log.scores.sink, "_FILE_BYTES", 8_000)
    sink = ScoreSink(tmp_path / "a.npz", card)
    for frame in range(0, 2050, 20):
        sink.take("porch", pushed(card, frame))
        assert sum(scores.nbytes for scores in sink._scores) < 8_000
    there = [piece.scores for piece in load_score_files(tmp_path / "a.npz")]
    expected = pushed(card, 0, 2000).scores[0].scores
    np.testing.assert_array_equal(np.concatenate(there), expected)


def test_pieces_are_written_as_time_goes_by(card: Card, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However little is heard."""
    now = [100.0]
    monkeypatch.setattr(edge.log.scores.sink.time, "monotonic", lambda: now[0])
    sink = ScoreSink(tmp_path / "a.npz", card)
    for frame in range(0, 80, 20):
        sink.take("porch", pushed(card, frame))
        now[0] += 200.0
    assert [60] == [len(piece.scores) for piece in load_score_files(tmp_path / "a.npz")]


def test_a_full_disk_keeps_scores_until_there_is_room(
    card: Card, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Told of once, and once more when it is over; no half file is left."""
    monkeypatch.setattr(edge.log.scores.sink, "_FILE_BYTES", 800)
    monkeypatch.setattr(edge.log.scores.sink, "_RETRY_SECONDS", 0.0)
    sink = ScoreSink(tmp_path / "a.npz", card)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(edge.log.scores.files.os, "fsync", full)
        for frame in range(0, 100, 20):
            sink.take("porch", pushed(card, frame))
        assert [] == list(tmp_path.iterdir())
    sink.take("porch", pushed(card, 100))
    assert [120] == [len(piece.scores) for piece in load_score_files(tmp_path / "a.npz")]
    assert ["No space left on device; continues, and keeps scores in memory", "is written again"] == [
        message.partition(": ")[2] for message in caplog.messages
    ]


@pytest.mark.parametrize("name", ["a", "a.csv", "a.npy"])
def test_a_wrong_suffix_names_the_right_ones(card: Card, tmp_path: Path, name: str) -> None:
    """Both of them."""
    with pytest.raises(SettingError, match=r"ends in \.npz or \.parquet"):
        ScoreSink(tmp_path / name, card)


def test_a_folder_that_is_missing_is_told_of_at_once(tmp_path: Path) -> None:
    """Not after five minutes."""
    done = subprocess.run(
        [command("sed-stream"), DEMO, "--scores", tmp_path / "none" / "a.npz"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (1, "") == (done.returncode, done.stdout)
    assert f"--scores {tmp_path}/none/a.npz: No such file or directory" in done.stderr


def test_damaged_scores_are_one_clear_error(card: Card, tmp_path: Path) -> None:
    """Wherever a byte is wrong or the file ends."""
    sink = ScoreSink(tmp_path / "a.npz", card)
    sink.take("porch", pushed(card, 0))
    sink.close()
    path, random = tmp_path / "a.000001.npz", np.random.default_rng(1)
    whole = path.read_bytes()
    for _ in range(300):
        place, damaged = int(random.integers(len(whole))), bytearray(whole)
        damaged[place] ^= int(random.integers(1, 256))
        path.write_bytes(damaged if random.random() < 0.7 else whole[:place])
        with contextlib.suppress(SedError):
            list(load_score_files(path))
