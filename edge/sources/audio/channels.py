"""Which of a source's channels are used, and what mixing them would lose."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.errors import SettingError, SourceError

Samples = NDArray[np.float32]

_ROW_SECONDS = 0.05  # of one level
_ENOUGH_HZ = 4000  # a level needs no more samples a second
_MEMORY_SECONDS = 60.0
_JUDGED_SECONDS = 5.0  # of sound between two looks at the levels
_QUIET_DB = -60.0  # what is less is no sound to be lost
_LOST_DB = 10.0
_STEADY_DB, _LIVELY_DB = 6.0, 12.0  # between quiet and loud moments of a channel
_BETTER_DB = 3.0  # by which another channel must be livelier to be taken instead


class Levels(NamedTuple):
    """Levels of each channel, in dB of full scale.

    Attributes:
        mean: `[channels]`, of the energy.
        range: `[channels]`, from quiet moments to loud ones; a steady noise has next to none.
        mix: of the mean of all channels.
    """

    mean: NDArray[np.float64]
    range: NDArray[np.float64]
    mix: float


class ChannelChoice:
    """Takes one channel of a source, or leaves all of them to be mixed and watches what that loses.

    Args:
        channel: `mix`, `best` (the channel whose level varies most: a dead one hums or hisses steadily), or a number
            from 1.
        name: of the source, for messages.

    Raises:
        SettingError: if it is none of these.
    """

    def __init__(self, channel: str, name: str) -> None:
        if channel not in ("mix", "best") and not (channel.isdecimal() and int(channel) > 0):
            raise SettingError(f"--channel {channel}: expected mix, best, or the number of a channel from 1")
        self._channel, self._name = channel, name
        self._best = 0
        self._warned: set[str] = set()
        self._kept_seconds, self._new_seconds = 0.0, 0.0
        self._forget(0)

    def take(self, samples: Samples, sample_rate: int) -> tuple[Samples, str | None]:
        """The channels to use.

        Args:
            samples: `[samples, channels]`.
            sample_rate: Hz.

        Returns:
            `[samples, 1]`, or all channels if they are to be mixed; and a warning, each once.

        Raises:
            SourceError: if there is no such channel.
        """
        if self._channel.isdecimal():
            self.require(samples.shape[1])
            number = int(self._channel)
            return samples[:, number - 1 : number], None
        if samples.shape[1] == 1:
            return samples, None
        levels = self._look(samples, sample_rate)
        if self._channel == "mix":
            return samples, None if levels is None else self._new(warning_of(levels))
        if levels is not None and levels.range.max() > levels.range[self._best] + _BETTER_DB:
            self._best = int(levels.range.argmax())
        return samples[:, self._best : self._best + 1], None

    def require(self, channels: int) -> None:
        """Check that a source with this number of channels has the chosen one.

        Raises:
            SourceError: if not.
        """
        if self._channel.isdecimal() and int(self._channel) > channels:
            has = "has 1 channel" if channels == 1 else f"has {channels} channels"
            raise SourceError(
                f"{self._name}: {has}, no channel {self._channel}; give --channel mix, best or 1 to {channels}"
            )

    def _look(self, samples: Samples, sample_rate: int) -> Levels | None:
        """The levels of the last minute, when it is time for another look at them."""
        if samples.shape[1] != self._channels:
            self._forget(samples.shape[1])
        step = max(1, sample_rate // _ENOUGH_HZ)
        self._some.append(samples[::step].copy())
        self._new_seconds += len(samples) / sample_rate
        if self._new_seconds < _JUDGED_SECONDS:
            return None
        row = max(1, round(_ROW_SECONDS * sample_rate / step))
        self._energy.append(_energy(np.concatenate(self._some), row))
        self._kept_seconds += self._new_seconds
        self._some.clear()
        self._new_seconds = 0.0
        levels = _levels(np.concatenate(self._energy))
        if self._kept_seconds > _MEMORY_SECONDS:
            self._energy.clear()
            self._kept_seconds = 0.0
        return levels

    def _forget(self, channels: int) -> None:
        self._channels, self._best = channels, 0
        self._energy: list[NDArray[np.float32]] = []
        self._some: list[Samples] = []  # of the newest, which count once there are enough
        self._kept_seconds, self._new_seconds = 0.0, 0.0

    def _new(self, warning: str | None) -> str | None:
        found = None if warning is None else warning.partition(";")[0]  # without the advice, which may change
        if found is None or found in self._warned:
            return None
        self._warned.add(found)
        return warning


def warning_of(levels: Levels) -> str | None:
    """What mixing these channels loses, and what to do; None if they may be mixed."""
    loudest, liveliest = int(levels.mean.argmax()), int(levels.range.argmax())
    if levels.mean[loudest] < _QUIET_DB:
        return None
    if levels.mean[loudest] - levels.mix > _LOST_DB:
        return f"mixed, its channels cancel each other out; --channel {loudest + 1} hears one of them"
    steady = (levels.range < _STEADY_DB) & (levels.mean > _QUIET_DB)
    if levels.range[liveliest] > _LIVELY_DB and steady.any():
        noisy = int(np.flatnonzero(steady)[0]) + 1
        return f"channel {noisy} holds nothing but a steady noise; --channel {liveliest + 1} leaves it out"
    return None


def _energy(samples: Samples, row: int) -> NDArray[np.float32]:
    """The energy of each channel and of their mean, in rows of so many samples: `[rows, channels + 1]`."""
    each = np.ascontiguousarray(samples.T)
    rows = each.shape[1] // row
    with np.errstate(all="ignore"):
        all_of_them = np.concatenate([each, each.mean(axis=0, keepdims=True)])[:, : rows * row].reshape(-1, rows, row)
        energy = np.einsum("crs,crs->rc", all_of_them, all_of_them) / np.float32(row)
    sound: NDArray[np.float32] = np.nan_to_num(energy, nan=0.0, posinf=0.0, neginf=0.0)
    return sound


def _levels(energy: NDArray[np.float32]) -> Levels:
    decibels = 10 * np.log10(np.maximum(energy.astype(np.float64), 1e-12))
    quiet, loud = np.percentile(decibels[:, :-1], [10, 95], axis=0)
    mean = 10 * np.log10(np.maximum(energy.mean(axis=0, dtype=np.float64), 1e-12))
    return Levels(mean=mean[:-1], range=loud - quiet, mix=float(mean[-1]))
