"""Synthetic signals to compare graphs on: one of each kind that has caused faults somewhere."""

import numpy as np

from edge.model import Floats
from sed.sounds import coloured_noise

CHIRPS = "chirps over faint noise"


def made_signals(sample_rate: int, samples: int) -> dict[str, Floats]:
    """The sounds by name, `[samples]` each, within [-1, 1]."""
    noise = coloured_noise(np.random.default_rng(0), samples, sample_rate)
    seconds = np.arange(samples) / sample_rate
    chirps = np.sin(2 * np.pi * (50 + 300 * seconds) * seconds) * (np.sin(2 * np.pi * 0.7 * seconds) > 0.6)
    signals = {
        "silence": np.zeros(samples),
        "noise": 0.1 * noise,
        "noise of level 1e-4": 1e-4 * noise,
        "one least significant bit": np.sign(noise) / 32768,
        "one impulse": np.arange(samples) == samples // 2,
        "full-scale clipping": np.clip(3.0 * noise, -1.0, 1.0),
        CHIRPS: 0.8 * chirps + 0.001 * noise,
    }
    return {name: signal.astype(np.float32) for name, signal in signals.items()}
