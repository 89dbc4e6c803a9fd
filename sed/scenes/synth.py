"""Writes scenes, as training mixes them, to audio files, each with its truth in a table beside it.

    scene-0001.flac
    scene-0001.tsv      onset offset event_label; no rows if there is no event

`sed-eval` and `sed-train` read them as recordings with their truth.
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
    """Write scenes; the same seed gives the same files, byte for byte.

    They are mixed only from clips all of whose events have a known or found onset and offset, as the truth must be
    complete.

    Args:
        corpus: clips to mix.
        recipe: how to mix them.
        folder: for the files; created if it is missing.
        count: number of scenes.
        seed: of the random numbers.
        seconds: length of each scene, rounded to whole frames.

    Raises:
        DataError: if no event with onset and offset can be cut out, and the recipe mixes no whole recordings.
    """
    known = dataclasses.replace(corpus, clips=tuple(_known(corpus.clips)))
    mixed = known.cuts + (known.labelled if recipe.scenes.recordings > 0.0 else ())
    if not mixed:
        raise DataError(
            "no event with a known onset and offset sounds alone, so none can be cut out; give clips of one label, or "
            "strong labels, and set [scenes] recordings in the recipe if all events overlap"
        )
    missing = corpus.missing_labels(mixed)
    if missing:
        _log.warning(
            "no scene contains %s: no event of it with a known onset and offset sounds alone", ", ".join(missing)
        )
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
    """The clips whose events all have an onset and an offset; spans found by level become segments."""
    for clip in clips:
        if clip.segments is not None and not clip.secondary:
            yield clip
        elif clip.spans and not clip.secondary:
            yield dataclasses.replace(clip, segments=tuple((*span, clip.labels[0]) for span in clip.spans))


def _truth(scene: Scene, samples: int) -> list[tuple[int, int, str]]:
    """Events, clipped to the scene; events of one label that overlap are merged."""
    truth = []
    for label in sorted({label for _, _, label in scene.events}):
        of_label = ((onset, offset) for onset, offset, other in scene.events if other == label)
        spans = [(max(0, round(onset)), min(samples, round(offset))) for onset, offset in of_label]
        truth += [(onset, offset, label) for onset, offset in merge_spans(spans) if onset < offset]
    return sorted(truth)
