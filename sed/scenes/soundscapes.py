"""Soundscapes mixed on the fly: events over a bed, among distractors.

A share of the scenes may instead be crops of recordings, with the labels that these have.
"""

from collections.abc import Sequence

import numpy as np

from sed.data import Clip, Corpus
from sed.recipe import Recipe
from sed.scenes.scene import Canvas, Piece, Scene
from sed.sounds import Audio, change_speed, coloured_noise, equalise, made_distractor

_FADE_SECONDS = 0.01
_MARGIN_SECONDS = 0.05  # kept around a piece, so that a fade does not eat its attack
_CONTINUOUS_SECONDS = 2.0  # a segment this long goes on and on: it may be cut, or carried on


class SceneMixer:
    """Makes soundscapes from the clips of a corpus.

    Args:
        corpus: clips to mix.
        recipe: lengths, levels and chances.
        frames: length of a scene; the window of the recipe if None. Longer scenes hold more events in proportion.
    """

    def __init__(self, corpus: Corpus, recipe: Recipe, frames: int | None = None) -> None:
        self._corpus, self._recipe, self._scenes = corpus, recipe, recipe.scenes
        self._rate = recipe.frontend.sample_rate
        window = recipe.frames(recipe.stream.window)
        self._frames = window if frames is None else frames
        self._windows = self._frames / window
        self._samples = recipe.context_samples + self._frames * recipe.frame_samples
        self._by_label = [[clip for clip in corpus.cuts if clip.labels == (label,)] for label in corpus.labels]
        self._recordings = [[clip for clip in corpus.labelled if label in clip.labels] for label in corpus.labels]
        # A label may be known only in whole recordings, or hold too few clips for this part of the data.
        self._mixed = [column for column, clips in enumerate(self._by_label) if clips]
        self._cropped = [column for column, clips in enumerate(self._recordings) if clips]
        longest = _CONTINUOUS_SECONDS * self._rate
        self._short = [c for c in corpus.cuts if all(offset - onset < longest for onset, offset in c.spans)]

    def mix(self, rng: np.random.Generator) -> Scene:
        """Make the scene that `rng` leads to."""
        scenes = self._scenes
        canvas = Canvas(self._recipe, self._frames, self._corpus.labels)
        bed_db = rng.uniform(scenes.bed_db_low, scenes.bed_db_high)
        if rng.random() >= scenes.silent_bed:
            canvas.audio += self._bed(rng) * _amplitude(bed_db)
        if self._cropped and rng.random() < scenes.recordings:
            piece = self._levelled(rng, self._crop(rng), bed_db)
            room = self._samples - len(piece.audio)  # as much of it as fits is heard: its label may be anywhere in it
            canvas.lay(piece, int(rng.integers(min(room, 0), max(room, 0) + 1)))
        else:
            self._fill(rng, canvas, bed_db)
        if rng.random() < scenes.silent_start:
            canvas.silence_start(int(rng.integers(self._samples // 2)))
        peak = float(np.abs(canvas.audio).max())
        if peak > 1.0 and rng.random() < 0.8:
            canvas.audio *= rng.uniform(0.3, 1.0) / peak
        return canvas.scene()

    def _fill(self, rng: np.random.Generator, canvas: Canvas, bed_db: float) -> None:
        """Events, or none of them, and distractors."""
        scenes = self._scenes
        if self._mixed and rng.random() >= scenes.event_free:
            for _ in range(1 + rng.poisson(max(0.0, scenes.events_mean * self._windows - 1))):
                self._lay(rng, canvas, self._cut(rng, int(rng.choice(self._mixed))), bed_db)
        for _ in range(rng.poisson(scenes.distractors_mean * self._windows)):
            self._lay(rng, canvas, self._distractor(rng), bed_db)

    def _bed(self, rng: np.random.Generator) -> Audio:
        """A background of the data, or coloured noise, of unit level."""
        if self._corpus.backgrounds and rng.random() < self._scenes.real_beds:
            sound = _some(rng, _choose(rng, self._corpus.backgrounds), self._samples)
            bed = np.resize(self._altered(rng, sound, self._speed(rng)), self._samples)  # again where it is short
            return bed / max(_level(bed), 1e-6)
        return coloured_noise(rng, self._samples, self._rate)

    def _lay(self, rng: np.random.Generator, canvas: Canvas, piece: Piece, bed_db: float) -> None:
        """Somewhere, at some level over the bed."""
        canvas.lay(self._levelled(rng, piece, bed_db), self._place(rng, len(piece.audio)))

    def _levelled(self, rng: np.random.Generator, piece: Piece, bed_db: float) -> Piece:
        heard = [piece.audio[int(on) : max(int(off), int(on) + 1)] for on, off, _ in piece.events] or [piece.audio]
        # Of an event there may be no more than a sliver in the piece's fade.
        level = max(_level(np.concatenate(heard)), 0.1 * _level(piece.audio))
        piece.audio = piece.audio * self._gain(rng, level, bed_db)
        return piece

    def _distractor(self, rng: np.random.Generator) -> Piece:
        if self._corpus.distractors and rng.random() < len(self._corpus.distractors) / (
            len(self._corpus.distractors) + 30  # the fewer real ones, the more are made up
        ):
            sound = _some(rng, _choose(rng, self._corpus.distractors), self._samples)
        else:
            source = self._shape(rng, _choose(rng, self._short), None).audio if self._short else None
            sound = made_distractor(rng, source, self._rate)
        return Piece(audio=_faded(self._altered(rng, sound, self._speed(rng)), self._rate))

    def _speed(self, rng: np.random.Generator) -> float:
        return float(np.exp(rng.uniform(-1.0, 1.0) * np.log1p(self._scenes.speed_range)))

    def _altered(self, rng: np.random.Generator, sound: Audio, speed: float) -> Audio:
        """Another speed and colour. Whatever sounds goes through this: its traces would tell events from the rest."""
        played = change_speed(sound, speed)
        return equalise(rng, played, self._rate, self._scenes.equalise_db, self._scenes.low_pass)

    def _crop(self, rng: np.random.Generator) -> Piece:
        """A stretch of a recording as it is, with the labels it has."""
        column = int(rng.choice(self._cropped))
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
        return self._changed(rng, Piece(audio=audio, events=events, weak=weak), clip)

    def _crop_begin(self, rng: np.random.Generator, clip: Clip, label: str) -> int:
        """Anywhere, but so that some of the label is in it where it is known, or guessed, where that is."""
        free = len(clip.audio) - self._samples
        if free <= 0:
            return 0
        places = clip.spans or [(onset, offset) for onset, offset, other in clip.segments or () if other == label]
        if not places:
            return int(rng.integers(free + 1))
        onset, offset = places[int(rng.integers(len(places)))]
        return int(np.clip(rng.integers(onset, offset) - rng.integers(self._samples), 0, free))

    def _changed(self, rng: np.random.Generator, piece: Piece, clip: Clip) -> Piece:
        """Another speed and colour, and what else is known of the clip."""
        speed = self._speed(rng)
        piece.audio = _faded(self._altered(rng, piece.audio, speed), self._rate)
        piece.events = [(onset / speed, offset / speed, column) for onset, offset, column in piece.events]
        piece.secondary = [self._corpus.labels.index(label) for label in clip.secondary]
        piece.weight = clip.weight
        return piece

    def _gain(self, rng: np.random.Generator, level: float, bed_db: float) -> float:
        ratio_db = rng.uniform(self._scenes.snr_db_low, self._scenes.snr_db_high)
        return _amplitude(min(bed_db + ratio_db, -6.0)) / max(level, 1e-6)

    def _place(self, rng: np.random.Generator, samples: int) -> int:
        """Where a sound begins; it may begin before the scene or end after it."""
        return int(rng.integers(-samples // 2, self._samples - min(samples // 2, self._rate // 4)))

    def _cut(self, rng: np.random.Generator, column: int) -> Piece:
        """An event of a class, at another speed, through an equaliser."""
        clip = _choose(rng, self._by_label[column])
        return self._changed(rng, self._shape(rng, clip, column), clip)

    def _shape(self, rng: np.random.Generator, clip: Clip, column: int | None) -> Piece:
        """Some neighbouring pieces of a clip; events of the class `column`, or of none."""
        first = int(rng.integers(len(clip.spans)))
        onset, offset = clip.spans[first]
        alone = rng.random() < 1 / (len(clip.spans) - first)
        if offset - onset > self._samples or (alone and offset - onset >= _CONTINUOUS_SECONDS * self._rate):
            sound = self._continuous(rng, clip, clip.spans[first], column)
            return Piece(audio=sound, events=[] if column is None else [(0.0, float(len(sound)), column)])
        near = [piece for piece in clip.spans[first:] if piece[1] - onset <= self._samples]
        chosen = near[: int(rng.integers(len(near))) + 1]
        margin = int(_MARGIN_SECONDS * self._rate)
        begin = max(0, onset - margin)
        events = [] if column is None else [(float(on - begin), float(off - begin), column) for on, off in chosen]
        return Piece(audio=clip.audio[begin : chosen[-1][1] + margin], events=events)

    def _continuous(self, rng: np.random.Generator, clip: Clip, piece: tuple[int, int], column: int | None) -> Audio:
        """A part of a long piece, or several such parts joined to one longer sound."""
        sound = self._part(rng, clip, piece)
        if column is not None and rng.random() < self._scenes.extended:
            for _ in range(int(rng.integers(1, 3))):
                # Most sounds go on as they were; another clip of the class now and then is a change within it.
                following = clip if rng.random() < 0.7 else _choose(rng, self._alike(clip, column))
                longest = max(following.spans, key=lambda borders: borders[1] - borders[0])
                sound = _joined(sound, self._part(rng, following, longest), self._rate)
        return sound

    def _alike(self, clip: Clip, column: int) -> list[Clip]:
        """The clips of a class that are as good, and in which the same others may sound."""
        known = (clip.secondary, clip.weight)
        return [other for other in self._by_label[column] if (other.secondary, other.weight) == known]

    def _part(self, rng: np.random.Generator, clip: Clip, piece: tuple[int, int]) -> Audio:
        onset, offset = piece
        length = min(int((offset - onset) * rng.choice([1.0, rng.uniform(0.25, 1.0)])), self._samples)
        begin = onset + int(rng.integers(offset - onset - length + 1))
        return clip.audio[begin : begin + length]


def _choose(rng: np.random.Generator, clips: Sequence[Clip]) -> Clip:
    return clips[int(rng.integers(len(clips)))]


def _some(rng: np.random.Generator, clip: Clip, samples: int) -> Audio:
    """A stretch of a clip, or all of it where it is not longer."""
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


def _joined(first: Audio, second: Audio, sample_rate: int) -> Audio:
    """One after the other, with a crossfade of equal power."""
    length = min(sample_rate // 10, len(first), len(second))
    angle = np.linspace(0.0, np.pi / 2, length, dtype=np.float32)
    crossing = first[len(first) - length :] * np.cos(angle) + second[:length] * np.sin(angle)
    return np.concatenate([first[: len(first) - length], crossing, second[length:]])
