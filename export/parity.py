"""Compares an exported file with its checkpoint, before the file gets its name."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge.model import Floats, Model, Step
from export.checks import CHIRPS, made_signals
from export.errors import ParityError
from sed.network import Checkpoint, TorchModel
from sed.recipe import Recipe

STEPS = 60


@dataclass(frozen=True)
class Comparison:
    """One case: the greatest difference in any probability, and in any embedding."""

    case: str
    probability: float
    embedding: float


def compare(checkpoint: Checkpoint, path: Path, clips: Mapping[str, Floats]) -> Iterator[Comparison]:
    """Compare an exported file with its checkpoint, case by case.

    Args:
        checkpoint: what was exported.
        path: the file.
        clips: name -> `[samples]` at the recipe's rate: sounds to compare on, besides the synthetic ones.
    """
    recipe, trained, exported = checkpoint.recipe, TorchModel(checkpoint), Model(path)
    window, hop = recipe.frames(recipe.stream.window), recipe.frames(recipe.stream.hop)
    made = made_signals(recipe.frontend.sample_rate, recipe.context_samples + window * recipe.frame_samples)
    signals = {name: _fitted(clip, recipe, window) for name, clip in clips.items()} | made
    state = np.zeros((1, 0, recipe.state_size), dtype=np.float32)
    for name, audio in signals.items():
        step = trained.step(audio[None], state)
        yield _difference(name, [(step, exported.step(audio[None], state))])
    three = np.stack([*signals.values()][-3:])
    states = np.repeat(state, 3, axis=0)
    filled = trained.step(three, states)
    yield _difference("batch of 3", [(filled, exported.step(three, states))])
    for frames in sorted({1, 2, hop, window // 2}):
        new = three[:, : recipe.context_samples + frames * recipe.frame_samples]
        old = filled.embeddings[:, frames:]
        yield _difference(
            f"batch of 3, M = {window - frames}, k = {frames}", [(trained.step(new, old), exported.step(new, old))]
        )
    for frames in sorted({1, hop}):
        sound = _fitted(signals[CHIRPS], recipe, frames * STEPS)
        pairs = _steps(recipe, trained, exported, sound, filled.embeddings[:1, frames:])
        yield _difference(f"{STEPS} steps of k = {frames}, each fed its own state", pairs)


def require_parity(comparisons: Sequence[Comparison], tolerance: float) -> None:
    """Check that the file gives the scores of the trained network.

    Raises:
        ParityError: if a case differs by more than `tolerance` in a probability, naming the worst.
    """
    # A NaN compares as the worst of all.
    worst = max(comparisons, key=lambda comparison: np.nan_to_num(comparison.probability, nan=np.inf))
    if not worst.probability <= tolerance:
        raise ParityError(
            f"the exported graph differs from the trained network by {worst.probability:.2g} in a probability "
            f"({worst.case}), expected at most {tolerance:g}; nothing was written"
        )


def _steps(
    recipe: Recipe, trained: TorchModel, exported: Model, sound: Floats, state: Floats
) -> Iterator[tuple[Step, Step]]:
    """Steps of both through a sound, each with the embeddings of its own steps before."""
    states = [state, state]
    hop_samples = (len(sound) - recipe.context_samples) // STEPS
    for start in range(0, STEPS * hop_samples, hop_samples):
        audio = sound[None, start : start + recipe.context_samples + hop_samples]
        steps = (trained.step(audio, states[0]), exported.step(audio, states[1]))
        states = [step.embeddings[:, step.embeddings.shape[1] - state.shape[1] :] for step in steps]
        yield steps


def _difference(case: str, pairs: "list[tuple[Step, Step]] | Iterator[tuple[Step, Step]]") -> Comparison:
    probability = embedding = 0.0
    for ours, theirs in pairs:
        # np.maximum, unlike max, keeps a NaN.
        for a, b in ((ours.scores, theirs.scores), (ours.clip_scores, theirs.clip_scores)):
            probability = float(np.maximum(probability, np.abs(a - b).max()))
        embedding = float(np.maximum(embedding, np.abs(ours.embeddings - theirs.embeddings).max()))
    return Comparison(case, probability, embedding)


def _fitted(clip: Floats, recipe: Recipe, frames: int) -> Floats:
    """A clip cut or repeated to `frames` frames and their context."""
    return np.resize(clip, recipe.context_samples + frames * recipe.frame_samples).astype(np.float32)
