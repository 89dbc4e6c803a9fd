import pytest
import torch

from benchmarks.cost.peers import DCASE_FRONTEND, DropHalf
from benchmarks.judging.variants import LogMelByFft
from sed.network.frontend import LogMel


def test_the_dcase_network_trains_by_cheaper_ways_to_the_same() -> None:
    """Its spectrogram is the frontend's, and its dropout leaves every second number, twice as large."""
    generator = torch.Generator().manual_seed(1)
    audio = 0.1 * torch.randn(2, 16_000, generator=generator)
    samples = DCASE_FRONTEND.overlap_samples + 50 * DCASE_FRONTEND.hop_length
    expected = LogMel(DCASE_FRONTEND)(audio[:, :samples])
    torch.testing.assert_close(LogMelByFft(DCASE_FRONTEND)(audio[:, :samples]), expected, atol=1e-3, rtol=0)

    torch.manual_seed(1)
    drop = DropHalf()
    x = torch.ones(4, 3, 50, 21, dtype=torch.bfloat16).to(memory_format=torch.channels_last)
    assert {0.0, 2.0} == set(drop(x).unique().tolist())
    assert 1.0 == pytest.approx(float(drop(x).float().mean()), abs=0.05)
    assert torch.equal(x, drop.eval()(x))
