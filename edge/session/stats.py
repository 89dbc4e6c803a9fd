"""The figures of a source's `stats` records."""

from collections import Counter, deque
from fractions import Fraction

import numpy as np

from edge.log import Record

_LAGS = 10_000  # the newest ones suffice


class SourceStats:
    """Counts of one source, in total and since the last record.

    Attributes:
        heard_samples: of sound that was processed, by their rate in Hz.
        missed_seconds: sound that was lost in gaps.
        busy_seconds: time spent on processing.
        events: number of events by label.
    """

    def __init__(self) -> None:
        self.heard_samples: Counter[int] = Counter()
        self.missed_seconds = Fraction(0)
        self.busy_seconds = 0.0
        self.events: Counter[str] = Counter()
        self._lags: deque[float] = deque(maxlen=_LAGS)
        self._before = (0.0, 0.0)  # heard and missed seconds at the last record

    def add_lag(self, seconds: float) -> None:
        """Note how long after it was heard a block had been processed."""
        self._lags.append(seconds)

    def record(self, missing_seconds: float = 0.0, drift_ppm: float | None = None) -> Record:
        """The record of the current figures.

        Args:
            missing_seconds: for how long the source has been lost now; no gap record covers it yet.
            drift_ppm: by how much the source's clock is faster than the machine's, in parts per million, if known.
        """
        heard = float(sum(Fraction(samples, rate) for rate, samples in self.heard_samples.items()))
        missed = float(self.missed_seconds) + missing_seconds
        recent = [now - before for now, before in zip((heard, missed), self._before, strict=True)]
        self._before = (heard, missed)
        coverage = _coverage(heard, missed, otherwise=0.0)  # nothing processed yet
        record: Record = {
            "type": "stats",
            "audio_seconds": round(heard, 3),
            "gap_seconds": round(missed, 3),
            "coverage": coverage,
            "recent_seconds": round(sum(recent), 3),
            "recent_coverage": _coverage(*recent, otherwise=coverage),
            "real_time_factor": round(self.busy_seconds / heard, 5) if heard > 0 else 0.0,
        }
        if self._lags:
            record["lag_seconds"], record["lag_p99_seconds"] = (
                round(float(lag), 3) for lag in np.quantile(self._lags, [0.5, 0.99])
            )
            self._lags.clear()
        if drift_ppm is not None:
            record["drift_ppm"] = round(drift_ppm, 1)
        return record | {"events": dict(self.events)}


def _coverage(heard_seconds: float, missed_seconds: float, *, otherwise: float) -> float:
    """The share of the time that was heard; `otherwise` if no time has passed."""
    seconds = heard_seconds + missed_seconds
    return round(heard_seconds / seconds, 5) if seconds > 0 else otherwise
