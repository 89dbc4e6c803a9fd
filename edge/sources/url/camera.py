"""How a camera is asked for its sound: alone, and together with its picture where it cannot give it alone."""

from collections.abc import Mapping

import av

from edge.sources.url.connection import UselessError

_LASTING_SECONDS = 10.0  # of sound over one connection, after which a way of asking is known to work

_WHOLE_TRIES = 3  # a camera is busy for a moment with whom it has just thrown out

CAMERA_NOTE = "it gives no lasting sound alone: its whole stream is taken, and the picture thrown away"
"""What is said once of such a camera."""


class Asking:
    """The options by which a stream is opened; those of a camera change until one way has brought lasting sound.

    Args:
        options: to begin with.
        may_change: whether the sound alone is asked for, and the user has not required that.
    """

    def __init__(self, options: Mapping[str, str], *, may_change: bool) -> None:
        self._alone = dict(options)
        self._may_change, self._told = may_change, False
        self.whole = False
        self._failures = 0  # of the whole, in a row

    @property
    def options(self) -> dict[str, str]:
        """Those of the next connection."""
        if not self.whole:
            return self._alone
        return {name: value for name, value in self._alone.items() if name != "allowed_media_types"}

    def note(self) -> str:
        """What is to be said of a connection that brings sound; the same is not said again."""
        if not self.whole or self._told:
            return ""
        self._told = True
        return f"; {CAMERA_NOTE}"

    def heard(self, seconds: float) -> None:
        """A connection has brought so much sound by now."""
        if seconds >= _LASTING_SECONDS:
            self._may_change = False
        if seconds > 0.0:
            self._failures = 0

    def failed(self, exc: Exception | None) -> bool:
        """A connection failed, or ended if None: ask otherwise next time, if that can help.

        Returns:
            Whether the whole stream is to be asked for next.
        """
        if not self._may_change or isinstance(exc, ConnectionRefusedError | av.error.HTTPUnauthorizedError):
            return False
        if self.whole and isinstance(exc, UselessError):
            return False
        self._failures += 1
        if self.whole and self._failures < _WHOLE_TRIES:
            return True
        self.whole, self._failures = not self.whole, 0
        return self.whole
