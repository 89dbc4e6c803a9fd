"""Clips and their labels, from folders in any layout of `sed.data.layouts`. Audio stays on disk (`sed.data.store`)."""

import dataclasses
import logging
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

from edge.errors import SourceError, did_you_mean
from sed.data.borders import Sound
from sed.data.excerpts import Stretch, excerpts
from sed.data.folds import folds_of
from sed.data.labels import LabelledFile, as_label
from sed.data.layouts import read_labels
from sed.data.spans import joined
from sed.data.store import StoredAudio, store_all
from sed.errors import DataError, RecipeError
from sed.recipe import DataConfig, SceneConfig

_log = logging.getLogger(__name__)

# Why clips are of no use, and what to do.
UNUSED = "nothing can be cut out of them; set [scenes] recordings in the recipe to learn from them as they are"


@dataclass(frozen=True, kw_only=True)
class Clip:
    """An audio file, of any length.

    Attributes:
        path: where it came from.
        fold: of its data set.
        labels: events in it, sorted; empty: none of ours.
        segments: (onset, offset, label) in samples, sorted; None: not known.
        pieces: (onset, offset) in samples, where its one label sounds: its segments, or what `sed.data.borders` finds.
            Empty unless it has exactly one label.
        secondary: labels that may be in it, too: to be masked from the loss.
        weight: of its loss.
        background: a bed to lay events over.
        damaged: whether some of it could not be decoded, or is cut off.
        audio: `[samples]`, mono at the model's rate.
    """

    path: Path
    fold: int
    labels: tuple[str, ...]
    segments: tuple[tuple[int, int, str], ...] | None
    pieces: tuple[tuple[int, int], ...]
    secondary: tuple[str, ...] = ()
    weight: float = 1.0
    background: bool = False
    damaged: bool = False
    audio: Sound

    @property
    def cuts(self) -> "tuple[Clip, ...]":
        """What of it can be cut out: all of it if its one label sounds, stretches where one of several sounds alone."""
        if len(self.labels) == 1:
            return (self,) if self.pieces else ()
        return tuple(
            dataclasses.replace(
                self,
                labels=(label,),
                segments=tuple((*piece, label) for piece in pieces),
                pieces=pieces,
                audio=Stretch(self.audio, begin, end),
            )
            for begin, end, label, pieces in excerpts(self.segments or (), len(self.audio))
        )


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """A file that is left out, the labels that go with it, and why."""

    path: Path
    labels: tuple[str, ...]
    background: bool
    reason: str


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """Clips that are learnt from, or looked at.

    Attributes:
        labels: event labels, sorted.
        clips: all of them, of events or not.
        skipped: files that could not be used.
    """

    labels: tuple[str, ...]
    clips: tuple[Clip, ...]
    skipped: tuple[Skipped, ...] = ()

    @cached_property
    def cuts(self) -> tuple[Clip, ...]:
        """Clips, and stretches of clips, of one label whose sound can be cut out: what soundscapes are mixed from."""
        return tuple(cut for clip in self.clips for cut in clip.cuts)

    @cached_property
    def distractors(self) -> tuple[Clip, ...]:
        """Clips without any event of ours."""
        return tuple(clip for clip in self.clips if not (clip.labels or clip.secondary or clip.background))

    @cached_property
    def backgrounds(self) -> tuple[Clip, ...]:
        """Beds to lay events over."""
        return tuple(clip for clip in self.clips if clip.background)

    @cached_property
    def labelled(self) -> tuple[Clip, ...]:
        """Clips that can be learnt from as they are: all that have a label."""
        return tuple(clip for clip in self.clips if clip.labels)

    def unused(self, scenes: SceneConfig) -> tuple[Clip, ...]:
        """Labelled clips that no scene is made of: nothing can be cut out, and whole recordings are not wanted."""
        return () if scenes.recordings > 0.0 else tuple(clip for clip in self.labelled if not clip.cuts)

    def lacking(self, clips: Iterable[Clip]) -> list[str]:
        """The labels that none of these clips has."""
        held = {label for clip in clips for label in clip.labels}
        return [label for label in self.labels if label not in held]

    def require_scenes(self, scenes: SceneConfig, all_labels: bool = True) -> None:
        """Every label must be in some scene.

        Args:
            scenes: what scenes are made of; whole recordings hold what cannot be cut out, too.
            all_labels: as for `folds`.

        Raises:
            DataError: naming those that are in none, or if all are.
        """
        lacking = self.lacking(self.cuts) if scenes.recordings == 0.0 else []
        if not lacking:
            return
        folds = ", ".join(map(str, sorted({clip.fold for clip in self.clips})))
        nowhere = f"nowhere in folds {folds} does {', '.join(lacking)} sound alone, to be cut out"
        if all_labels or len(lacking) == len(self.labels):
            raise DataError(
                f"{nowhere}, so no scene would hold it: "
                "learn from whole recordings too, by [scenes] recordings = 0.5 in the recipe"
            )
        _log.warning("%s, so no scene of held-out clips holds it", nowhere)

    def folds(self, folds: Iterable[int], all_labels: bool = True) -> "Corpus":
        """The clips of these folds.

        Args:
            folds: their numbers.
            all_labels: whether each label must have a clip in them; else a warning names those that have none.

        Raises:
            DataError: if a label has no clip in them, or no label has one.
        """
        wanted = set(folds)
        clips = tuple(clip for clip in self.clips if clip.fold in wanted)
        lacking = self.lacking(clips)
        if lacking and (all_labels or len(lacking) == len(self.labels)):
            known = sorted({clip.fold for clip in self.clips})
            raise DataError(
                f"folds {sorted(wanted)} hold no clip of {', '.join(lacking)}; the data has the folds "
                f"{', '.join(map(str, known))}: choose train_folds and validation_folds among them in [data], or hold "
                'nothing out by validation_folds = [], with select = "last" in [training]'
            )
        if lacking:
            _log.warning("folds %s, which are held out, hold no clip of %s", sorted(wanted), ", ".join(lacking))
        return Corpus(labels=self.labels, clips=clips)

    def learnt(self, config: DataConfig) -> "Corpus":
        """The clips that are learnt from.

        Raises:
            DataError: if a label has no clip among them.
        """
        return self.folds(config.train_folds or {clip.fold for clip in self.clips} - set(config.validation_folds))

    def looked_at(self, config: DataConfig) -> "Corpus | None":
        """The clips that the run is watched by; None if the recipe wants none.

        Raises:
            DataError: if no label has a clip among them.
        """
        return self.folds(config.validation_folds, all_labels=False) if config.validation_folds else None


