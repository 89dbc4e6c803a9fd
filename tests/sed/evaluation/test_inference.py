import dataclasses
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from edge.detection.decoder import Decoder
from edge.errors import SourceError
from edge.log.sinks import MemorySink
from edge.model.card import ClassDecoding
from edge.model.inference import Model
from edge.model.score_stream import window_of
from edge.session.runtime import listen
from edge.sources.source import FileSource
from sed.evaluation.inference import RecordingResult, decode_again, run_on_recording
from sed.evaluation.recordings import Recording
from tests.conftest import DEMO


@pytest.fixture(scope="module")
def demo(model: Model) -> RecordingResult:
    """The result of the demo recording."""
    return run_on_recording(model, Recording(path=DEMO, truth=None, labels=()))


def of_clip(model: Model, audio: NDArray[np.float32], path: Path) -> RecordingResult:
    """The result of a clip at the model's rate, from a file."""
    soundfile.write(path, audio, 16_000, subtype="FLOAT")
    return run_on_recording(model, Recording(path=path, truth=None, labels=()))


def test_events_are_those_that_the_runtime_logs(model: Model, demo: RecordingResult) -> None:
    """Labels, onsets and offsets, to the millisecond."""
    kept = MemorySink()
    listen(
        [FileSource(str(DEMO))],
        model,
        window_of(model.card),
        lambda: Decoder(model.card.labels, model.card.decoding),
        kept,
        stopping=threading.Event(),
    )
    logged = [(r["onset"], r["offset"], r["label"]) for r in kept.records if r["type"] == "event"]
    assert sorted(logged) == sorted(demo.events) != []


def test_scores_cover_the_recording(model: Model, demo: RecordingResult, demo_audio: NDArray[np.float32]) -> None:
    """A frame for each started 50 ms."""
    assert (-(-len(demo_audio) // 800), len(model.card.labels)) == demo.scores.shape
    assert len(demo_audio) / 16_000 == demo.seconds


def test_other_settings_give_other_events_for_the_same_scores(model: Model, demo: RecordingResult) -> None:
    """None, if they are strict enough."""
    strict = ClassDecoding(on=0.999999, off=0.9, median_frames=1, shortest_frames=1000, merge_frames=0)
    card = dataclasses.replace(model.card, decoding=dict.fromkeys(model.card.labels, strict))
    assert () == decode_again(card, demo).events
    assert demo == decode_again(model.card, demo)


def test_clip_scores_are_those_of_one_window(model: Model, demo_audio: NDArray[np.float32], tmp_path: Path) -> None:
    """With silence as context, padded to a whole frame."""
    card, clip = model.card, demo_audio[100_000:178_500]
    audio = np.concatenate([np.zeros(card.context_samples, dtype=np.float32), clip, np.zeros(700, dtype=np.float32)])
    assert 0 == (len(audio) - card.context_samples) % card.frame_samples
    expected = model.step(audio[None], np.zeros((1, 0, model.embedding_size), dtype=np.float32)).clip_scores[0]
    np.testing.assert_allclose(of_clip(model, clip, tmp_path / "clip.wav").clip_scores, expected, atol=1e-6)


def test_a_long_clip_has_the_scores_of_its_best_window(
    model: Model, demo_audio: NDArray[np.float32], tmp_path: Path
) -> None:
    """Windows follow each other, each with its real context."""
    card, clip = model.card, demo_audio[: 25 * 16_000]
    window = card.window_frames * card.frame_samples
    audio = np.concatenate([np.zeros(card.context_samples, dtype=np.float32), clip])
    none = np.zeros((1, 0, model.embedding_size), dtype=np.float32)
    parts = [audio[None, begin : begin + card.context_samples + window] for begin in range(0, len(clip), window)]
    expected = np.max([model.step(part, none).clip_scores[0] for part in parts], axis=0)
    np.testing.assert_allclose(of_clip(model, clip, tmp_path / "clip.wav").clip_scores, expected, atol=1e-6)


def test_a_file_without_samples_is_refused(model: Model, tmp_path: Path) -> None:
    """The error names the file."""
    with pytest.raises(SourceError, match=r"empty\.wav: contains no samples; expected one or more"):
        of_clip(model, np.zeros(0, dtype=np.float32), tmp_path / "empty.wav")
