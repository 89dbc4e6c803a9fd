"""The samples of a source as seconds and as times of day, and the drift of its clock.

Samples are counted at the model's rate from the source's first one, including those lost in gaps. All times are
computed from this count when they are needed.
"""

import time
from collections import deque
from datetime import UTC, datetime, timedelta

_MINUTE, _HOUR = 60.0, 3600.0


class Timeline:
    """The timeline of one source.

    A time of day comes from `started_at` or, for a live source, from the newest observation of when a sample was
    captured.
    Observations are in `time.monotonic`, and are converted when a time of day is needed: if the clock is set after
    boot, all later events are right.

    Args:
        sample_rate: Hz, of the samples that are counted.
        started_at: when the source's first sample was captured, in UTC, if that is known without observations.

    >>> Timeline(16_000).seconds(24_000)
    1.5
    """

    def __init__(self, sample_rate: int, started_at: datetime | None = None) -> None:
        self.sample_rate = sample_rate
        self._started_at = started_at
        self._newest: tuple[int, float] | None = None
        self._minutes: deque[tuple[int, float]] = deque()  # one observation a minute, of the last hour

    def observe(self, sample: int, heard_at: float) -> None:
        """Note that a sample was captured at that time, by `time.monotonic`."""
        self._newest = (sample, heard_at)
        if not self._minutes or heard_at - self._minutes[-1][1] >= _MINUTE:
            self._minutes.append(self._newest)
        while heard_at - self._minutes[0][1] > _HOUR:
            self._minutes.popleft()

    @property
    def has_utc(self) -> bool:
        """Whether times of day are known."""
        return self._started_at is not None or self._newest is not None

    def seconds(self, sample: int) -> float:
        """Seconds since the source began, to the millisecond."""
        return round(sample / self.sample_rate, 3)

    def heard_at(self, sample: int) -> float | None:
        """When a sample was captured, by `time.monotonic`, or None if none was observed."""
        if self._newest is None:
            return None
        observed, heard_at = self._newest
        return heard_at + (sample - observed) / self.sample_rate

    def utc(self, sample: int) -> str:
        """RFC 3339, to the millisecond."""
        began_at = self.began_at()
        assert began_at is not None
        return rfc3339(began_at + timedelta(seconds=sample / self.sample_rate))

    def began_at(self) -> datetime | None:
        """When the source's first sample was captured, in UTC, if it is known now."""
        heard_at = self.heard_at(0)
        if self._started_at is not None or heard_at is None:
            return self._started_at
        return datetime.fromtimestamp(time.time() - time.monotonic() + heard_at, UTC)

    @property
    def drift_ppm(self) -> float | None:
        """By how much the source's clock was faster than the machine's over the last hour; None in its first minute."""
        if self._newest is None or self._newest[1] - self._minutes[0][1] < _MINUTE:
            return None
        samples, seconds = (newest - oldest for newest, oldest in zip(self._newest, self._minutes[0], strict=True))
        return 1e6 * (samples / self.sample_rate / seconds - 1.0)


def rfc3339(moment: datetime) -> str:
    """A time of day, to the millisecond.

    >>> rfc3339(datetime(2026, 5, 1, 4, 30, tzinfo=UTC))
    '2026-05-01T04:30:00.000Z'
    """
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
