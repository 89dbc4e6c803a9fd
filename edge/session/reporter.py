"""What one source says, as records: its events, its gaps, its state, and how well it is kept up with."""

import logging
import time
from datetime import UTC, datetime
from fractions import Fraction

from edge.detection import Decoder, Event, Listener
from edge.log import EventWriter, Log, Record, Timeline, gap_record, rfc3339, source_record, start_record, stop_record
from edge.model import Floats, Step, StepModel, Window
from edge.scores import Heard, ScoreTaker
from edge.session.pace import Pacer
from edge.session.tally import Tally
from edge.sources import Block, Gap, Item, Source, State

_log = logging.getLogger(__name__)

_LEAST_LOSS_SECONDS = 0.1  # that is worth a record, where a source ends before it said for how long it was lost


class Reporter:
    """Listens to what comes from one source, and writes the log of it.

    Args:
        source: by its name and whether it is live.
        model: takes the steps.
        window: in frames.
        decoder: of this source only.
        log: shared with others.
        onsets: whether onsets are written as soon as they are certain.
        started_at: when the first sample was heard, in UTC, of a source that does not know.
        scores: gets them too.
    """

    def __init__(
        self,
        source: Source,
        model: StepModel,
        window: Window,
        decoder: Decoder,
        log: Log,
        *,
        onsets: bool,
        started_at: datetime | None,
        scores: ScoreTaker | None = None,
    ) -> None:
        self._source, self._card, self._log, self._scores = source, model.card, log, scores
        self._labels, self._window = decoder.labels, window
        self._model = _TimedModel(model)
        self._listener = Listener(self._model, window, decoder)
        self._timeline = Timeline(model.card.sample_rate, started_at)
        self._tally = Tally()
        widest_factor = (window.window_frames - window.lookahead_frames) // window.hop_frames
        self._pacer = Pacer(window.hop_frames * model.card.frame_seconds, widest_factor)
        self._event_writer = EventWriter(source.name, model.card, log, self._tally.events, onsets=onsets)
        self._lost_since: float | None = None

    def begin(self, first: Item | None) -> None:
        """Write the first record; `first` is what the source says first: of a live one, when it began."""
        if isinstance(first, Block):
            self._observe(first)
        _log.info(
            "hears %s in %s, a window of %g s every %g s",
            ", ".join(self._labels),
            "stdin" if self._source.name == "-" else self._source.name,
            self._window.window_frames * self._card.frame_seconds,
            self._window.hop_frames * self._card.frame_seconds,
        )
        self._write(start_record(self._card, self._labels, self._timeline))

    def take(self, item: Item, queued_seconds: float = 0.0) -> None:
        """Listen to what the source says next; so much more sound waits."""
        if isinstance(item, Block):
            self._hear(item)
            if self._source.live:
                self._keep_pace(queued_seconds)
        elif isinstance(item, Gap):
            self._miss(item)
        else:
            self._change(item)

    def write_stats(self) -> None:
        """Write how it goes."""
        self._write_now(self._tally.record(self._missing_seconds, self._timeline.drift_ppm))

    def end(self, reason: str) -> None:
        """Write what is left, and the last record."""
        if self._missing_seconds > _LEAST_LOSS_SECONDS:
            self._miss(Gap(self._missing_seconds, "reconnect"))
        self._write_events(self._listener.flush())
        self.write_stats()
        self._write(stop_record(reason))

    def _hear(self, block: Block) -> None:
        self._observe(block)
        self._lost_since = None
        began = time.monotonic()
        events = self._listener.push(block)
        now = time.monotonic()
        self._tally.heard_seconds += Fraction(len(block.samples), block.sample_rate)
        self._tally.busy_seconds += now - began
        if block.heard_at is not None:
            self._tally.lag(now - block.heard_at - block.seconds)
        self._write_events(events)

    def _observe(self, block: Block) -> None:
        if block.heard_at is not None:
            self._timeline.observe(self._listener.position_samples, block.heard_at)

    def _miss(self, gap: Gap) -> None:
        begin = self._listener.position_samples
        self._write_events(self._listener.skip(gap))
        self._tally.missed_seconds += Fraction(gap.seconds)
        self._lost_since = None
        self._write(gap_record(begin, self._listener.position_samples, gap.reason, self._timeline))

    def _change(self, state: State) -> None:
        if state.state == "lost":
            self._write_events(self._listener.lose())
            heard_at = self._timeline.heard_at(self._listener.position_samples)
            self._lost_since = time.monotonic() if heard_at is None else heard_at
        self._write_now(source_record(state.state, state.detail))

    @property
    def _missing_seconds(self) -> float:
        """For how long the source has been lost now."""
        return 0.0 if self._lost_since is None else max(0.0, time.monotonic() - self._lost_since)

    def _keep_pace(self, queued_seconds: float) -> None:
        if self._pacer.update(queued_seconds, self._model.step_seconds, time.monotonic()):
            frames = self._window.hop_frames * self._pacer.factor
            self._listener.set_hop(frames)
            state = "steady" if self._pacer.factor == 1 else "slow"
            self._write_now(source_record(state, f"hop {frames * self._card.frame_seconds:g} s"))

    def _write_events(self, events: list[Event]) -> None:
        """Those that the listener has just returned, and its onsets before them."""
        heard = self._listener
        if not heard.scores and heard.closed_by is None:
            return  # most blocks complete no hop, and the log is everybody's
        began_at = self._timeline.began_at()
        with self._log.together():
            if self._scores is not None:
                said = Heard(heard.scores, heard.closed_by, heard.heard_samples, began_at)
                self._scores.take(self._source.name, said)
            self._event_writer.write(events, heard.onsets, heard.heard_samples, began_at)

    def _write_now(self, record: Record) -> None:
        """Of a live source, with the time of day that it is: it tells of the present, not of a sound."""
        self._write(record | {"at_utc": rfc3339(datetime.now(UTC))} if self._source.live else record)

    def _write(self, record: Record) -> None:
        self._log.write(self._source.name, record)


class _TimedModel:
    """A model that knows how long its last step took."""

    def __init__(self, model: StepModel) -> None:
        self.card, self.embedding_size = model.card, model.embedding_size
        self._model = model
        self.step_seconds = 0.0

    def step(self, audio: Floats, embeddings: Floats) -> Step:
        """See `StepModel.step`."""
        began = time.monotonic()
        step = self._model.step(audio, embeddings)
        self.step_seconds = time.monotonic() - began
        return step
