"""A recording heard in parts has the log of the whole."""

import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from edge.detection import Decoder
from edge.log import Record
from edge.log.scores import DecoderInput
from edge.model import Model, window_of
from edge.session import listen
from edge.sources import FileSource
from scan.recording.excerpt import Irregular, Recording, outline_of
from scan.recording.joining import Records, join_parts
from scan.recording.part_scores import PartScores, score_part
from scan.recording.parts import plan_parts


def whole_log(path: Path, model: Model, **settings: float) -> list[Record]:
    """What `sed-stream` says of a file."""
    kept = Records()
    window = window_of(model.card, **settings)
    source = FileSource(str(path))
    listen([source], model, window, lambda: _decoder(model), kept, stopping=threading.Event())
    return kept.records


def joined_log(path: Path, model: Model, part_seconds: float, **settings: float) -> list[Record]:
    """What its parts say, one after another."""
    parts = part_scores(path, model, part_seconds, **settings)
    return join_parts(str(path), parts, model.card, lambda: _decoder(model), None)


def part_scores(path: Path, model: Model, part_seconds: float, **settings: float) -> list[PartScores]:
    """The scores of its parts."""
    recording, window = Recording(str(path), path), window_of(model.card, **settings)
    outline = outline_of(recording)
    assert outline is not None
    plan = plan_parts(outline, model.card, window, part_seconds)
    assert plan is not None
    assert len(plan.parts) > 1
    return [score_part(recording, part, plan, model, window) for part in plan.parts]


class Scores:
    """Keeps the scores of a whole recording."""

    def __init__(self) -> None:
        self.scores: list[NDArray[np.float32]] = []

    def take(self, source: str, heard: DecoderInput) -> None:  # noqa: ARG002
        """See `ScoreReceiver.take`."""
        self.scores += [push.scores for push in heard.scores]


def _decoder(model: Model) -> Decoder:
    return Decoder(model.card.labels, model.card.decoding)


def events(records: list[Record]) -> list[Record]:
    """Events and gaps."""
    return [record for record in records if record["type"] in ("event", "gap")]


def write(path: Path, audio: NDArray[np.float32], rate: int, channels: int = 1) -> Path:
    """The demo's sound as a file at another rate, by a crude resampling that keeps its sounds apart."""
    places = np.arange(round(len(audio) * rate / 16000)) * 16000 / rate
    samples = np.interp(places, np.arange(len(audio)), audio).astype(np.float32)
    soundfile.write(path, np.stack([samples, *[0.5 * samples] * (channels - 1)], axis=1), rate)
    return path


@pytest.mark.parametrize(
    ("name", "rate", "channels", "part_seconds"),
    [
        ("a.wav", 16000, 1, 1.0),
        ("a.wav", 48000, 2, 7.0),
        ("a.flac", 44100, 1, 10.0),
        ("a.flac", 48000, 2, 17.0),
        ("a.wav", 96000, 1, 20.0),
    ],
)
def test_parts_have_the_log_of_the_whole(
    tmp_path: Path,
    demo_audio: NDArray[np.float32],
    model: Model,
    name: str,
    rate: int,
    channels: int,
    part_seconds: float,
) -> None:
    """Events across borders, merged ones and the last one are those of the whole, to the bit."""
    path = write(tmp_path / name, demo_audio[: 16000 * 50 + 123], rate, channels)
    whole = whole_log(path, model)
    assert len(events(whole)) > 5
    assert events(whole) == events(joined_log(path, model, part_seconds))


@pytest.mark.slow
@pytest.mark.parametrize(("rate", "part_seconds"), [(48000, 3600.0), (44100, 60.0)])
def test_hours_in_parts(
    tmp_path: Path, demo_audio: NDArray[np.float32], model: Model, rate: int, part_seconds: float
) -> None:
    """Two hours and a half in parts of an hour, and half an hour in parts of a minute; each minute is another."""
    minutes = 150 if part_seconds > 60.0 else 30
    with soundfile.SoundFile(tmp_path / "a.flac", "w", rate, 1) as file:
        for minute in range(minutes):
            piece = np.roll(demo_audio, 7919 * minute)[: 16000 * 50 + minute]
            places = np.arange(len(piece) * rate // 16000) * 16000 / rate
            file.write(np.interp(places, np.arange(len(piece)), piece) * (0.5 + minute / 300))
    whole = whole_log(tmp_path / "a.flac", model)
    assert len(events(whole)) > 5 * minutes
    assert events(whole) == events(joined_log(tmp_path / "a.flac", model, part_seconds))


@pytest.mark.parametrize("encoder", [False, True])
def test_scores_of_parts_are_those_of_the_whole(
    tmp_path: Path, demo_audio: NDArray[np.float32], model: Model, encoded_file: Path, encoder: bool
) -> None:
    """Not one bit of one score differs, whatever hop and window are, and with a pretrained encoder too."""
    model = Model(encoded_file) if encoder else model
    path = write(tmp_path / "a.wav", demo_audio[: 16000 * 20], 32000)
    for settings in ({}, {"hop_seconds": 0.35}, {"window_seconds": 4.95, "hop_seconds": 0.5}):
        whole = Scores()
        window = window_of(model.card, **settings)
        listen(
            [FileSource(str(path))],
            model,
            window,
            lambda: _decoder(model),
            Records(),
            stopping=threading.Event(),
            scores=whole,
        )
        parts = np.concatenate([part.scores for part in part_scores(path, model, 3.0, **settings)])
        assert np.array_equal(np.concatenate(whole.scores), parts)


def test_damage_is_no_part(tmp_path: Path, demo_audio: NDArray[np.float32], model: Model) -> None:
    """Where a part is not what the file's header promises, it says so."""
    path = write(tmp_path / "a.flac", demo_audio[: 16000 * 30], 16000)
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2 : len(damaged) // 2 + 4000] = bytes(4000)
    path.write_bytes(damaged)
    with pytest.raises(Irregular):
        joined_log(path, model, 5.0)


def test_what_cannot_be_entered_has_no_outline(tmp_path: Path, demo_audio: NDArray[np.float32]) -> None:
    """Ogg decodes a frame with those before it; a WAVE whose header lies is no better."""
    wave = write(tmp_path / "a.wav", demo_audio[:16000], 16000)
    wave.write_bytes(wave.read_bytes()[:40] + bytes(4) + wave.read_bytes()[44:])
    paths = [write(tmp_path / "a.ogg", demo_audio[:16000], 16000), wave]
    assert [None, None] == [outline_of(Recording(str(path), path)) for path in paths]
