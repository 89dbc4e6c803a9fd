"""Clips and their labels, from folders in any layout of `sed.data.layouts`. Audio stays on disk (`sed.data.store`)."""

import dataclasses
import logging
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

from edge.errors import SourceError, did_you_mean
from sed.data.borders import Samples
from sed.data.excerpts import AudioSlice, find_excerpts
from sed.data.folds import folds_of
from sed.data.labels import LabelledFile, normalise_name
from sed.data.layouts import read_labels
from sed.data.spans import merge_spans
from sed.data.store import StoredAudio, store_all
from sed.errors import DataError, RecipeError
from sed.recipe import DataConfig, SceneConfig

_log = logging.getLogger(__name__)

# Why clips are not used, and what to do.
UNUSED_REASON = "no event can be cut out of them; set [scenes] recordings in the recipe to train on whole recordings"


@dataclass(frozen=True, kw_only=True)
class Clip:
    """An audio file, of any length.

    Attributes:
        path: of the audio file.
        fold: its number in the data set.
        labels: the classes of its events, sorted; empty: it has no event of these classes.
        segments: (onset, offset, label) in samples, sorted; None: not known (weak labels).
        spans: (onset, offset) in samples, where its one label sounds: its segments, or what `sed.data.borders` finds.
            Empty unless it has exactly one label.
        secondary: labels that may be in it too; they are masked from the loss.
        weight: of its loss.
        background: whether it is background noise that events are mixed over.
        damaged: whether a part of the file could not be decoded or is missing.
        predicted: whether its labels may be a program's predictions, not truth.
        audio: `[samples]`, mono at the model's rate.
    """

    path: Path
    fold: int
    labels: tuple[str, ...]
    segments: tuple[tuple[int, int, str], ...] | None
    spans: tuple[tuple[int, int], ...]
    secondary: tuple[str, ...] = ()
    weight: float = 1.0
    background: bool = False
    damaged: bool = False
    predicted: bool = False
    audio: Samples

    @property
    def cuts(self) -> "tuple[Clip, ...]":
        """Its parts that can be mixed into scenes: all of it if it has one label, else excerpts of a single label."""
        if len(self.labels) == 1:
            return (self,) if self.spans else ()
        return tuple(
            dataclasses.replace(
                self,
                labels=(label,),
                segments=tuple((*span, label) for span in spans),
                spans=spans,
                audio=AudioSlice(self.audio, begin, end),
            )
            for begin, end, label, spans in find_excerpts(self.segments or (), len(self.audio))
        )


