"""Whether thresholds that one quiet night gave keep their promise in the next, on made nights of real sounds.

A place has a dozen kinds of sound, each more or less often. Whenever one begins, it comes some times in a row: scenes
of the recipe's mixer (another cut, speed, colour, level and bed each time), scored by themselves. Between them is
silence.
"""

import dataclasses
import functools
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from edge.detection import poisson_bound, raise_thresholds
from edge.model import Floats, Model, ScoreStream, window_of
from edge.session import Stretch, events_of, hours_of
from sed.data import Corpus
from sed.recipe import Recipe
from sed.scenes import SceneMixer

_HOURS = 8.0
_KINDS = 12  # of a place
_AN_HOUR = 2.0  # times that a sound begins
_PAUSE_SECONDS = 20.0  # mean, within a burst
_AIM = 2.0  # an hour
_NIGHT = "night"  # the name of a made source


class World(NamedTuple):
    """How sounds come: scenes in a row, on average, and whether each is rarer or more frequent on another night."""

    in_a_row: int
    changing: bool = False


WORLDS = {
    "one by one": World(1),
    "3 in a row": World(3),
    "8 in a row": World(8),
    "3 in a row, nights unlike": World(3, changing=True),
}


class Sounds:
    """Frame scores of scenes of one kind of sound each, made when they are asked for.

    Args:
        model: that is to be quiet.
        corpus: its labels are the kinds of sound.
        recipe: how to mix them.
    """

    def __init__(self, model: Model, corpus: Corpus, recipe: Recipe) -> None:
        alone = {"events_mean": 1.0, "event_free": 0.0, "distractors_mean": 0.0, "silent_start": 0.0, "recordings": 0.0}
        made = dataclasses.replace(recipe, scenes=dataclasses.replace(recipe.scenes, **alone))
        self.model, self._context = model, recipe.context_samples
        self.kinds = sorted({clip.labels[0] for clip in corpus.cuts})
        self._mixers = {
            kind: SceneMixer(
                Corpus(labels=(kind,), clips=tuple(clip for clip in corpus.cuts if clip.labels == (kind,))), made
            )
            for kind in self.kinds
        }

    @functools.cache  # noqa: B019 - as many as are asked for, once in a process
    def scores(self, kind: str, number: int) -> Floats:
        """Of a scene: `[frames, classes]`."""
        rng = np.random.default_rng([self.kinds.index(kind), number])
        stream = ScoreStream(self.model, window_of(self.model.card))
        return np.concatenate(stream.push(self._mixers[kind].mix(rng).audio[self._context :]) + stream.flush())


def halves_of(stretches: Sequence[Stretch]) -> list[list[Stretch]]:
    """The first half of each, and the second."""
    halves: list[list[Stretch]] = [[], []]
    for one in stretches:
        middle = len(one.scores) // 2
        for half, part in zip(halves, (slice(0, middle), slice(middle, None)), strict=True):
            half.append(Stretch(one.source, one.first_frame + (part.start or 0), one.scores[part], one.lost[part]))
    return halves


def night_table(sounds: Sounds, halves: Sequence[Sequence[Stretch]], pairs: int) -> list[str]:
    """How often the promise held for the second of two nights, and what it was.

    Args:
        sounds: of the nights.
        halves: other quiet stretches of the first and of the second night.
        pairs: of nights, each in a place of its own.
    """
    lines = [f"{'sounds come':26}  {'promise':34}  pairs  holds  promised/h  counted/h  without/h"]
    for name, world in WORLDS.items():
        found = [_promises(sounds, _nights(sounds, halves, world, seed)) for seed in range(pairs)]
        for rule in found[0]:
            outcomes = np.array([one[rule] for one in found if one[rule]]).reshape(-1, 3)
            start = f"{name:26}  {rule:34}  {len(outcomes):5d}"
            if len(outcomes) == 0:
                lines.append(start)
                continue
            holds = np.mean(outcomes[:, 1] <= outcomes[:, 0])
            promised, counted, plain = outcomes.mean(axis=0)
            lines.append(f"{start}  {holds:5.0%}  {promised:10.2f}  {counted:9.2f}  {plain:9.2f}")
    return lines


def _nights(sounds: Sounds, halves: Sequence[Sequence[Stretch]], world: World, seed: int) -> list[list[Stretch]]:
    """Two nights of one place; no scene comes twice."""
    rng, used, nights = np.random.default_rng(seed), Counter[str](), []
    kinds = [str(kind) for kind in rng.permutation(sounds.kinds)[:_KINDS]]
    shares = rng.dirichlet(np.ones(len(kinds)))
    for half in halves:
        night = list(half)
        for kind, share in zip(kinds, shares, strict=True):
            often = _AN_HOUR * _HOURS * share * (rng.gamma(2.0, 0.5) if world.changing else 1.0)
            for begin in rng.uniform(0, 3600 * _HOURS, rng.poisson(often)).tolist():
                for _ in range(rng.geometric(1 / world.in_a_row)):
                    scores = sounds.scores(kind, used[kind])
                    seconds = sounds.model.card.frame_seconds
                    night.append(Stretch(_NIGHT, round(begin / seconds), scores, np.zeros(len(scores), dtype=bool)))
                    used[kind] += 1
                    begin += len(scores) * seconds + rng.exponential(_PAUSE_SECONDS)
        nights.append(night)
    return nights


def _promises(sounds: Sounds, nights: Sequence[Sequence[Stretch]]) -> dict[str, tuple[float, ...]]:
    """By rule, false alarms an hour: promised by the first night, counted in the second, and there without the rule."""
    card = sounds.model.card
    first, second = nights
    hours = _HOURS + hours_of([one for one in first if one.source != _NIGHT], card)
    before, plain = (events_of(night, card, card.decoding) for night in nights)
    found: dict[str, tuple[float, ...]] = {}
    for aim in (None, _AIM):
        chosen = raise_thresholds(before, card.decoding, hours, aim)
        decoding = chosen.applied_to(card.decoding)
        chosen = dataclasses.replace(chosen, left=tuple(events_of(first, card, decoding)))
        bound, counted = chosen.bound_per_hour(hours), len(events_of(second, card, decoding)) / hours
        if aim is None:
            alone = poisson_bound(len(chosen.left) + len(chosen.on)) / hours
            found["mean, as if they came one by one"] = (alone, counted, len(plain) / hours)
            found["next night"] = (bound, counted, len(plain) / hours)
        else:
            found[f"next night, --aim false-alarms={aim:g}"] = (
                (aim, counted, len(plain) / hours) if bound <= aim else ()
            )
    return found
