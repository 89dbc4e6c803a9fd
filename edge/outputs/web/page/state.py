"""What is known of a run: what a tab that is opened must know, and what answers a question about a moment.

The output's thread changes it, the server's thread reads it.
"""

import binascii
import threading
from collections import deque
from collections.abc import Iterable
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from edge.detection import FrameScores
from edge.log import Record
from edge.log.scores import DecoderInput
from edge.outputs.listening import Listening
from edge.outputs.output import OutputContext, Sound
from edge.outputs.web.page.day import DayCounts
from edge.outputs.web.page.history import Frames, ScoreHistory
from edge.outputs.web.page.hub import Item
from edge.outputs.web.page.why import AROUND_SECONDS, explain

SHOWN_SECONDS = 180.0  # of scores, that a new tab gets
_KEPT_SECONDS = 600.0  # of scores, that questions can be about
_WINDOW_SECONDS = 300.0  # that coverage is about
_MOST_RECORDS = 200  # of a source
_MOST_EVENTS = 50  # in the list of the last ones
_ALL_LABELS = 16  # with more of them, scores near 0 are not sent
_LEAST_SCORE = 0.1
_MOST_VERDICTS, _LEAST_VERDICTS = 12, 3
_LEAST_PEAK = 0.05  # of a further verdict
_MARKS = ("event", "gap", "near", "source", "output", "stop")


class _Source:
    """What is known of one source."""

    def __init__(self, context: OutputContext, now: float) -> None:
        self.history = ScoreHistory(len(context.card.labels), round(_KEPT_SECONDS / context.card.frame_seconds))
        self.listening = Listening(now, _WINDOW_SECONDS)
        self.marks: deque[Record] = deque(maxlen=_MOST_RECORDS)
        self.began_at: datetime | None = None
        self.newest: Sound | None = None


