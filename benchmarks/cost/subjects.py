"""This project's models: the stream from samples to events, and what it is to be compared with."""

import itertools
from pathlib import Path

import numpy as np
import onnx
import soxr
import torch

from benchmarks.cost.timing import Subject, session
from edge.detection import Decoder, EventStream
from edge.model import Card, Floats, Model, window_of
from edge.sources import Block
from sed.network import Detector
from sed.recipe import Recipe


def stream(model: Model, audio: Floats, hop_seconds: float, seconds: float = 8.0, rate: int | None = None) -> Subject:
    """The runtime's own path, a hop a call: ring, graph, decoder.

    Args:
        model: what listens.
        audio: `[samples]` at the model's rate, repeated.
        hop_seconds: by which the window advances.
        seconds: that one round hears.
        rate: resample from this rate on the way, as from a microphone.
    """
    card = model.card
    sound = audio if rate is None else soxr.resample(audio, card.sample_rate, rate)
    rate = card.sample_rate if rate is None else rate
    size = round(hop_seconds * rate)
    pieces = itertools.cycle([Block(sound[at : at + size, None], rate) for at in range(0, len(sound) - size + 1, size)])
    event_stream = EventStream(model, window_of(card, hop_seconds=hop_seconds), Decoder(card.labels, card.decoding))

    def call() -> None:
        for _ in range(round(seconds / hop_seconds)):
            event_stream.push(next(pieces))

    return Subject(seconds, call)


def overlapping_patches(general: Model, audio: Floats, calls: int = 16) -> Subject:
    """YAMNet as Frigate runs it: patches of 0.975 s that begin every half of one, each from scratch, scores only.

    Args:
        general: the shipped model `general`, whose frame with its context is such a patch.
        audio: `[samples]` at its rate.
        calls: of a round.
    """
    patch = general.card.context_samples + general.card.frame_samples
    starts = range(0, calls * patch // 2, patch // 2)
    patches = [np.ascontiguousarray(audio[None, start : start + patch]) for start in starts]
    none = np.zeros((1, 0, general.embedding_size), dtype=np.float32)

    def call() -> None:
        for one in patches:
            general.step(one, none)

    return Subject(calls * patch / 2 / general.card.sample_rate, call)


def by_torch(recipe: Recipe, card: Card, hop_seconds: float, compiled: bool = False, steps: int = 8) -> Subject:
    """The step of a recipe's network by torch, with random weights: as it is written, or compiled for its shapes."""
    detector = Detector(recipe, len(card.labels)).eval()
    window = window_of(card, hop_seconds=hop_seconds)
    samples = card.context_samples + window.hop_frames * card.frame_samples
    generator = torch.Generator().manual_seed(0)
    audio = 0.05 * torch.randn(1, samples, generator=generator)
    old = torch.randn(1, window.window_frames - window.hop_frames, recipe.network.embedding_size, generator=generator)
    step = torch.compile(detector.step, dynamic=False) if compiled else detector.step

    @torch.inference_mode()
    def call() -> None:
        for _ in range(steps):
            step(audio, old)

    return Subject(steps * hop_seconds, call)


def naive(model: Model, audio: Floats, hop_seconds: float, hops: int = 4) -> Subject:
    """The same weights as everybody runs them: a whole window from scratch every hop."""
    card = model.card
    window = window_of(card, hop_seconds=hop_seconds)
    decoder = Decoder(card.labels, card.decoding)
    none = np.zeros((1, 0, model.embedding_size), dtype=np.float32)
    samples = card.context_samples + window.window_frames * card.frame_samples
    size = window.hop_frames * card.frame_samples
    starts = itertools.cycle(range(0, len(audio) - samples, size))
    last = window.window_frames - window.lookahead_frames

    def call() -> None:
        for _ in range(hops):
            start = next(starts)
            scores = model.step(audio[None, start : start + samples], none).scores[0]
            decoder.push(scores[last - window.hop_frames : last])

    return Subject(hops * hop_seconds, call)


def convolutions(path: Path, card: Card, audio: Floats, seconds: int = 4) -> Subject:
    """Frontend and convolutions alone, cut out of a file, a second of audio and its context a call."""
    proto = onnx.load(path)
    joined = next(node for node in proto.graph.node if "embeddings_out" in node.output)
    cut = onnx.utils.Extractor(proto).extract_model(["audio"], [joined.input[1]])
    runs = session(cut.SerializeToString())
    frames = round(1 / card.frame_seconds)
    samples = card.context_samples + frames * card.frame_samples

    def call() -> None:
        for second in range(seconds):
            start = second * card.sample_rate
            runs.run(None, {"audio": audio[None, start : start + samples]})

    return Subject(seconds * frames * card.frame_seconds, call)
