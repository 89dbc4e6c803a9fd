"""What an output is, and what it receives and knows; the threads and the queues are in `edge.outputs.threads`."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

from edge.log import Record
from edge.log.scores import DecoderInput
from edge.model import Card, ClassDecoding
from edge.sources import Block, Gap


@dataclass(frozen=True, kw_only=True)
class OutputContext:
    """What outputs may know of the run that they belong to.

    Attributes:
        card: of the model.
        decoding: label -> settings of the decoder, as chosen.
        labels: those that are reported.
        sources: their names.
        begun: names of the sources that begin with the run: those that are heard one after another are not among them.
        log_failure: says why a file of the log cannot be written now, if so.
        log: the file of JSON Lines that the log is written to, if there is one.
    """

    card: Card
    decoding: Mapping[str, ClassDecoding]
    labels: Sequence[str]
    sources: Sequence[str]
    begun: Sequence[str] = ()
    log_failure: Callable[[], str | None] = lambda: None
    log: Path | None = None

    def after(self, record: Record) -> "OutputContext":
        """What holds after a `model` record of the log: another model and other settings."""
        new = {label: ClassDecoding(**settings) for label, settings in record["decoding"].items()}
        decoding = {**self.decoding, **new}
        return replace(self, card=replace(self.card, model_id=record["model"], decoding=decoding), decoding=decoding)


class Sound(NamedTuple):
    """A block or a gap of a source, as it was delivered.

    Attributes:
        source: its name.
        item: the sound, at its own rate and with all channels, or how much is missing.
        begin_seconds: where it begins, since the source began; exact.
        at: when the model had processed it, by `time.monotonic`.
    """

    source: str
    item: Block | Gap
    begin_seconds: Fraction
    at: float


class OutputState(NamedTuple):
    """How an output is.

    Attributes:
        name: of the output.
        needed: whether a run is unhealthy while it does not work.
        failure: why it does not work now, if it does not.
        lost: how much was lost so far, by source and what it is.
        waiting: records that wait for it.
    """

    name: str
    needed: bool
    failure: str | None
    lost: Mapping[tuple[str, str], float]
    waiting: int


class Output:
    """An output: derive from it. Its methods are called by one thread, the output's own, and may wait.

    What a method raises is logged as a warning; the output goes on with the next call, and the record is counted as
    lost.

    Attributes:
        name: as records, metrics and warnings name it.
        hears: whether it receives sound.
        takes_scores: whether it receives frame scores.
        takes_onsets: whether it receives `onset` records although the log does not have them.
        is_patient: whether it receives things every two seconds only, all that came together, which costs less.
        needed: whether a run is unhealthy while it does not work.
        failure: why it does not work now, such as `No space left on device`; None while it does. Other threads read it.
        losses: what it has lost.
        states_of_run: says how each output of the run is, this one among them.
    """

    name = "output"
    hears = False
    takes_scores = False
    takes_onsets = False
    is_patient = False
    needed = False
    failure: str | None = None

    def __init__(self) -> None:
        self.losses = Losses()
        self.states_of_run: Callable[[], Sequence[OutputState]] = tuple

    def start(self) -> None:
        """Called first. Outputs are made earlier, where a wrong setting is an error of the command."""

    def write(self, record: Record) -> None:
        """Take a record of the log; of one source they come in order, after the sound that they are about."""

    def hear(self, sound: Sound) -> None:
        """Take a block or a gap, if `hears`."""

    def take(self, source: str, scores: DecoderInput) -> None:
        """Take the frame scores of the source of that name, if `takes_scores`; see `ScoreReceiver`."""

    def tick(self) -> None:
        """Called about every quarter of a second (two seconds, if `is_patient`), and after each batch of the above."""

    def close(self) -> None:
        """Called last: finish what is open, within some seconds."""

    def lose(self, source: str, what: str, count: float, reason: str) -> None:
        """Note that something of a source was lost, such as 2 `clips`; may be called from any thread."""
        self.losses.add(source, what, count, reason)

    @property
    def lost(self) -> Mapping[tuple[str, str], float]:
        """How much was lost so far, by source and what it is."""
        return self.losses.total()


class Losses:
    """What an output has lost, in total and since it was last said."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._total: Counter[tuple[str, str]] = Counter()
        self._unsaid: dict[tuple[str, str], tuple[float, str]] = {}

    def add(self, source: str, what: str, count: float, reason: str) -> None:
        with self._lock:
            self._total[source, what] += count  # type: ignore[assignment]  # seconds are no whole number
            before, _ = self._unsaid.get((source, what), (0.0, ""))
            self._unsaid[source, what] = (before + count, reason)

    def total(self) -> Mapping[tuple[str, str], float]:
        with self._lock:
            return dict(self._total)

    def records(self) -> list[tuple[str, Record]]:
        """Source and record of each loss that was not said yet."""
        with self._lock:
            unsaid, self._unsaid = self._unsaid, {}
        return [
            (source, {"type": "output", "lost": what, "count": round(count, 3), "reason": reason})
            for (source, what), (count, reason) in unsaid.items()
        ]