def load_corpus(folders: Sequence[Path], sample_rate: int, config: DataConfig) -> Corpus:
    """Read labels and audio of some folders; audio that was never read before is decoded now.

    Files that cannot be used are left out, and a warning says of each why.

    Raises:
        DataError: if a folder has no known layout, a table is wrong, or no clip with an event is left.
        RecipeError: if the recipe lists a label that the data lacks.
    """
    files, folds = _labelled(folders)
    labels = _chosen_labels({label for file in files for label in file.labels}, config)
    read = store_all([file.path for file in files], sample_rate)
    made = [_clip(file, fold, audio, labels, sample_rate) for file, fold, audio in zip(files, folds, read, strict=True)]
    skipped = tuple(one for one in made if isinstance(one, Skipped))
    corpus = Corpus(labels=labels, clips=tuple(one for one in made if isinstance(one, Clip)), skipped=skipped)
    for one in skipped:
        _log.warning("skipped: %s", one.reason)
    if skipped:
        _log.warning("%d of %d files were skipped", len(skipped), len(files))
    if not corpus.labelled:
        raise DataError(f"{', '.join(map(str, folders))}: no clip has an event; give labelled clips that can be read")
    return corpus


def _labelled(folders: Sequence[Path]) -> tuple[list[LabelledFile], list[int]]:
    """The files of all folders, each once, and their folds, which do not depend on the other folders."""
    found: dict[Path, tuple[LabelledFile, int]] = {}
    again: list[Path] = []
    for folder in folders:
        files = read_labels(folder)
        for file, fold in zip(files, folds_of(files), strict=True):
            # Else a file may be learnt from in one fold and looked at in another.
            if found.setdefault(file.path.resolve(), (file, fold))[0] is not file:
                again.append(file.path)
    if again:
        _log.warning("%d files are given more than once, such as %s: taken once", len(again), again[0])
    return [file for file, _ in found.values()], [fold for _, fold in found.values()]


def _chosen_labels(known: set[str], config: DataConfig) -> tuple[str, ...]:
    chosen = {as_label(label) for label in config.labels}
    for label in sorted(chosen - known):
        raise RecipeError(f"[data] labels: the data has no {label!r}{did_you_mean(label, known)}")
    return tuple(sorted(chosen or known))


def _clip(
    file: LabelledFile, fold: int, audio: StoredAudio | SourceError, chosen: Collection[str], sample_rate: int
) -> Clip | Skipped:
    """The file as far as the chosen labels go."""
    labels = tuple(label for label in file.labels if label in chosen)
    skipped = partial(Skipped, path=file.path, labels=labels, background=file.background)
    if isinstance(audio, SourceError):
        return skipped(reason=str(audio))
    segments = _in_samples(file, chosen, sample_rate, len(audio)) if labels else ()
    if any(onset >= offset for onset, offset, _ in segments or ()):
        seconds = len(audio) / sample_rate
        return skipped(reason=f"{file.path}: its labels place an event beyond its end, {seconds:.2f} s; mend the table")
    return Clip(
        path=file.path,
        fold=fold,
        labels=labels,
        segments=segments,
        pieces=_pieces(file, segments, audio) if len(labels) == 1 else (),
        secondary=tuple(label for label in file.secondary if label in chosen and label not in labels),
        weight=file.weight,
        background=file.background,
        damaged=audio.damaged,
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


def _pieces(
    file: LabelledFile, segments: tuple[tuple[int, int, str], ...] | None, audio: StoredAudio
) -> tuple[tuple[int, int], ...]:
    if segments is None:
        # With a label that was not chosen beside it, nobody knows whose sound it is.
        return audio.sounding if len(file.labels) == 1 else ()
    return tuple(joined(((onset, offset) for onset, offset, _ in segments), touching=True))
