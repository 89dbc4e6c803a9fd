"""Excerpts of a recording in which one label sounds alone: events can be cut out there as from a clip of their own.

    dog      _[==]_______[==]____[====]_____
    cat      ______[==]_____________[==]____
    no cat   |----|    |-----------|    |---|

The first two of these excerpts contain a whole dog event each; the last dog event cannot be cut out.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sed.data.borders import Samples
from sed.data.spans import merge_spans


class LabelExcerpt(NamedTuple):
    """A part of a recording without events of other labels, and the whole events of its label in it.

    Attributes:
        begin: in samples of the recording.
        end: in samples of the recording.
        label: of its events.
        spans: (onset, offset) of the events, in samples from `begin` on.
    """

    begin: int
    end: int
    label: str
    spans: tuple[tuple[int, int], ...]


def find_excerpts(segments: Sequence[tuple[int, int, str]], samples: int) -> Iterator[LabelExcerpt]:
    """Find the excerpts that contain a whole event, label by label.

    >>> [(one.label, one.begin, one.end) for one in find_excerpts([(0, 4, "dog"), (6, 9, "cat"), (8, 9, "dog")], 12)]
    [('dog', 0, 6)]

    Args:
        segments: (onset, offset, label) in samples, sorted.
        samples: length of the recording.
    """
    for label in sorted({label for _, _, label in segments}):
        own, others = (
            merge_spans(
                ((onset, offset) for onset, offset, other in segments if (other == label) == wanted), touching=True
            )
            for wanted in (True, False)
        )
        edges = [0, *(edge for span in others for edge in span), samples]
        for begin, end in zip(edges[::2], edges[1::2], strict=True):
            spans = tuple((onset - begin, offset - begin) for onset, offset in own if begin <= onset and offset <= end)
            if spans:
                yield LabelExcerpt(begin, end, label, spans)


class AudioSlice:
    """The samples of a recording from `begin` to `end`, read only when they are needed."""

    def __init__(self, samples: Samples, begin: int, end: int) -> None:
        self._samples, self._begin, self._length = samples, begin, end - begin

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, part: slice) -> NDArray[np.float32]:
        begin, end, step = part.indices(self._length)
        assert step == 1, part
        return self._samples[self._begin + begin : self._begin + end]
