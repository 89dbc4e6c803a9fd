"""Soundscapes mixed on the fly: events and distractors over background noise (the bed).

A share of the scenes may instead be crops of recordings, with the labels of the recordings.
"""

from collections.abc import Sequence

import numpy as np

from sed.data import Clip, Corpus
from sed.recipe import Recipe
from sed.scenes.scene import Scene, SceneBuilder, SceneSound
from sed.sounds import Audio, change_speed, coloured_noise, equalise, synthetic_distractor

_FADE_SECONDS = 0.01
_MARGIN_SECONDS = 0.05  # kept around an event, so that the fade does not remove its attack
_CONTINUOUS_SECONDS = 2.0  # a span this long is a continuous sound: it may be cut, or extended
_DISTRACTOR_SECONDS = (1.0, 5.0)  # of a recording longer than a scene: all of it would cover the events


class SceneMixer:
    """Makes soundscapes from the clips of a corpus.

    Args:
        corpus: clips to mix.
        recipe: lengths, levels and probabilities.
        frames: length of a scene; the recipe's if None. Longer scenes have more events in proportion.
    """

    def __init__(self, corpus: Corpus, recipe: Recipe, frames: int | None = None) -> None:
        self._corpus, self._recipe, self._scenes = corpus, recipe, recipe.scenes
        self._rate = recipe.frontend.sample_rate
        usual = recipe.frames(recipe.scenes.seconds)
        self._frames = usual if frames is None else frames
        self._usual_scenes = self._frames / usual
        self._samples = recipe.context_samples + self._frames * recipe.frame_samples
        self._by_label = [[clip for clip in corpus.cuts if clip.labels == (label,)] for label in corpus.labels]
        self._recordings = [[clip for clip in corpus.labelled if label in clip.labels] for label in corpus.labels]
        # A label may be only in whole recordings, or have no clip in this split of the data.
        self._cuttable = [column for column, clips in enumerate(self._by_label) if clips]
        self._croppable = [column for column, clips in enumerate(self._recordings) if clips]
        self._usual_samples = usual * recipe.frame_samples
        self._others = _by_length((*corpus.distractors, *corpus.backgrounds), self._usual_samples)
        longest = _CONTINUOUS_SECONDS * self._rate
        self._short = [c for c in corpus.cuts if all(offset - onset < longest for onset, offset in c.spans)]

    def mix(self, rng: np.random.Generator) -> Scene:
        """Make the scene that follows from `rng`."""
        scenes = self._scenes
        builder = SceneBuilder(self._recipe, self._frames, self._corpus.labels)
        bed_db = rng.uniform(scenes.bed_db_low, scenes.bed_db_high)
        if rng.random() >= scenes.silent_bed:
            builder.audio += self._bed(rng) * _amplitude(bed_db)
        if self._croppable and rng.random() < scenes.recordings:
            sound = self._at_random_level(rng, self._cropped_recording(rng), bed_db)
            room = self._samples - len(sound.audio)  # as much as fits is used: its label may be anywhere in it
            builder.add(sound, int(rng.integers(min(room, 0), max(room, 0) + 1)))
        else:
            self._add_events_and_distractors(rng, builder, bed_db)
        if rng.random() < scenes.silent_start:
            builder.silence_beginning(int(rng.integers(self._samples // 2)))
        peak = float(np.abs(builder.audio).max())
        if peak > 1.0 and rng.random() < 0.8:
            builder.audio *= rng.uniform(0.3, 1.0) / peak
        return builder.scene()

    def _add_events_and_distractors(self, rng: np.random.Generator, builder: SceneBuilder, bed_db: float) -> None:
        """Add events, unless the scene is free of them, and distractors."""
        scenes = self._scenes
        if self._cuttable and rng.random() >= scenes.event_free:
            for _ in range(1 + rng.poisson(max(0.0, scenes.events_mean * self._usual_scenes - 1))):
                self._add_sound(rng, builder, self._cut_event(rng, int(rng.choice(self._cuttable))), bed_db)
        for _ in range(rng.poisson(scenes.distractors_mean * self._usual_scenes)):
            self._add_sound(rng, builder, self._distractor(rng), bed_db)

    def _bed(self, rng: np.random.Generator) -> Audio:
        """A background of the data, or coloured noise, with a root mean square of 1."""
        if self._corpus.backgrounds and rng.random() < self._scenes.real_beds:
            sound = _random_excerpt(rng, _choose(rng, self._corpus.backgrounds), self._samples)
            bed = np.resize(self._vary(rng, sound, self._speed(rng)), self._samples)  # repeated where it is short
            return bed / max(_level(bed), 1e-6)
        return coloured_noise(rng, self._samples, self._rate)

    def _add_sound(self, rng: np.random.Generator, builder: SceneBuilder, sound: SceneSound, bed_db: float) -> None:
        """Add a sound at a random time and at a random level over the bed."""
        builder.add(self._at_random_level(rng, sound, bed_db), self._random_start(rng, len(sound.audio)))

    def _at_random_level(self, rng: np.random.Generator, sound: SceneSound, bed_db: float) -> SceneSound:
        active = [sound.audio[int(on) : max(int(off), int(on) + 1)] for on, off, _ in sound.events] or [sound.audio]
        # Only a few samples of an event may be left, and those may lie in the fade.
        level = max(_level(np.concatenate(active)), 0.1 * _level(sound.audio))
        sound.audio = sound.audio * self._gain(rng, level, bed_db)
        return sound

    def _distractor(self, rng: np.random.Generator) -> SceneSound:
        # The fewer real ones, the more are synthetic.
        if self._others and rng.random() < len(self._others) / (len(self._others) + 30):
            sound = self._other_sound(rng)
        else:
            source = self._cut_spans(rng, _choose(rng, self._short), None).audio if self._short else None
            sound = synthetic_distractor(rng, source, self._rate)
        return SceneSound(audio=_faded(self._vary(rng, sound, self._speed(rng)), self._rate))

    def _other_sound(self, rng: np.random.Generator) -> Audio:
        clip, samples = _choose(rng, self._others), self._samples
        if len(clip.audio) > self._usual_samples:
            samples = int(rng.uniform(*_DISTRACTOR_SECONDS) * self._rate)
        return _random_excerpt(rng, clip, samples)

    def _speed(self, rng: np.random.Generator) -> float:
        return float(np.exp(rng.uniform(-1.0, 1.0) * np.log1p(self._scenes.speed_range)))

    def _vary(self, rng: np.random.Generator, sound: Audio, speed: float) -> Audio:
        """Change speed and colour. Every sound goes through this, else its artefacts would give events away."""
        played = change_speed(sound, speed)
        return equalise(rng, played, self._rate, self._scenes.equalise_db, self._scenes.low_pass)

    def _cropped_recording(self, rng: np.random.Generator) -> SceneSound:
        """A part of a recording as it is, with its labels."""
        column = int(rng.choice(self._croppable))
        clip = _choose(rng, self._recordings[column])
        begin = self._crop_begin(rng, clip, self._corpus.labels[column])
        audio = clip.audio[begin : begin + self._samples]
        labels = self._corpus.labels
        weak = [] if clip.segments is not None else [labels.index(label) for label in clip.labels]
        events = [
            (max(onset - begin, 0.0), min(offset - begin, float(len(audio))), labels.index(label))
            for onset, offset, label in clip.segments or ()
            if onset < begin + len(audio) and offset > begin
        ]
        return self._vary_sound(rng, SceneSound(audio=audio, events=events, weak=weak), clip)

    def _crop_begin(self, rng: np.random.Generator, clip: Clip, label: str) -> int:
        """Where a crop begins: random, but with a part of an event of the label if the events are known or found."""
        free = len(clip.audio) - self._samples
        if free <= 0:
            return 0
        spans = clip.spans or [(onset, offset) for onset, offset, other in clip.segments or () if other == label]
        if not spans:
            return int(rng.integers(free + 1))
        onset, offset = spans[int(rng.integers(len(spans)))]
        return int(np.clip(rng.integers(onset, offset) - rng.integers(self._samples), 0, free))

    def _vary_sound(self, rng: np.random.Generator, sound: SceneSound, clip: Clip) -> SceneSound:
        """Change speed and colour, and add the clip's secondary labels and weight."""
        speed = self._speed(rng)
        sound.audio = _faded(self._vary(rng, sound.audio, speed), self._rate)
        sound.events = [(onset / speed, offset / speed, column) for onset, offset, column in sound.events]
        sound.secondary = [self._corpus.labels.index(label) for label in clip.secondary]
        sound.weight = clip.weight
        return sound

    def _gain(self, rng: np.random.Generator, level: float, bed_db: float) -> float:
        ratio_db = rng.uniform(self._scenes.snr_db_low, self._scenes.snr_db_high)
        return _amplitude(min(bed_db + ratio_db, -6.0)) / max(level, 1e-6)

    def _random_start(self, rng: np.random.Generator, samples: int) -> int:
        """Where a sound begins; it may begin before the scene or end after it."""
        return int(rng.integers(-samples // 2, self._samples - min(samples // 2, self._rate // 4)))

    def _cut_event(self, rng: np.random.Generator, column: int) -> SceneSound:
        """An event of a class, with another speed and colour."""
        clip = _choose(rng, self._by_label[column])
        return self._vary_sound(rng, self._cut_spans(rng, clip, column), clip)

    def _cut_spans(self, rng: np.random.Generator, clip: Clip, column: int | None) -> SceneSound:
        """Some neighbouring spans of a clip, as events of the class `column`, or without events if it is None."""
        first = int(rng.integers(len(clip.spans)))
        onset, offset = clip.spans[first]
        alone = rng.random() < 1 / (len(clip.spans) - first)
        if offset - onset > self._samples or (alone and offset - onset >= _CONTINUOUS_SECONDS * self._rate):
            sound = self._cut_continuous(rng, clip, clip.spans[first], column)
            return SceneSound(audio=sound, events=[] if column is None else [(0.0, float(len(sound)), column)])
        near = [span for span in clip.spans[first:] if span[1] - onset <= self._samples]
        chosen = near[: int(rng.integers(len(near))) + 1]
        margin = int(_MARGIN_SECONDS * self._rate)
        begin = max(0, onset - margin)
        events = [] if column is None else [(float(on - begin), float(off - begin), column) for on, off in chosen]
        return SceneSound(audio=clip.audio[begin : chosen[-1][1] + margin], events=events)

    def _cut_continuous(self, rng: np.random.Generator, clip: Clip, span: tuple[int, int], column: int | None) -> Audio:
        """A part of a long span, or several such parts joined to a longer sound."""
        sound = self._random_part(rng, clip, span)
        if column is not None and rng.random() < self._scenes.extended:
            for _ in range(int(rng.integers(1, 3))):
                # Mostly the same clip goes on; now and then another clip of the class follows.
                following = clip if rng.random() < 0.7 else _choose(rng, self._similar_clips(clip, column))
                longest = max(following.spans, key=lambda other: other[1] - other[0])
                sound = _crossfaded(sound, self._random_part(rng, following, longest), self._rate)
        return sound

    def _similar_clips(self, clip: Clip, column: int) -> list[Clip]:
        """The clips of a class with the same weight and the same secondary labels."""
        known = (clip.secondary, clip.weight)
        return [other for other in self._by_label[column] if (other.secondary, other.weight) == known]

    def _random_part(self, rng: np.random.Generator, clip: Clip, span: tuple[int, int]) -> Audio:
        onset, offset = span
        length = min(int((offset - onset) * rng.choice([1.0, rng.uniform(0.25, 1.0)])), self._samples)
        begin = onset + int(rng.integers(offset - onset - length + 1))
        return clip.audio[begin : begin + length]


def _by_length(clips: Sequence[Clip], samples: int) -> list[Clip]:
    """Each clip once for so many samples, so that a long recording is chosen as often as many short ones."""
    return [clip for clip in clips for _ in range(-(-len(clip.audio) // samples))]


def _choose(rng: np.random.Generator, clips: Sequence[Clip]) -> Clip:
    return clips[int(rng.integers(len(clips)))]


def _random_excerpt(rng: np.random.Generator, clip: Clip, samples: int) -> Audio:
    """A part of a clip with so many samples, or all of it if it is shorter."""
    begin = int(rng.integers(max(0, len(clip.audio) - samples) + 1))
    return clip.audio[begin : begin + samples]


def _amplitude(db: float) -> float:
    return float(10.0 ** (db / 20))


def _level(audio: Audio) -> float:
    return float(np.sqrt(np.mean(np.square(audio, dtype=np.float64))))


def _faded(audio: Audio, sample_rate: int) -> Audio:
    length = min(int(_FADE_SECONDS * sample_rate), len(audio) // 2)
    ramp, end = np.linspace(0.0, 1.0, length, dtype=np.float32), len(audio) - length
    return np.concatenate([audio[:length] * ramp, audio[length:end], audio[end:] * ramp[::-1]])


def _crossfaded(first: Audio, second: Audio, sample_rate: int) -> Audio:
    """Both sounds, one after the other, with a crossfade of equal power."""
    length = min(sample_rate // 10, len(first), len(second))
    angle = np.linspace(0.0, np.pi / 2, length, dtype=np.float32)
    crossing = first[len(first) - length :] * np.cos(angle) + second[:length] * np.sin(angle)
    return np.concatenate([first[: len(first) - length], crossing, second[length:]])
