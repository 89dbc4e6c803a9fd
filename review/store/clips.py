"""The clips of a folder, as `sed-stream --clips` wrote them: events and near misses. They are read, never changed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from edge.log import rfc3339
from edge.model import ClassDecoding
from edge.outputs.clips import read_description
from review.errors import ReviewError
from review.store.record import KINDS, OTHER, RIGHT, Review


@dataclass(frozen=True, kw_only=True)
class Clip:
    """A clip on the disk.

    Attributes:
        folder: of all clips, in which the reviews are kept.
        name: path of the audio file in that folder, with `/`.
        kind: `event` or `near miss`.
        source: its name.
        label: as reported.
        score: peak of the smoothed score.
        onset: of the event, in seconds within the clip.
        offset: of the event, in seconds within the clip.
        seconds: length of the clip.
        begin_at: when the clip begins, in UTC; None where the time of day is not known.
        begin_seconds: when the clip begins, in seconds: since 1970 if the time of day is known, else since the source
            began. Clips of one source are ordered by it.
        decoding: settings of the label's decoder.
        model: its `model_id`.
        event_id: of the log, in its run; None for a near miss.
    """

    folder: Path
    name: str
    kind: str
    source: str
    label: str
    score: float
    onset: float
    offset: float
    seconds: float
    begin_at: datetime | None
    begin_seconds: float
    decoding: ClassDecoding
    model: str
    event_id: int | None

    @property
    def path(self) -> Path:
        """Of the audio file, which may be gone."""
        return self.folder / self.name

    @property
    def day(self) -> str:
        """See `Review.day`."""
        return self.source if self.begin_at is None else self._onset_utc()[:10]

    def _onset_utc(self) -> str:
        assert self.begin_at is not None
        return rfc3339(self.begin_at + timedelta(seconds=self.onset))

    def review(
        self,
        verdict: str,
        *,
        label: str | None = None,
        onset: float | None = None,
        offset: float | None = None,
        picked: str | None = None,
        reviewer: str = "",
        took_seconds: float | None = None,
    ) -> Review:
        """What a person says of this clip now.

        Args:
            verdict: one of `VERDICTS`.
            label: the right one, if the verdict is `other`.
            onset: corrected, in seconds within the clip; as reported if None. Used if the verdict is right or other.
            offset: as `onset`.
            picked: why it was asked about.
            reviewer: who says so.
            took_seconds: how long it took.

        Raises:
            ValueError: if a value is wrong.
        """
        true: dict[str, Any] = {}
        if verdict in (RIGHT, OTHER):
            true["true_label"] = self.label if verdict == RIGHT else label
            true["true_onset"] = self.onset if onset is None else onset
            true["true_offset"] = self.offset if offset is None else offset
            if true["true_offset"] > self.seconds + 1e-3:
                raise ValueError(f"true_offset is {true['true_offset']} s, the clip ends at {self.seconds} s")
        return Review(
            clip=self.name,
            kind=self.kind,
            source=self.source,
            label=self.label,
            onset=self.onset,
            offset=self.offset,
            score=self.score,
            decoding=self.decoding,
            model=self.model,
            verdict=verdict,
            reviewed_at=rfc3339(datetime.now(UTC)),
            event_id=self.event_id,
            onset_utc=None if self.begin_at is None else self._onset_utc(),
            picked=picked,
            reviewer=reviewer,
            took_seconds=took_seconds,
            **true,
        )


def read_clips(folder: Path, known: Iterable[Clip] = ()) -> list[Clip]:
    """The clips of a folder, by name; files that are no clips, and clips whose sound is gone, are left out.

    Args:
        folder: of clips.
        known: clips that were read before, of this folder or others; they are not read again.

    Raises:
        ReviewError: if it is no folder that can be read.
    """
    try:
        next(folder.iterdir(), None)
    except OSError as exc:
        raise ReviewError(f"{folder}: {exc.strerror}; give a folder that sed-stream --clips has filled") from exc
    before = {str(clip.path.with_suffix(".json")): clip for clip in known if clip.path.is_file()}
    found = (before.get(str(path)) or _clip(folder, path) for path in folder.rglob("*.json"))
    return sorted((clip for clip in found if clip is not None), key=lambda clip: clip.name)


def _clip(folder: Path, path: Path) -> Clip | None:
    described = read_description(path)
    if described is None:
        return None
    audio = path.with_name(described["file"])
    try:
        if not audio.is_file() or described["kind"] not in KINDS:
            return None
        begin = described.get("begin_utc")
        begin_at = None if begin is None else datetime.fromisoformat(begin)
        clip = Clip(
            folder=folder,
            name=audio.relative_to(folder).as_posix(),
            kind=described["kind"],
            source=described["source"],
            label=described["label"],
            score=described["confidence"],
            onset=described["onset"],
            offset=described["offset"],
            seconds=described["seconds"],
            begin_at=begin_at,
            begin_seconds=float(described["begin_in_source"]) if begin_at is None else begin_at.timestamp(),
            decoding=ClassDecoding(**described["settings"]),
            model=described["model"],
            event_id=described.get("id"),
        )
        Review.from_json(clip.review(RIGHT).to_json())  # whether a review of it could be read
    except (ValueError, LookupError, TypeError, OSError):
        return None
    return clip
