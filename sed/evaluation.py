"""How good a model is on whole recordings, judged by the runtime that the device runs.

A folder of recordings holds audio files, each with its truth beside it: `x.ogg` and `x.tsv` with the columns
`onset offset event_label`. A recording without such a file is taken to hold no event.
"""

import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from edge.audio import AUDIO_SUFFIXES
from edge.decoder import Decoder
from edge.records import Record
from edge.runtime import listen
from edge.sinks import KeepingSink
from edge.sources import FileSource
from edge.stream import StepModel, window_of
from sed.errors import DataError
from sed.metrics import Annotation, event_f1, segment_f1
from sed.tables import read_table


@dataclass(frozen=True, kw_only=True)
class Recording:
    """A recording and its truth, which is empty where it holds no event."""

    path: Path
    truth: tuple[Annotation, ...]


@dataclass(frozen=True, kw_only=True)
class Report:
    """Figures of one model.

    Attributes:
        event_f1: by label that the truth holds; see `sed.metrics.event_f1`.
        segment_f1: the same in segments of 1 s.
        hours: of recordings that hold events.
        false_alarms_per_hour: events reported where there are none; None without such recordings.
    """

    event_f1: dict[str, float]
    segment_f1: dict[str, float]
    hours: float
    false_alarms_per_hour: float | None

    def to_dict(self) -> dict[str, Any]:
        """What goes into a card: macro averages and figures by label."""
        return {
            "event_f1_macro": _mean(self.event_f1.values()),
            "segment_f1_macro": _mean(self.segment_f1.values()),
            "false_alarms_per_hour": self.false_alarms_per_hour,
            "hours": round(self.hours, 4),
            "event_f1": {label: round(value, 4) for label, value in self.event_f1.items()},
            "segment_f1": {label: round(value, 4) for label, value in self.segment_f1.items()},
        }


def find_recordings(folder: Path) -> list[Recording]:
    """The recordings of a folder.

    Raises:
        DataError: if there is none, or a truth file is wrong.
    """
    paths = sorted(path for path in folder.glob("*") if path.suffix.lower() in AUDIO_SUFFIXES)
    if not paths:
        raise DataError(f"{folder}: holds no recording; expected audio files with a .tsv of the same name beside them")
    return [Recording(path=path, truth=_read_truth(path.with_suffix(".tsv"))) for path in paths]


def _read_truth(path: Path) -> tuple[Annotation, ...]:
    if not path.exists():
        return ()
    rows = read_table(path, "\t", ("onset", "offset", "event_label"))
    try:
        return tuple((float(row["onset"]), float(row["offset"]), row["event_label"]) for row in rows)
    except ValueError as exc:
        raise DataError(f"{path}: onset and offset must be seconds ({exc})") from exc


def evaluate(model: StepModel, recordings: Sequence[Recording]) -> Report:
    """Let a model listen to recordings, and compare its log with their truth."""
    heard: dict[str, list[Annotation]] = {}
    truths: dict[str, list[Annotation]] = {}
    seconds: dict[str, float] = {}
    false_alarms, quiet_seconds = 0, 0.0
    for recording in tqdm(recordings, desc="listening", unit="recording", disable=None):
        log = _log_of(model, recording.path)
        events = [(record["onset"], record["offset"], record["label"]) for record in log if record["type"] == "event"]
        stats = next(record for record in log if record["type"] == "stats")
        length = stats["audio_seconds"] + stats["gap_seconds"]
        if recording.truth:
            key = str(recording.path)
            heard[key], truths[key], seconds[key] = events, list(recording.truth), length
        else:
            false_alarms, quiet_seconds = false_alarms + len(events), quiet_seconds + length
    return Report(
        event_f1=event_f1(heard, truths, seconds),
        segment_f1=segment_f1(heard, truths, seconds),
        hours=sum(seconds.values()) / 3600,
        false_alarms_per_hour=round(false_alarms / quiet_seconds * 3600, 1) if quiet_seconds > 0 else None,
    )


def _log_of(model: StepModel, path: Path) -> list[Record]:
    kept = KeepingSink()
    decoder = Decoder(model.card.labels, model.card.decoding)
    listen(FileSource(str(path)), model, window_of(model.card), decoder, kept, stopping=threading.Event())
    return kept.records


def _mean(values: Collection[float]) -> float | None:
    return round(sum(values) / len(values), 4) if values else None