@dataclass(frozen=True, kw_only=True)
class SkippedFile:
    """A file that could not be used, its labels, and the reason."""

    path: Path
    labels: tuple[str, ...]
    background: bool
    reason: str


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """Clips for training or validation.

    Attributes:
        labels: event labels, sorted.
        clips: all clips, with and without events.
        skipped: files that could not be used.
    """

    labels: tuple[str, ...]
    clips: tuple[Clip, ...]
    skipped: tuple[SkippedFile, ...] = ()

    @cached_property
    def cuts(self) -> tuple[Clip, ...]:
        """Clips and excerpts of clips in which one label sounds alone: soundscapes are mixed from them."""
        return tuple(cut for clip in self.clips for cut in clip.cuts)

    @cached_property
    def distractors(self) -> tuple[Clip, ...]:
        """Clips without an event of these labels."""
        return tuple(clip for clip in self.clips if not (clip.labels or clip.secondary or clip.background))

    @cached_property
    def backgrounds(self) -> tuple[Clip, ...]:
        """Background noise that events are mixed over."""
        return tuple(clip for clip in self.clips if clip.background)

    @cached_property
    def labelled(self) -> tuple[Clip, ...]:
        """Clips that have a label: a model can be trained on them as they are."""
        return tuple(clip for clip in self.clips if clip.labels)

    def unused(self, scenes: SceneConfig) -> tuple[Clip, ...]:
        """Labelled clips that no scene contains: no event can be cut out, and the recipe mixes no whole recordings."""
        return () if scenes.recordings > 0.0 else tuple(clip for clip in self.labelled if not clip.cuts)

    def missing_labels(self, clips: Iterable[Clip]) -> list[str]:
        """The labels that none of these clips has."""
        present = {label for clip in clips for label in clip.labels}
        return [label for label in self.labels if label not in present]

    def require_scenes(self, scenes: SceneConfig, all_labels: bool = True) -> None:
        """Check that scenes of these clips can contain every label.

        Args:
            scenes: what scenes are made of; whole recordings also contain events that cannot be cut out.
            all_labels: as for `select_folds`.

        Raises:
            DataError: if a label can be in no scene (`all_labels`), or none can.
        """
        missing = self.missing_labels(self.cuts) if scenes.recordings == 0.0 else []
        if not missing:
            return
        folds = ", ".join(map(str, sorted({clip.fold for clip in self.clips})))
        problem = f"in folds {folds} no event of {', '.join(missing)} sounds alone, so none can be cut out"
        if all_labels or len(missing) == len(self.labels):
            raise DataError(
                f"{problem} and no scene would contain one: "
                "set [scenes] recordings = 0.5 in the recipe to train on whole recordings too"
            )
        _log.warning("%s and no validation scene contains one", problem)

    def select_folds(self, folds: Iterable[int], all_labels: bool = True) -> "Corpus":
        """Keep the clips of these folds.

        Args:
            folds: their numbers.
            all_labels: whether each label must have a clip in them; else a warning names the labels without one.

        Raises:
            DataError: if a label has no clip in them (`all_labels`), or no label has one.
        """
        wanted = set(folds)
        clips = tuple(clip for clip in self.clips if clip.fold in wanted)
        missing = self.missing_labels(clips)
        if missing and (all_labels or len(missing) == len(self.labels)):
            known = sorted({clip.fold for clip in self.clips})
            raise DataError(
                f"folds {sorted(wanted)} have no clip of {', '.join(missing)}; the data has the folds "
                f"{', '.join(map(str, known))}: choose train_folds and validation_folds among them in [data], or train "
                'on all of them by validation_folds = [], with select = "last" in [training]'
            )
        if missing:
            _log.warning("the validation folds %s have no clip of %s", sorted(wanted), ", ".join(missing))
        return Corpus(labels=self.labels, clips=clips)

    def train_split(self, config: DataConfig) -> "Corpus":
        """Keep the clips that the network is trained on.

        Raises:
            DataError: if a label has no clip among them, or too few sounds.
        """
        chosen = self.select_folds(
            config.train_folds or {clip.fold for clip in self.clips} - set(config.validation_folds)
        )
        chosen._require_sounds(config.fewest_sounds)
        return chosen

    def _require_sounds(self, fewest: int) -> None:
        counts = {label: sum(len(cut.spans) for cut in self.cuts if label in cut.labels) for label in self.labels}
        too_few = ", ".join(f"{label} ({count})" for label, count in counts.items() if count < fewest)
        if too_few:
            raise DataError(
                f"too few sounds to train on: {too_few}; at least {fewest} of each class are needed: record more, or "
                "lower [data] fewest_sounds in the recipe"
            )

    def validation_split(self, config: DataConfig) -> "Corpus | None":
        """Keep the clips that the network is validated on; None if the recipe has no validation folds.

        Raises:
            DataError: if no label has a clip among them.
        """
        return self.select_folds(config.validation_folds, all_labels=False) if config.validation_folds else None


