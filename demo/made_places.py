"""Made recordings of a place: its kinds of other sounds come again and again, and never as the same clip.

A place has a dozen kinds of sounds that are no event, beside the events. Of each kind, half of the sources is in the
recording that is reviewed, the others are in the one that judges. Scenes of two minutes follow each other, each with
its own noise, made by the mixer of the training: another cut, speed, colour and level each time.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile

from sed.data import Clip, Corpus, load_corpus
from sed.recipe import DataConfig, Recipe, load_recipe
from sed.scenes import SceneMixer

_RECIPE = Path(__file__).parents[1] / "recipes" / "esc10.toml"
_KINDS = 12  # of other sounds, in a place
_FEWEST_SOURCES = 4  # of a kind
_SCENES, _SCENE_SECONDS = 10, 120.0  # of a recording
_SOUNDS = 1.0  # in a window of ten seconds, on average
Events = list[tuple[float, float, str]]


class Sounds:
    """Clips of events and of other sounds.

    Args:
        events: a folder of clips of the events.
        others: a folder of clips of other sounds, in kinds.
        folds: of the events that are used.
    """

    def __init__(self, events: Path, others: Path, folds: Sequence[int]) -> None:
        recipe = load_recipe(_RECIPE)
        scenes = dataclasses.replace(
            recipe.scenes,
            events_mean=_SOUNDS,
            event_free=0.0,
            distractors_mean=0.0,
            silent_start=0.0,
            snr_db_low=6.0,
        )
        self._recipe: Recipe = dataclasses.replace(recipe, scenes=scenes)
        rate = recipe.frontend.sample_rate
        corpora = [load_corpus([folder], rate, DataConfig()) for folder in (events, others)]
        self.events = [clip for clip in corpora[0].cuts if clip.fold in folds]
        self.others = corpora[1].cuts

    def place(self, seed: int, folder: Path) -> tuple[list[Path], list[Events]]:
        """Write the two recordings of a place; return them and their events."""
        rng = np.random.default_rng(seed)
        kinds = sorted({kind for kind in _labels(self.others) if len(_sources(self.others, kind)) >= _FEWEST_SOURCES})
        chosen = set(rng.permutation(kinds)[:_KINDS].tolist())
        clips = [*self.events, *(clip for clip in self.others if clip.labels[0] in chosen)]
        halves: list[list[Clip]] = [[], []]
        for kind in _labels(clips):
            sources = _sources(clips, kind)
            first = set(rng.permutation(sources)[: len(sources) // 2].tolist())
            for clip in clips:
                if clip.labels[0] == kind:
                    halves[_source(clip) not in first].append(clip)
        paths = [folder / f"{name}.flac" for name in ("reviewed", "judging")]
        return paths, [self._write(path, half, rng) for path, half in zip(paths, halves, strict=True)]

    def _write(self, path: Path, clips: Sequence[Clip], rng: np.random.Generator) -> Events:
        recipe, known = self._recipe, set(_labels(self.events))
        frames = recipe.frames(_SCENE_SECONDS)
        mixer = SceneMixer(Corpus(labels=tuple(_labels(clips)), clips=tuple(clips)), recipe, frames)
        seconds, rate = frames * recipe.frame_samples / recipe.frontend.sample_rate, recipe.frontend.sample_rate
        audio, events = [], Events()
        for number in range(_SCENES):
            scene = mixer.mix(rng)
            audio.append(scene.audio[recipe.context_samples :])
            for onset, offset, label in scene.events:
                if label in known:
                    on, off = max(0.0, onset / rate), min(seconds, offset / rate)
                    events.append((number * seconds + on, number * seconds + off, label))
        soundfile.write(path, np.concatenate(audio), rate)
        return events


def _labels(clips: Sequence[Clip]) -> list[str]:
    return sorted({clip.labels[0] for clip in clips})


def _sources(clips: Sequence[Clip], kind: str) -> list[str]:
    return sorted({_source(clip) for clip in clips if clip.labels[0] == kind})


def _source(clip: Clip) -> str:
    """What a clip was cut from: `FOLD-SOURCE-TAKE-TARGET.ogg` in ESC-50."""
    return "-".join(clip.path.stem.split("-")[:2])
