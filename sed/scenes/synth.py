"""Scenes on disk: what training mixes, as audio files with their truth beside them.

    scene-0001.flac
    scene-0001.tsv      onset offset event_label; no rows where there is no event

Any tool that reads recordings with their truth reads them: `sed-eval`, or `sed-train` as data.
"""

import csv
import dataclasses
import logging
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import soundfile
from tqdm import tqdm

from sed.data import Clip, Corpus, merge_spans
from sed.errors import DataError
from sed.recipe import Recipe
from sed.scenes.scene import Scene
from sed.scenes.soundscapes import SceneMixer

_log = logging.getLogger(__name__)


def write_scenes(corpus: Corpus, recipe: Recipe, folder: Path, count: int, seed: int, seconds: float) -> None:
    """Write scenes that follow from the seed, byte for byte.

    They are mixed from clips all of whose events have borders, given or found: of a truth nothing may be missing.

    Args:
        corpus: clips to mix.
        recipe: how.
        folder: where to; made if it is not there.
        count: how many.
        seed: what they follow from.
        seconds: how long each is, to the nearest frame.

    Raises:
        DataError: if no event with borders can be cut out, and the recipe wants no whole recordings either.
    """
    known = dataclasses.replace(corpus, clips=tuple(_known(corpus.clips)))
    mixed = known.cuts + (known.labelled if recipe.scenes.recordings > 0.0 else ())
    if not mixed:
        raise DataError(
            "no event has its borders marked or found and sounds alone, so that it can be cut out; give clips of one "
            "label, or strong labels, with [scenes] recordings in the recipe where all of them overlap"
        )
    lacking = corpus.missing_labels(mixed)
    if lacking:
        _log.warning("no scene holds %s: nowhere are its borders known and does it sound alone", ", ".join(lacking))
    folder.mkdir(parents=True, exist_ok=True)
    mixer = SceneMixer(known, recipe, frames=recipe.frames(seconds))
    rate = recipe.frontend.sample_rate
    for number in tqdm(range(1, count + 1), desc="mixing", unit="scene", disable=None):
        scene = mixer.mix(np.random.default_rng([seed, number]))
        path = folder / f"scene-{number:04}.flac"
        audio = scene.audio[recipe.context_samples :]  # where the first frame begins
        soundfile.write(path, audio, rate)
        with path.with_suffix(".tsv").open("w", encoding="utf-8", newline="") as file:
            table = csv.writer(file, delimiter="\t", lineterminator="\n")
            table.writerow(("onset", "offset", "event_label"))
            for onset, offset, label in _truth(scene, len(audio)):
                table.writerow((f"{onset / rate:.6f}", f"{offset / rate:.6f}", label))


def _known(clips: Iterable[Clip]) -> Iterable[Clip]:
    """Clips of which every event is known by its borders; those that were found become segments."""
    for clip in clips:
        if clip.segments is not None and not clip.secondary:
            yield clip
        elif clip.spans and not clip.secondary:
            yield dataclasses.replace(clip, segments=tuple((*piece, clip.labels[0]) for piece in clip.spans))


def _truth(scene: Scene, samples: int) -> list[tuple[int, int, str]]:
    """Events as far as they lie within the scene; those of a label that overlap are one."""
    truth = []
    for label in sorted({label for _, _, label in scene.events}):
        of_label = ((onset, offset) for onset, offset, other in scene.events if other == label)
        spans = [(max(0, round(onset)), min(samples, round(offset))) for onset, offset in of_label]
        truth += [(onset, offset, label) for onset, offset in merge_spans(spans) if onset < offset]
    return sorted(truth)