def load_corpus(folders: Sequence[Path], sample_rate: int, config: DataConfig) -> Corpus:
    """Read the labels and the audio of some folders; audio that is not in the cache yet is decoded.

    Files that cannot be used are skipped; a warning gives the reason for each.

    Raises:
        DataError: if a folder has no known layout, a table is wrong, or no clip with an event is left.
        RecipeError: if the recipe lists a label that the data lacks.
    """
    files, folds = _labelled(folders)
    labels = _chosen_labels({label for file in files for label in file.labels}, config)
    read = store_all([file.path for file in files], sample_rate)
    made = [_clip(file, fold, audio, labels, sample_rate) for file, fold, audio in zip(files, folds, read, strict=True)]
    skipped = tuple(one for one in made if isinstance(one, SkippedFile))
    corpus = Corpus(labels=labels, clips=tuple(one for one in made if isinstance(one, Clip)), skipped=skipped)
    for one in skipped:
        _log.warning("skipped: %s", one.reason)
    if skipped:
        _log.warning("%d of %d files were skipped", len(skipped), len(files))
    if not corpus.labelled:
        raise DataError(f"{', '.join(map(str, folders))}: no clip has an event; give labelled clips that can be read")
    return corpus


def _labelled(folders: Sequence[Path]) -> tuple[list[LabelledFile], list[int]]:
    """The files of all folders, each once, and their folds; a folder's folds do not depend on the other folders."""
    found: dict[Path, tuple[LabelledFile, int]] = {}
    again: list[Path] = []
    for folder in folders:
        files = read_labels(folder)
        for file, fold in zip(files, folds_of(files), strict=True):
            # Else one file could be in a training fold and in a validation fold.
            if found.setdefault(file.path.resolve(), (file, fold))[0] is not file:
                again.append(file.path)
    if again:
        _log.warning("%d files are given more than once, such as %s: each is used once", len(again), again[0])
    return [file for file, _ in found.values()], [fold for _, fold in found.values()]


def _chosen_labels(known: set[str], config: DataConfig) -> tuple[str, ...]:
    chosen = {normalise_name(label) for label in config.labels}
    for label in sorted(chosen - known):
        raise RecipeError(f"[data] labels: the data has no {label!r}{did_you_mean(label, known)}")
    return tuple(sorted(chosen or known))


def _clip(
    file: LabelledFile, fold: int, audio: StoredAudio | SourceError, chosen: Collection[str], sample_rate: int
) -> Clip | SkippedFile:
    """The file with those of its labels that are chosen."""
    labels = tuple(label for label in file.labels if label in chosen)
    skipped = partial(SkippedFile, path=file.path, labels=labels, background=file.background)
    if isinstance(audio, SourceError):
        return skipped(reason=str(audio))
    segments = _in_samples(file, chosen, sample_rate, len(audio)) if labels else ()
    if any(onset >= offset for onset, offset, _ in segments or ()):
        seconds = len(audio) / sample_rate
        return skipped(reason=f"{file.path}: its table has an event after its end, {seconds:.2f} s; correct the table")
    return Clip(
        path=file.path,
        fold=fold,
        labels=labels,
        segments=segments,
        spans=_spans(file, segments, audio) if len(labels) == 1 else (),
        secondary=tuple(label for label in file.secondary if label in chosen and label not in labels),
        weight=file.weight,
        background=file.background,
        damaged=audio.damaged,
        predicted=file.predicted,
        audio=audio,
    )


def _in_samples(
    file: LabelledFile, chosen: Collection[str], sample_rate: int, samples: int
) -> tuple[tuple[int, int, str], ...] | None:
    if file.segments is None:
        return None
    return tuple(
        (round(segment.onset * sample_rate), min(round(segment.offset * sample_rate), samples), segment.label)
        for segment in file.segments
        if segment.label in chosen
    )


def _spans(
    file: LabelledFile, segments: tuple[tuple[int, int, str], ...] | None, audio: StoredAudio
) -> tuple[tuple[int, int], ...]:
    if segments is None:
        # If it also has a label that was not chosen, the sound may be of that one.
        return audio.active_spans if len(file.labels) == 1 else ()
    return tuple(merge_spans(((onset, offset) for onset, offset, _ in segments), touching=True))
