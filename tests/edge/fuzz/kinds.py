"""All inputs by name, and how many of each."""

import random
from collections.abc import Callable
from typing import NamedTuple

from tests.edge.fuzz.files import bare_samples, containers, models, scores
from tests.edge.fuzz.trial import Samples, Trial
from tests.edge.fuzz.words import servers, settings, urls


class Kind(NamedTuple):
    """A way to be damaged.

    Attributes:
        count: of its inputs.
        make: makes one.
    """

    count: int
    make: Callable[[random.Random, Samples], Trial]


KINDS = {
    "settings": Kind(600, settings),
    "urls": Kind(300, urls),
    "servers": Kind(150, servers),
    "containers": Kind(400, containers),
    "samples": Kind(200, bare_samples),
    "scores": Kind(200, scores),
    "models": Kind(150, models),
}


def make_trial(kind: str, number: int, samples: Samples) -> Trial:
    """The input of that kind and number."""
    return KINDS[kind].make(random.Random(f"{kind} {number}"), samples)
