from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sed.data.corpus import Clip, Corpus
from sed.recipe.config import Recipe
from sed.recipe.training_config import SceneConfig


def beep_corpus() -> Corpus:
    """One clip: a beep of 1 s in the middle of 3 s of silence."""
    audio = np.zeros(48_000, dtype=np.float32)
    audio[16_000:32_000] = tone(1.0, 1000.0)
    return Corpus(labels=("beep",), clips=(clip(audio, segments=((16_000, 32_000, "beep"),)),))


def clip(audio: NDArray[np.float32], **changes: object) -> Clip:
    """A clip of class `beep`, sounding from 1 to 2 s, but for the changes."""
    usual = {"labels": ("beep",), "segments": None, "spans": ((16_000, 32_000),)}
    return Clip(path=Path("x.wav"), fold=1, audio=audio, **(usual | changes))  # type: ignore[arg-type]  # see above


def tone(seconds: float, hz: float) -> NDArray[np.float32]:
    """At full scale."""
    return np.sin(2 * np.pi * hz * np.arange(int(seconds * 16_000)) / 16_000).astype(np.float32)


def recipe(**scenes: float) -> Recipe:
    """Scenes of events alone, but for the changes."""
    quiet = {"distractors_mean": 0.0, "event_free": 0.0, "silent_bed": 1.0, "silent_start": 0.0}
    return Recipe(name="x", scenes=SceneConfig(**(quiet | scenes)))  # type: ignore[arg-type]  # the values are floats


def frame_levels(audio: NDArray[np.float32], made: Recipe) -> NDArray[np.float32]:
    """Greatest sample of each frame."""
    return np.abs(audio[made.context_samples :].reshape(-1, made.frame_samples)).max(axis=1)


def noise(seconds: float) -> NDArray[np.float32]:
    """White noise."""
    return np.random.default_rng(0).uniform(-1.0, 1.0, int(seconds * 16_000)).astype(np.float32)


def spread_db(audio: NDArray[np.float32]) -> float:
    """How far the levels of eight bands of 1 kHz lie apart."""
    bands = np.abs(np.fft.rfft(audio)[:80_000]).reshape(8, -1)
    return float(np.ptp(10 * np.log10(np.mean(bands**2, axis=1) + 1e-12)))


def share_of_band(audio: NDArray[np.float32], low_hz: float, high_hz: float) -> float:
    """Of the energy."""
    energy = np.abs(np.fft.rfft(audio)) ** 2 + 1e-12
    frequencies = np.fft.rfftfreq(len(audio), 1 / 16_000)
    return float(energy[(low_hz <= frequencies) & (frequencies < high_hz)].sum() / energy.sum())
