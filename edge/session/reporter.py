"""The items of one source -> records: events, gaps, states of the source, and stats."""

import logging
import time
from datetime import UTC, datetime
from fractions import Fraction

from edge.detection import Decoder, Event, EventStream
from edge.log import (
    EventWriter,
    Log,
    Record,
    Timeline,
    gap_record,
    model_record,
    rfc3339,
    source_record,
    start_record,
    stop_record,
)
from edge.log.scores import DecoderInput, ScoreReceiver
from edge.model import Floats, Step, StepModel, Window
from edge.outputs import Outputs
from edge.session.hop_control import HopControl
from edge.session.stats import SourceStats
from edge.session.succession import Succession, Successor
from edge.sources import Block, ChannelChoice, Gap, Item, Source, Start, State

_log = logging.getLogger(__name__)

_LONGEST_WAIT_SECONDS = 1.0  # for sound: others than the model take it too
_MOST_NAMES = 40  # of labels, in one line of talk
_LEAST_LOSS_SECONDS = 0.1  # shortest loss worth a record, where a source ends while it is lost


class Reporter:
    """Processes the items of one source, and writes its log.

    Args:
        source: its name, and whether it is live.
        model: runs the steps.
        window: lengths of the sliding window.
        decoder: of this source only.
        log: shared with other sources.
        onsets: whether onsets are written as soon as they are certain.
        start: when the first sample was recorded, for a source without a clock.
        scores: receives the frame scores too.
        outputs: receive the sound, and the frame scores if they want them.
        channel: of the source, to use; see `ChannelChoice`.
        succession: of the model.
        successor: the one of it that `model` and `decoder` are of, if any.
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
        start: Start | None,
        scores: ScoreReceiver | None = None,
        outputs: Outputs | None = None,
        channel: str = "mix",
        succession: Succession | None = None,
        successor: Successor | None = None,
    ) -> None:
        self._source, self._card, self._log, self._outputs = source, model.card, log, outputs
        wanted = outputs if outputs is not None and outputs.takes_scores else None
        self._score_receivers = [receiver for receiver in (scores, wanted) if receiver is not None]
        self._labels, self._window, self._start = decoder.labels, window, start
        self._model = self._next_model = _TimedModel(model)
        self._event_stream = EventStream(self._model, window, decoder)
        self._timeline = Timeline(model.card.sample_rate, None if start is None else start.at)
        self._stats = SourceStats()
        widest_factor = (window.window_frames - window.lookahead_frames) // window.hop_frames
        self._hop_control = HopControl(window.hop_frames * model.card.frame_seconds, widest_factor)
        self._event_writer = EventWriter(source.name, model.card, log, self._stats.events, onsets=onsets)
        self._channels = ChannelChoice(channel, source.name)
        self._lost_since: float | None = None
        self._succession = Succession() if succession is None else succession
        self._successor, self._decoder = successor, decoder

    def begin(self, first: Item | None) -> None:
        """Write the first record; `first` is the first item of the source, which tells when a live one began."""
        if isinstance(first, Block):
            self._channels.require(first.samples.shape[1])
            self._observe(first)
        _log.info(
            "hears %s in %s, a window of %g s every %g s",
            ", ".join(self._labels) if len(self._labels) <= _MOST_NAMES else f"{len(self._labels)} labels",
            "stdin" if self._source.name == "-" else self._source.name,
            self._window.window_frames * self._card.frame_seconds,
            self._window.hop_frames * self._card.frame_seconds,
        )
        self._write(start_record(self._card, self._labels, self._timeline, self._start))
        if self._successor is not None:
            self._note_model(0)

    def take(self, item: Item, queued_seconds: float = 0.0) -> None:
        """Process the next item of the source; `queued_seconds` of sound wait after it."""
        if self._succession.newest is not self._successor and self._hop_control.factor == 1:
            self._prepare(self._succession.newest)
        if isinstance(item, Block):
            self._hear(item)
            if self._source.live:
                self._keep_pace(queued_seconds)
        elif isinstance(item, Gap):
            self._miss(item)
        else:
            self._change(item)

    @property
    def useful_seconds(self) -> float:
        """How much sound of a live source is worth waiting for: with less, no event can be detected."""
        return min(self._event_stream.seconds_to_step, _LONGEST_WAIT_SECONDS) if self._source.live else 0.0

    def write_stats(self) -> None:
        """Write a `stats` record."""
        self._write_now(self._stats.record(self._missing_seconds, self._timeline.drift_ppm))

    def end(self, reason: str) -> None:
        """Write the remaining events, and the last records."""
        if self._missing_seconds > _LEAST_LOSS_SECONDS:
            self._miss(Gap(self._missing_seconds, "reconnect"))
        self._write_events(self._event_stream.flush())
        self.write_stats()
        self._write(stop_record(reason))

    def _hear(self, block: Block) -> None:
        self._observe(block)
        self._lost_since = None
        begin_seconds, began = self._event_stream.position_seconds, time.monotonic()
        samples, warning = self._channels.take(block.samples, block.sample_rate)
        events = self._event_stream.push(block._replace(samples=samples))
        now = time.monotonic()
        self._stats.heard_samples[block.sample_rate] += len(block.samples)
        self._stats.busy_seconds += now - began
        if block.heard_at is not None:
            self._stats.add_lag(now - block.heard_at - block.seconds)
        self._hand_on(block, begin_seconds)
        self._write_events(events)
        if warning is not None:
            _log.warning("%s: %s", self._source.name, warning)
            self._write_now(source_record("warning", warning))

    def _hand_on(self, item: Block | Gap, begin_seconds: Fraction) -> None:
        if self._outputs is not None:
            self._outputs.hear(self._source.name, item, begin_seconds, wait=not self._source.live)

    def _observe(self, block: Block) -> None:
        if block.heard_at is not None:
            self._timeline.observe(self._event_stream.position_samples, block.heard_at)

    def _miss(self, gap: Gap) -> None:
        begin, begin_seconds = self._event_stream.position_samples, self._event_stream.position_seconds
        events = self._event_stream.skip(gap)
        self._hand_on(gap, begin_seconds)
        self._write_events(events)
        self._stats.missed_seconds += Fraction(gap.seconds)
        self._lost_since = None
        self._write(gap_record(begin, self._event_stream.position_samples, gap.reason, self._timeline))

    def _change(self, state: State) -> None:
        if state.state == "lost":
            self._write_events(self._event_stream.lose())
            heard_at = self._timeline.heard_at(self._event_stream.position_samples)
            self._lost_since = time.monotonic() if heard_at is None else heard_at
        self._write_now(source_record(state.state, state.detail))

    @property
    def _missing_seconds(self) -> float:
        """For how long the source has been lost now."""
        return 0.0 if self._lost_since is None else max(0.0, time.monotonic() - self._lost_since)

    def _keep_pace(self, queued_seconds: float) -> None:
        if self._hop_control.update(queued_seconds, self._model.step_seconds, time.monotonic()):
            frames = self._window.hop_frames * self._hop_control.factor
            self._event_stream.set_hop(frames)
            state = "steady" if self._hop_control.factor == 1 else "slow"
            self._write_now(source_record(state, f"hop {frames * self._card.frame_seconds:g} s"))

    def _prepare(self, successor: Successor | None) -> None:
        """Have another model hear the source, too, until it can take over."""
        self._successor = successor
        if successor is not None:
            self._next_model, self._decoder = _TimedModel(successor.model), successor.make_decoder()
            self._event_stream.take_over(self._next_model, self._decoder)

    def _note_model(self, frame: int) -> None:
        """Write that another model is used from a frame on."""
        assert self._successor is not None
        self._model, self._card = self._next_model, self._successor.model.card
        _log.info("%s: uses %s from now on", self._source.name, self._card.model_id)
        self._write(model_record(self._card, self._successor.sha256, self._decoder.decoding, frame, self._timeline))

    def _write_events(self, events: list[Event]) -> None:
        """Write the events that the event stream has just returned, and before them its onsets."""
        stream = self._event_stream
        # Most blocks complete no hop: the shared log is not locked for them.
        if stream.scores or stream.closed_by is not None:
            began_at = self._timeline.began_at()
            with self._log.exclusive():
                for receiver in self._score_receivers:
                    pushed = DecoderInput(stream.scores, stream.closed_by, stream.heard_samples, began_at)
                    receiver.take(self._source.name, pushed)
                self._event_writer.write(events, stream.onsets, stream.heard_samples, began_at)
        if stream.taken_over_at is not None:
            self._note_model(stream.taken_over_at)

    def _write_now(self, record: Record) -> None:
        """Write a record about the present; for a live source, with the current time of day."""
        self._write(record | {"at_utc": rfc3339(datetime.now(UTC))} if self._source.live else record)

    def _write(self, record: Record) -> None:
        self._log.write(self._source.name, record)


class _TimedModel:
    """A model that measures how long its last step took."""

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
