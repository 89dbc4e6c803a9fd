"""Logistic regression with a prior, by Newton's method with halved steps; a hundred columns take milliseconds."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_STEPS = 30
_SMALLEST_STEP = 1e-3
_ENOUGH = 1e-6  # relative decrease of the loss that ends it


def sigmoid(logits: NDArray[Any]) -> Floats:
    """Probabilities of logits."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logits, -40.0, 40.0))), dtype=np.float64)


def logit(probabilities: Any) -> Floats:
    """Logits of probabilities; 0 and 1 become those of 1e-7 and 1 - 1e-7.

    >>> logit(0.5), round(float(logit(1.0)), 2)
    (array(0.), 16.12)
    """
    inside = np.clip(np.asarray(probabilities, dtype=np.float64), 1e-7, 1 - 1e-7)
    return np.asarray(np.log(inside) - np.log1p(-inside), dtype=np.float64)


def fit_logistic(
    columns: Floats, targets: Floats, weights: Floats, offset: Floats, precision: Floats, prior: Floats
) -> Floats:
    """The coefficients of the least loss: weighted cross entropy, and half the squared distance from the prior.

    Args:
        columns: `[rows, columns]`.
        targets: `[rows]`, probabilities.
        weights: `[rows]`.
        offset: `[rows]`, logits that the coefficients add to.
        precision: `[columns]` of the prior, all positive.
        prior: `[columns]`, its mean.
    """

    def loss(at: Floats) -> float:
        logits = offset + columns @ at
        entropy = weights @ (np.logaddexp(0.0, logits) - targets * logits)
        return float(entropy + precision @ (at - prior) ** 2 / 2)

    found, least = prior.copy(), loss(prior)
    for _ in range(_STEPS):
        chances = sigmoid(offset + columns @ found)
        slope = columns.T @ (weights * (chances - targets)) + precision * (found - prior)
        curvature = (columns * (weights * chances * (1 - chances))[:, None]).T @ columns + np.diag(precision)
        step, size = np.linalg.solve(curvature, slope), 1.0
        while size > _SMALLEST_STEP and loss(found - size * step) > least:
            size /= 2
        now = loss(found - size * step)
        if now > least:
            break
        found, before, least = found - size * step, least, now
        if before - least <= _ENOUGH * abs(before):
            break
    return found
