"""The newest sound of one source, at its own rate and with its own channels, from which clips are cut to the sample.

    blocks and gaps   |-------|--gap--|---------|----|
    a clip                 [............]              its samples, with silence where nothing was heard

Positions are exact fractions of seconds since the source began. A clip begins on the sample grid of the sound in it.
"""

from collections import deque
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.outputs.output import Sound
from edge.sources import Block


class Hole(NamedTuple):
    """Where a clip is silent since nothing is known of the sound: seconds within the clip, and why."""

    onset: float
    offset: float
    reason: str


class Cut(NamedTuple):
    """Sound that was cut out.

    Attributes:
        samples: `[samples, channels]`, as the source delivered them.
        sample_rate: Hz.
        begin_seconds: of the first sample, since the source began.
        holes: in order.
    """

    samples: NDArray[np.float32]
    sample_rate: int
    begin_seconds: Fraction
    holes: list[Hole]


class Recall:
    """Remembers the newest sound of one source.

    Args:
        seconds: of sound that are remembered; gaps do not count.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._sounds: deque[Sound] = deque()
        self._kept_seconds = 0.0  # of sound
        self.end_seconds = Fraction(0)  # of the source so far

    def hear(self, sound: Sound) -> None:
        """Remember a block or a gap, and forget the oldest."""
        self._sounds.append(sound)
        self.end_seconds = _end(sound)
        self._kept_seconds += _sound_seconds(sound)
        while self._kept_seconds - _sound_seconds(self._sounds[0]) > self._seconds:
            self._kept_seconds -= _sound_seconds(self._sounds.popleft())

    def cut(self, begin: Fraction, end: Fraction) -> Cut | None:
        """The sound between two positions, as far as it is remembered; None if there is none.

        Sound of another rate or other channels than at the end of the piece is a hole with the reason `format`.
        """
        if not self._sounds:
            return None
        begin, end = max(begin, self._sounds[0].begin_seconds), min(end, self.end_seconds)
        pieces = [sound for sound in self._sounds if _end(sound) > begin and sound.begin_seconds < end]
        blocks = [piece for piece in pieces if isinstance(piece.item, Block)]
        if not blocks:
            return None
        like = blocks[-1].item
        assert isinstance(like, Block)
        fitting = [piece for piece in blocks if _fits(piece.item, like)]
        anchor, rate = fitting[0].begin_seconds, like.sample_rate
        begin = anchor + Fraction(round((begin - anchor) * rate), rate)
        samples = np.zeros((round((end - begin) * rate), like.samples.shape[1]), dtype=np.float32)
        known = np.zeros(len(samples), dtype=bool)
        for piece in fitting:
            assert isinstance(piece.item, Block)
            _place(piece.item.samples, round((piece.begin_seconds - begin) * rate), samples, known)
        return Cut(samples, rate, begin, _holes(known, rate, begin, pieces))


def _end(sound: Sound) -> Fraction:
    item = sound.item
    if isinstance(item, Block):
        return sound.begin_seconds + Fraction(len(item.samples), item.sample_rate)
    return sound.begin_seconds + Fraction(item.seconds)


def _sound_seconds(sound: Sound) -> float:
    return sound.item.seconds if isinstance(sound.item, Block) else 0.0


def _fits(item: object, like: Block) -> bool:
    return (
        isinstance(item, Block)
        and item.sample_rate == like.sample_rate
        and item.samples.shape[1] == like.samples.shape[1]
    )


def _place(piece: NDArray[np.float32], at: int, samples: NDArray[np.float32], known: NDArray[np.bool_]) -> None:
    first, end = max(0, at), min(len(samples), at + len(piece))
    if first < end:
        samples[first:end] = piece[first - at : end - at]
        known[first:end] = True


def _holes(known: NDArray[np.bool_], rate: int, begin: Fraction, pieces: list[Sound]) -> list[Hole]:
    edges = np.flatnonzero(np.diff(np.concatenate([[True], known, [True]]).astype(np.int8)))
    holes = []
    for first, end in edges.reshape(-1, 2).tolist():
        middle = begin + Fraction(first + end, 2 * rate)
        reason = "lost"  # the queue of the output was full
        for piece in pieces:
            if piece.begin_seconds <= middle < _end(piece):
                reason = "format" if isinstance(piece.item, Block) else piece.item.reason
        holes.append(Hole(round(first / rate, 6), round(end / rate, 6), reason))
    return holes
