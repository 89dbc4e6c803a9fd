from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.outputs.clips.recall import Hole, Recall
from edge.outputs.output import Sound
from edge.sources.source import Block, Gap


def remembered(*items: Block | Gap, seconds: float = 60.0) -> Recall:
    """These items, one after another."""
    recall, begin = Recall(seconds), Fraction(0)
    for item in items:
        recall.hear(Sound("porch", item, begin, 0.0))
        begin = Fraction(recall.end_seconds)
    return recall


@pytest.fixture
def sound() -> NDArray[np.float32]:
    """Ten seconds of two channels at a rate that no second divides evenly into blocks."""
    return np.random.default_rng(1).standard_normal((44_100, 2)).astype(np.float32)


def test_a_cut_across_blocks_has_the_samples_of_the_source(sound: NDArray[np.float32]) -> None:
    """To the sample, in whatever blocks they came."""
    recall = remembered(*(Block(piece, 4410) for piece in np.array_split(sound, 37)))
    cut = recall.cut(2.5, 5.2)
    assert cut is not None
    np.testing.assert_array_equal(sound[11_025:22_932], cut.samples)
    assert (4410, pytest.approx(2.5), []) == (cut.sample_rate, cut.begin_seconds, cut.holes)


def test_a_gap_is_silence_and_is_marked(sound: NDArray[np.float32]) -> None:
    """What comes after it is in its place; so is what the queue had no room for."""
    recall = remembered(Block(sound[:4410], 4410), Gap(0.5, "device"), Block(sound[4410:8820], 4410))
    recall.hear(Sound("porch", Block(sound[:4410], 4410), Fraction(3), 0.0))  # half a second was lost before it
    cut = recall.cut(0.0, 4.0)
    assert cut is not None
    assert [Hole(1.0, 1.5, "device"), Hole(2.5, 3.0, "lost")] == cut.holes
    expected = np.zeros((4 * 4410, 2), dtype=np.float32)
    expected[:4410], expected[6615:11_025], expected[13_230:] = sound[:4410], sound[4410:8820], sound[:4410]
    np.testing.assert_array_equal(expected, cut.samples)


def test_sound_of_another_format_is_a_hole(sound: NDArray[np.float32]) -> None:
    """A file has one rate: that of the end of the piece."""
    recall = remembered(Block(sound[:8000, :1], 8000), Block(sound[:4410], 4410))
    cut = recall.cut(0.5, 2.0)
    assert cut is not None
    assert ([Hole(0.0, 0.5, "format")], 4410, 2) == (cut.holes, cut.sample_rate, cut.samples.shape[1])
    np.testing.assert_array_equal(sound[:4410], cut.samples[2205:])


def test_the_oldest_sound_is_forgotten_and_gaps_do_not_count(sound: NDArray[np.float32]) -> None:
    """A long gap after an event leaves the event's sound there."""
    recall = remembered(
        *(Block(piece, 4410) for piece in np.array_split(sound, 10)), Gap(3600.0, "reconnect"), seconds=3.0
    )
    cut = recall.cut(0.0, 10.0)
    assert cut is not None
    assert 6.0 == cut.begin_seconds
    assert remembered().cut(0.0, 1.0) is None
