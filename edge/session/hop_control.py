"""By how much to widen the hop of a live source, so that inference keeps up with it."""

_BEHIND_HOPS = 2  # so much sound may wait
_PATIENCE_HOPS = 2  # and more of it for so long, before it counts: as streams begin, sound may come in a burst
_CALM_HOPS = 8  # for so long half of the hop would have done, before it is taken
_BUSY_SHARE = 0.8  # of its time that a worker may spend in steps


class Pacer:
    """Doubles the hop where inference stays behind, and halves it again once half of it would do.

    A wider hop costs fewer steps a second, and latency.

    Args:
        hop_seconds: that was asked for.
        widest_factor: by which it may be multiplied.

    Attributes:
        factor: by which it is multiplied.

    >>> pacer = Pacer(1.0, 9)
    >>> [pacer.update(queued, 0.9, now) for queued, now in ((3.0, 0.0), (4.0, 1.0), (5.0, 2.0))]
    [False, False, True]
    >>> pacer.factor
    2
    """

    def __init__(self, hop_seconds: float, widest_factor: int) -> None:
        self._hop_seconds, self._widest_factor = hop_seconds, widest_factor
        self.factor = 1
        self._behind_since: float | None = None
        self._calm_since: float | None = None

    def update(self, queued_seconds: float, step_seconds: float, now: float) -> bool:
        """Whether the factor changes now.

        Args:
            queued_seconds: of sound, that wait to be heard.
            step_seconds: that the last step of inference took.
            now: on a clock that only goes forward.
        """
        behind = queued_seconds > _BEHIND_HOPS * self._hop_seconds
        # A step of half the hop takes no longer than the last one did.
        calm = not behind and step_seconds < _BUSY_SHARE * self._hop_seconds * self.factor / 2
        self._behind_since = _since(behind, self._behind_since, now)
        self._calm_since = _since(calm, self._calm_since, now)
        if 2 * self.factor <= self._widest_factor and self._lasts(self._behind_since, _PATIENCE_HOPS, now):
            return self._change(2 * self.factor)
        if self.factor > 1 and self._lasts(self._calm_since, _CALM_HOPS, now):
            return self._change(self.factor // 2)
        return False

    def _lasts(self, since: float | None, hops: int, now: float) -> bool:
        return since is not None and now - since >= hops * self._hop_seconds

    def _change(self, factor: int) -> bool:
        self.factor = factor
        self._behind_since = self._calm_since = None
        return True


def _since(holds: bool, since: float | None, now: float) -> float | None:
    """Since when something has held."""
    if not holds:
        return None
    return now if since is None else since
