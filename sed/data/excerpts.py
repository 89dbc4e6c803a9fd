"""Stretches of a recording in which one label sounds alone: events can be cut out there as from a clip of their own.

    dog      _[==]_______[==]____[====]_____
    cat      ______[==]_____________[==]____
    no cat   |----|    |-----------|    |---|

The first two of these stretches hold a whole dog each; the last dog cannot be cut out.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sed.data.borders import Sound
from sed.data.spans import joined


class Excerpt(NamedTuple):
    """A stretch between the sounds of other labels, and where in it whole events of the label are.

    Attributes:
        begin: in samples of the recording.
        end: likewise.
        label: of its events.
        pieces: (onset, offset) in samples from `begin` on.
    """

    begin: int
    end: int
    label: str
    pieces: tuple[tuple[int, int], ...]


def excerpts(segments: Sequence[tuple[int, int, str]], samples: int) -> Iterator[Excerpt]:
    """Find the stretches that hold a whole event, label by label.

    >>> [(one.label, one.begin, one.end) for one in excerpts([(0, 4, "dog"), (6, 9, "cat"), (8, 9, "dog")], 12)]
    [('dog', 0, 6)]

    Args:
        segments: (onset, offset, label) in samples, sorted.
        samples: length of the recording.
    """
    for label in sorted({label for _, _, label in segments}):
        own, others = (
            joined(((onset, offset) for onset, offset, other in segments if (other == label) == wanted), touching=True)
            for wanted in (True, False)
        )
        edges = [0, *(edge for span in others for edge in span), samples]
        for begin, end in zip(edges[::2], edges[1::2], strict=True):
            pieces = tuple((onset - begin, offset - begin) for onset, offset in own if begin <= onset and offset <= end)
            if pieces:
                yield Excerpt(begin, end, label, pieces)


class Stretch:
    """The samples of a sound from `begin` to `end`, read when they are asked for."""

    def __init__(self, sound: Sound, begin: int, end: int) -> None:
        self._sound, self._begin, self._length = sound, begin, end - begin

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, part: slice) -> NDArray[np.float32]:
        begin, end, step = part.indices(self._length)
        assert step == 1, part
        return self._sound[self._begin + begin : self._begin + end]
