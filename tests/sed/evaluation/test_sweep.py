import dataclasses

import numpy as np
import pytest
import scipy.ndimage

from edge.detection.decoder import Decoder
from edge.model.card import ClassDecoding
from sed.evaluation.sweep import LEVELS, highest_thresholds, median_filtered

FRAMES = 600


def wandering(seed: int) -> np.ndarray:
    """Scores of one class that rise and fall, with single frames far off."""
    rng = np.random.default_rng(seed)
    logits = 5 * np.sin(rng.standard_normal((FRAMES, 1)).cumsum(axis=0) * 0.2) + rng.standard_normal((FRAMES, 1))
    return (1 / (1 + np.exp(-logits))).astype(np.float32)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("merge_frames", [0, 4])
@pytest.mark.parametrize("shortest_frames", [1, 6])
@pytest.mark.parametrize("share", [0.15, 0.75, 1.0])
def test_every_threshold_reports_what_the_decoder_does(
    seed: int, merge_frames: int, shortest_frames: int, share: float
) -> None:
    """Frame by frame, at levels from low to high; `off` moves with `on`."""
    scores = wandering(seed)
    settings = ClassDecoding(
        on=0.5,
        off=0.5 * share,
        median_frames=2 * seed + 1,
        shortest_frames=shortest_frames,
        merge_frames=merge_frames,
    )
    highest = highest_thresholds(scores, [settings])
    reported = 0
    for on in LEVELS[20:130:7].tolist():
        decoder = Decoder(["dog"], {"dog": dataclasses.replace(settings, on=on, off=on * share)})
        inside = np.zeros(FRAMES, dtype=bool)
        for event in decoder.push(scores) + decoder.flush():
            inside[event.onset_frame : event.offset_frame] = True
        np.testing.assert_array_equal(inside, highest[:, 0] >= on)
        reported += int(inside.sum())
    assert reported > 0


def test_classes_have_their_own_settings() -> None:
    """The filter of the second is longer than its pulse."""
    scores = np.zeros((40, 2), dtype=np.float32)
    scores[10:13] = 0.9
    short = ClassDecoding(on=0.5, off=0.5, median_frames=1, shortest_frames=1, merge_frames=0)
    highest = highest_thresholds(scores, [short, dataclasses.replace(short, median_frames=9)])
    assert [10, 11, 12] == np.flatnonzero(highest[:, 0]).tolist()
    assert 0.0 == highest[:, 1].max()


def test_silence_is_reported_at_no_threshold() -> None:
    """Its frames have the value 0."""
    settings = ClassDecoding(on=0.5, off=0.3, median_frames=3, shortest_frames=1, merge_frames=0)
    assert 0.0 == highest_thresholds(np.zeros((20, 1), dtype=np.float32), [settings]).max()


def test_smoothing_is_the_decoders_median() -> None:
    """Padded by zeros at both ends."""
    scores = np.random.default_rng(0).random((50, 2)).astype(np.float32)
    expected = [scipy.ndimage.median_filter(scores[:, k], size, mode="constant") for k, size in enumerate((1, 7))]
    np.testing.assert_array_equal(np.stack(expected, axis=1), median_filtered(scores, [1, 7]))
