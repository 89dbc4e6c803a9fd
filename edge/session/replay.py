"""Kept scores, decoded again: the log that the same run would have written with other settings."""

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from edge.detection import Decoder, Event, Onset, frame_edge
from edge.errors import SourceError
from edge.log import EventWriter, Log, Record, Sink, Timeline, gap_record
from edge.log.scores import Entry, ScoreFile
from edge.model import Card, Floats


def replay_scores(
    files: Iterable[ScoreFile], card: Card, make_decoder: Callable[[], Decoder], sink: Sink, *, onsets: bool
) -> None:
    """Write the log of score files of one run, or of several runs in a row.

    Args:
        files: in order.
        card: of the first of them.
        make_decoder: called for each source.
        sink: gets every record.
        onsets: write onsets too.

    Raises:
        OSError: what the sink raised.
        SourceError: if the files are of several models.
    """
    log, sources = Log(sink), dict[str, _Source]()
    for file in files:
        if file.card != card:
            raise SourceError(
                f"scores of several models, {card.model_id} and {file.card.model_id}; give those of one at a time"
            )
        frame = 0
        for entry in file.entries:
            if "begin" in entry:
                log, sources = Log(sink), {}
                continue
            for name in entry["missing"] if "missing" in entry else [_name(entry)]:
                if name not in sources:
                    sources[name] = _Source(name, card, make_decoder(), log, onsets=onsets)
            if "record" in entry:
                sources[_name(entry)].write(entry["record"])
            elif "missing" in entry:
                for name, (first, end) in entry["missing"].items():
                    sources[name].skip(first, end)
            else:
                end = frame + sum(entry["pushes"])
                sources[_name(entry)].take(entry, file.scores[frame:end], file.lost[frame:end])
                frame = end


def _name(entry: Entry) -> str:
    name: str = entry["record"]["source"] if "record" in entry else entry["source"]
    return name


class _Source:
    """Writes the log of one source, as its event stream and reporter would have."""

    def __init__(self, name: str, card: Card, decoder: Decoder, log: Log, *, onsets: bool) -> None:
        self._name, self._card, self._decoder, self._log = name, card, decoder, log
        self._counts: Counter[str] = Counter()
        self._writer = EventWriter(name, card, log, self._counts, onsets=onsets)
        self._running = False
        self._heard_samples = 0
        self._began_at: datetime | None = None

    def write(self, record: Record) -> None:
        """Write a record, with the fields updated that depend on the settings."""
        changed: Record = {}
        if record["type"] == "start":
            changed = {"labels": self._decoder.labels}
        elif record["type"] == "stats":
            changed = {"events": dict(self._counts)}
        self._log.write(self._name, record | changed)

    def take(self, entry: Entry, scores: Floats, lost: NDArray[np.bool_]) -> None:
        """Decode what one call of the event stream decoded, push by push."""
        if not self._running and entry["pushes"]:
            self._decoder.reset(entry["first_frame"])
            self._running = True
        self._heard_samples = entry["heard_samples"]
        self._began_at = None if entry["began_at"] is None else datetime.fromisoformat(entry["began_at"])
        events, onsets = list[Event](), list[Onset]()
        begin = 0
        for count in entry["pushes"]:
            events += self._decoder.push(scores[begin : begin + count], lost[begin : begin + count])
            onsets += self._decoder.onsets
            begin += count
        if entry["closed_by"] is not None:
            events += self._decoder.flush(entry["closed_by"])
            onsets += self._decoder.onsets
            self._running = False
        self._writer.write(events, onsets, self._heard_samples, self._began_at)

    def skip(self, first_frame: int, end_frame: int) -> None:
        """End open events before frames whose scores are missing, and write a gap."""
        events = self._decoder.flush("gap")
        self._running = False
        self._writer.write(events, self._decoder.onsets, self._heard_samples, self._began_at)
        begin, end = (frame_edge(frame, self._card.frame_samples) for frame in (first_frame, end_frame))
        self._log.write(self._name, gap_record(begin, end, "scores", Timeline(self._card.sample_rate, self._began_at)))
