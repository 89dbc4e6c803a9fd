"""Soundscapes mixed on the fly: events over a noise bed, among distractors, with their truth frame by frame.

    |<- context ->|<---------------- window_frames frames ---------------->|
bed  ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
events    [==dog==]              [=====rain======]              [==rooster=|= (cut)
truth              1 1 1 .3 0 0 0  1 1 1 1 1 1 1 ...                 1 1 1
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sed.config import Recipe
from sed.data import Clip, Corpus
from sed.synthetic import Audio, change_speed, coloured_noise, equalise, made_distractor

_FADE_SECONDS = 0.01
_MARGIN_SECONDS = 0.05  # kept around a piece, so that a fade does not eat its attack
_CONTINUOUS_SECONDS = 2.0  # a segment this long goes on and on: it may be cut, or carried on


class Scene(NamedTuple):
    """A soundscape.

    Attributes:
        audio: `[context_samples + window_frames * frame_samples]`.
        truth: `[window_frames, classes]`, the share of each frame that each event covers.
    """

    audio: Audio
    truth: NDArray[np.float32]


@dataclass
class _Piece:
    """An event ready to be laid into a scene: audio, and where in it the event is, in samples."""

    audio: Audio
    segments: list[tuple[float, float]]


class SceneMixer:
    """Makes soundscapes from the clips of a corpus.

    Args:
        corpus: clips to mix.
        recipe: lengths, levels and chances.
    """

    def __init__(self, corpus: Corpus, recipe: Recipe) -> None:
        self._corpus, self._recipe, self._scenes = corpus, recipe, recipe.scenes
        self._rate = recipe.frontend.sample_rate
        self._frames = recipe.frames(recipe.stream.window)
        self._samples = recipe.context_samples + self._frames * recipe.frame_samples
        self._by_label = [[clip for clip in corpus.events if clip.labels == (label,)] for label in corpus.labels]
        longest = _CONTINUOUS_SECONDS * self._rate
        self._short = [c for c in corpus.events if all(offset - onset < longest for onset, offset in c.pieces)]

    def mix(self, rng: np.random.Generator) -> Scene:
        """Make the scene that `rng` leads to."""
        scenes = self._scenes
        bed_db = rng.uniform(scenes.bed_db_low, scenes.bed_db_high)
        audio = coloured_noise(rng, self._samples, self._rate) * _amplitude(bed_db)
        if rng.random() < scenes.silent_bed:
            audio[:] = 0.0
        truth = np.zeros((self._frames, len(self._by_label)), dtype=np.float32)
        if rng.random() >= scenes.event_free:
            for _ in range(1 + rng.poisson(scenes.events_mean - 1)):
                self._add_event(rng, audio, truth, bed_db)
        for _ in range(rng.poisson(scenes.distractors_mean)):
            self._add_distractor(rng, audio, bed_db)
        if rng.random() < scenes.silent_start:
            self._silence_start(rng, audio, truth)
        peak = float(np.abs(audio).max())
        if peak > 1.0 and rng.random() < 0.8:
            audio *= rng.uniform(0.3, 1.0) / peak
        return Scene(audio=np.clip(audio, -1.0, 1.0), truth=truth)

    def _add_event(self, rng: np.random.Generator, audio: Audio, truth: NDArray[np.float32], bed_db: float) -> None:
        column = int(rng.integers(len(self._by_label)))
        piece = self._cut(rng, self._by_label[column])
        start = self._place(rng, len(piece.audio))
        level = _level(
            np.concatenate([piece.audio[int(on) : max(int(off), int(on) + 1)] for on, off in piece.segments])
        )
        _lay(audio, piece.audio * self._gain(rng, level, bed_db), start)
        offset = start - self._recipe.context_samples
        for onset, end in piece.segments:
            _cover(
                truth[:, column],
                (onset + offset) / self._recipe.frame_samples,
                (end + offset) / self._recipe.frame_samples,
            )

    def _add_distractor(self, rng: np.random.Generator, audio: Audio, bed_db: float) -> None:
        if self._corpus.distractors and rng.random() < len(self._corpus.distractors) / (
            len(self._corpus.distractors) + 30  # the fewer real ones, the more are made up
        ):
            sound = _choose(rng, self._corpus.distractors).audio[:]
        else:
            source = self._cut(rng, self._short).audio if self._short else None
            sound = made_distractor(rng, source, self._rate)
        sound = _faded(equalise(rng, sound, self._rate, 6.0), self._rate)
        _lay(audio, sound * self._gain(rng, _level(sound), bed_db), self._place(rng, len(sound)))

    def _gain(self, rng: np.random.Generator, level: float, bed_db: float) -> float:
        ratio_db = rng.uniform(self._scenes.snr_db_low, self._scenes.snr_db_high)
        return _amplitude(min(bed_db + ratio_db, -6.0)) / max(level, 1e-6)

    def _place(self, rng: np.random.Generator, samples: int) -> int:
        """Where a sound begins; it may begin before the scene or end after it."""
        return int(rng.integers(-samples // 2, self._samples - min(samples // 2, self._rate // 4)))

    def _cut(self, rng: np.random.Generator, clips: list[Clip]) -> _Piece:
        """Some neighbouring segments of some clip, at another speed, through an equaliser."""
        clip = _choose(rng, clips)
        first = int(rng.integers(len(clip.pieces)))
        last = int(rng.integers(first, len(clip.pieces)))
        onset, offset = clip.pieces[first][0], clip.pieces[last][1]
        if first == last and offset - onset >= _CONTINUOUS_SECONDS * self._rate:
            piece = self._continuous(rng, clip, clip.pieces[first], clips)
        else:
            margin = int(_MARGIN_SECONDS * self._rate)
            begin = max(0, onset - margin)
            segments = [(on - begin, off - begin) for on, off in clip.pieces[first : last + 1]]
            piece = _Piece(clip.audio[begin : offset + margin], [(float(on), float(off)) for on, off in segments])
        factor = float(np.exp(rng.uniform(-1.0, 1.0) * np.log1p(self._scenes.speed_range)))
        sound = equalise(rng, change_speed(piece.audio, factor), self._rate, 6.0)
        return _Piece(_faded(sound, self._rate), [(on / factor, off / factor) for on, off in piece.segments])

    def _continuous(self, rng: np.random.Generator, clip: Clip, segment: tuple[int, int], clips: list[Clip]) -> _Piece:
        """A part of a long segment, or several such parts joined to one longer sound."""
        sound = self._part(rng, clip, segment)
        if rng.random() < self._scenes.extended:
            for _ in range(int(rng.integers(1, 3))):
                # Most sounds go on as they were; another clip of the class now and then is a change within it.
                following = clip if rng.random() < 0.7 else _choose(rng, clips)
                longest = max(following.pieces, key=lambda borders: borders[1] - borders[0])
                sound = _joined(sound, self._part(rng, following, longest), self._rate)
        return _Piece(sound, [(0.0, float(len(sound)))])

    def _part(self, rng: np.random.Generator, clip: Clip, segment: tuple[int, int]) -> Audio:
        onset, offset = segment
        length = int((offset - onset) * rng.choice([1.0, rng.uniform(0.25, 1.0)]))
        begin = onset + int(rng.integers(offset - onset - length + 1))
        return clip.audio[begin : begin + length]

    def _silence_start(self, rng: np.random.Generator, audio: Audio, truth: NDArray[np.float32]) -> None:
        """As a source begins: nothing at all before its first sample."""
        samples = int(rng.integers(self._samples // 2))
        audio[:samples] = 0.0
        silent = (samples - self._recipe.context_samples) / self._recipe.frame_samples
        audible = np.clip(np.arange(1, self._frames + 1) - silent, 0.0, 1.0)[:, None]
        np.minimum(truth, audible, out=truth, casting="same_kind")


def _choose(rng: np.random.Generator, clips: "list[Clip] | tuple[Clip, ...]") -> Clip:
    return clips[int(rng.integers(len(clips)))]


def _amplitude(db: float) -> float:
    return float(10.0 ** (db / 20))


def _level(audio: Audio) -> float:
    return float(np.sqrt(np.mean(np.square(audio, dtype=np.float64))))


def _faded(audio: Audio, sample_rate: int) -> Audio:
    length = min(int(_FADE_SECONDS * sample_rate), len(audio) // 2)
    ramp = np.linspace(0.0, 1.0, length, dtype=np.float32)
    faded = audio.copy()
    faded[:length] *= ramp
    faded[len(faded) - length :] *= ramp[::-1]
    return faded


def _joined(first: Audio, second: Audio, sample_rate: int) -> Audio:
    """One after the other, with a crossfade of equal power."""
    length = min(sample_rate // 10, len(first), len(second))
    angle = np.linspace(0.0, np.pi / 2, length, dtype=np.float32)
    crossing = first[len(first) - length :] * np.cos(angle) + second[:length] * np.sin(angle)
    return np.concatenate([first[: len(first) - length], crossing, second[length:]])


def _lay(audio: Audio, sound: Audio, start: int) -> None:
    begin, end = max(start, 0), min(start + len(sound), len(audio))
    if begin < end:
        audio[begin:end] += sound[begin - start : end - start]


def _cover(truth: NDArray[np.float32], onset: float, offset: float) -> None:
    """Write the share of each frame that lies in [onset, offset), in frames; the greater share stays."""
    edges = np.arange(len(truth))
    share = np.minimum(edges + 1, offset) - np.maximum(edges, onset)
    np.maximum(truth, np.clip(share, 0.0, 1.0), out=truth, casting="same_kind")
