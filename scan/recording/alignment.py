"""Where a resampler can start within a recording and still give, to the bit, what it gives for the whole of it.

soxr filters in blocks that are counted from its first sample, so that a start anywhere else changes the rounding of its
output. The pattern repeats: a start at a multiple of some number of samples falls on the same blocks. soxr does not
tell that number; it depends on the two rates, and is found here by trying.
"""

import functools
import math
from typing import NamedTuple

import numpy as np

from edge.model import Floats
from edge.sources import Resampler

_LONGEST_SECONDS = 10.0  # between two places to start
_MOST_TRIED = 6000  # places; more would take longer than they save
_TRIED_SAMPLES = 1 << 16  # at the input rate: several blocks


class Alignment(NamedTuple):
    """Places where a resampler can start.

    Attributes:
        period_samples: at the input rate; any multiple of it is such a place.
        settle_samples: at the output rate, after which the output is that of the whole recording.
    """

    period_samples: int
    settle_samples: int


@functools.lru_cache(maxsize=64)
def find_alignment(input_rate: int, output_rate: int) -> Alignment | None:
    """The places for two rates, in Hz; None if there are none at least every ten seconds.

    >>> find_alignment(16000, 16000)
    Alignment(period_samples=1, settle_samples=0)
    """
    if input_rate == output_rate:
        return Alignment(1, 0)
    unit = input_rate // math.gcd(input_rate, output_rate)
    longest = min(int(_LONGEST_SECONDS * input_rate), _MOST_TRIED * unit)
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, longest + 4 * _TRIED_SAMPLES).astype(np.float32)
    whole = _resampled(noise, input_rate, output_rate)
    for period in range(unit, longest + 1, unit):
        begin = period * output_rate // input_rate
        tried = _resampled(noise[period : period + _TRIED_SAMPLES], input_rate, output_rate)
        late = len(tried) // 2
        if not np.array_equal(tried[late:], whole[begin + late : begin + len(tried)]):
            continue
        settle = [_settle(noise, whole, place, input_rate, output_rate) for place in (period, 2 * period)]
        if max(settle) < _TRIED_SAMPLES * output_rate // input_rate:
            # What a signal shows late may be late for another one, too: twice the time, and more, is safe.
            return Alignment(period, 2 * max(settle) + output_rate // 10)
    return None


def _settle(noise: Floats, whole: Floats, place: int, input_rate: int, output_rate: int) -> int:
    begin = place * output_rate // input_rate
    tried = _resampled(noise[place : place + 4 * _TRIED_SAMPLES], input_rate, output_rate)
    count = min(len(tried), len(whole) - begin)
    differing = np.flatnonzero(tried[:count] != whole[begin : begin + count])
    return int(differing[-1]) + 1 if len(differing) else 0


def _resampled(samples: Floats, input_rate: int, output_rate: int) -> Floats:
    return Resampler(input_rate, output_rate).push(samples[:, None])