class RunState:
    """What is known of a run.

    Args:
        context: of the run.
        now: when it began, by `time.monotonic`.
    """

    def __init__(self, context: OutputContext, now: float) -> None:
        self._context, self._now = context, now
        self._lock = threading.Lock()
        self._sources = {name: _Source(context, now) for name in context.sources}
        self._columns = [context.card.labels.index(label) for label in context.labels]
        self._has_all = self._columns == list(range(len(context.card.labels)))
        self._last: deque[Record] = deque(maxlen=_MOST_EVENTS)
        self._day = DayCounts()

    def change(self, context: OutputContext) -> None:
        """Another model is used, with other settings."""
        self._context = context

    def read_log(self, records: Iterable[Record]) -> None:
        """Take the events that the log has from earlier runs."""
        day = DayCounts()
        day.read(records)
        with self._lock:
            self._day.join(day)

    def hear(self, sound: Sound) -> None:
        """Note a block or a gap."""
        with self._lock:
            source = self._of(sound.source)
            source.listening.hear(sound)
            source.newest = sound

    def take(self, name: str, scores: DecoderInput) -> None:
        """Note frame scores."""
        with self._lock:
            source = self._of(name)
            source.began_at = scores.began_at or source.began_at
            for push in scores.scores:
                source.history.add(push)

    def scores(self, name: str, frames: FrameScores) -> Item:
        """Frame scores of a source, as tabs get them."""
        with self._lock:
            return self._scores(name, self._of(name), frames)

    def note(self, record: Record, now: float) -> None:
        """Note a record of the log, or a near miss, which is a record of the type `near`."""
        with self._lock:
            source = self._of(record["source"])
            source.listening.note(record, now)
            if record["type"] in _MARKS:
                source.marks.append(record)
            if record["type"] == "event":
                self._last.append(record)
                self._day.add(record)

    def event(self, number: int) -> Record | None:
        """One of the last events."""
        with self._lock:
            return next((record for record in self._last if record["id"] == number), None)

    def figures(self, now: float) -> Item:
        """How each source is heard now."""
        with self._lock:
            return {"type": "figures", "sources": {name: _figures(one, now) for name, one in self._sources.items()}}

    def snapshot(self, hello: Item) -> list[Item]:
        """All that a tab must know; `hello` is what does not change."""
        with self._lock:
            day, last = self._day.counts(), list(self._last)
            items = [hello | {"sources": list(self._sources), "day": day, "last": last}]
            frames = round(SHOWN_SECONDS / self._context.card.frame_seconds)
            for name, source in self._sources.items():
                end = source.history.end_frame
                items.append(self._scores(name, source, source.history.between(end - frames, end)))
                items += [{"type": "record", "record": record} for record in source.marks]
            return items

    def why(self, name: str, seconds: float) -> Item | None:
        """What became of each label at a moment, in seconds since the source began; None if there is no such source."""
        card = self._context.card
        with self._lock:
            source = self._sources.get(name)
            if source is None:
                return None
            at, around = int(seconds / card.frame_seconds), round(AROUND_SECONDS / card.frame_seconds)
            frames = source.history.between(at - around, at + around)
            marks = [mark for mark in source.marks if mark.get("onset", 0.0) <= seconds <= mark.get("offset", -1.0)]
        index, notes, verdicts = at - frames.first_frame, _notes(marks), list[Item]()
        if not 0 <= index < len(frames.scores):
            kept = at >= source.history.first_frame
            notes.append("not processed yet" if kept else "the scores of this moment are no longer kept")
        elif not frames.lost[index]:
            verdicts = self._verdicts(frames, at)
        return {"source": name, "at": seconds, "notes": notes, "verdicts": verdicts}

    def _verdicts(self, frames: Frames, at: int) -> list[Item]:
        peaks = frames.scores[max(0, at - frames.first_frame - 10) : at - frames.first_frame + 11].max(axis=0)
        chosen = sorted(zip(self._context.labels, self._columns, strict=True), key=lambda one: -peaks[one[1]])
        decoding, seconds = self._context.decoding, self._context.card.frame_seconds
        return [
            explain(label, column, decoding[label], frames, at, seconds)._asdict()
            for number, (label, column) in enumerate(chosen[:_MOST_VERDICTS])
            if number < _LEAST_VERDICTS or peaks[column] >= _LEAST_PEAK
        ]

    def _of(self, name: str) -> _Source:
        if name not in self._sources:
            self._sources[name] = _Source(self._context, self._now)
        return self._sources[name]

    def _scores(self, name: str, source: _Source, frames: Frames | FrameScores) -> Item:
        scores = frames.scores if self._has_all else frames.scores[:, self._columns]
        shown = list(range(len(self._columns)))
        if len(shown) > _ALL_LABELS:
            shown = np.flatnonzero(scores.max(axis=0, initial=0.0) >= _LEAST_SCORE).tolist()
            scores = scores[:, shown]
        scaled = (255.0 * scores.T + 0.5).astype(np.uint8)
        return {
            "type": "scores",
            "source": name,
            "began": None if source.began_at is None else source.began_at.timestamp(),
            "first": frames.first_frame,
            "count": len(scores),
            "lost": _packed(frames.lost.astype(np.uint8)) if frames.lost.any() else None,
            "labels": shown,
            "values": _packed(scaled),
        }


def _figures(source: _Source, now: float) -> Item:
    listening, newest = source.listening, source.newest
    return {
        "position": 0.0 if newest is None else float(newest.begin_seconds) + newest.item.seconds,
        "coverage": listening.coverage(now),
        "lag": listening.lag_seconds,
        "level": listening.level_dbfs,
        "missing": listening.missing_seconds(now),
        "ended": listening.ended,
    }


def _notes(marks: list[Record]) -> list[str]:
    """What is known of a moment beside scores."""
    notes = []
    for mark in marks:
        if mark["type"] == "event":
            notes.append(f"{mark['label']} was reported, with confidence {mark['confidence']:.2f}: event {mark['id']}")
        elif mark["type"] == "gap":
            notes.append(f"nothing was received: {mark['reason']}, {mark['offset'] - mark['onset']:.1f} s")
    return notes


def _packed(values: NDArray[np.uint8]) -> str:
    return binascii.b2a_base64(values.tobytes(), newline=False).decode()


def sound_item(source: str, begin: float, columns: NDArray[np.uint8]) -> Item:
    """Columns of a spectrogram, `[columns, bands]`, as tabs get them."""
    return {"type": "sound", "source": source, "at": round(begin, 6), "columns": _packed(columns)}
