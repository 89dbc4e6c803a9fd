"""A folder of examples, in one of the formats: their sound, copied or cut, and then the tables."""

import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import soundfile

from review.errors import ReviewError
from review.export.examples import Example, examples_of
from review.export.formats import FORMATS, Placed
from review.store import HELD_OUT_FOLD, REVIEWS, Clip, Review, folds_by_day, newest_reviews, read_clips, read_reviews


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What was written.

    Attributes:
        examples: clips.
        events: of each label.
        without_event: clips that hold no event.
        days: that they are of.
        held_out: days in the fold that is held out.
        left_out: reviewed clips that were not written, by reason.
    """

    examples: int
    events: Counter[str]
    without_event: int
    days: int
    held_out: int
    left_out: dict[str, int]

    def __str__(self) -> str:
        events = ", ".join(f"{label} {count}" for label, count in sorted(self.events.items())) or "no events"
        left = ", ".join(f"{count} {reason}" for reason, count in self.left_out.items() if count)
        return (
            f"{self.examples} clips ({events}; {self.without_event} clips without an event) of {self.days} days, of "
            f"which {self.held_out} are held out" + (f"; left out: {left}" if left else "")
        )


def export(folders: Sequence[Path], out: Path, form: str) -> Summary:
    """Write what reviewers confirmed.

    Args:
        folders: of clips, with their reviews.
        out: folder to write to, new or empty.
        form: one of `FORMATS`.

    Raises:
        OSError: if a file cannot be read or written.
        ReviewError: if `out` is in use, or nothing is reviewed.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ReviewError(f"--out {out}: holds something already; give a new folder")
    clips, gone = _reviewed_clips(folders)
    examples, left = examples_of(clips)
    if not examples:
        raise ReviewError(
            f"{', '.join(map(str, folders))}: no clip is confirmed to be right, wrong or another; review some first by "
            f"sed-review {folders[0]}"
        )
    placed = _placed(examples, form)
    for one in placed:
        _write_sound(one.example, out / one.path)
    FORMATS[form].write(out, placed)
    folds = folds_by_day(example.review.day for example in examples)
    return Summary(
        examples=len(examples),
        events=Counter(event.label for example in examples for event in example.events),
        without_event=sum(not example.events for example in examples),
        days=len(folds),
        held_out=sum(fold == HELD_OUT_FOLD for fold in folds.values()),
        left_out={
            "unsure": left.unsure,
            "beside an event that nobody is sure of": left.overlapped,
            "deleted meanwhile": gone,
        },
    )


def _reviewed_clips(folders: Sequence[Path]) -> tuple[list[tuple[Clip, Review | None]], int]:
    """All clips with their reviews, and how many reviewed ones are gone."""
    clips: list[tuple[Clip, Review | None]] = []
    gone = 0
    for folder in dict.fromkeys(folder.resolve() for folder in folders):
        newest = newest_reviews(read_reviews(folder)) if (folder / REVIEWS).exists() else {}
        found = read_clips(folder)
        gone += len(newest.keys() - {clip.name for clip in found})
        clips += [(clip, newest.get(clip.name)) for clip in found]
    return clips, gone


def _placed(examples: Sequence[Example], form: str) -> list[Placed]:
    """The examples with paths, each its own: several folders may have clips of one name."""
    placed, taken = [], set[Path]()
    for example in examples:
        wanted = path = FORMATS[form].place(example)
        number = 1
        while path.with_suffix("") in taken:  # tables have the same name with another suffix
            number += 1
            path = wanted.with_stem(f"{wanted.stem}-{number}")
        taken.add(path.with_suffix(""))
        placed.append(Placed(example, path))
    return placed


def _write_sound(example: Example, path: Path) -> None:
    """Copy a clip, or the part of it that the example is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if example.is_whole:
        shutil.copyfile(example.clip.path, path)
        return
    try:
        with soundfile.SoundFile(example.clip.path) as file:
            first, last = (round(seconds * file.samplerate) for seconds in (example.begin, example.end))
            file.seek(first)
            samples = file.read(last - first, dtype="int32" if file.subtype.startswith("PCM") else "float32")
            soundfile.write(path, samples, file.samplerate, subtype=file.subtype, format=file.format)
    except soundfile.LibsndfileError as exc:
        raise ReviewError(f"{example.clip.path}: cannot be read ({exc}); delete it") from exc
