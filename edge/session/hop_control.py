"""Widens the hop of a live source while inference cannot keep up with it."""

_BEHIND_HOPS = 2  # of sound that may wait
_BEHIND_LASTS_HOPS = 2  # for how long more must wait to count: a stream may begin with a burst of sound
_AHEAD_LASTS_HOPS = 8  # for how long half of the hop must suffice before it is used again
_BUSY_SHARE = 0.8  # of its time that a worker may spend on steps


class HopControl:
    """Doubles the hop when inference falls behind, and halves it again once half of it suffices.

    A wider hop takes fewer steps a second, and adds latency.

    Args:
        hop_seconds: the hop as set.
        widest_factor: greatest factor.

    Attributes:
        factor: by which the hop is multiplied now.

    >>> control = HopControl(1.0, 9)
    >>> [control.update(queued, 0.9, now) for queued, now in ((3.0, 0.0), (4.0, 1.0), (5.0, 2.0))]
    [False, False, True]
    >>> control.factor
    2
    """

    def __init__(self, hop_seconds: float, widest_factor: int) -> None:
        self._hop_seconds, self._widest_factor = hop_seconds, widest_factor
        self.factor = 1
        self._behind_since: float | None = None
        self._ahead_since: float | None = None

    def update(self, queued_seconds: float, step_seconds: float, now: float) -> bool:
        """Update the factor; return whether it changed.

        Args:
            queued_seconds: sound that waits for the model.
            step_seconds: duration of the last step of inference.
            now: on a clock that only goes forward.
        """
        behind = queued_seconds > _BEHIND_HOPS * self._hop_seconds
        # A step of half the hop takes no longer than the last one did.
        ahead = not behind and step_seconds < _BUSY_SHARE * self._hop_seconds * self.factor / 2
        self._behind_since = _since(behind, self._behind_since, now)
        self._ahead_since = _since(ahead, self._ahead_since, now)
        if 2 * self.factor <= self._widest_factor and self._lasts(self._behind_since, _BEHIND_LASTS_HOPS, now):
            return self._change(2 * self.factor)
        if self.factor > 1 and self._lasts(self._ahead_since, _AHEAD_LASTS_HOPS, now):
            return self._change(self.factor // 2)
        return False

    def _lasts(self, since: float | None, hops: int, now: float) -> bool:
        return since is not None and now - since >= hops * self._hop_seconds

    def _change(self, factor: int) -> bool:
        self.factor = factor
        self._behind_since = self._ahead_since = None
        return True


def _since(holds: bool, since: float | None, now: float) -> float | None:
    """Since when a condition has held without a break; None if it does not hold."""
    if not holds:
        return None
    return now if since is None else since
