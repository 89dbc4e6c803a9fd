"""What is known of the sources of a run, and what is wrong now; threads may share it.

| reason     | is said where                                                                                        |
|------------|------------------------------------------------------------------------------------------------------|
| `lost`     | nothing of a source has been heard for too long: it is lost, hangs, or never came                      |
| `ended`    | a source ended with an error                                                                           |
| `coverage` | too little of the last five minutes of a source was heard                                              |
| `lag`      | sound is processed too long after it was heard                                                         |
| `log`      | a file of the log cannot be written                                                                    |
| `clips`    | clips cannot be written                                                                                |
"""

import math
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from edge.log import Record
from edge.outputs.listening import Listening
from edge.outputs.output import OutputState, Sound
from edge.outputs.values import Reader, number, read_options
from edge.sources import Gap

WINDOW_SECONDS = 300.0  # that coverage is about


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Where a source counts as unhealthy.

    Attributes:
        lost: seconds for which nothing was heard.
        coverage: least share of the last five minutes.
        lag: seconds between a sound and its result.
    """

    lost: float = 60.0
    coverage: float = 0.95
    lag: float = 10.0

    @classmethod
    def parse(cls, texts: Mapping[str, str]) -> "Limits":
        """Read the values of `--health-option`.

        Raises:
            SettingError: if a key or a value is wrong.

        >>> Limits.parse({"lost": "30"}).lost
        30.0
        """
        return cls(**read_options("--health-option", texts, _READERS))


_ABOVE_ZERO = math.ulp(0.0)
_READERS: dict[str, tuple[str, Reader]] = {
    "lost": ("seconds", number(_ABOVE_ZERO, 1e9)),
    "coverage": ("a share above 0 and at most 1", number(_ABOVE_ZERO, 1.0)),
    "lag": ("seconds", number(_ABOVE_ZERO, 1e9)),
}


class Problem(NamedTuple):
    """Something that is wrong now: the reason, the source that it is about or "", and a line for people."""

    reason: str
    source: str
    detail: str


class SourceTotals:
    """Counts of one source since the run began."""

    def __init__(self) -> None:
        self.heard_seconds = 0.0
        self.gap_seconds: Counter[str] = Counter()  # by reason
        self.events: Counter[str] = Counter()  # by label
        self.times_lost = 0
        self.failed = False


class HealthState:
    """The state of a run.

    Args:
        sources: names of those that begin with the run.
        limits: beyond which a source is unhealthy.
        log_failure: why a file of the log cannot be written now, if so.
        output_states: of all outputs of the run.
        now: when the run began, by `time.monotonic`.
    """

    def __init__(
        self,
        sources: Sequence[str],
        limits: Limits,
        log_failure: Callable[[], str | None],
        output_states: Callable[[], Sequence[OutputState]],
        now: float,
    ) -> None:
        self._lock = threading.Lock()
        self._limits, self._log_failure, self._began_at = limits, log_failure, now
        self.output_states = output_states
        self._listening = {name: Listening(now, WINDOW_SECONDS) for name in sources}
        self._totals: dict[str, SourceTotals] = defaultdict(SourceTotals)

    def hear(self, sound: Sound) -> None:
        """Note a block or a gap."""
        with self._lock:
            self._of(sound.source, sound.at).hear(sound)
            totals = self._totals[sound.source]
            if isinstance(sound.item, Gap):
                totals.gap_seconds[sound.item.reason] += sound.item.seconds  # type: ignore[assignment]  # no whole number
            else:
                totals.heard_seconds += sound.item.seconds

    def note(self, record: Record, now: float) -> None:
        """Note a record of the log."""
        with self._lock:
            self._of(record["source"], now).note(record, now)
            totals = self._totals[record["source"]]
            if record["type"] == "event":
                totals.events[record["label"]] += 1
            elif record["type"] == "source" and record["state"] == "lost":
                totals.times_lost += 1
            elif record["type"] == "stop":
                totals.failed = record["reason"] == "error"

    def sources(self) -> list[tuple[str, Listening, SourceTotals]]:
        """All sources by name. What is in them may change while it is read, and is right all the same."""
        with self._lock:
            return [(name, listening, self._totals[name]) for name, listening in self._listening.items()]

    @property
    def is_ready(self) -> bool:
        """Whether a first sound was heard."""
        with self._lock:
            return any(listening.heard_at is not None for listening in self._listening.values())

    def coverage(self, now: float) -> float | None:
        """The least coverage of a source that goes on; None if none is known."""
        with self._lock:
            known = [listening.coverage(now) for listening in self._listening.values() if not listening.ended]
        return min((coverage for coverage in known if coverage is not None), default=None)

    def problems(self, now: float) -> list[Problem]:
        """What is wrong now."""
        found = []
        with self._lock:
            for name, listening in self._listening.items():
                found += self._problems_of(name, listening, now)
        failure = self._log_failure()
        if failure is not None:
            found.append(Problem("log", "", failure))
        outputs = [state for state in self.output_states() if state.needed]
        return found + [Problem(state.name, "", state.failure) for state in outputs if state.failure is not None]

    def _of(self, source: str, now: float) -> Listening:
        if source not in self._listening:
            self._listening[source] = Listening(now, WINDOW_SECONDS)
        return self._listening[source]

    def _problems_of(self, name: str, listening: Listening, now: float) -> list[Problem]:
        limits, found = self._limits, []
        if self._totals[name].failed:
            return [Problem("ended", name, "ended with an error")]
        if listening.ended:
            return []
        missing = listening.missing_seconds(now)
        if missing > limits.lost:
            found.append(Problem("lost", name, f"nothing was heard for {missing:.0f} s"))
        coverage, lag = listening.coverage(now), listening.lag_seconds
        if coverage is not None and coverage < limits.coverage:
            found.append(Problem("coverage", name, f"{coverage:.3f} of the last five minutes was heard"))
        if lag is not None and lag > limits.lag:
            found.append(Problem("lag", name, f"sound is processed {lag:.1f} s after it was heard"))
        return found
