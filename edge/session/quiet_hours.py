"""The events of hours in which nothing, or only what a list names, was to be reported: all others are false alarms."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.detection import Decoder, Event, QuietEvent, frame_edge
from edge.errors import SettingError
from edge.log import Record
from edge.log.scores import load_score_files
from edge.model import Card, ClassDecoding, Floats, Model, ScoreStream, window_of
from edge.sources import AudioFile, mono_blocks

_SCORES = (".npz", ".parquet")


@dataclass(frozen=True)
class Stretch:
    """Frame scores of a source without a break.

    Attributes:
        source: its name.
        first_frame: number of the first frame.
        scores: `[frames, classes]`.
        lost: `[frames]`, True where the sound was lost.
    """

    source: str
    first_frame: int
    scores: Floats
    lost: NDArray[np.bool_]


def read_stretches(model: Model, paths: Iterable[Path]) -> list[Stretch]:
    """The frame scores of quiet hours.

    Args:
        model: that is to be tuned.
        paths: what `sed-stream --scores` was given, some of the numbered files that it left, or recordings.

    Raises:
        SettingError: if scores are of another model.
        SourceError: if a file cannot be read.
    """
    found: list[Stretch] = []
    for path in paths:
        if path.suffix.lower() in _SCORES:
            found += _kept(model.card, path)
        else:
            found.append(_run_on(model, path))
    return found


def hours_of(stretches: Iterable[Stretch], card: Card) -> float:
    """Hours of sound, without what was lost."""
    return sum(int((~one.lost).sum()) for one in stretches) * card.frame_seconds / 3600


def events_of(stretches: Iterable[Stretch], card: Card, decoding: Mapping[str, ClassDecoding]) -> list[QuietEvent]:
    """The events that `sed-stream` would have logged with these settings."""
    events = []
    for one in stretches:
        decoder = Decoder(card.labels, decoding)
        decoder.reset(one.first_frame)
        found: list[Event] = []
        for begin in range(0, len(one.scores), card.hop_frames):  # short pushes: the decoder skips those that are quiet
            part = slice(begin, begin + card.hop_frames)
            found += decoder.push(one.scores[part], one.lost[part])
        for event in found + decoder.flush():
            onset, offset = (
                frame_edge(frame, card.frame_samples) / card.sample_rate
                for frame in (event.onset_frame, event.offset_frame)
            )
            events.append(
                QuietEvent(source=one.source, label=event.label, onset=onset, offset=offset, peak=event.confidence)
            )
    return events


def read_right_events(path: Path) -> list[Record]:
    """The events of a log in JSON Lines, as `sed-stream --out events.jsonl` writes it.

    Raises:
        SettingError: if it is something else.
    """
    events = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            record = json.loads(line)
            if record["type"] == "event":
                events.append({key: record[key] for key in ("source", "label")} | _times(record))
        except (ValueError, TypeError, KeyError) as exc:
            raise SettingError(
                f"{path}: line {number} is no record of a log; give what sed-stream --out events.jsonl wrote, without "
                "the lines of false alarms"
            ) from exc
    return events


def false_alarms(events: Iterable[QuietEvent], right: Sequence[Record]) -> list[QuietEvent]:
    """The events that overlap no right one of their label and source."""
    return [
        event
        for event in events
        if not any(
            (event.source, event.label) == (one["source"], one["label"])
            and event.onset < one["offset"]
            and one["onset"] < event.offset
            for one in right
        )
    ]


def _times(record: Record) -> Record:
    return {key: float(record[key]) for key in ("onset", "offset")}


def _run_on(model: Model, path: Path) -> Stretch:
    stream, card = ScoreStream(model, window_of(model.card)), model.card
    scores = [np.zeros((0, len(card.labels)), dtype=np.float32)]
    with AudioFile(path) as file:
        for block in mono_blocks(file, card.sample_rate):
            scores += stream.push(block)
    together = np.concatenate(scores + stream.flush())
    return Stretch(str(path), 0, together, np.zeros(len(together), dtype=bool))


def _kept(card: Card, path: Path) -> list[Stretch]:
    """The stretches of score files: one ends where the decoder was flushed, and where scores are missing."""
    running: dict[str, list[Stretch]] = {}
    ended: list[list[Stretch]] = []
    for file in load_score_files(path):
        if (file.card.model_id, file.card.labels) != (card.model_id, card.labels):
            raise SettingError(
                f"{path}: has the scores of {file.card.model_id}, expected those of {card.model_id}; give the model "
                "that they were kept with, or keep scores of this one by sed-stream --scores"
            )
        at = 0
        for entry in file.entries:
            if "begin" in entry:
                ended += running.values()
                running = {}
            if "pushes" not in entry:
                continue
            name, first, end = entry["source"], entry["first_frame"], at + sum(entry["pushes"])
            pieces = running.get(name, [])
            if pieces and end > at and pieces[-1].first_frame + len(pieces[-1].scores) != first:
                ended.append(running.pop(name))
            if end > at:
                piece = Stretch(name, first, file.scores[at:end], file.lost[at:end])
                running.setdefault(name, []).append(piece)
            if entry["closed_by"] is not None and name in running:
                ended.append(running.pop(name))
            at = end
    return [_joined(pieces) for pieces in [*ended, *running.values()]]


def _joined(pieces: Sequence[Stretch]) -> Stretch:
    scores, lost = (np.concatenate([getattr(one, name) for one in pieces]) for name in ("scores", "lost"))
    return Stretch(pieces[0].source, pieces[0].first_frame, scores, lost)
