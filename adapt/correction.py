"""A correction of the classifier: it adds to the logits of the reviewed labels, linear in the embeddings.

The model's own weights stay as they are, so it works on any file of the contract: embeddings -> scores. What pulls the
correction back to nothing is a prior, the frames around the reviewed places, which are to keep their scores, and few
directions: those in which the embeddings of the reviewed clips differ most. A place that is wrong is a place of another
sound for every reviewed label that was not reported there.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from adapt.examples import Example
from adapt.solving import Floats, fit_logistic, logit, sigmoid
from edge.model import Card
from edge.model import Floats as Scores

_PRECISION = 3.0  # of the prior, in standard deviations of the embeddings
_DIRECTIONS = 128
_MISTAKES = 0.05  # of reviews: a target is no more certain
_SPREAD_FRAMES, _HIGHEST_FRAMES, _AROUND_FRAMES = 8, 4, 8
_AROUND_SECONDS = (0.4, 2.0)


@dataclass(frozen=True)
class Correction:
    """What is added to the logits of a frame.

    Attributes:
        weights: `[size, classes]`, of the embedding.
        bias: `[classes]`.
        shift: frames by which the embedding is later than the frame that it is centred on.
        width: frames whose embeddings are averaged: a step of the model's grid, because a pretrained encoder's vectors
            lie in one of its frames.
    """

    weights: Scores
    bias: Scores
    shift: int
    width: int

    def apply(self, scores: Scores, embeddings: Scores) -> Scores:
        """Scores `[frames, classes]` with the correction, as the new model file gives them."""
        added = _centred(embeddings, self.shift, self.width) @ self.weights + self.bias
        return sigmoid(logit(scores) + added).astype(np.float32)


def fit_correction(card: Card, examples: Sequence[Example]) -> Correction:
    """Fit a correction to examples.

    Args:
        card: of the model.
        examples: reviewed.
    """
    shift = min(round(card.context_samples / 2 / card.frame_samples), card.lookahead_frames)
    width = min(card.grid_frames, 2 * (card.lookahead_frames - shift) + 1)  # all of it is there when a frame is due
    labels = sorted({one.label for one in examples})
    columns = [card.labels.index(label) for label in labels]
    on = np.array([card.decoding[label].on for label in labels])
    rows = [
        _rows(one, _centred(one.embeddings, shift, width).astype(np.float64), card, labels, columns, on)
        for one in examples
    ]
    embeddings, logits, targets, weights = (np.concatenate(parts) for parts in zip(*rows, strict=True))
    mean, spread = embeddings.mean(axis=0), embeddings.std(axis=0) + 1e-2 * embeddings.std() + 1e-9
    directions = np.linalg.svd((embeddings - mean) / spread, full_matrices=False)[2][:_DIRECTIONS].T
    inputs = np.column_stack([(embeddings - mean) / spread @ directions, np.ones(len(embeddings))])
    precision, prior = np.full(inputs.shape[1], _PRECISION), np.zeros(inputs.shape[1])
    found = np.zeros((embeddings.shape[1], len(card.labels)))
    bias = np.zeros(len(card.labels))
    for number, column in enumerate(columns):
        known = ~np.isnan(targets[:, number])
        fitted = fit_logistic(
            inputs[known], targets[known, number], weights[known], logits[known, number], precision, prior
        )
        found[:, column] = directions @ fitted[:-1] / spread
        bias[column] = fitted[-1] - mean @ found[:, column]
    return Correction(found.astype(np.float32), bias.astype(np.float32), shift, width)


def _rows(
    one: Example, centred: Floats, card: Card, labels: Sequence[str], columns: Sequence[int], on: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    """Embeddings, logits, targets (NaN where unknown) and weights of some frames of an example and around it."""
    scores = one.scores[:, columns].astype(np.float64)
    column = labels.index(one.label)
    spread = np.linspace(one.begin, one.end - 1, _SPREAD_FRAMES).round().astype(int)
    highest = one.begin + np.argsort(-scores[one.begin : one.end, column])[:_HIGHEST_FRAMES]
    inside = np.unique([*spread, *highest])
    around = _around(one, card)
    targets = scores[[*inside, *around]].copy()
    part = targets[: len(inside)]
    if one.right:
        part[:] = np.nan
        part[:, column] = 1 - _MISTAKES
    else:
        part[:] = np.where(scores[inside] < on, np.minimum(_MISTAKES, scores[inside]), np.nan)
        part[:, column] = np.minimum(_MISTAKES, scores[inside, column])
    weights = [*[1 / len(inside)] * len(inside), *[1 / max(1, len(around))] * len(around)]
    frames = [*inside, *around]
    return centred[frames], logit(scores[frames]), targets, np.array(weights)


def _around(one: Example, card: Card) -> list[int]:
    """Frames before and after an example, as far as the clip goes."""
    near, far = (round(seconds / card.frame_seconds) for seconds in _AROUND_SECONDS)
    frames = [*range(one.begin - far, one.begin - near), *range(one.end + near, one.end + far)]
    inside = [frame for frame in frames if 0 <= frame < len(one.scores)]
    return inside[:: max(1, len(inside) // _AROUND_FRAMES)]


def margins(shift: int, width: int) -> tuple[int, int]:
    """Frames that the average of a frame begins before it (negative: after it), and that it ends after it."""
    before = width // 2 - shift
    return before, width - 1 - before


def _centred(embeddings: Scores, shift: int, width: int) -> Scores:
    """Each frame gets the average of those centred on it; zeros lie around the ends, as in the model file."""
    before, after = margins(shift, width)
    padded = np.pad(embeddings, ((max(0, before), after), (0, 0)))[max(0, -before) :]
    averages: Scores = sliding_window_view(padded, width, axis=0).mean(axis=-1, dtype=np.float32)
    return averages
