import torch

from sed.augment import filter_augment, mask_bins


def test_a_filter_colours_bins_and_not_time() -> None:
    """Within ±db, the same in every frame, other in every spectrogram; the input is left alone."""
    torch.manual_seed(0)
    logmel = torch.randn(4, 1, 50, 64)
    before = logmel.clone()
    gains = filter_augment(logmel, 6.0) - logmel
    assert torch.equal(before, logmel)
    assert gains.abs().max() <= 6.0
    torch.testing.assert_close(gains, gains[:, :, :1].expand_as(gains), atol=1e-5, rtol=0)
    assert not torch.allclose(gains[0], gains[1])


def test_a_mask_hides_one_band_at_most() -> None:
    """Masked bins hold the least value in every frame; the input is left alone."""
    torch.manual_seed(0)
    logmel = torch.randn(40, 1, 50, 64)
    before = logmel.clone()
    masked = mask_bins(logmel, widest=8)
    assert torch.equal(before, logmel)
    changed = (masked != logmel).any(dim=2)[:, 0]  # [B, bins]
    widths = changed.sum(dim=1)
    assert 0 < (widths > 0).sum() < 40
    assert widths.max() <= 8
    least = logmel.amin(dim=(1, 2, 3))
    for spectrogram, bins, value in zip(masked, changed, least, strict=True):
        assert (spectrogram[0][:, bins] == value).all()
