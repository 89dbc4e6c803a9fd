"""A scene and its truth: which sounds are added where, frame by frame.

    |<- context ->|<--------------------- frames ------------------------->|
bed  ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
events    [==dog==]              [=====rain======]              [==rooster=|= (cut)
truth              1 1 1 .3 0 0 0  1 1 1 1 1 1 1 ...                 1 1 1

Frames without a label have weight 0 in the loss.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sed.recipe import Recipe
from sed.sounds import Audio


class Scene(NamedTuple):
    """A soundscape and its truth, with the fields of `sed.training.losses.Target`.

    Attributes:
        audio: `[context_samples + frames * frame_samples]`.
        frames: `[frames, classes]`, the share of each frame that an event of the class covers.
        frames_known: `[frames, classes]`, weights of the frames, 0 where the truth is not known.
        clip: `[classes]`, 1 if the class is in the scene.
        clip_known: `[classes]`, weights of the clip's labels, 0 where not known.
        events: (onset, offset, label) in samples from the first frame's beginning, not clipped: an event may begin
            before the scene and end after it.
    """

    audio: Audio
    frames: NDArray[np.float32]
    frames_known: NDArray[np.float32]
    clip: NDArray[np.float32]
    clip_known: NDArray[np.float32]
    events: tuple[tuple[float, float, str], ...]


@dataclass(kw_only=True)
class SceneSound:
    """A sound ready to be added to a scene, with its labels.

    Attributes:
        audio: `[samples]`.
        events: (onset, offset, class), in samples.
        weak: classes that are in it at unknown times.
        secondary: classes that may be in it.
        weight: of its labels in the loss.
    """

    audio: Audio
    events: list[tuple[float, float, int]] = field(default_factory=list)
    weak: list[int] = field(default_factory=list)
    secondary: list[int] = field(default_factory=list)
    weight: float = 1.0


class SceneBuilder:
    """Adds sounds to a scene and keeps its truth."""

    def __init__(self, recipe: Recipe, frames: int, labels: Sequence[str]) -> None:
        self.context_samples, self.frame_samples, self.labels = recipe.context_samples, recipe.frame_samples, labels
        self.audio = np.zeros(self.context_samples + frames * self.frame_samples, dtype=np.float32)
        self.truth = np.zeros((frames, len(labels)), dtype=np.float32)
        self.known = np.ones((frames, len(labels)), dtype=np.float32)
        # By class: 1 if a weak label has it, the smallest weight of its labels, whether it is a secondary label.
        self.clip, self.weight = (np.full(len(labels), value, dtype=np.float32) for value in (0.0, 1.0))
        self.doubtful = np.zeros(len(labels), dtype=bool)
        self.events: list[tuple[float, float, str]] = []
        self._weak: list[tuple[float, float, int]] = []  # (first, last frame, class)

    def add(self, sound: SceneSound, start: int) -> None:
        """Add a sound that begins at sample `start` of the scene's audio, which may be negative."""
        begin, end = max(start, 0), min(start + len(sound.audio), len(self.audio))
        if begin >= end:
            return
        self.audio[begin:end] += sound.audio[begin - start : end - start]
        first = (start - self.context_samples) / self.frame_samples
        last = first + len(sound.audio) / self.frame_samples
        if last <= 0.0:
            return  # over before the first frame
        frames = slice(max(0, int(first)), max(0, int(np.ceil(last))))
        for onset, offset, column in sound.events:
            onset, offset = (border + start - self.context_samples for border in (onset, offset))
            _cover(self.truth[:, column], onset / self.frame_samples, offset / self.frame_samples)
            self.known[frames, column] = np.minimum(self.known[frames, column], sound.weight)
            self.events.append((onset, offset, self.labels[column]))
        for column in sound.weak:
            self.clip[column], self.known[frames, column] = 1.0, 0.0
            self._weak.append((max(first, 0.0), min(last, len(self.truth)), column))
        for column in {column for _, _, column in sound.events}.union(sound.weak):
            self.weight[column] = min(self.weight[column], sound.weight)
        self.known[frames, sound.secondary] = 0.0
        self.doubtful[sound.secondary] = True

    def silence_beginning(self, samples: int) -> None:
        """Replace the first samples by digital silence, as before the first sample of a source."""
        self.audio[:samples] = 0.0
        silent = (samples - self.context_samples) / self.frame_samples
        audible = np.clip(np.arange(1, len(self.truth) + 1) - silent, 0.0, 1.0)[:, None]
        np.minimum(self.truth, audible, out=self.truth, casting="same_kind")
        first = max(samples - self.context_samples, 0)
        self.events = [(max(onset, first), offset, label) for onset, offset, label in self.events if offset > first]
        for begin, end, column in self._weak:
            if end - max(begin, silent) < (end - begin) / 2:  # the event may have been in the silenced part
                self.clip[column], self.doubtful[column] = 0.0, True

    def scene(self) -> Scene:
        """The finished scene, clipped to full scale."""
        length = len(self.truth) * self.frame_samples
        clip = np.maximum(self.clip, self.truth.max(axis=0))
        return Scene(
            audio=np.clip(self.audio, -1.0, 1.0),
            frames=self.truth,
            frames_known=self.known,
            clip=clip,
            clip_known=np.where(clip > 0.0, self.weight, np.where(self.doubtful, 0.0, 1.0)).astype(np.float32),
            events=tuple(sorted(event for event in self.events if event[1] > 0 and event[0] < length)),
        )


def _cover(truth: NDArray[np.float32], onset: float, offset: float) -> None:
    """Write the share of each frame that lies in [onset, offset), in frames; a greater share stays."""
    edges = np.arange(len(truth))
    share = np.minimum(edges + 1, offset) - np.maximum(edges, onset)
    np.maximum(truth, np.clip(share, 0.0, 1.0), out=truth, casting="same_kind")
