"""The output that serves the live page of a run. While nobody looks, it keeps scores and counts events."""

import logging
import time
from collections import defaultdict
from pathlib import Path

from edge.detection import FrameScores
from edge.errors import SettingError
from edge.log import Record, read_log, rfc3339
from edge.log.scores import DecoderInput
from edge.outputs.clips import NearMisses, find_clip
from edge.outputs.output import Output, OutputContext, Sound
from edge.outputs.web import Access, WebServer
from edge.outputs.web.page.history import joined
from edge.outputs.web.page.hub import Hub, Item
from edge.outputs.web.page.log_mel import LOW_DB, STEP_DB, MelColumns
from edge.outputs.web.page.pages import live_page
from edge.outputs.web.page.state import RunState, sound_item

_log = logging.getLogger(__name__)

_LEAST_NEAR_MISS = 0.3  # peak
_NEAR_PER_HOUR = 3600
_SEARCH_SECONDS = 8.0  # of scores, in which near misses are looked for at once: each time costs
_SEND_SECONDS = 1.8  # between two messages to the tabs


class PageOutput(Output):
    """Serves the live page.

    Args:
        access: where, and who may ask.
        clips: the folder of the clips, if they are saved.
        context: of the run.

    Attributes:
        port: that it listens on.

    Raises:
        SettingError: if the address cannot be listened on.
    """

    name, hears, takes_scores, is_patient = "page", True, True, True

    def __init__(self, access: Access, clips: Path | None, context: OutputContext) -> None:
        super().__init__()
        self._clips, self._context = clips, context
        self._state = RunState(context, time.monotonic())
        self._near = NearMisses(context.card, context.decoding, context.labels, _LEAST_NEAR_MISS, _NEAR_PER_HOUR)
        self._mel: defaultdict[str, MelColumns] = defaultdict(self._mel_columns)
        self._search_frames = round(_SEARCH_SECONDS / context.card.frame_seconds)
        self._hub = Hub(lambda: self._state.snapshot(self._hello()))
        self._items: list[Item] = []
        self._heard: defaultdict[str, list[Sound]] = defaultdict(list)  # since tabs last got a message
        self._scored: defaultdict[str, list[FrameScores]] = defaultdict(list)  # since then, too
        self._unsearched: defaultdict[str, list[FrameScores]] = defaultdict(list)  # for near misses
        self._sent_at = 0.0
        self._server = WebServer("--page", live_page(self._state, self._hub, self._clip_of), access)
        self.port = self._server.port

    def start(self) -> None:
        """Read what the log has of the last day, and answer from now on."""
        self._server.start()
        _log.info("page: port %d of this machine", self.port)
        if self._context.log is not None:
            try:
                self._state.read_log(read_log(self._context.log))
            except (OSError, SettingError) as exc:
                _log.warning("page: the events of earlier runs are not counted: %s", exc)

    def write(self, record: Record) -> None:
        """See `Output.write`."""
        if record["type"] == "model":  # tabs that are open show the old thresholds until they are loaded again
            self._context = self._context.after(record)
            self._state.change(self._context)
            self._near.change(record["source"], self._context.decoding)
        self._state.note(record, time.monotonic())
        self._items.append({"type": "record", "record": record})

    def hear(self, sound: Sound) -> None:
        """See `Output.hear`."""
        self._state.hear(sound)
        if self._hub.is_watched:
            self._heard[sound.source].append(sound)

    def take(self, source: str, scores: DecoderInput) -> None:
        """See `Output.take`."""
        self._state.take(source, scores)
        self._scored[source] += scores.scores
        self._unsearched[source] += scores.scores
        waiting = sum(len(push.scores) for push in self._unsearched[source])
        if scores.closed_by is not None or waiting >= self._search_frames:
            pushes = self._unsearched.pop(source)
            self._search(source, scores._replace(scores=[joined(pushes)] if pushes else []))

    def _search(self, source: str, scores: DecoderInput) -> None:
        """Note the near misses among frame scores."""
        for missed in self._near.take(source, scores, time.monotonic()):
            record: Record = {
                "type": "near",
                "source": source,
                "label": missed.label,
                "onset": missed.onset,
                "offset": missed.offset,
                "confidence": missed.confidence,
            }
            if missed.onset_at is not None:
                record["onset_utc"] = rfc3339(missed.onset_at)
            self.write(record)

    def tick(self) -> None:
        """Send what there is to the tabs, every two seconds."""
        now = time.monotonic()
        if now - self._sent_at < _SEND_SECONDS:
            return
        self._sent_at = now
        items, self._items = self._items, []
        heard, self._heard = self._heard, defaultdict(list)
        scored, self._scored = self._scored, defaultdict(list)
        if not self._hub.is_watched:
            self._mel.clear()
            return
        items += [self._state.scores(source, joined(pushes)) for source, pushes in scored.items() if pushes]
        for source, sounds in heard.items():
            items += [sound_item(source, *columns) for columns in self._mel[source].push(sounds)]
        self._hub.publish([*items, self._state.figures(now)])

    def close(self) -> None:
        """Send what is left, and answer no longer."""
        self._sent_at = 0.0
        self.tick()
        self._server.close()

    def _mel_columns(self) -> MelColumns:
        return MelColumns(self._context.card.frontend, self._context.card.sample_rate)

    def _hello(self) -> Item:
        """What does not change in a run."""
        card, mel = self._context.card, self._mel_columns()
        seconds = card.frame_seconds
        return {
            "type": "hello",
            "model": card.model_id,
            "labels": [
                {
                    "name": label,
                    "on": settings.on,
                    "off": settings.off,
                    "median": settings.median_frames * seconds,
                    "shortest": settings.shortest_frames * seconds,
                    "merge": settings.merge_frames * seconds,
                }
                for label in self._context.labels
                for settings in (self._context.decoding[label],)
            ],
            "frame_seconds": seconds,
            "column_seconds": mel.column_seconds,
            "bands": mel.bands,
            "low_db": LOW_DB,
            "step_db": STEP_DB,
            "clips": self._clips is not None,
        }

    def _clip_of(self, number: int) -> Path | None:
        record = self._state.event(number)
        return None if record is None or self._clips is None else find_clip(self._clips, record)
