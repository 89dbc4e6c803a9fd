"""Draws docs/pictures/minute.png: the demo recording as the shipped model hears it.

    python demo/draw_recording.py

Spectrogram, scores, truth and events; `make pictures` runs it.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from edge.model import Card, Model, shipped_model
from edge.sources import read_audio
from sed.data import Annotation
from sed.evaluation import median_filtered, read_recordings, run_on_recording
from sed.network import LogMel
from sed.recipe import FrontendConfig
from sed.report import draw_scores

HERE = Path(__file__).parent
PICTURE = HERE.parent / "docs" / "pictures" / "minute.png"


def main() -> None:
    """Hear the recording, and draw it."""
    model = Model(shipped_model(), "cpu")
    card = model.card
    (recording,) = read_recordings([HERE])
    result = run_on_recording(model, recording)
    medians = [card.decoding[label].median_frames for label in card.labels]
    picture = draw_scores(
        median_filtered(result.scores, medians),
        activity(recording.truth or (), len(result.scores), card),
        card.labels,
        card.frame_seconds,
        reported=activity(result.events, len(result.scores), card),
        spectrogram=log_mel(recording.path, card),
    )
    picture.savefig(PICTURE, dpi=100)


def log_mel(path: Path, card: Card) -> NDArray[np.float32]:
    """What the network sees: `[frames, bands]`, in dB."""
    config = FrontendConfig(**card.frontend)
    audio = read_audio(path, card.sample_rate)
    hops = (len(audio) - config.overlap_samples) // config.hop_length
    audio = audio[: config.overlap_samples + hops * config.hop_length]
    with torch.no_grad():
        decibels = LogMel(config)(torch.from_numpy(audio[None])).numpy()  # [1, 1, frames, bands]
    return np.asarray(decibels[0, 0])


def activity(annotations: Iterable[Annotation], frames: int, card: Card) -> NDArray[np.bool_]:
    """Which label is there in which frame: `[frames, classes]`."""
    there = np.zeros((frames, len(card.labels)), dtype=bool)
    for onset, offset, label in annotations:
        there[round(onset / card.frame_seconds) : round(offset / card.frame_seconds), card.labels.index(label)] = True
    return there


if __name__ == "__main__":
    main()
