"""The scores of a recording's parts -> the log that the whole recording has."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from edge.detection import Decoder
from edge.log import Record, Timeline, start_record, stop_record
from edge.log.scores import Entry, ScoreFile
from edge.model import Card
from edge.session import replay_scores
from edge.sources import Start
from scan.recording.part_scores import PartScores


class Records:
    """A sink that keeps the records of one recording."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def write(self, record: Record) -> None:
        """See `edge.log.Sink.write`."""
        self.records.append(record)


def join_parts(
    name: str, parts: Iterable[PartScores], card: Card, make_decoder: Callable[[], Decoder], start: Start | None
) -> list[Record]:
    """Decode the parts of one recording, in order; one of them is in memory at a time.

    Args:
        name: of the recording, as the log names it.
        parts: all of them, in order.
        card: of the model.
        make_decoder: makes the decoder.
        start: when the recording began, if that is known.
    """
    kept = Records()
    replay_scores(score_files(name, parts, card, make_decoder().labels, start), card, make_decoder, kept, onsets=False)
    return kept.records


def score_files(
    name: str, parts: Iterable[PartScores], card: Card, labels: list[str], start: Start | None
) -> Iterator[ScoreFile]:
    """The parts as files of scores, such as `sed-stream --scores` writes for the whole recording."""
    first = start_record(card, labels, Timeline(card.sample_rate, None if start is None else start.at), start)
    yield _file(card, [{"begin": True}, {"record": _of(name, first)}])
    seconds, heard_samples = 0.0, 0
    for part in parts:
        seconds += part.seconds
        heard_samples = max(heard_samples, part.heard_samples)
        entry: Entry = {
            "source": name,
            "first_frame": part.first_frame,
            "pushes": part.pushes,
            "closed_by": "end" if part.heard_samples else None,
            "heard_samples": part.heard_samples
            or part.first_frame * card.frame_samples + len(part.scores) * card.frame_samples,
            "began_at": None if start is None else start.at.isoformat(),
        }
        yield ScoreFile(card, [entry], part.scores, np.zeros(len(part.scores), dtype=bool))
    stats: Record = {"type": "stats", "audio_seconds": round(heard_samples / card.sample_rate, 3), "gap_seconds": 0.0}
    yield _file(card, [{"record": _of(name, stats)}, {"record": _of(name, stop_record("end"))}])


def _of(name: str, record: Record) -> Record:
    return {"type": record["type"], "source": name, **record}


def _file(card: Card, entries: list[Entry]) -> ScoreFile:
    return ScoreFile(card, entries, np.zeros((0, len(card.labels)), dtype=np.float32), np.zeros(0, dtype=bool))
