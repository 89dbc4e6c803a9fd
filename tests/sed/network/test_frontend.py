import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from sed.network.frontend import LogMel, torchlibrosa_frontend
from sed.recipe.config import FrontendConfig
from sed.sounds.synthetic import coloured_noise

CONFIG = FrontendConfig()
SAMPLES = CONFIG.overlap_samples + 400 * CONFIG.hop_length


def signals(demo_audio: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    """Sounds easy and hard to analyse, as long as 400 frames."""
    seconds = np.arange(SAMPLES) / CONFIG.sample_rate
    noise = coloured_noise(np.random.default_rng(0), SAMPLES, CONFIG.sample_rate)
    made = {
        "silence": np.zeros(SAMPLES),
        "tone": 0.5 * np.sin(2 * np.pi * 1000 * seconds),
        "low tone": 0.5 * np.sin(2 * np.pi * 60 * seconds),
        "full-scale tone": np.sin(2 * np.pi * 3999 * seconds),
        "noise": 0.1 * noise,
        "full-scale clipping": np.clip(5 * noise, -1, 1),
        "one least significant bit": np.sign(noise) / 32768,
        "rooster": demo_audio[int(6.5 * 16_000) :][:SAMPLES],
        "chainsaw": demo_audio[27 * 16_000 :][:SAMPLES],
    }
    return {name: signal.astype(np.float32) for name, signal in made.items()}


def test_the_folded_frontend_equals_torchlibrosa(demo_audio: NDArray[np.float32]) -> None:
    """At most 0.02 dB apart in any bin of any signal, 1e-4 dB on average over all of them."""
    folded, definition = LogMel(CONFIG), torchlibrosa_frontend(CONFIG)
    differences = []
    for name, signal in signals(demo_audio).items():
        audio = torch.from_numpy(signal)[None]
        ours, theirs = folded(audio), definition(audio)
        assert theirs.shape == ours.shape == (1, 1, 400, CONFIG.n_mels)
        differences.append((ours - theirs).abs())
        assert differences[-1].max() <= 0.02, name
    assert torch.cat(differences).mean() <= 1e-4


@pytest.mark.parametrize(
    "config",
    [
        FrontendConfig(sample_rate=32000, n_fft=1024, hop_length=320, n_mels=64, fmax=14000.0),
        FrontendConfig(n_fft=400, hop_length=160, n_mels=40, fmin=300.0, fmax=6000.0, amin=1e-10),
        FrontendConfig(n_fft=256, hop_length=256, n_mels=32),
    ],
)
def test_other_frontends_fold_as_well(config: FrontendConfig) -> None:
    """Any window, hop and mel range."""
    rng = np.random.default_rng(0)
    audio = torch.from_numpy(0.1 * coloured_noise(rng, config.overlap_samples + 50 * config.hop_length, 16_000))[None]
    difference = (LogMel(config)(audio) - torchlibrosa_frontend(config)(audio)).abs()
    assert difference.max() <= 0.02


def test_a_frame_depends_on_its_own_samples_only() -> None:
    """An impulse after frame t's window does not change frame t."""
    audio = torch.zeros(1, SAMPLES)
    audio[0, 10 * CONFIG.hop_length + CONFIG.n_fft] = 1.0
    logmel = LogMel(CONFIG)(audio)[0, 0]
    assert torch.equal(logmel[:11], logmel[:1].expand(11, -1))
    assert not torch.equal(logmel[11], logmel[0])
