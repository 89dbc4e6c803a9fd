"""The newest sound of one source, at its own rate and with its own channels, from which clips are cut to the sample.

    blocks and gaps   |-------|--gap--|---------|----|
    a clip                 [............]              its samples, with silence where nothing was heard

Positions are seconds since the source began: floats of 64 bits are exact to a thousandth of a sample over years. A clip
begins on the sample grid of the sound in it.
"""

from collections import deque
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.outputs.output import Sound
from edge.sources import Block, Gap


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
    begin_seconds: float
    holes: list[Hole]


class _Piece(NamedTuple):
    """A block or a gap, with its begin and end in seconds since the source began."""

    item: Block | Gap
    begin: float
    end: float


class Recall:
    """Remembers the newest sound of one source.

    Args:
        seconds: of sound that are remembered; gaps do not count.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._pieces: deque[_Piece] = deque()
        self._kept_seconds = 0.0  # of sound
        self.end_seconds = 0.0  # of the source so far

    def hear(self, sound: Sound) -> None:
        """Remember a block or a gap, and forget the oldest."""
        begin = float(sound.begin_seconds)
        self.end_seconds = begin + sound.item.seconds
        self._pieces.append(_Piece(sound.item, begin, self.end_seconds))
        self._kept_seconds += _sound_seconds(sound.item)
        while self._kept_seconds - _sound_seconds(self._pieces[0].item) > self._seconds:
            self._kept_seconds -= _sound_seconds(self._pieces.popleft().item)

    def cut(self, begin: float, end: float) -> Cut | None:
        """The sound between two positions, as far as it is remembered; None if there is none.

        Sound of another rate or other channels than at the end of the piece is a hole with the reason `format`.
        """
        if not self._pieces:
            return None
        begin, end = max(begin, self._pieces[0].begin), min(end, self.end_seconds)
        pieces = [piece for piece in self._pieces if piece.end > begin and piece.begin < end]
        blocks = [(piece.item, piece.begin) for piece in pieces if isinstance(piece.item, Block)]
        if not blocks:
            return None
        like, _ = blocks[-1]
        fitting = [(block, at) for block, at in blocks if _fits(block, like)]
        anchor, rate = fitting[0][1], like.sample_rate
        begin = anchor + round((begin - anchor) * rate) / rate
        samples = np.zeros((round((end - begin) * rate), like.samples.shape[1]), dtype=np.float32)
        known = np.zeros(len(samples), dtype=bool)
        for block, at in fitting:
            _place(block.samples, round((at - begin) * rate), samples, known)
        return Cut(samples, rate, begin, _holes(known, rate, begin, pieces))


def _sound_seconds(item: Block | Gap) -> float:
    return item.seconds if isinstance(item, Block) else 0.0


def _fits(block: Block, like: Block) -> bool:
    return block.sample_rate == like.sample_rate and block.samples.shape[1] == like.samples.shape[1]


def _place(piece: NDArray[np.float32], at: int, samples: NDArray[np.float32], known: NDArray[np.bool_]) -> None:
    first, end = max(0, at), min(len(samples), at + len(piece))
    if first < end:
        samples[first:end] = piece[first - at : end - at]
        known[first:end] = True


def _holes(known: NDArray[np.bool_], rate: int, begin: float, pieces: list[_Piece]) -> list[Hole]:
    edges = np.flatnonzero(np.diff(np.concatenate([[True], known, [True]]).astype(np.int8)))
    holes = []
    for first, end in edges.reshape(-1, 2).tolist():
        middle = begin + (first + end) / (2 * rate)
        reason = "lost"  # the queue of the output was full
        for piece in pieces:
            if piece.begin <= middle < piece.end:
                reason = "format" if isinstance(piece.item, Block) else piece.item.reason
        holes.append(Hole(round(first / rate, 6), round(end / rate, 6), reason))
    return holes
